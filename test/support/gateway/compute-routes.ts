/**
 * `/compute`: jobs.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Check, type Fields } from './bodies.js';
import { ApiError, misfit, unhandled } from './errors.js';
import { jobAnswer } from './job-answer.js';
import { SchedulerError, type JobDescription, type JobRecord } from './scheduler.js';
import type { System } from './system.js';
import { ok, requireCredentials, systemOf, type Answer, type Asked, type Route } from './world.js';

const handler = (name: string, line: number) => ({ file: 'compute/router.py', line, name });

export const COMPUTE_ROUTES: readonly Route[] = [
  { method: 'POST', path: '/compute/{system_name}/jobs', takesJson: true, handler: handler('post_job_submit', 40), run: submitOwn },
  { method: 'GET', path: '/compute/{system_name}/jobs', handler: handler('get_jobs', 70), run: list },
  { method: 'GET', path: '/compute/{system_name}/jobs/{job_id}/metadata', handler: handler('get_job_metadata', 145), run: metadata },
  { method: 'GET', path: '/compute/{system_name}/jobs/{job_id}', handler: handler('get_job', 117), run: one },
  { method: 'DELETE', path: '/compute/{system_name}/jobs/{job_id}', handler: handler('delete_job_cancel', 210), run: cancel },
];

/** Submits a job, which then goes as the system's {@link System.course} says. Everything that submits comes by here. */
export async function submit({ world }: Asked, system: System, job: Omit<JobDescription, 'pendingMs' | 'pendingReason' | 'limitMs'>): Promise<string> {
  const { pendingMs, pendingReason, limitMs, failsWith, cancelledAfterMs } = system.course;
  const script = failsWith === undefined ? job.script : withFirstCommand(job.script, `exit ${failsWith}`);
  const submitted = world.scheduler.submit({ ...job, script, pendingMs, pendingReason, limitMs }).catch((error: unknown) => {
    throw error instanceof SchedulerError ? new ApiError(500, slurmText(error)) : error;
  });
  const id = await submitted;
  if (cancelledAfterMs !== undefined) setTimeout(() => void world.scheduler.cancel(id).catch(() => undefined), cancelledAfterMs).unref();
  if (system.schedulerHangs) {
    await delay(system.commandLimitMs);
    throw unhandled('Channel not open for sending');
  }
  return id;
}

/** Puts a command after the script's directives. */
function withFirstCommand(script: string, command: string): string {
  const lines = script.split('\n');
  const at = lines.findIndex((line) => !line.startsWith('#') && line.trim() !== '');
  return lines.toSpliced(at < 0 ? lines.length : at, 0, command).join('\n');
}

const slurmText = ({ exitStatus, stderr }: SchedulerError): string => `Unexpected Slurm command response. exit_status:${exitStatus} std_err:${stderr}`;

async function submitOwn(asked: Asked): Promise<Answer> {
  const system = systemOf(asked, 'scheduler');
  const check = new Check();
  const body = check.object(asked.content, ['body']);
  const job = body === undefined ? undefined : check.part(body, 'job', [], ['body']);
  const place = ['body', 'job'];
  const workingDirectory = job === undefined ? undefined : check.text(job, 'workingDirectory', ['working_directory', 'current_working_directory'], place);
  const optional = (name: string, snake = name) => (job === undefined ? undefined : (check.text(job, name, [snake], place, { nullable: true, optional: true }) ?? undefined));
  const description = {
    owner: asked.user,
    name: optional('name'),
    account: optional('account'),
    partition: optional('partition'),
    standardInput: optional('standardInput', 'standard_input'),
    standardOutput: optional('standardOutput', 'standard_output'),
    standardError: optional('standardError', 'standard_error'),
    script: optional('script') ?? '',
    environment: environmentOf(job),
  };
  if (check.misfits.length > 0 || typeof workingDirectory !== 'string') throw misfit(check.misfits, asked.handler);
  requireCredentials(asked);
  return { status: 201, json: { jobId: await submit(asked, system, { ...description, workingDirectory }) } };
}

