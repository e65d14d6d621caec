/**
 * `/compute`: jobs of the scheduler.
 *
 * @module
 */
import { ControlError, peerText } from '../../errors.js';
import { callInit, jsonOf, unlessMissing, type Api, type CallOptions } from './api.js';
import { field, fieldsOf, listOf, numberIfAny, textIfAny, textOf } from './reading.js';

/** How far back jobs that are over are looked for. */
export type TimeWindow = '1h' | '8h' | '24h' | '3d' | '7d';

/** A job. Times are seconds since 1970. */
export interface FirecrestJob {
  readonly jobId: string;
  /** For a moment after a quick end it is `allocation`: not for recognising a job whose id is known. */
  readonly name: string;
  /** The first word of the scheduler's: `PENDING`, `RUNNING`, `COMPLETED`, `FAILED`, `CANCELLED` (by whom is left out), `TIMEOUT`, … */
  readonly state: string;
  /** Why it is pending, where that is known. */
  readonly reason?: string;
  readonly exitCode?: number;
  /** It neither runs nor will. That it was COMPLETED says nothing of a transfer. */
  readonly over: boolean;
  /** When it began; of one that is pending, when the scheduler means to begin it, if it says so. */
  readonly start?: number;
  readonly end?: number;
  readonly limitSeconds?: number;
  readonly elapsedSeconds?: number;
  readonly nodes?: string;
  readonly partition?: string;
  readonly account?: string;
  readonly user?: string;
  readonly workingDirectory?: string;
}

/** A job to be submitted. Paths are absolute. */
export interface JobToSubmit {
  readonly name: string;
  readonly workingDirectory: string;
  /** Begins with `#!`. */
  readonly script: string;
  readonly standardOutput?: string;
  readonly standardError?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly account?: string;
}

/** States in which a job will run on; Slurm's, and PBS's as FirecREST tells them. */
const LIVE = new Set(['PENDING', 'RUNNING', 'CONFIGURING', 'COMPLETING', 'RESIZING', 'REQUEUED', 'REQUEUE_HOLD', 'REQUEUE_FED', 'RESV_DEL_HOLD', 'SPECIAL_EXIT', 'SIGNALING', 'STAGE_OUT', 'STOPPED', 'SUSPENDED', 'QUEUED', 'HELD', 'WAITING', 'EXITING', 'TRANSITING', 'MOVED']);

/** One of `jobs`. */
export function readJob(value: unknown, where: string): FirecrestJob {
  const job = fieldsOf(value, where);
  const status = fieldsOf(job['status'], `${where}.status`);
  const time = job['time'] === null || job['time'] === undefined ? {} : fieldsOf(job['time'], `${where}.time`);
  const state = textOf(status['state'], `${where}.status.state`).trim().split(/\s/u)[0] ?? '';
  const reason = textIfAny(status['stateReason']);
  return {
    jobId: textOf(job['jobId'], `${where}.jobId`),
    name: textIfAny(job['name']) ?? '',
    state,
    over: !LIVE.has(state),
    ...field('reason', reason === 'None' ? undefined : reason),
    ...field('exitCode', numberIfAny(status['exitCode'])),
    ...field('start', positive(time['start'])),
    ...field('end', positive(time['end'])),
    ...field('limitSeconds', positive(time['limit'])),
    ...field('elapsedSeconds', numberIfAny(time['elapsed'])),
    ...field('nodes', textIfAny(job['nodes'])),
    ...field('partition', textIfAny(job['partition'])),
    ...field('account', textIfAny(job['account'])),
    ...field('user', textIfAny(job['user'])),
    ...field('workingDirectory', textIfAny(job['workingDirectory'])),
  };
}

function positive(value: unknown): number | undefined {
  const number = numberIfAny(value);
  return number !== undefined && number > 0 ? number : undefined;
}

