/**
 * A transfer job of the site's: asked for so that none is left behind unnoticed, and ended.
 *
 * @module
 */
import { AuthError, ControlError, peerText, UsageError } from '../../errors.js';
import { CLEANING_MS, cancelJob, endOfJob, type FollowedJob } from '../job.js';
import type { JobNote, JobRecord } from '../job-record.js';
import type { MoveItem, TransferRequest } from '../method.js';
import type { SiteJob, SiteTransferJob } from '../site.js';

/** Where jobs are asked for. */
export type SiteJobContext = Pick<TransferRequest, 'client' | 'system' | 'direction' | 'account' | 'signal' | 'onProgress'> & {
  /** How long until the next look at a job, milliseconds. @default fast at first */
  readonly pace?: FollowedJob['pace'];
};

/** FirecREST's names of its transfer jobs (sic). */
const JOB_NAMES = { download: 'OutgressFileTransfer', upload: 'IngressFileTransfer' } as const;
/** How long a job may take to end that has nothing more to do, milliseconds: it removes its Python environment. */
const ENDING_MS = 20_000;

/**
 * Asks for a job. The caller's signal does not cut the question short, for then nobody would know whether there is a job: it is
 * for the caller to look at the signal when this has its answer.
 * @throws StreamerError
 */
export async function askForJob(item: MoveItem, note: JobNote, context: SiteJobContext): Promise<SiteTransferJob> {
  const { client, system, direction, account, signal, onProgress } = context;
  const asked = { askedAtMs: Date.now(), size: item.size };
  await remember(asked, note, context);
  onProgress({ type: 'phase', phase: 'asking', message: `asking ${system.name} for a job that ${direction === 'download' ? 'sends' : 'receives'} ${item.remote}` });
  const tell = () => onProgress({ type: 'notice', message: "waiting for FirecREST's answer, so that no job is left behind" });
  signal?.addEventListener('abort', tell, { once: true });
  try {
    const job = await client.startTransfer(system.name, direction, { path: item.remote, ...(account === undefined ? {} : { account }) });
    await remember({ ...asked, job }, note, context);
    return job;
  } catch (error) {
    if (!mayBeQueued(error)) await note.clear();
    else await tellOfQueued(item, context);
    throw error;
  } finally {
    signal?.removeEventListener('abort', tell);
  }
}

/** Writes a record. A disk that is full is no reason to fail: only a run that is killed would miss it. */
export async function remember(record: JobRecord, note: JobNote, { onProgress }: Pick<SiteJobContext, 'onProgress'>): Promise<void> {
  await note.write(record).catch((error: unknown) => {
    onProgress({ type: 'notice', message: `the job cannot be remembered for a later run: ${error instanceof Error ? error.message : ''}` });
  });
}

/** A POST that has failed may have queued its job all the same; only a refusal says that it has not. */
function mayBeQueued(error: unknown): boolean {
  if (error instanceof AuthError || error instanceof UsageError) return false;
  return !(error instanceof ControlError) || error.status === undefined || error.status >= 500 || error.status === 408;
}

/** Nobody has the secret of such a job: it would wait for nobody until its time is over. */
async function tellOfQueued(item: MoveItem, { client, system, direction, onProgress }: SiteJobContext): Promise<void> {
  const name = JOB_NAMES[direction];
  const jobs = await client.jobs(system.name, { name, timeWindow: '1h', signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => undefined);
  const open = jobs?.filter(({ over }) => !over).map(({ jobId }) => jobId) ?? [];
  if (jobs !== undefined && open.length === 0) return;
  const which = jobs === undefined ? 'whether it has queued a job cannot be seen now' : `these wait or run, and one of them may be that for ${item.remote}: ${open.map(peerText).join(', ')}`;
  onProgress({ type: 'notice', message: `FirecREST has not said whether there is a job now; ${which}. See "streamer jobs --system ${system.name}", and cancel what is not yours to wait for` });
}

/** Cancels a job and waits a while for its end, after which nothing of it writes any more. @returns whether that came */
export async function stopJob({ jobId }: Pick<SiteTransferJob, 'jobId'>, context: SiteJobContext): Promise<boolean> {
  const job = followed(jobId, context);
  const cancelled = await cancelJob(job);
  return cancelled && (await endOfJob(job, ENDING_MS)) !== undefined;
}

/** After a transfer: the job ends by itself, or is cancelled. */
export async function letJobEnd({ jobId }: Pick<SiteTransferJob, 'jobId'>, context: SiteJobContext): Promise<SiteJob | undefined> {
  const job = followed(jobId, context);
  const ended = await endOfJob(job, ENDING_MS);
  if (ended !== undefined) return ended;
  await cancelJob(job);
  return endOfJob(job, ENDING_MS);
}

/** What a job is now; undefined where that cannot be had. */
export async function lookAtJob(jobId: string, { client, system }: SiteJobContext): Promise<SiteJob | undefined> {
  return client.job(system.name, jobId, { signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => undefined);
}

/** For the functions that follow one. */
export function followed(jobId: string, { client, system, onProgress, pace }: SiteJobContext, signal?: AbortSignal): FollowedJob {
  return { client, system: system.name, jobId, onProgress, pace, signal };
}
