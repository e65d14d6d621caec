/**
 * Symbolic and hard links of a tree at the receiver's end.
 *
 * @module
 */
import { StorageError } from '../errors.js';
import { unlessNotKept } from './attributes.js';
import { assertNoVariant, isCleared, mayReplace, type Place } from './clearing.js';
import { isSameTime } from './existing.js';
import { isErrno } from './fs-error.js';
import { placeFile, type PlacedFile } from './place-file.js';
import { NO_LINKS } from './publish.js';
import { splitPath } from './root-directory.js';
import { treeNames } from './safe-path.js';
import type { Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';
import type { TreeEntry } from './tree.js';

/** Longest text of a symbolic link, in bytes. */
const TEXT_BYTES = 4095;

type Placed = 'placed' | 'equal' | 'kept';

/** Makes a symbolic link. Whatever it says: nothing here ever follows it. */
export function* placeSymlink(context: TargetContext, place: Place): Step<Placed> {
  const { entry, at } = place;
  const text = textOf(context, entry);
  if (!context.options.dryRun && (yield* isLinked(sys.symlink(text, at)))) {
    yield* unlessNotKept(context.times.setPath(at, entry.mtimeNs, false));
    return 'placed';
  }
  const stats = yield* sys.lstat(at);
  if (stats === undefined) return 'placed';
  yield* assertNoVariant(context, place, stats);
  if (stats.isSymbolicLink() && (yield* sys.readlink(at)).equals(Buffer.from(text))) {
    const stale = !isSameTime(stats.mtimeNs, entry.mtimeNs) && mayReplace(context, entry, stats);
    if (stale && !context.options.dryRun) yield* unlessNotKept(context.times.setPath(at, entry.mtimeNs, false));
    return 'equal';
  }
  if (!(yield* isCleared(context, place, stats))) return 'kept';
  if (!context.options.dryRun) {
    yield* replace(context, place, function* (temporary) {
      yield* sys.symlink(text, temporary);
      yield* unlessNotKept(context.times.setPath(temporary, entry.mtimeNs, false));
    });
  }
  return 'placed';
}

/**
 * Gives a file that came before a second name. Where the file system has none, or none more, or not of a file of somebody
 * else's: `placeFile` decides. @throws StorageError `storage-missing` when that file is not there.
 */
export function* placeHardLink(context: TargetContext, place: Place): Step<Placed | PlacedFile> {
  const { entry } = place;
  const linkTo = entry.linkTo ?? '';
  treeNames(linkTo);
  if (context.seen.flags(linkTo) === undefined) throw noFirstName(context, entry);
  const [parent, name] = splitPath(linkTo);
  const directory = yield* context.enter(parent);
  if (directory === undefined) return 'placed';
  try {
    return yield* linkTogether(context, place, `${directory.base}/${name}`);
  } catch (cause) {
    if (!isErrno(cause, ...NO_LINKS)) throw cause;
    return yield* placeFile(context, place);
  } finally {
    directory.release();
  }
}

function* linkTogether(context: TargetContext, place: Place, from: string): Step<Placed> {
  const { entry, at } = place;
  const { dryRun } = context.options;
  const first = yield* sys.lstat(from);
  if (!dryRun) {
    if (first?.isFile() !== true) throw noFirstName(context, entry);
    if (yield* isLinked(sys.link(from, at))) return 'placed';
  }
  const stats = yield* sys.lstat(at);
  if (stats === undefined) return 'placed';
  if (first !== undefined && stats.ino === first.ino && stats.dev === first.dev) return 'equal';
  yield* assertNoVariant(context, place, stats);
  if (!(yield* isCleared(context, place, stats))) return 'kept';
  if (!dryRun) yield* replace(context, place, (temporary) => sys.link(from, temporary));
  return 'placed';
}

/** False when something is there. */
function* isLinked(step: Step<void>): Step<boolean> {
  try {
    yield* step;
    return true;
  } catch (cause) {
    if (isErrno(cause, 'EEXIST')) return false;
    throw cause;
  }
}

/** Makes a link under a name of ours and renames it over what is there: at no time is there nothing. */
function* replace(context: TargetContext, { directory, at }: Place, make: (temporary: string) => Step<void>): Step<void> {
  const temporary = `${directory.base}/${context.temporary.next()}`;
  try {
    yield* make(temporary);
    yield* sys.rename(temporary, at);
  } catch (cause) {
    yield* removeIfThere(temporary);
    throw cause;
  }
}

function* removeIfThere(path: string): Step<void> {
  try {
    yield* sys.unlink(path);
  } catch {
    // The error that led here is the one to show.
  }
}

function noFirstName(context: TargetContext, { path }: TreeEntry): StorageError {
  return new StorageError('storage-missing', `cannot create ${context.shown(path)}: the file that it is another name of is not there; run the command again`);
}

function textOf(context: TargetContext, { path, target = '' }: TreeEntry): string {
  if (target !== '' && !target.includes('\0') && Buffer.byteLength(target) <= TEXT_BYTES) return target;
  throw new StorageError('storage-unsafe-path', `cannot create ${context.shown(path)}: what the link says is empty, too long or holds a NUL byte; make it anew at the sender's end`);
}
