/**
 * Following a job, from the queue to its end.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { AbortError, ControlError, peerText, StreamerError, TimeoutError } from '../errors.js';
import { abortReason } from '../transfer/outcome.js';
import type { ProgressListener } from '../transfer/progress.js';
import { formatDuration } from '../util/units.js';
import { callOptions, type Site, type SiteJob } from './site.js';

/** A job that is followed. */
export interface FollowedJob {
  readonly client: Pick<Site, 'job' | 'cancel' | 'tail'>;
  readonly system: string;
  readonly jobId: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress: ProgressListener;
  /** How long until the next look, milliseconds. @param looks how many there were in this state */
  readonly pace?: ((looks: number, state: string | undefined) => number) | undefined;
}

/** States of a job that has no node yet: Slurm's, and what PBS's become. */
const NOT_BEGUN = new Set(['PENDING', 'CONFIGURING', 'REQUEUED', 'REQUEUE_HOLD', 'REQUEUE_FED', 'RESV_DEL_HOLD', 'SPECIAL_EXIT', 'QUEUED', 'HELD', 'WAITING']);
/** Whether a job still waits for its turn. */
export function hasNotBegun({ state }: Pick<SiteJob, 'state'>): boolean {
  return NOT_BEGUN.has(state);
}

/** Longest that a job may be unknown to the scheduler, and that looks may fail one after the other, milliseconds. */
const UNKNOWN_MS = 60_000;
/** FirecREST notices two minutes later that a service is well again, and a scheduler's restart takes some, too. */
const FAILING_MS = 600_000;

/** Fast at first, when a job may begin at any moment; a queue is not hurried by questions, each of which costs two commands there. */
function usualPace(looks: number, state: string | undefined): number {
  const most = state !== undefined && NOT_BEGUN.has(state) ? 30_000 : 3_000;
  return Math.min(most, 500 * 1.25 ** looks);
}

/**
 * Waits until a job has a node.
 * @param startTimeoutMs how long that may take.
 * @returns the job as it is then: it may be over already
 * @throws TimeoutError `timeout-wait`; ControlError when FirecREST cannot tell; AbortError
 */
export async function awaitStart(job: FollowedJob, startTimeoutMs: number): Promise<SiteJob> {
  const deadline = performance.now() + startTimeoutMs;
  let told = '';
  return follow(job, (seen) => {
    if (!hasNotBegun(seen) || seen.over) return true;
    const leftMs = deadline - performance.now();
    const message = waitingWords(seen, leftMs, startTimeoutMs);
    if (message !== told) job.onProgress({ type: 'phase', phase: 'pending', message, jobId: job.jobId, remainingMs: Math.round(leftMs) });
    told = message;
    return false;
  });
}

/** What is told of a job in the queue. @param nowMs milliseconds since 1970 */
export function pendingWords({ jobId, reason = 'None', start }: Pick<SiteJob, 'jobId' | 'reason' | 'start'>, nowMs: number): string {
  const why = reason === 'None' || reason === '' ? '' : ` (${peerText(reason)})`;
  const when = start === undefined || start * 1000 <= nowMs ? '' : `, and is expected to begin at ${new Date(start * 1000).toISOString().replace('.000', '')}`;
  return `job ${jobId} waits in the queue${why}${when}`;
}

/** The same, as long as it may wait. @throws TimeoutError `timeout-wait` */
export function waitingWords(job: SiteJob, leftMs: number, startTimeoutMs: number): string {
  const message = pendingWords(job, Date.now());
  if (leftMs <= 0) throw new TimeoutError('timeout-wait', `${message}, and has not begun within ${formatDuration(startTimeoutMs)}; give it longer with \`startTimeoutMs\``);
  return message;
}

/** Waits until a job is over. @throws ControlError when FirecREST cannot tell; AbortError */
export function awaitEnd(job: FollowedJob): Promise<SiteJob> {
  return follow(job, ({ over }) => over);
}

