/**
 * One job of the agent's: what it is, how it is submitted, and how one that waits already is found.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { AuthError, ControlError } from '../../errors.js';
import type { AgentJob } from './agent-job.js';
import type { Cluster, ClusterJob } from './cluster.js';
import { CLEANING_MS, removeRun, stopRun } from './run-end.js';
import { logOf, RUN_ID_BYTES, runDirectory, runDirectoryOf } from './place.js';

/** Where jobs run, and who is told. */
export interface RunContext {
  readonly cluster: Cluster;
  readonly system: string;
  readonly account?: string;
  /** The agent's. */
  readonly directory: string;
  readonly signal?: AbortSignal;
  readonly notice: (message: string) => void;
  /** How long to wait before the next look at a job, milliseconds. @param looks how many there were */
  readonly pace?: (looks: number, state: string | undefined) => number;
}

/** A job of ours. */
export interface AgentRun {
  readonly jobId: string;
  /** Its own, in which its log is. */
  readonly directory: string;
}

/** Submits the job, in a directory of its own. @throws StreamerError; then nothing of it is left */
export async function submitRun(job: AgentJob, context: RunContext): Promise<AgentRun> {
  const { cluster, system, signal, notice } = context;
  const directory = runDirectory(context.directory, randomBytes(RUN_ID_BYTES).toString('hex'));
  await cluster.mkdir(system, directory, { parents: true, ...callOptions(signal) });
  try {
    const jobId = await submitted(job, directory, context);
    notice(`submitted job ${jobId} on ${system}`);
    return { jobId, directory };
  } catch (error) {
    await removeRun({ directory }, context);
    throw error;
  }
}

/** A POST that has failed may have queued its job all the same: then it is found by its name and directory. */
async function submitted({ name, script }: AgentJob, directory: string, context: RunContext): Promise<string> {
  const { cluster, system, account, signal } = context;
  try {
    const posted = await cluster.submit(system, { name, workingDirectory: directory, script, standardOutput: logOf(directory), ...(account === undefined ? {} : { account }) }, callOptions(signal));
    return posted.jobId;
  } catch (error) {
    const refused = error instanceof AuthError || (error instanceof ControlError && error.status !== undefined && error.status < 500);
    const found = refused ? undefined : await queuedAllTheSame(name, directory, context);
    if (found === undefined) throw error;
    if (signal?.aborted !== true) return found.jobId;
    await stopRun(found, context);
    throw error;
  }
}

async function queuedAllTheSame(name: string, directory: string, context: RunContext): Promise<ClusterJob | undefined> {
  // The caller's signal may be what ended the POST.
  const jobs = await context.cluster.jobs(context.system, { name, signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => []);
  return jobs.find(({ workingDirectory }) => runDirectoryOf(context.directory, workingDirectory) === directory);
}

/** The newest job for the same request that still waits for its client, or for its return. */
export async function findRun(name: string, { cluster, system, directory, signal }: RunContext): Promise<AgentRun | undefined> {
  const jobs = await cluster.jobs(system, { name, ...callOptions(signal) }).catch((error: unknown) => {
    // Not knowing of one costs no more than another one.
    if (error instanceof ControlError) return [];
    throw error;
  });
  const runs = jobs.filter(({ over }) => !over).map(({ jobId, workingDirectory }) => ({ jobId, directory: runDirectoryOf(directory, workingDirectory) }));
  return runs.filter((run): run is AgentRun => run.directory !== undefined).sort((one, other) => Number(other.jobId) - Number(one.jobId))[0];
}

/** For a call that the caller's signal ends. */
export function callOptions(signal: AbortSignal | undefined): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
