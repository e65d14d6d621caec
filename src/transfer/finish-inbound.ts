/**
 * What is left to do when all that was to come is settled: extras go, and directories get their modes and times.
 *
 * @module
 */
import type { OfferFrame } from '../wire/frame.js';
import type { Inbound } from './inbound.js';
import type { ProgressListener } from './progress.js';
import type { Tally } from './tally.js';

/** What is finished, and who is told. */
export interface Finishing {
  readonly offer: OfferFrame;
  readonly inbound: Inbound;
  readonly tally: Tally;
  readonly onProgress: ProgressListener;
  /** Told of what is there and not in the sender's tree, before it is removed. */
  readonly found: (paths: readonly string[]) => void;
}

/**
 * Finishes.
 * @param complete whether the sender could read all of its tree.
 * @returns extras that were removed, and things that could not be done.
 */
export async function finishInbound(finishing: Finishing, complete: boolean): Promise<{ readonly removed: number; readonly failed: number }> {
  const { offer, inbound, tally, onProgress } = finishing;
  if (offer.root === 'tree') {
    tally.flush();
    onProgress({ type: 'finishing' });
  }
  const extras = offer.delete ? await extrasOf(finishing, complete) : [];
  const left = offer.dryRun || extras.length === 0 ? [] : await inbound.removeExtras(extras);
  const removed = offer.dryRun ? 0 : extras.length - left.length;
  const undone = [...left, ...(await inbound.finish())];
  for (const { path, error } of undone) tally.unread(path, error);
  tally.removed(removed);
  return { removed, failed: undone.length };
}

/** Lists before anything is removed. What could not be read at the other end may exist there: then nothing is removed. */
async function extrasOf({ inbound, tally, onProgress, found }: Finishing, complete: boolean): Promise<readonly string[]> {
  if (!complete || tally.counts.failed > 0) {
    onProgress({ type: 'notice', message: 'nothing is deleted, since not everything could be read or written' });
    return [];
  }
  const all: string[] = [];
  for await (const paths of inbound.extras()) {
    for (const path of paths) tally.extra(path);
    all.push(...paths);
  }
  if (all.length > 0) found(all);
  return all;
}
