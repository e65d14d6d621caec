/**
 * One file by a transfer job of the site's: the job that is asked for or found again, the wait for its server, the transfer over
 * whichever wire it speaks, the check afterwards, and nothing left behind.
 *
 * @module
 */
import { receive, send, type ClientOptions } from '../../client/client.js';
import { AbortError, ConnectError, ControlError, StorageError, StreamerError, TimeoutError } from '../../errors.js';
import { abortReason } from '../../transfer/outcome.js';
import { TIMER_MAX_MS } from '../../options.js';
import type { ProgressEvent, TransferResult, Wire } from '../../transfer/progress.js';
import { awaitStart, cancelJob, endOfJob } from '../job.js';
import { endedTooSoon } from '../job-log.js';
import type { JobNote, JobRecord } from '../job-record.js';
import type { MoveItem, TransferRequest } from '../method.js';
import type { SiteJob, SiteTransferJob } from '../site.js';
import { JobWatch } from './job-watch.js';
import { removePartialUpload } from './partial-upload.js';
import { askForJob, followed, letJobEnd, rememberNow, stopJob, type SiteJobContext } from './site-job.js';
import { verifyMoved } from './verify-moved.js';
import { defined } from '../../util/defined.js';

/** What is asked of it. */
export interface StreamerFileRequest extends Omit<TransferRequest, 'items' | 'remote' | 'local'>, Pick<SiteJobContext, 'pace'> {
  readonly item: MoveItem;
}

/** Most jobs for one file, where each was lost during the transfer; on the native wire each goes on from what the last has moved. */
const JOBS_MAX = { compat: 3, native: 20 } as const;
/** How long past its waiting time a server is looked for, milliseconds: its Python environment is made first. */
const MARGIN_MS = 120_000;
/** How long the server of an earlier run's job is looked for, which should listen already, milliseconds. */
const FOUND_MS = 30_000;
/** How long it may take until a job that was ended is seen to be, milliseconds. */
const LOST_MS = 5_000;
/** FirecREST's own default of waitTimeout. */
const WAIT_TIMEOUT_SECONDS = 86_400;

/**
 * Moves the file.
 * @param found the record of a job of an earlier run, to go on with.
 * @returns the result, not told of yet
 * @throws StreamerError; then no job of it is left, unless that was asked
 */
export function moveFile(request: StreamerFileRequest, note: JobNote, found: JobRecord | undefined): Promise<TransferResult> {
  return new StreamerFile(request, note).run(found);
}

class StreamerFile {
  readonly #request: StreamerFileRequest;
  readonly #note: JobNote;
  #record: JobRecord | undefined;
  /** The wire, once a server was reached. */
  #wire: Wire | undefined;
  #moved = false;
  #jobs = 0;

  constructor(request: StreamerFileRequest, note: JobNote) {
    this.#request = request;
    this.#note = note;
  }

  async run(found: JobRecord | undefined): Promise<TransferResult> {
    this.#record = found;
    let result = found?.job === undefined ? undefined : await this.#attempt(found.job, true);
    while (result === undefined) result = await this.#attempt(await this.#ask(), false);
    return result;
  }

  async #ask(): Promise<SiteTransferJob> {
    this.#jobs += 1;
    const askedAtMs = Date.now();
    const { item, signal } = this.#request;
    if (signal?.aborted === true) throw abortReason(signal);
    const job = await askForJob(item, this.#note, this.#request);
    this.#record = { askedAtMs, size: item.size, job };
    return job;
  }

