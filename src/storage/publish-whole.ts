/**
 * How a whole small file gets its name.
 *
 * @module
 */
import { assertReplaceable, type Place } from './clearing.js';
import { isErrno } from './fs-error.js';
import { NO_LINKS } from './publish.js';
import { REPLACE, VARIANT } from './seen-paths.js';
import { call, type Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';

/**
 * Renames over what was found there when the entry was placed. Where nothing was, nothing that has come since is replaced.
 * @param temporary name of the file in the place's directory.
 * @throws StorageError `storage-exists`, or the system's own errors; the temporary file is left as it is.
 */
export function* publishWhole(context: TargetContext, place: Place, temporary: string): Step<void> {
  const { entry, directory, name } = place;
  const flags = context.seen.flags(entry.path) ?? 0;
  if ((flags & REPLACE) !== 0) {
    if ((flags & VARIANT) !== 0 || context.options.existing === 'update') yield* assertReplaceable(context, place);
    yield* renameOver(context, place, temporary);
    return;
  }
  const { renameNew } = context.native;
  // One call; that no file system on a network knows it is found out there at no cost that matters.
  if (renameNew !== undefined && (yield* call(() => renameNew.now(directory.fd, temporary, name), () => renameNew.later(directory.fd, temporary, name)))) return;
  yield* linkNew(context, place, temporary);
}

/** link(2) refuses what is there; where there are no hard links, a rename follows a look. */
function* linkNew(context: TargetContext, place: Place, temporary: string): Step<void> {
  const { entry, directory, at } = place;
  const from = `${directory.base}/${temporary}`;
  try {
    yield* sys.link(from, at);
  } catch (cause) {
    if (isErrno(cause, 'EEXIST')) throw context.cameMeanwhile(entry.path);
    if (!isErrno(cause, ...NO_LINKS)) throw cause;
    if ((yield* sys.lstat(at)) !== undefined) throw context.cameMeanwhile(entry.path);
    yield* renameOver(context, place, temporary);
    return;
  }
  yield* sys.unlink(from);
}

function* renameOver(context: TargetContext, { entry, directory, at }: Place, temporary: string): Step<void> {
  try {
    yield* sys.rename(`${directory.base}/${temporary}`, at);
  } catch (cause) {
    throw isErrno(cause, 'EISDIR', 'ENOTEMPTY', 'EEXIST') ? context.inTheWay(entry.path, 'a directory') : cause;
  }
}