/** Looks at a job again and again until `enough`. */
async function follow(job: FollowedJob, enough: (seen: SiteJob) => boolean): Promise<SiteJob> {
  const { client, system, jobId, signal, pace = usualPace } = job;
  const patience = new Patience(job);
  let state: string | undefined;
  for (let looks = 0; ; looks += 1) {
    try {
      const seen = await client.job(system, jobId, callOptions(signal));
      if (!patience.answered(seen)) throw new ControlError('control-job', `job ${jobId} is not known to the scheduler of ${system} any more`);
      if (seen !== undefined && seen.state !== state) [state, looks] = [seen.state, 0];
      if (seen !== undefined && enough(seen)) return seen;
    } catch (error) {
      if (signal?.aborted === true) throw abortReason(signal);
      patience.failed(error);
    }
    await sleep(pace(looks, state), undefined, callOptions(signal)).catch(() => {
      throw abortReason(signal);
    });
  }
}

/** A system may be down for a while as its job goes on; and accounting may learn late of a job. */
export class Patience {
  readonly #job: Pick<FollowedJob, 'system' | 'jobId' | 'onProgress'>;
  #failingSinceMs: number | undefined;
  #unknownSinceMs: number | undefined;

  constructor(job: Pick<FollowedJob, 'system' | 'jobId' | 'onProgress'>) {
    this.#job = job;
  }

  /** @returns false for a job that has been unknown for too long */
  answered(seen: SiteJob | undefined): boolean {
    if (this.#failingSinceMs !== undefined) this.#notice(`${this.#job.system} answers again`);
    this.#failingSinceMs = undefined;
    if (seen !== undefined) {
      this.#unknownSinceMs = undefined;
      return true;
    }
    this.#unknownSinceMs ??= performance.now();
    return performance.now() - this.#unknownSinceMs <= UNKNOWN_MS;
  }

  /** @throws what was thrown, where that will not pass */
  failed(error: unknown): void {
    if (!mayPass(error)) throw error;
    const now = performance.now();
    if (this.#failingSinceMs === undefined) this.#notice(`cannot see how job ${this.#job.jobId} is doing: ${error instanceof Error ? error.message : ''}; looking again`);
    this.#failingSinceMs ??= now;
    if (now - this.#failingSinceMs > FAILING_MS) throw error;
  }

  #notice(message: string): void {
    this.#job.onProgress({ type: 'notice', message });
  }
}

/** Whether the same question may be answered later. A job that is not started in time is no question. */
function mayPass(error: unknown): boolean {
  if (!(error instanceof StreamerError) || error instanceof AbortError || error.code === 'timeout-wait') return false;
  if (!(error instanceof ControlError)) return error.retryable;
  return error.retryable || error.code === 'control-unavailable' || error.status === 408 || error.status === 429 || (error.status ?? 0) >= 500;
}

/** Longest that one step of cleaning up may take, milliseconds. It has time of its own: the caller's signal may be why we clean up. */
export const CLEANING_MS = 15_000;

/**
 * Cancels a job, whatever it is doing.
 * @returns whether it is known to be ended or about to end. It never fails: what led here is the error to show
 */
export async function cancelJob({ client, system, jobId, onProgress }: Omit<FollowedJob, 'signal'>): Promise<boolean> {
  try {
    await client.cancel(system, jobId, { signal: AbortSignal.timeout(CLEANING_MS) });
    return true;
  } catch (error) {
    const why = error instanceof Error ? peerText(error.message) : 'no reason is known';
    onProgress({ type: 'notice', message: `job ${jobId} could not be cancelled (${why}): see to it with "streamer cancel ${system} ${jobId}"` });
    return false;
  }
}

/** Waits for the end of a job that is to end by itself, or was cancelled; undefined when that does not come within `timeoutMs`. */
export async function endOfJob(job: FollowedJob, timeoutMs: number): Promise<SiteJob | undefined> {
  const quiet = { ...job, onProgress: () => undefined, pace: job.pace ?? ((looks: number) => Math.min(2_000, 200 * 1.5 ** looks)) };
  return awaitEnd({ ...quiet, signal: AbortSignal.timeout(timeoutMs) }).catch(() => undefined);
}
