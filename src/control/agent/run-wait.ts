/**
 * From a job that was submitted to a server that can be reached.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { peerText, type StreamerError } from '../../errors.js';
import { abortReason } from '../../transfer/outcome.js';
import { hasNotBegun, Patience, waitingWords } from '../job.js';
import { callOptions, type SiteJob } from '../site.js';
import { coordinatesIn, failureIn } from './job-log.js';
import { logOf } from './place.js';
import type { AgentRun, RunContext } from './run.js';

/** Fast while a job may begin at any moment; a queue is not hurried by questions. */
function usualPace(looks: number, state: string | undefined): number {
  if (looks < 10) return 300;
  return state !== undefined && hasNotBegun({ state }) ? Math.min(15_000, 500 * 1.2 ** (looks - 10)) : 1_000;
}

/** Lines of a log that are read: those of all but long transfers. */
const LOG_LINES = 200;

/**
 * Follows a job until its server says where it is.
 * @param identity the text of the key that the coordinates are sealed to.
 * @returns the coordinates, opened.
 * @throws StreamerError when the job ends before; see {@link failureIn}
 */
export async function awaitCoordinates(run: AgentRun, identity: string, context: RunContext): Promise<string> {
  const { pace = usualPace, signal } = context;
  const told = new StateTeller(context);
  const patience = new Patience({ ...context, jobId: run.jobId });
  for (let looks = 0; ; looks += 1) {
    let seen: Look = {};
    let known = true;
    try {
      seen = await look(run, identity, context);
      known = patience.answered(seen.job) || seen.coordinates !== undefined;
    } catch (error) {
      if (signal?.aborted === true) throw abortReason(signal);
      patience.failed(error);
    }
    if (seen.coordinates !== undefined) return seen.coordinates;
    if (seen.job?.over === true) throw await failureOf(run, seen.job, false, context);
    if (!known) throw await failureOf(run, { jobId: run.jobId, state: 'unknown to the scheduler' }, false, context);
    if (seen.job !== undefined) told.tell(seen.job);
    await sleep(pace(looks, seen.job?.state), undefined, callOptions(signal)).catch(() => {
      throw abortReason(signal);
    });
  }
}

interface Look {
  readonly coordinates?: string;
  readonly job?: SiteJob;
}

/** The log first: it is what is waited for, and the cheaper question. */
async function look(run: AgentRun, identity: string, context: RunContext): Promise<Look> {
  const log = (await readLog(run, context)) ?? '';
  const coordinates = coordinatesIn(log, identity) ?? (isCut(log) ? coordinatesIn(await beginningOf(run, context), identity) : undefined);
  if (coordinates !== undefined) return { coordinates };
  const job = await context.client.job(context.system, run.jobId, callOptions(context.signal));
  return job === undefined ? {} : { job };
}

/** Why a job has ended that should not have, by its log. @param reached whether its server was reached */
export async function failureOf(run: AgentRun, job: Pick<SiteJob, 'jobId' | 'state' | 'exitCode'>, reached: boolean, context: RunContext): Promise<StreamerError> {
  const log = await readLog(run, context).catch(() => undefined);
  return failureIn(log, job, { reached, kept: `${context.system}:${logOf(run.directory)}` });
}

/** The end of a job's log; undefined while there is none. */
export function readLog({ directory }: AgentRun, { client, system, signal }: RunContext): Promise<string | undefined> {
  return client.tail(system, logOf(directory), { lines: LOG_LINES }, callOptions(signal));
}

/** The server tells of its progress as well: of a long transfer whose client comes back, more is told than is read. */
function isCut(log: string): boolean {
  return log.split('\n').length > LOG_LINES;
}

/** Bytes of the beginning of a log. FirecREST reads twice as many, of which half the smallest limit may come. */
const BEGINNING_BYTES = 32_768;

function beginningOf({ directory }: AgentRun, { client, system, signal }: RunContext): Promise<string> {
  return client.view(system, logOf(directory), { offset: 0, size: BEGINNING_BYTES }, callOptions(signal));
}

/** Tells of a job's state when it is another one, and has only so much patience with a queue. */
class StateTeller {
  readonly #context: RunContext;
  readonly #sinceMs = performance.now();
  #told = '';

  constructor(context: RunContext) {
    this.#context = context;
  }

  /** @throws TimeoutError `timeout-wait` */
  tell(job: SiteJob): void {
    const { startTimeoutMs = Infinity, onProgress } = this.#context;
    const pending = hasNotBegun(job);
    const leftMs = startTimeoutMs - (performance.now() - this.#sinceMs);
    const message = pending ? waitingWords(job, leftMs, startTimeoutMs) : runningWords(job);
    const remaining = pending && leftMs !== Infinity ? { remainingMs: leftMs } : {};
    if (message !== this.#told) onProgress({ type: 'phase', phase: pending ? 'pending' : 'running', message, jobId: job.jobId, ...remaining });
    this.#told = message;
  }
}

function runningWords({ jobId, state, nodes = '' }: SiteJob): string {
  return `job ${jobId} is ${peerText(state).toLowerCase()}${nodes === '' ? '' : ` on ${peerText(nodes)}`}`;
}
