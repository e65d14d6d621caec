/**
 * What is left to do when all that was to come is settled: extras go, and directories get their modes and times.
 *
 * @module
 */
import type { OfferFrame } from '../wire/frame.js';
import type { Inbound, Leftover } from './inbound.js';
import type { ProgressListener } from './progress.js';
import type { Tally } from './tally.js';

/** Extras that are removed in one step. */
const REMOVED_AT_ONCE = 512;

/** What is finished, and who is told. */
export interface Finishing {
  readonly offer: OfferFrame;
  readonly inbound: Inbound;
  readonly tally: Tally;
  readonly onProgress: ProgressListener;
  /** A step of what takes long was taken. */
  readonly step: () => void;
  /** Told of what is there and not in the sender's tree, before it is removed. */
  readonly found: (paths: readonly string[]) => void;
}

/**
 * Finishes.
 * @param complete whether the sender could read all of its tree.
 * @returns extras that were removed, and things that could not be done.
 */
export async function finishInbound(finishing: Finishing, complete: boolean): Promise<{ readonly removed: number; readonly failed: number }> {
  const { offer, inbound, tally, onProgress, step } = finishing;
  if (offer.root === 'tree') {
    tally.flush();
    onProgress({ type: 'finishing' });
  }
  const extras = offer.delete ? await extrasOf(finishing, complete) : [];
  const left = offer.dryRun ? [] : await remove(finishing, extras);
  const removed = offer.dryRun ? 0 : extras.length - left.length;
  const undone = [...left, ...(await inbound.finish(step))];
  for (const { path, error } of undone) tally.unread(path, error);
  tally.removed(removed);
  if (!complete) tally.incomplete();
  return { removed, failed: undone.length };
}

/** In their order. Returns what is left. */
async function remove({ inbound, step }: Finishing, extras: readonly string[]): Promise<readonly Leftover[]> {
  const left: Leftover[] = [];
  for (let at = 0; at < extras.length; at += REMOVED_AT_ONCE) {
    left.push(...(await inbound.removeExtras(extras.slice(at, at + REMOVED_AT_ONCE))));
    step();
  }
  return left;
}

/** Lists before anything is removed. What could not be read at the other end may exist there: then nothing is removed. */
async function extrasOf({ inbound, tally, onProgress, step, found }: Finishing, complete: boolean): Promise<readonly string[]> {
  if (!complete || tally.counts.failed > 0) {
    onProgress({ type: 'notice', message: 'nothing is deleted, since not everything could be read or written' });
    return [];
  }
  const all: string[] = [];
  for await (const paths of inbound.extras()) {
    for (const path of paths) tally.extra(path);
    all.push(...paths);
    step();
  }
  if (all.length > 0) found(all);
  return all;
}
