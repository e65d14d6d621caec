/**
 * What `/compute` says of jobs.
 *
 * @module
 */
import { defined } from '../../util/defined.js';
import { isJobId } from './parameters.js';
import { fieldsOf, integerOf, optionalFields, optionalText, requiredList, textOf, timeOf, unexpected } from './shape.js';

/** A job. Times are seconds since 1970. */
export interface FirecrestJob {
  readonly jobId: string;
  /** For a moment after a quick end it is "allocation", as Slurm's accounting has it: do not recognise a job by it. */
  readonly name: string;
  /** The scheduler's word, the first of it: `PENDING`, `RUNNING`, `COMPLETED`, `FAILED`, `TIMEOUT`, `CANCELLED` (not "CANCELLED by 1002"). */
  readonly state: string;
  /** Why it is as it is, such as `BeginTime`, where the scheduler says. */
  readonly reason?: string | undefined;
  readonly exitCode?: number | undefined;
  /** It does nothing any more. */
  readonly over: boolean;
  /** When it began; of one that is pending, when the scheduler means to begin it. */
  readonly start?: number | undefined;
  readonly end?: number | undefined;
  readonly limitSeconds?: number | undefined;
  readonly elapsedSeconds?: number | undefined;
  readonly nodes?: string | undefined;
  readonly account?: string | undefined;
  readonly user?: string | undefined;
  readonly workingDirectory?: string | undefined;
}

/** What a job was submitted as. */
export interface FirecrestJobMetadata {
  readonly jobId: string;
  /** A transfer job of the site's has its secret in it. */
  readonly script?: string | undefined;
  readonly standardOutput?: string | undefined;
  readonly standardError?: string | undefined;
}

/** Slurm's states of a job that is over (squeue(1)). One that is PREEMPTED may be queued again, but as another record. */
const OVER = new Set(['BOOT_FAIL', 'CANCELLED', 'COMPLETED', 'DEADLINE', 'FAILED', 'NODE_FAIL', 'OUT_OF_MEMORY', 'PREEMPTED', 'REVOKED', 'TIMEOUT']);

/** PBS's letters (qstat(1B)), which FirecREST hands on as they are (by reading), in Slurm's words. */
const PBS_STATES: Readonly<Record<string, string>> = { B: 'RUNNING', E: 'COMPLETING', H: 'PENDING', M: 'PENDING', Q: 'PENDING', R: 'RUNNING', S: 'SUSPENDED', T: 'PENDING', U: 'SUSPENDED', W: 'PENDING', X: 'COMPLETED' };

/** Reads `GET /compute/{system}/jobs`, of one job or of many. @throws ControlError */
export function parseJobs(answer: unknown): FirecrestJob[] {
  return requiredList(fieldsOf(answer, 'it')['jobs'], 'jobs', parseJob);
}

function parseJob(value: unknown, where: string): FirecrestJob {
  const job = fieldsOf(value, where);
  const status = fieldsOf(job['status'], `${where}.status`);
  const time = optionalFields(job['time'], `${where}.time`) ?? {};
  const exitCode = integerOf(status['exitCode']);
  const state = stateOf(textOf(status['state'], `${where}.status.state`), exitCode);
  const reason = said(status['stateReason'], `${where}.status.stateReason`);
  return {
    jobId: idOf(job['jobId'], `${where}.jobId`),
    name: optionalText(job['name'], `${where}.name`) ?? '',
    state,
    over: OVER.has(state),
    ...defined({
      reason,
      exitCode,
      start: timeOf(time['start']),
      end: timeOf(time['end']),
      limitSeconds: integerOf(time['limit']),
      elapsedSeconds: integerOf(time['elapsed']),
      nodes: said(job['nodes'], `${where}.nodes`),
      account: said(job['account'], `${where}.account`),
      user: said(job['user'], `${where}.user`),
      workingDirectory: said(job['workingDirectory'], `${where}.workingDirectory`),
    }),
  };
}

/** "CANCELLED by 1002" is what became of it, and by whom. */
function stateOf(text: string, exitCode: number | undefined): string {
  const word = text.trim().split(/\s/u)[0] ?? '';
  if (word === 'F') return exitCode === undefined || exitCode === 0 ? 'COMPLETED' : 'FAILED';
  return PBS_STATES[word] ?? word;
}

/** Slurm's words for nothing are as good as nothing. */
function said(value: unknown, where: string): string | undefined {
  const text = optionalText(value, where);
  return text === '' || text === 'None' || text === 'None assigned' ? undefined : text;
}

/** A string in every recording; a number in the API's document of other versions. */
function idOf(value: unknown, where: string): string {
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : textOf(value, where);
}

/** The id of a job that was just queued: one that can be asked for again. @throws ControlError */
export function newIdOf(value: unknown, where: string): string {
  const id = idOf(value, where);
  if (!isJobId(id)) throw unexpected(where, 'the id of a job');
  return id;
}

/** Reads `POST /compute/{system}/jobs`. @throws ControlError */
export function parseSubmitted(answer: unknown): { readonly jobId: string } {
  return { jobId: newIdOf(fieldsOf(answer, 'it')['jobId'], 'jobId') };
}

/** Reads `GET /compute/{system}/jobs/{id}/metadata`. @throws ControlError */
export function parseMetadata(answer: unknown): FirecrestJobMetadata[] {
  return requiredList(fieldsOf(answer, 'it')['jobs'], 'jobs', (value, where) => {
    const job = fieldsOf(value, where);
    return {
      jobId: idOf(job['jobId'], `${where}.jobId`),
      ...defined({
      script: optionalText(job['script'], `${where}.script`),
    }),
      ...defined({
      standardOutput: optionalText(job['standardOutput'], `${where}.standardOutput`),
    }),
      ...defined({
      standardError: optionalText(job['standardError'], `${where}.standardError`),
    }),
    };
  });
}