  /** One job's part. Undefined: it is to go on with another. */
  async #attempt(job: SiteTransferJob, found: boolean): Promise<TransferResult | undefined> {
    const { item, system, client } = this.#request;
    this.#wire = undefined;
    let result: TransferResult;
    try {
      const started = await awaitStart(followed(job.jobId, this.#request, this.#request.signal), this.#request.startTimeoutMs);
      if (started.over) throw await endedTooSoon(started, 'before its server could be reached', job, client, system.name);
      result = await this.#move(job, started, found);
    } catch (error) {
      await this.#failed(error, job, found);
      return undefined;
    }
    return this.#finish(result, job, item);
  }

  /** A job may not outlive its transfer, nor may a check be left out because somebody is in a hurry: what is there has its name. */
  async #finish(result: TransferResult, job: SiteTransferJob, item: MoveItem): Promise<TransferResult> {
    const { onProgress } = this.#request;
    onProgress({ type: 'phase', phase: 'ending', message: `waiting for the end of job ${job.jobId}`, jobId: job.jobId });
    const ended = await letJobEnd(job, this.#request);
    await this.#note.clear();
    if (ended === undefined) onProgress({ type: 'notice', message: `job ${job.jobId} has not ended yet, though it has nothing more to do` });
    return verifyMoved(result, item, { ...this.#request, logs: job });
  }

  async #move(job: SiteTransferJob, started: SiteJob, found: boolean): Promise<TransferResult> {
    const gone = new AbortController();
    const { signal, item, settings, direction } = this.#request;
    const watch = new JobWatch(job.jobId, this.#request, gone);
    const waitMs = this.#waitMs(started, MARGIN_MS);
    this.#request.onProgress({ type: 'phase', phase: 'running', message: `job ${job.jobId} runs${started.nodes === undefined || started.nodes === '' ? '' : ` on ${started.nodes}`}: looking for its server`, jobId: job.jobId, remainingMs: this.#waitMs(started, 0) });
    watch.begin();
    const options: ClientOptions = {
      coordinates: job.coordinates,
      amongOthers: true,
      wire: settings.requireEncryption === true ? 'native' : 'auto',
      route: 'direct',
      signal: signal === undefined ? gone.signal : AbortSignal.any([signal, gone.signal]),
      connectTimeoutMs: settings.connectTimeoutMs ?? (found ? Math.min(waitMs, FOUND_MS) : waitMs),
      onProgress: (event) => this.#heard(event, watch),
      ...defined({ streams: settings.streams, rate: settings.rate, retryTimeoutMs: settings.retryTimeoutMs, ca: settings.ca }),
    };
    try {
      if (direction === 'upload') return await send({ ...options, path: item.local, ...defined({ digest: settings.digest }) });
      return await receive({ ...options, path: item.local, ...defined({ windowBytes: settings.windowBytes }) });
    } catch (error) {
      if (watch.over === undefined || signal?.aborted === true) throw error;
      throw await this.#jobGone(watch.over, job, error);
    } finally {
      watch.end();
    }
  }

  /** How long its server may still wait, milliseconds, and a margin for its start. */
  #waitMs({ start }: SiteJob, marginMs: number): number {
    const limitMs = (this.#request.system.transfer?.waitTimeoutSeconds ?? WAIT_TIMEOUT_SECONDS) * 1000;
    // Clocks differ: a job cannot have begun in the future, and one that has run for longer is still looked for a while.
    const passedMs = start === undefined ? 0 : Math.max(0, Date.now() - start * 1000);
    return Math.min(Math.max(0, limitMs - passedMs) + marginMs, TIMER_MAX_MS);
  }

  readonly #heard = (event: ProgressEvent, watch: JobWatch): void => {
    if (event.type === 'connected') {
      this.#wire = event.wire;
      watch.end();
      if (this.#record !== undefined) rememberNow({ ...this.#record, wire: event.wire }, this.#note, this.#request);
    }
    if (event.type === 'reconnecting') watch.begin();
    if (event.type === 'progress' && event.bytes > 0) this.#moved = true;
    // It is told when the file is verified.
    if (event.type !== 'done') this.#request.onProgress(event);
  };

  async #jobGone(over: SiteJob, job: SiteTransferJob, error: unknown): Promise<StreamerError> {
    const { client, system } = this.#request;
    if (this.#wire !== undefined) return new ConnectError('connect-lost', `job ${job.jobId} ended (${over.state}) during the transfer`, { cause: error, retryable: true });
    return endedTooSoon(over, 'before its server could be reached from here', job, client, system.name);
  }

  /** What is to become of a job whose transfer has failed, and of the transfer. @throws unless it is to go on with another job */
  async #failed(error: unknown, job: SiteTransferJob, found: boolean): Promise<void> {
    const { signal, keepJob, onProgress } = this.#request;
    const stopped = signal?.aborted === true;
    const lost = !stopped && this.#wire !== undefined && isLost(error);
    // Why its link is lost is known a moment later, where that is because it ended.
    const ended = lost ? await endOfJob(followed(job.jobId, this.#request), LOST_MS) : undefined;
    if (keepJob && this.#wire !== 'compat' && ended === undefined && !isOver(error)) this.#leave(job);
    else await this.#end(job, error);
    if (stopped) throw error instanceof AbortError ? error : abortReason(signal);
    if (ended !== undefined && this.#isFinal(ended)) throw await endedTooSoon(ended, 'during the transfer', job, this.#request.client, this.#request.system.name);
    const again = this.#wire === undefined ? found && isUnreached(error) : lost && this.#jobs < JOBS_MAX[this.#wire] && (this.#wire === 'compat' || this.#moved);
    if (!again || keepJob) throw this.#unreachable(error, job);
    this.#moved = false;
    onProgress({ type: 'notice', message: `${error instanceof Error ? error.message : ''}; asking for another job` });
  }

  /** Somebody wanted it to end; or its time was too short, which it will be again where nothing can be gone on from. */
  #isFinal({ state }: SiteJob): boolean {
    return state === 'CANCELLED' || (state === 'TIMEOUT' && this.#wire === 'compat');
  }

  #leave({ jobId }: SiteTransferJob): void {
    const { system, stateDirectory, onProgress } = this.#request;
    const again = stateDirectory === undefined ? '' : 'run the same command again to go on with it, or ';
    onProgress({ type: 'notice', message: `job ${jobId} is left as it is, and its node is paid for while it waits: ${again}end it with "streamer cancel --system ${system.name} ${jobId}"` });
  }

  /** Nothing of ours stays: not the job, not the record of it, not a part of a file that nothing could go on from. */
  async #end(job: SiteTransferJob, error: unknown): Promise<void> {
    const { direction, item } = this.#request;
    // What was there when its server looked is somebody else's.
    const partial = this.#wire === 'compat' && direction === 'upload' && !(error instanceof StorageError && error.code === 'storage-exists');
    // What its server has left can be removed when that writes no more.
    const stopped = partial ? await stopJob(job, this.#request) : await cancelJob(followed(job.jobId, this.#request));
    if (partial && stopped) await removePartialUpload(item, this.#record?.askedAtMs ?? Date.now(), this.#request);
    if (stopped) await this.#note.clear();
  }

  #unreachable(error: unknown, { jobId }: SiteTransferJob): unknown {
    if (this.#wire !== undefined || !(error instanceof ConnectError) || error.code !== 'connect-failed') return error;
    return new ConnectError('connect-failed', `job ${jobId} runs, but there is no way to its server from here: ${error.message}; a relay may help: \`method: 'agent'\``, { cause: error, retryable: false });
  }
}

/** A job that is over need not be kept, or cancelled. */
function isOver(error: unknown): boolean {
  return error instanceof ControlError && error.code === 'control-job';
}

function isUnreached(error: unknown): boolean {
  return error instanceof ConnectError || error instanceof ControlError || error instanceof TimeoutError || (error instanceof StreamerError && error.name === 'AuthError');
}

/** Whether another job may bring what this one has lost: nothing was refused, and nobody stopped it. */
function isLost(error: unknown): boolean {
  return error instanceof ConnectError || (error instanceof TimeoutError && error.code === 'timeout-idle');
}
