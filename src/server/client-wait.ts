/**
 * The wait for a client: until one has proved itself, and again while it is away.
 *
 * @module
 */
import { TimeoutError, type StreamerError } from '../errors.js';
import { TIMER_MAX_MS } from '../options.js';
import { formatDuration } from '../util/units.js';
import type { ProgressListener } from '../transfer/progress.js';

/** Options of a wait. */
export interface ClientWaitOptions {
  readonly waitTimeoutMs: number;
  readonly onProgress: ProgressListener;
}

/** See the module's head. */
export class ClientWait {
  readonly #options: ClientWaitOptions;
  #timer: NodeJS.Timeout | undefined;
  #expired: ((error: StreamerError) => void) | undefined;
  /** Why nobody can come any more. */
  #hopeless: StreamerError | undefined;

  constructor(options: ClientWaitOptions) {
    this.#options = options;
  }

  /**
   * Begins to wait; without effect while it waits already.
   * @param again for its return.
   * @param expired told when nobody has come in time.
   */
  start(again: boolean, expired: (error: StreamerError) => void): void {
    if (this.#timer !== undefined) return;
    const timeoutMs = this.#options.waitTimeoutMs;
    this.#options.onProgress({ type: 'waiting', timeoutMs, again });
    this.#expired = expired;
    const hopeless = this.#hopeless;
    this.#sleep(hopeless === undefined ? timeoutMs : 0, () => this.#end(hopeless ?? waitedTooLong(again, timeoutMs)));
  }

  /** Nobody can come any more: the wait is over, and one that begins later is at once. A client that is there stays. */
  giveUp(error: StreamerError): void {
    this.#hopeless = error;
    this.#end(error);
  }

  #end(error: StreamerError): void {
    if (this.#timer === undefined) return;
    this.stop();
    this.#expired?.(error);
  }

  /** A timer that is set beyond its range would end at once. */
  #sleep(milliseconds: number, then: () => void): void {
    const slice = Math.min(milliseconds, TIMER_MAX_MS);
    this.#timer = setTimeout(() => (slice < milliseconds ? this.#sleep(milliseconds - slice, then) : then()), slice);
  }

  /** A client is there, or nobody is waited for any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

function waitedTooLong(again: boolean, timeoutMs: number): TimeoutError {
  const wait = formatDuration(timeoutMs);
  const what = again ? `the client did not come back within ${wait}; what has arrived is kept` : `no client came within ${wait}`;
  return new TimeoutError('timeout-wait', `${what}; start the server again, or allow more with \`waitTimeoutMs\``);
}
