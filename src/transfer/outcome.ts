/**
 * How a transfer over one connection ends: once, by success, by failure here, by the link's loss, or by the caller.
 *
 * @module
 */
import { AbortError, TimeoutError, type StreamerError } from '../errors.js';

/**
 * How long a peer may answer pings and do nothing else, in milliseconds. Long, for its disk may stall; but not for ever,
 * for the job that it holds costs its owner compute hours.
 */
export const STALL_LIMIT_MS = 10 * 60_000;

/** A promise that settles once, and that an AbortSignal settles, too, or a peer that does nothing for too long. */
export class Outcome<T> {
  readonly promise: Promise<T>;
  readonly #signal: AbortSignal | undefined;
  readonly #tellPeer: (error: unknown) => void;
  readonly #resumable: boolean;
  readonly #stallTimer: NodeJS.Timeout;
  #settle: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined;

  /**
   * @param tellPeer closes the connection with a reason.
   * @param resumable whether what has arrived is kept, so that the user may be told so.
   */
  constructor(signal: AbortSignal | undefined, tellPeer: (error: unknown) => void, resumable: boolean) {
    this.#signal = signal;
    this.#tellPeer = tellPeer;
    this.#resumable = resumable;
    // Unreferenced: the connection keeps the process, not the patience with it.
    this.#stallTimer = setTimeout(this.#stalled, STALL_LIMIT_MS).unref();
    this.promise = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    // Nobody waits for it before there is a connection: a stop meanwhile is for who makes the connection to tell, and no crash.
    this.promise.catch(() => undefined);
    signal?.addEventListener('abort', this.#aborted, { once: true });
    // After the transfer has been set up: it must be there to be told.
    if (signal?.aborted === true) queueMicrotask(this.#aborted);
  }

  get over(): boolean {
    return this.#settle === undefined;
  }

  /** Something moved: the patience with a peer that does nothing starts anew. */
  progressed(): void {
    this.#stallTimer.refresh();
  }

  succeed(value: T): void {
    this.#take()?.resolve(value);
  }

  /** It failed here: the peer is told. */
  readonly fail = (error: unknown): void => {
    const settle = this.#take();
    if (settle === undefined) return;
    this.#tellPeer(error);
    settle.reject(error instanceof Error ? error : new Error(String(error)));
  };

  /** The connection is gone: nobody can be told. */
  lost(error: StreamerError): void {
    this.#take()?.reject(error);
  }

  readonly #aborted = (): void => this.fail(abortReason(this.#signal, this.#resumable));

  readonly #stalled = (): void => {
    const kept = this.#resumable ? '; what has arrived is kept' : '';
    this.fail(new TimeoutError('timeout-idle', `the other end answers, but has done nothing else for ${STALL_LIMIT_MS / 60_000} minutes${kept}`));
  };

  #take(): { resolve: (value: T) => void; reject: (error: Error) => void } | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    clearTimeout(this.#stallTimer);
    this.#signal?.removeEventListener('abort', this.#aborted);
    return settle;
  }
}

/**
 * The error that a caller's AbortSignal stands for.
 * @param resumable whether what has arrived is kept.
 */
export function abortReason(signal: AbortSignal | undefined, resumable = false): AbortError {
  const reason: unknown = signal?.reason;
  const kept = resumable ? '; what has arrived is kept, run the same command again to resume' : '';
  if (!(reason instanceof AbortError)) return new AbortError(`stopped by the caller${kept}`, { cause: reason });
  return new AbortError(`${reason.message}${kept}`, { cause: reason, signal: reason.exitCode === 143 ? 'SIGTERM' : 'SIGINT' });
}
