/**
 * Whether a file of a tree has to be sent.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';
import { hasMode, setAttributes } from './attributes.js';
import { assertNoVariant, isCleared, mayReplace, type Place } from './clearing.js';
import { isSameTime } from './existing.js';
import { REPLACE } from './seen-paths.js';
import type { Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';

/** What becomes of it. */
export type PlacedFile = 'want' | 'equal' | 'kept' | 'compare';

/** Compares an entry with what is there. It is replaced, if at all, only when the new content is whole. */
export function* placeFile(context: TargetContext, place: Place): Step<PlacedFile> {
  const { entry, directory, at } = place;
  if (context.isFresh(directory.path)) return 'want';
  const stats = yield* sys.lstat(at);
  if (stats === undefined) return 'want';
  yield* assertNoVariant(context, place, stats);
  if (stats.isFile() && stats.size === BigInt(entry.size)) {
    if (context.options.checksum) return compare(context, place, stats);
    if (isSameTime(stats.mtimeNs, entry.mtimeNs)) {
      if (!context.options.dryRun && !hasMode(stats, entry.mode)) yield* setAttributes(at, { mode: entry.mode, mtimeNs: stats.mtimeNs }, context.times);
      return 'equal';
    }
  }
  if (!(yield* isCleared(context, place, stats))) return 'kept';
  // Where nothing is now, nothing may be replaced later either.
  if (!stats.isDirectory()) context.seen.mark(entry.path, REPLACE);
  return 'want';
}

/** What stays whatever is in it need not be read. */
function compare(context: TargetContext, { entry }: Place, stats: BigIntStats): 'compare' | 'kept' {
  if (mayReplace(context, entry, stats)) context.seen.mark(entry.path, REPLACE);
  else if (context.options.existing !== 'refuse') return 'kept';
  return 'compare';
}
