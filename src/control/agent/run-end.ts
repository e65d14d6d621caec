/**
 * The end of an agent's job: nothing of ours sits on a node, or on the disk, longer than it is of use.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { peerText } from '../../errors.js';
import type { ClusterJob } from './cluster.js';
import { unsentIn } from './job-log.js';
import type { AgentRun, RunContext } from './run.js';
import { readLog } from './run-wait.js';

/** Longest that one step of cleaning up may take, milliseconds. It has time of its own: the caller's signal may be why we clean up. */
export const CLEANING_MS = 15_000;

/** How soon a job is over whose transfer is, milliseconds between one look and the next; then it is cancelled. */
const ENDING_MS: readonly number[] = [200, 300, 500, 1_000, 1_000, 2_000, 2_000, 3_000];

/** Cancels a job. One that cannot be cancelled ends by itself, when nobody comes. */
export async function stopRun({ jobId }: Pick<AgentRun, 'jobId'>, { cluster, system, notice }: RunContext): Promise<void> {
  try {
    await cluster.cancel(system, jobId, { signal: AbortSignal.timeout(CLEANING_MS) });
  } catch (error) {
    notice(`job ${jobId} could not be cancelled (${error instanceof Error ? peerText(error.message) : 'for no known reason'}); it ends by itself when nobody comes`);
  }
}

/**
 * After the transfer: waits until the job has ended by itself, and removes its log.
 * @throws StorageError `storage-incomplete` when its server could not read all that it was to send
 */
export async function tidyRun(run: AgentRun, context: RunContext): Promise<void> {
  const job = await endOfJob(run, context);
  if (job?.over !== true) await stopRun(run, context);
  const log = job === undefined || job.state === 'COMPLETED' ? undefined : await readLog(run, { ...context, signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => undefined);
  await removeRun(run, context);
  const unsent = unsentIn(log ?? '');
  if (unsent === undefined) return;
  for (const line of unsent.told) context.notice(line);
  throw unsent.error;
}

/** What has become of a job that is to end soon, with some patience; undefined where it is not known. */
export async function endOfJob(run: AgentRun, context: RunContext): Promise<ClusterJob | undefined> {
  let job: ClusterJob | undefined;
  for (const [looks, milliseconds] of ENDING_MS.entries()) {
    job = await jobOf(run, context);
    if (job?.over === true) return job;
    await sleep(Math.min(milliseconds, context.pace?.(looks, job?.state) ?? milliseconds));
  }
  return job;
}

/** What is known of a job now; undefined where that cannot be had. */
export function jobOf({ jobId }: AgentRun, { cluster, system }: RunContext): Promise<ClusterJob | undefined> {
  return cluster.job(system, jobId, { signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => undefined);
}

/** Removes a run's directory, with its log. One that cannot be removed is told of, and no failure. */
export async function removeRun({ directory }: Pick<AgentRun, 'directory'>, { cluster, system, notice }: RunContext): Promise<void> {
  try {
    await cluster.rm(system, directory, { signal: AbortSignal.timeout(CLEANING_MS) });
  } catch {
    notice(`${system}:${directory} could not be removed, and is of no more use`);
  }
}
