/**
 * `streamer jobs` and `streamer cancel`.
 *
 * @module
 */
import type { FirecrestJob, TimeWindow } from '../../control/firecrest/client.js';
import { ControlError, peerText, StreamerError } from '../../errors.js';
import { formatDuration } from '../../util/units.js';
import type { Context } from '../action.js';
import type { ControlOptions } from '../control-options.js';
import { openSystem } from '../remote-words.js';
import { tableOf } from '../table.js';

/** Options as commander gives them. */
export interface JobsCommandOptions extends ControlOptions {
  readonly name?: string;
  readonly since?: TimeWindow;
  readonly allUsers?: boolean;
}

const HEAD = ['JOB', 'NAME', 'STATE', 'BEGAN', 'TIME', 'LIMIT', 'NODES', 'ACCOUNT', 'USER'];

/** A line for each job. @param ids those that are asked for; none: all @throws StreamerError */
export async function runJobs(ids: readonly string[], { name, since, allUsers, ...options }: JobsCommandOptions, { renderer, stopSignal }: Context): Promise<void> {
  const signal = stopSignal();
  const { client, system } = await openSystem(options, signal);
  const jobs: FirecrestJob[] = ids.length > 0 ? [] : [...(await client.jobs(system.name, { name, timeWindow: since, allUsers, account: options.account, signal }))];
  for (const id of ids) {
    const job = await client.job(system.name, id, { signal });
    if (job === undefined) throw new ControlError('control-answer', `${system.name} knows no job ${id}`, { status: 404 });
    jobs.push(job);
  }
  if (jobs.length === 0) renderer.onProgress({ type: 'notice', message: `no jobs on ${system.name} within ${since ?? '24h'}` });
  const [head = '', ...lines] = tableOf([HEAD, ...jobs.map(rowOf)], ['right', 'left', 'left', 'left', 'right', 'right']);
  if (jobs.length > 0) renderer.print(head);
  for (const [index, job] of jobs.entries()) renderer.print(lines[index] ?? '', { event: 'job', system: system.name, ...job });
}

/** What {@link runJobs} says of one. */
export function rowOf({ jobId, name, state, reason, exitCode, over, start, elapsedSeconds, limitSeconds, nodes = '-', account = '-', user = '-' }: FirecrestJob): readonly string[] {
  const why = state === 'FAILED' && exitCode !== undefined ? `exit ${exitCode}` : over || state === 'RUNNING' ? undefined : reason;
  const duration = (seconds: number | undefined) => (seconds === undefined ? '-' : formatDuration(seconds * 1000));
  const began = start === undefined ? '-' : `${state === 'PENDING' ? 'about ' : ''}${timeOf(start)}`;
  return [jobId, name, `${state}${why === undefined ? '' : ` (${why})`}`, began, duration(elapsedSeconds), duration(limitSeconds), nodes, account, user];
}

/** Of this machine's zone. */
function timeOf(seconds: number): string {
  const date = new Date(seconds * 1000);
  const two = (number: number) => String(number).padStart(2, '0');
  return Number.isNaN(date.getTime()) ? '-' : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Ends jobs. One that is over is no error; one that cannot be ended keeps nobody from the others. @throws StreamerError: the first, when all were tried */
export async function runCancel(ids: readonly string[], options: ControlOptions, { renderer, stopSignal }: Context): Promise<void> {
  const signal = stopSignal();
  const { client, system } = await openSystem(options, signal);
  const failures: { readonly jobId: string; readonly error: StreamerError }[] = [];
  for (const jobId of ids) {
    const outcome = await client.cancel(system.name, jobId, { signal }).catch((error: unknown) => {
      if (!(error instanceof StreamerError) || signal.aborted) throw error;
      failures.push({ jobId, error });
    });
    if (outcome === undefined) continue;
    renderer.print(`job ${peerText(jobId)} on ${system.name} ${outcome === 'cancelled' ? 'is cancelled' : 'was over'}`, { event: 'cancel', system: system.name, jobId, outcome });
  }
  const [first, ...others] = failures;
  for (const { jobId, error } of others) renderer.onProgress({ type: 'notice', message: `job ${peerText(jobId)}: ${error.message}` });
  if (first !== undefined) throw first.error;
}
