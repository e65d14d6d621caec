/**
 * How a transfer over one connection ends: once, by success, by failure here, by the link's loss, or by the caller.
 *
 * @module
 */
import { AbortError, type StreamerError } from '../errors.js';

/** A promise that settles once, and that an AbortSignal settles, too. */
export class Outcome<T> {
  readonly promise: Promise<T>;
  readonly #signal: AbortSignal | undefined;
  readonly #tellPeer: (error: unknown) => void;
  #settle: { resolve: (value: T) => void; reject: (error: Error) => void } | undefined;

  /** @param tellPeer closes the connection with a reason. */
  constructor(signal: AbortSignal | undefined, tellPeer: (error: unknown) => void) {
    this.#signal = signal;
    this.#tellPeer = tellPeer;
    this.promise = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));
    signal?.addEventListener('abort', this.#aborted, { once: true });
    // After the transfer has been set up: it must be there to be told.
    if (signal?.aborted === true) queueMicrotask(this.#aborted);
  }

  get over(): boolean {
    return this.#settle === undefined;
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

  readonly #aborted = (): void => this.fail(abortReason(this.#signal));

  #take(): { resolve: (value: T) => void; reject: (error: Error) => void } | undefined {
    const settle = this.#settle;
    this.#settle = undefined;
    this.#signal?.removeEventListener('abort', this.#aborted);
    return settle;
  }
}

/** The error that a caller's AbortSignal stands for. */
export function abortReason(signal: AbortSignal | undefined): StreamerError {
  const reason: unknown = signal?.reason;
  if (reason instanceof AbortError) return reason;
  return new AbortError('stopped by the caller; run the same command again to resume', { cause: reason });
}
