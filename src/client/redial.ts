/**
 * A client's links: dials, and dials again when a link is lost, with jittered back-off, for as long as its patience.
 *
 * @module
 */
import { AbortError, ConnectError, StreamerError } from '../errors.js';
import { isLostLink, type Link, type LinkSource } from '../transfer/link.js';
import type { ProgressListener } from '../transfer/progress.js';
import { abortReason } from '../transfer/outcome.js';
import { connectOnce, countCandidates, type Connected, type ConnectOptions } from './connect.js';

/** Back-off between attempts, in milliseconds: doubled each time from the first to the most, then halved by chance. */
const BACKOFF_FIRST_MS = 250;
const BACKOFF_MOST_MS = 10_000;

/** Options of the two functions below. */
export interface RedialOptions extends ConnectOptions {
  /** How long to look for the server at the start, milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long to try to have a lost link back, milliseconds. */
  readonly retryTimeoutMs: number;
  readonly onProgress: ProgressListener;
}

/**
 * Tries to connect until `timeoutMs` is over.
 * @param again whether it is worth another try after this failure.
 * @throws the last failure; AbortError when the caller stops it.
 */
export async function connectPatiently(
  options: RedialOptions,
  timeoutMs: number,
  again: (error: unknown) => boolean = (error) => error instanceof StreamerError && error.retryable,
): Promise<Connected> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (let attempt = 1; ; attempt += 1) {
    options.onProgress({ type: 'connecting', candidates: countCandidates(options.coordinates), attempt });
    const left = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now())));
    try {
      return await connectOnce({ ...options, signal: options.signal === undefined ? left : AbortSignal.any([left, options.signal]) });
    } catch (error) {
      if (options.signal?.aborted === true) throw abortReason(options.signal);
      // An attempt that the deadline cut short says less than the one before it.
      if (left.aborted) throw last ?? error;
      last = error;
      const delayMs = backoff(attempt);
      if (!again(error) || performance.now() + delayMs > deadline) throw error;
      await pause(delayMs, options.signal);
    }
  }
}

/** The links of a native transfer, the first of which is there already. */
export class RedialingLinks implements LinkSource {
  readonly #options: RedialOptions;
  #first: Link | undefined;
  #deadline = 0;

  constructor(first: Link, options: RedialOptions) {
    this.#first = first;
    // The server has shown that it speaks the native wire: whoever answers 401 now is not it, and gets no secret.
    this.#options = { ...options, wire: 'native' };
  }

  recoverable(error: unknown): error is StreamerError {
    return isLostLink(error);
  }

  async next(lost?: { readonly error: StreamerError; readonly progressed: boolean; readonly graceMs?: number }): Promise<Link> {
    if (lost === undefined) {
      const first = this.#first;
      this.#first = undefined;
      if (first === undefined) throw new Error('the first link is taken');
      return first;
    }
    const { onProgress, retryTimeoutMs } = this.#options;
    const now = performance.now();
    if (lost.progressed || this.#deadline === 0) this.#deadline = now + retryTimeoutMs;
    const deadline = Math.min(this.#deadline, now + (lost.graceMs ?? Infinity));
    if (now >= deadline) throw lost.error;
    const delayMs = backoff(1);
    onProgress({ type: 'reconnecting', reason: lost.error.message, delayMs });
    try {
      await pause(delayMs, this.#options.signal);
      const connected = await connectPatiently(this.#options, deadline - now - delayMs, worthRedialling);
      if (connected.wire !== 'native') throw new Error('the native wire was asked for');
      const { channel, remote, agent } = connected;
      onProgress({ type: 'connected', remote, wire: 'native', encrypted: true, agent });
      return { channel, remote };
    } catch (error) {
      if (error instanceof AbortError) throw abortReason(this.#options.signal, true);
      if (!worthRedialling(error)) throw error;
      const why = error instanceof Error ? error.message : '';
      const message = `the link was lost and could not be had again; what has arrived is kept, run the same command again to resume (${why})`;
      throw new ConnectError('connect-lost', message, { cause: lost.error, retryable: false });
    }
  }
}

/** The secret was right once: whatever answers otherwise now is a proxy, another server, or trouble that may pass. */
function worthRedialling(error: unknown): boolean {
  return error instanceof StreamerError && !(error instanceof AbortError) && !error.fromPeer;
}

function backoff(attempt: number): number {
  const full = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1));
  return full * (0.5 + Math.random() / 2);
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
    if (signal?.aborted === true) stop();
  });
}
