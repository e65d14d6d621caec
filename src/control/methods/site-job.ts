/**
 * A transfer job of the site's: asked for so that none is left behind unnoticed, and ended.
 *
 * @module
 */
import { AuthError, ControlError, UsageError } from '../../errors.js';
import { CLEANING_MS, cancelJob, endOfJob, type FollowedJob } from '../job.js';
import type { JobNote, JobRecord } from '../job-record.js';
import type { MoveItem, TransferRequest } from '../method.js';
import type { SiteJob, SiteTransferJob } from '../site.js';

/** Where jobs are asked for. */
export type SiteJobContext = Pick<TransferRequest, 'client' | 'system' | 'direction' | 'account' | 'signal' | 'onProgress'> & {
  /** How long until the next look at a job, milliseconds. @default fast at first */
  readonly pace?: FollowedJob['pace'];
};

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
    // Where there may be a job all the same, the client has looked for it; the next run will, too.
    if (!mayBeQueued(error)) await note.clear();
    throw error;
  } finally {
    signal?.removeEventListener('abort', tell);
  }
}

/** Writes a record. A disk that is full is no reason to fail: only a run that is killed would miss it. */
async function remember(record: JobRecord, note: JobNote, context: Pick<SiteJobContext, 'onProgress'>): Promise<void> {
  await note.write(record).catch((error: unknown) => notRemembered(error, context));
}

/**
 * The same before it returns. A server of the reference's that was reached has its session spent, and with the first byte of an upload
 * there is a part under the target's name: the next run of one that is killed in that very moment must know.
 */
export function rememberNow(record: JobRecord, note: JobNote, context: Pick<SiteJobContext, 'onProgress'>): void {
  try {
    note.writeNow(record);
  } catch (error) {
    notRemembered(error, context);
  }
}

function notRemembered(error: unknown, { onProgress }: Pick<SiteJobContext, 'onProgress'>): void {
  onProgress({ type: 'notice', message: `the job cannot be remembered for a later run: ${error instanceof Error ? error.message : ''}` });
}

/** A POST that has failed may have queued its job all the same; only a refusal says that it has not. */
function mayBeQueued(error: unknown): boolean {
  if (error instanceof AuthError || error instanceof UsageError) return false;
  return !(error instanceof ControlError) || error.status === undefined || error.status >= 500 || error.status === 408;
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
