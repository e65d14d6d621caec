/**
 * What a run that was killed has left: a job that still waits, which this one goes on with; one that is of no more use, which is
 * cancelled; and the part of an upload that nothing can go on from.
 *
 * @module
 */
import type { JobNote, JobRecord } from '../job-record.js';
import type { MoveItem } from '../method.js';
import { removePartialUpload } from './partial-upload.js';
import { lookAtJob, stopJob, type SiteJobContext } from './site-job.js';

/** What there is to go on with. */
export interface TakenUp {
  /** As it is now at the target: a part of an upload is gone. */
  readonly item: MoveItem;
  /** The record of a job that still waits, or runs. */
  readonly found: JobRecord | undefined;
}

/** Sees to what is remembered of an item. */
export async function takeUp(item: MoveItem, note: JobNote, context: SiteJobContext): Promise<TakenUp> {
  const { earlier } = note;
  if (earlier === undefined) return { item, found: undefined };
  const { job, wire, askedAtMs, size } = earlier;
  const running = job !== undefined && (await lookAtJob(job.jobId, context))?.over === false;
  // With the reference's wire the one session is spent as soon as there was one.
  if (running && wire !== 'compat' && size === item.size) {
    context.onProgress({ type: 'notice', message: `job ${job.jobId} of an earlier run is still there: going on with it` });
    return { item, found: earlier };
  }
  const ended = !running || (await stopJob(job, context));
  const freed = ended && wire === 'compat' && context.direction === 'upload' && item.existing !== undefined && (await removePartialUpload({ remote: item.remote, size }, askedAtMs, context));
  if (ended) await note.clear();
  return { item: freed ? { ...item, existing: undefined } : item, found: undefined };
}
