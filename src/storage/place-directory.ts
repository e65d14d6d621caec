/**
 * Directories of a tree at the receiver's end: made at once, so that they can be filled, and given what is theirs last.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';
import { hasMode, unlessNotKept } from './attributes.js';
import { assertNoVariant, type Place } from './clearing.js';
import { isSameTime, kindOf } from './existing.js';
import { isErrno } from './fs-error.js';
import type { Leftovers } from './leftovers.js';
import type { Directory } from './root-directory.js';
import { FRESH } from './seen-paths.js';
import type { Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';
import type { TreeEntry } from './tree.js';

/** Until it gets its own at the end: ours alone, and we can fill it. */
const FILLING_MODE = 0o700;

/** What became of it: `equal` when nothing has to be changed, as far as can be told before it is filled. */
type Placed = 'placed' | 'equal';

/** Makes a directory, or takes the one that is there. @throws StorageError `storage-exists` for anything else there. */
export function* placeDirectory(context: TargetContext, leftovers: Leftovers, place: Place): Step<Placed> {
  const { entry, at } = place;
  const { dryRun, existing } = context.options;
  if (!dryRun && (yield* isMade(context, place))) return 'placed';
  const stats = yield* sys.lstat(at);
  if (stats === undefined) return pretend(context, entry);
  yield* assertNoVariant(context, place, stats);
  if (stats.isDirectory()) return yield* takeDirectory(context, leftovers, entry);
  if (existing !== 'overwrite') throw context.inTheWay(entry.path, kindOf(stats));
  if (dryRun) return pretend(context, entry);
  yield* sys.unlink(at);
  if (yield* isMade(context, place)) return 'placed';
  throw context.inTheWay(entry.path, 'something new');
}

/** In a dry run: it would be made, and nothing would be in it. */
function pretend(context: TargetContext, { path }: TreeEntry): Placed {
  context.seen.mark(path, FRESH);
  return 'placed';
}

/** False when something is there. */
function* isMade(context: TargetContext, { entry, at }: Place): Step<boolean> {
  try {
    yield* sys.mkdir(at, FILLING_MODE);
  } catch (cause) {
    if (isErrno(cause, 'EEXIST')) return false;
    throw cause;
  }
  context.seen.mark(entry.path, FRESH);
  context.directories.add(entry);
  return true;
}

/** Takes a directory that is there; the root among them. In a dry run it may not be, and one that is has not to be made. */
export function* takeDirectory(context: TargetContext, leftovers: Leftovers, entry: TreeEntry): Step<Placed> {
  const directory = yield* context.enter(entry.path);
  if (directory === undefined) return 'placed';
  try {
    const stats = yield* sys.stat(directory.base);
    context.directories.add(entry);
    if (!context.options.dryRun) yield* prepare(context, leftovers, directory, stats);
    // The root, made a moment ago, may have the sender's time by chance: clocks of file systems tick slowly.
    if (context.isFresh(entry.path)) return 'placed';
    if (context.options.dryRun) return 'equal';
    return hasMode(stats, entry.mode) && isSameTime(stats.mtimeNs, entry.mtimeNs) ? 'equal' : 'placed';
  } finally {
    directory.release();
  }
}

function* prepare(context: TargetContext, leftovers: Leftovers, directory: Directory, stats: BigIntStats): Step<void> {
  const mode = Number(stats.mode & 0o777n);
  // One that is there to be read only must still be filled.
  if ((mode & FILLING_MODE) !== FILLING_MODE) yield* unlessNotKept(sys.chmod(directory.base, mode | FILLING_MODE));
  if (!context.isFresh(directory.path)) yield* leftovers.lookFor(directory);
}