function environmentOf(job: Fields | undefined): Record<string, string> {
  const given = job?.['env'] ?? job?.['environment'];
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return { F7T_version: 'v2.0.0' };
  return Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** All jobs, or FirecREST's answer when the scheduler is silent. */
async function jobsOf({ world }: Asked, system: System): Promise<readonly JobRecord[]> {
  if (system.schedulerHangs) {
    await delay(system.commandLimitMs);
    throw new ApiError(500, 'Error executing Slurm command.', { causedBy: ['Command execution timeout limit exceeded.'] });
  }
  return world.scheduler.jobs();
}

const answerOf = ({ world }: Asked) => (job: JobRecord) =>
  jobAnswer(job, { halfFilledMs: world.halfFilledMs, cluster: world.cluster, nowMs: Date.now(), uid: String(process.getuid?.() ?? 1000) });

const HOURS: Readonly<Record<string, number>> = { '1h': 1, '8h': 8, '24h': 24, '3d': 72, '7d': 168 };
const WINDOWS = "'1h', '8h', '24h', '3d' or '7d'";

async function list(asked: Asked): Promise<Answer> {
  const system = systemOf(asked, 'scheduler');
  const { query, user } = asked;
  const window = query.get('time_window') ?? '24h';
  const hours = HOURS[window];
  if (hours === undefined) throw misfit([{ type: 'enum', place: ['query', 'time_window'], message: `Input should be ${WINDOWS}`, input: window, context: { expected: WINDOWS } }], asked.handler);
  requireCredentials(asked);
  const since = Date.now() / 1000 - hours * 3600;
  const everybodys = query.get('allusers') === 'true';
  const found = (await jobsOf(asked, system)).filter(
    (job) => (everybodys || job.owner === user) && (job.end ?? Infinity) >= since && job.name === (query.get('name') ?? job.name) && job.account === (query.get('account') ?? job.account),
  );
  return ok({ jobs: found.map(answerOf(asked)) });
}

const ID = /^[a-zA-Z0-9]+$/u;

/** @throws ApiError 400 for what cannot be one */
function idOf(asked: Asked): string {
  const id = asked.parameters['job_id'] ?? '';
  if (ID.test(id)) return id;
  const pattern = '^[a-zA-Z0-9]+$';
  throw misfit([{ type: 'string_pattern_mismatch', place: ['path', 'job_id'], message: `String should match pattern '${pattern}'`, input: id, context: { pattern } }], asked.handler);
}

async function find(asked: Asked, system: System): Promise<JobRecord> {
  const id = idOf(asked);
  requireCredentials(asked);
  const found = (await jobsOf(asked, system)).find((job) => job.id === id);
  if (found !== undefined) return found;
  if (!/^\d+$/u.test(id)) throw new ApiError(500, 'Error executing Slurm command.', { causedBy: [slurmText(new SchedulerError(1, `sacct: fatal: Bad job/step specified: ${id}\n`))] });
  throw new ApiError(404, 'Job not found.');
}

async function one(asked: Asked): Promise<Answer> {
  const system = systemOf(asked, 'scheduler');
  return ok({ jobs: [answerOf(asked)(await find(asked, system))] });
}

async function metadata(asked: Asked): Promise<Answer> {
  const { id, script, standardInput, standardOutput, standardError } = await find(asked, systemOf(asked, 'scheduler'));
  return ok({ jobs: [{ jobId: id, script, standardInput, standardOutput, standardError }] });
}

async function cancel(asked: Asked): Promise<Answer> {
  const system = systemOf(asked, 'scheduler');
  const id = idOf(asked);
  requireCredentials(asked);
  if (system.schedulerHangs) await jobsOf(asked, system);
  await asked.world.scheduler.cancel(id).catch((error: unknown) => {
    throw error instanceof SchedulerError ? new ApiError(500, slurmText(error)) : error;
  });
  return { status: 204 };
}
