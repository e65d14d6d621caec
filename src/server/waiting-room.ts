/**
 * The server's links: clients are offered as they prove themselves, and the wait for one is timed.
 *
 * @module
 */
import { StorageError, StreamerError, TimeoutError } from '../errors.js';
import { formatDuration } from '../util/units.js';
import { isLostLink, type Link, type LinkSource } from '../transfer/link.js';
import type { ProgressListener } from '../transfer/progress.js';
import { abortReason } from '../transfer/outcome.js';

/** Options of a waiting room. */
export interface WaitingRoomOptions {
  readonly waitTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ProgressListener;
}

/** See the module's head. `T` is what an authenticated client arrives as. */
export class WaitingRoom<T> {
  readonly #options: WaitingRoomOptions;
  #offered: T | undefined;
  #waiting: { take: (arrival: T) => void } | undefined;

  constructor(options: WaitingRoomOptions) {
    this.#options = options;
  }

  /** A client has proved itself. An earlier one that nobody has taken yet is given back, to be sent away. */
  offer(arrival: T): T | undefined {
    if (this.#waiting !== undefined) {
      this.#waiting.take(arrival);
      return undefined;
    }
    const before = this.#offered;
    this.#offered = arrival;
    return before;
  }

  /** Waits for the next client. @throws TimeoutError 'timeout-wait'; AbortError. */
  take(again: boolean, timeoutMs: number = this.#options.waitTimeoutMs): Promise<T> {
    const { signal, onProgress } = this.#options;
    const offered = this.#offered;
    this.#offered = undefined;
    if (offered !== undefined) return Promise.resolve(offered);
    onProgress({ type: 'waiting', timeoutMs, again });
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', aborted);
        this.#waiting = undefined;
        settle();
      };
      const aborted = () => finish(() => reject(abortReason(signal, again)));
      const timer = setTimeout(() => finish(() => reject(waitedTooLong(again, timeoutMs))), timeoutMs);
      this.#waiting = { take: (arrival) => finish(() => resolve(arrival)) };
      signal?.addEventListener('abort', aborted, { once: true });
      if (signal?.aborted === true) aborted();
    });
  }
}

function waitedTooLong(again: boolean, timeoutMs: number): TimeoutError {
  const wait = formatDuration(timeoutMs);
  const what = again ? `the client did not come back within ${wait}; what has arrived is kept` : `no client came within ${wait}`;
  return new TimeoutError('timeout-wait', `${what}; start the server again, or allow more with --wait-timeout`);
}

/** A native transfer's links, out of the waiting room. */
export class WaitingLinks implements LinkSource {
  readonly #first: Link;
  readonly #room: WaitingRoom<Link>;
  #started = false;

  constructor(first: Link, room: WaitingRoom<Link>) {
    this.#first = first;
    this.#room = room;
  }

  /**
   * A client that was stopped may come back and resume; and so may one whose own trouble it was: its disk full, its
   * target there already, its source changed. Its mistake must not cost the user the job.
   */
  recoverable(error: unknown): error is StreamerError {
    if (isLostLink(error)) return true;
    if (!(error instanceof StreamerError) || !error.fromPeer) return false;
    return error.code === 'connect-lost' || error.code === 'integrity-source' || error instanceof StorageError;
  }

  async next(lost?: { readonly error: StreamerError; readonly graceMs?: number }): Promise<Link> {
    if (!this.#started) {
      this.#started = true;
      return this.#first;
    }
    return this.#room.take(true, lost?.graceMs);
  }
}