/** One's own jobs: those that live, and those of the time window that are over. @throws StreamerError */
export async function listJobs(api: Api, system: string, options: CallOptions & { readonly name?: string; readonly timeWindow?: TimeWindow } = {}): Promise<readonly FirecrestJob[]> {
  const query = { ...field('name', options.name), ...field('time_window', options.timeWindow) };
  const answer = fieldsOf(await jsonOf('the jobs', api.GET('/compute/{system_name}/jobs', { ...callInit(options), params: { path: { system_name: system }, query } })), 'jobs');
  return listOf(answer['jobs'] ?? [], 'jobs', readJob);
}

/** Undefined for one that is not known. @throws StreamerError */
export async function findJob(api: Api, system: string, jobId: string, options: CallOptions = {}): Promise<FirecrestJob | undefined> {
  const call = jsonOf(`the job ${peerText(jobId)}`, api.GET('/compute/{system_name}/jobs/{job_id}', { ...callInit(options), params: { path: { system_name: system, job_id: jobId } } }));
  const answer = await unlessMissing(call, (error) => error instanceof ControlError && error.status === 404 && /job not found/iu.test(error.message));
  return answer === undefined ? undefined : listOf(fieldsOf(answer, 'jobs')['jobs'], 'jobs', readJob)[0];
}

/** A job's batch script, which may hold secrets; undefined for a job that is not known. @throws StreamerError */
export async function jobScriptOf(api: Api, system: string, jobId: string, options: CallOptions = {}): Promise<string | undefined> {
  const call = jsonOf(`the job ${peerText(jobId)}`, api.GET('/compute/{system_name}/jobs/{job_id}/metadata', { ...callInit(options), params: { path: { system_name: system, job_id: jobId } } }));
  const answer = await unlessMissing(call, (error) => error instanceof ControlError && error.status === 404);
  if (answer === undefined) return undefined;
  return listOf(fieldsOf(answer, 'jobs')['jobs'], 'jobs', (job, where) => textIfAny(fieldsOf(job, where)['script']))[0];
}

/**
 * Cancels a job. One that is over already, or whose end has been asked for, is no error, which FirecREST answers with 500.
 * @throws StreamerError
 */
export async function cancelJob(api: Api, system: string, jobId: string, options: CallOptions = {}): Promise<'cancelled' | 'was-over'> {
  const what = `cancelling the job ${peerText(jobId)}`;
  const { error, response } = await api.DELETE('/compute/{system_name}/jobs/{job_id}', { ...callInit(options), params: { path: { system_name: system, job_id: jobId } } });
  if (response.ok) return 'cancelled';
  const said = JSON.stringify(error);
  if (response.status === 500 && /already completing or completed|has finished|job has finished/iu.test(said)) return 'was-over';
  await jsonOf(what, Promise.resolve({ error, response }));
  return 'was-over';
}

/**
 * Submits a job. Where the answer is 500 the job may be queued all the same (measured): then it is looked for by its name, so
 * let that be one of its own. @returns its id @throws StreamerError
 */
export async function submitJob(api: Api, system: string, { account, workingDirectory, standardOutput, standardError, env, ...job }: JobToSubmit, options: CallOptions = {}): Promise<{ readonly jobId: string }> {
  const body = { job: { ...job, workingDirectory, ...field('account', account), ...field('standardOutput', standardOutput), ...field('standardError', standardError), ...field('env', env) } };
  try {
    const answer = fieldsOf(await jsonOf('the job', api.POST('/compute/{system_name}/jobs', { ...callInit(options), params: { path: { system_name: system } }, body: body as never })), 'submit');
    return { jobId: idOf(answer['jobId']) };
  } catch (error) {
    if (!(error instanceof ControlError) || (error.status ?? 0) < 500) throw error;
    const queued = await listJobs(api, system, { ...options, name: job.name, timeWindow: '1h' }).catch(() => []);
    const [found, ...others] = queued.filter(({ name, over }) => name === job.name && !over);
    if (found === undefined || others.length > 0) throw error;
    return { jobId: found.jobId };
  }
}

/** Ids are text; PBS's look like `12.server`, and its route takes them so. */
function idOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : textOf(value, 'jobId');
}
