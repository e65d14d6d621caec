/**
 * One job of the agent's: what it is, how it is submitted, and how one that waits already is found.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { AuthError, ControlError } from '../../errors.js';
import type { ProgressListener } from '../../transfer/progress.js';
import { CLEANING_MS } from '../job.js';
import { callOptions, type Site, type SiteJob } from '../site.js';
import type { AgentJob } from './agent-job.js';
import { logOf, RUN_ID_BYTES, runDirectory, runDirectoryOf } from './place.js';
import { removeRun, stopRun } from './run-end.js';

/** What the agent asks of FirecREST. */
export type AgentSite = Pick<Site, 'userInfo' | 'jobs' | 'job' | 'submit' | 'cancel' | 'ls' | 'checksum' | 'tail' | 'view' | 'writeFile' | 'mkdir' | 'rm'>;

/** Where jobs run, and who is told. */
export interface RunContext {
  readonly client: AgentSite;
  readonly system: string;
  readonly account?: string | undefined;
  /** The agent's. */
  readonly directory: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: ProgressListener;
  /** How long a job may wait to be started, milliseconds. @default for ever */
  readonly startTimeoutMs?: number | undefined;
  /** How long to wait before the next look at a job, milliseconds. @param looks how many there were */
  readonly pace?: ((looks: number, state: string | undefined) => number) | undefined;
}

/** A job of ours. */
export interface AgentRun {
  readonly jobId: string;
  /** Its own, in which its log is. */
  readonly directory: string;
}

/**
 * Submits the job, in a directory of its own.
 * @param before another one of the same name that is there already: FirecREST's client looks for a job by that when an answer is lost.
 * @throws StreamerError; then nothing of it is left
 */
export async function submitRun(job: AgentJob, context: RunContext, before?: AgentRun): Promise<AgentRun> {
  const { client, system, signal, onProgress } = context;
  const directory = runDirectory(context.directory, randomBytes(RUN_ID_BYTES).toString('hex'));
  await client.mkdir(system, directory, { parents: true, ...callOptions(signal) });
  try {
    const jobId = await submitted(job, directory, context);
    if (jobId === before?.jobId) throw new ControlError('control-answer', `${system} did not take the job; try again`);
    onProgress({ type: 'phase', phase: 'asking', message: `submitted job ${jobId} on ${system}`, jobId });
    return { jobId, directory };
  } catch (error) {
    await removeRun({ directory }, context);
    throw error;
  }
}

/** A POST that has failed may have queued its job all the same: then it is found by its name and directory. */
async function submitted({ name, script }: AgentJob, directory: string, context: RunContext): Promise<string> {
  const { client, system, account, signal } = context;
  try {
    const posted = await client.submit(system, { name, workingDirectory: directory, script, standardOutput: logOf(directory), ...(account === undefined ? {} : { account }) }, callOptions(signal));
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

async function queuedAllTheSame(name: string, directory: string, context: RunContext): Promise<SiteJob | undefined> {
  // The caller's signal may be what ended the POST.
  const jobs = await context.client.jobs(context.system, { name, signal: AbortSignal.timeout(CLEANING_MS) }).catch(() => []);
  return jobs.find(({ workingDirectory }) => runDirectoryOf(context.directory, workingDirectory) === directory);
}

/** The newest job for the same request that still waits for its client, or for its return. */
export async function findRun(name: string, { client, system, directory, signal }: RunContext): Promise<AgentRun | undefined> {
  const jobs = await client.jobs(system, { name, ...callOptions(signal) }).catch((error: unknown) => {
    // Not knowing of one costs no more than another one.
    if (error instanceof ControlError) return [];
    throw error;
  });
  const runs = jobs.filter(({ over }) => !over).map(({ jobId, workingDirectory }) => ({ jobId, directory: runDirectoryOf(directory, workingDirectory) }));
  return runs.filter((run): run is AgentRun => run.directory !== undefined).sort((one, other) => Number.parseInt(other.jobId, 10) - Number.parseInt(one.jobId, 10))[0];
}
