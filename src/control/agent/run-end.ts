/**
 * The end of an agent's job: nothing of ours sits on a node, or on the disk, longer than it is of use.
 *
 * @module
 */
import { cancelJob, CLEANING_MS, endOfJob, type FollowedJob } from '../job.js';
import type { SiteJob } from '../site.js';
import { unsentIn } from './job-log.js';
import type { AgentRun, RunContext } from './run.js';
import { readLog } from './run-wait.js';

/** How soon a job is over whose transfer is, milliseconds; then it is cancelled. */
const ENDING_MS = 10_000;

/** Cancels a job. One that cannot be cancelled ends by itself, when nobody comes. */
export async function stopRun({ jobId }: Pick<AgentRun, 'jobId'>, context: RunContext): Promise<void> {
  await cancelJob(followed(jobId, context));
}

/**
 * After the transfer: waits until the job has ended by itself, and removes its log.
 * @throws StorageError `storage-incomplete` when its server could not read all that it was to send
 */
export async function tidyRun(run: AgentRun, context: RunContext): Promise<void> {
  const { onProgress } = context;
  const job = await endOfRun(run, context);
  if (job === undefined) await stopRun(run, context);
  const log = job === undefined || job.state === 'COMPLETED' ? undefined : await readLog(run, { ...context, signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => undefined);
  await removeRun(run, context);
  const unsent = unsentIn(log ?? '');
  if (unsent === undefined) return;
  for (const message of unsent.told) onProgress({ type: 'notice', message });
  throw unsent.error;
}

/** What has become of a job that is to end soon, with some patience; undefined where it goes on. */
export function endOfRun({ jobId }: AgentRun, context: RunContext): Promise<SiteJob | undefined> {
  return endOfJob(followed(jobId, context), ENDING_MS);
}

/** What has become of a job, if it is over; undefined where it is not, or nobody knows. */
export async function endByNow({ jobId }: AgentRun, { client, system }: RunContext): Promise<SiteJob | undefined> {
  const job = await client.job(system, jobId, { signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => undefined);
  return job?.over === true ? job : undefined;
}

/** Removes a run's directory, with its log. One that cannot be removed is told of, and no failure. */
export async function removeRun({ directory }: Pick<AgentRun, 'directory'>, { client, system, onProgress }: RunContext): Promise<void> {
  try {
    await client.rm(system, directory, { signal: AbortSignal.timeout(CLEANING_MS) });
  } catch {
    onProgress({ type: 'notice', message: `${system}:${directory} could not be removed, and is of no more use` });
  }
}

function followed(jobId: string, { client, system, onProgress, pace }: RunContext): FollowedJob {
  return { client, system, jobId, onProgress, pace };
}
