/**
 * What is in an entry's place: whether it stays, goes, or makes the entry fail.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';
import { isFolding, isNewer, kindOf } from './existing.js';
import { isErrno } from './fs-error.js';
import type { Directory } from './root-directory.js';
import { VARIANT } from './seen-paths.js';
import type { Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';
import type { TreeEntry } from './tree.js';

/** An entry and where it goes. */
export interface Place {
  readonly entry: TreeEntry;
  /** The directory that it is to lie in. */
  readonly directory: Directory;
  readonly name: string;
  /** The whole path, behind the directory's descriptor. */
  readonly at: string;
}

/**
 * Asks the policy about what is in the way, and removes an empty directory, which nothing can be renamed over. False:
 * it stays. @throws StorageError `storage-exists` when the entry fails for it.
 */
export function* isCleared(context: TargetContext, { entry, at }: Place, stats: BigIntStats): Step<boolean> {
  if (stats.isDirectory()) {
    if (context.options.existing !== 'overwrite') throw context.inTheWay(entry.path, kindOf(stats));
    yield* removeEmpty(context, entry.path, at);
    return true;
  }
  if (context.options.existing === 'refuse') throw context.inTheWay(entry.path, stats.isFile() && entry.kind === 'file' ? 'a different file' : kindOf(stats));
  return mayReplace(context, entry, stats);
}

/** Whether the policy lets an entry replace what is there. */
export function mayReplace({ options }: TargetContext, entry: TreeEntry, stats: BigIntStats): boolean {
  return options.existing === 'overwrite' || (options.existing === 'update' && isNewer(entry.mtimeNs, stats.mtimeNs));
}

/**
 * Right before what was found when the entry was placed is replaced: whether that still may be.
 * @throws StorageError `storage-exists`.
 */
export function* assertReplaceable(context: TargetContext, place: Place): Step<void> {
  const stats = yield* sys.lstat(place.at);
  if (stats === undefined) return;
  yield* assertNoVariant(context, place, stats);
  if (!mayReplace(context, place.entry, stats)) throw context.cameMeanwhile(place.entry.path);
}

function* removeEmpty(context: TargetContext, path: string, at: string): Step<void> {
  const full = context.inTheWay(path, 'a directory that is not empty');
  try {
    if (!context.options.dryRun) yield* sys.rmdir(at);
    else if ((yield* sys.readdir(at)).length > 0) throw full;
  } catch (cause) {
    throw isErrno(cause, 'ENOTEMPTY', 'EEXIST') ? full : cause;
  }
  context.root.forget(path);
}

/**
 * What was found under an entry's name may be what another entry of this very tree has put there under its own.
 * @throws StorageError `storage-exists`.
 */
export function* assertNoVariant(context: TargetContext, { entry, directory, name }: Place, stats: BigIntStats): Step<void> {
  if (((context.seen.flags(entry.path) ?? 0) & VARIANT) === 0) return;
  if (yield* isFolding(directory, name, stats)) throw context.sameName(entry.path);
}
