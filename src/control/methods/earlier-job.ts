/**
 * What a run that was killed has left: a job that still waits, which this one goes on with; one that is of no more use, which is
 * cancelled; and the part of an upload that nothing can go on from.
 *
 * @module
 */
import { isScriptOf, TRANSFER_JOB_NAMES, transferJobOf } from '../firecrest/transfers.js';
import { CLEANING_MS } from '../job.js';
import type { JobNote, JobRecord } from '../job-record.js';
import type { MoveItem } from '../method.js';
import type { SiteTransferJob } from '../site.js';
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
  const { wire, askedAtMs, size } = earlier;
  const job = earlier.job ?? (await findUntold(item, askedAtMs, context));
  const running = job !== undefined && (await lookAtJob(job.jobId, context))?.over === false;
  // With the reference's wire the one session is spent as soon as there was one.
  if (running && wire !== 'compat' && size === item.size) {
    context.onProgress({ type: 'notice', message: `job ${job.jobId} of an earlier run is still there: going on with it` });
    return { item, found: { ...earlier, job } };
  }
  const ended = !running || (await stopJob(job, context));
  const freed = ended && wire === 'compat' && context.direction === 'upload' && item.existing !== undefined && (await removePartialUpload({ remote: item.remote, size }, askedAtMs, context));
  if (ended) await note.clear();
  return { item: freed ? { ...item, existing: undefined } : item, found: undefined };
}

/** How far clocks may be apart, milliseconds. */
const CLOCKS_MS = 60_000;

/**
 * The job of a run that was killed between its question and FirecREST's answer: it waits for somebody with its secret, which its
 * script holds. Of several that fit, nobody knows whose they are.
 */
async function findUntold({ remote }: MoveItem, askedAtMs: number, { client, system, direction, onProgress }: SiteJobContext): Promise<SiteTransferJob | undefined> {
  const options = { signal: AbortSignal.timeout(CLEANING_MS) };
  const found: SiteTransferJob[] = [];
  try {
    const jobs = await client.jobs(system.name, { name: TRANSFER_JOB_NAMES[direction], timeWindow: '1h', ...options });
    for (const job of jobs) {
      if (job.over || (job.start !== undefined && job.start * 1000 < askedAtMs - CLOCKS_MS)) continue;
      const metadata = await client.jobMetadata(system.name, job.jobId, options);
      const ours = metadata?.script !== undefined && isScriptOf(metadata.script, direction, remote) ? transferJobOf(job, metadata, system.name) : undefined;
      if (ours !== undefined) found.push(ours);
    }
  } catch (error) {
    onProgress({ type: 'notice', message: `whether an earlier run has left a job cannot be seen: ${error instanceof Error ? error.message : ''}` });
  }
  if (found.length > 1) onProgress({ type: 'notice', message: `one of these jobs may be an earlier run's: ${found.map(({ jobId }) => jobId).join(', ')}; end it with "streamer cancel", or its node is paid for until it has waited long enough` });
  return found.length === 1 ? found[0] : undefined;
}
