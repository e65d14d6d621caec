/**
 * Dialling with patience: again and again, with jittered back-off.
 *
 * @module
 */
import { AbortError, AuthError, ConnectError, ProtocolError, StreamerError, TimeoutError } from '../errors.js';
import type { ProgressListener } from '../transfer/progress.js';
import { abortReason } from '../transfer/outcome.js';
import { backoff } from '../transport/backoff.js';
import { follow } from '../util/follow.js';
import { countPlaces } from './candidates.js';
import { connectOnce, type Connected, type ConnectOptions } from './connect.js';

/** Options of {@link connectPatiently}. */
export interface RedialOptions extends ConnectOptions {
  /** How long to look for the server at the start, milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long to try to have a lost link back, milliseconds. */
  readonly retryTimeoutMs: number;
  readonly onProgress: ProgressListener;
  /** The secret has been right once: see {@link worthRedialling}. @default false */
  readonly proven?: boolean;
}

/**
 * Tries to connect until `timeoutMs` is over.
 * @param again whether it is worth another try after this failure. Default: as the failure says, or {@link worthRedialling}.
 * @param pauseMostMs longest pause between two tries, milliseconds.
 * @throws the last failure; AbortError when the caller stops it.
 */
export async function connectPatiently(
  options: RedialOptions,
  timeoutMs: number,
  again: (error: unknown) => boolean = options.proven === true ? worthRedialling : (error) => error instanceof StreamerError && error.retryable,
  pauseMostMs = Infinity,
): Promise<Connected> {
  const deadline = performance.now() + timeoutMs;
  let last: unknown;
  for (let attempt = 1; ; attempt += 1) {
    options.onProgress({ type: 'connecting', candidates: countPlaces(options.coordinates, options.route), attempt });
    const left = AbortSignal.timeout(Math.max(1, Math.ceil(deadline - performance.now())));
    const attempted = new AbortController();
    const letGo = follow(attempted, left, options.signal);
    try {
      return await connectOnce({ ...options, signal: attempted.signal });
    } catch (error) {
      if (options.signal?.aborted === true) throw abortReason(options.signal);
      // An attempt that the deadline cut short says less than the one before it.
      if (left.aborted) throw last ?? error;
      last = error;
      const delayMs = Math.min(pauseMostMs, backoff(attempt));
      if (!again(error) || performance.now() + delayMs > deadline) throw error;
      await pause(delayMs, options.signal);
    } finally {
      letGo();
    }
  }
}

/** Longest pause while a job's server may begin to listen at any moment, milliseconds: each second is one of its node's. */
const PAUSE_AMONG_OTHERS_MS = 2_000;
/** How long a server that wants no encryption may be somebody else's, where encryption is required, milliseconds. */
const STRANGERS_IN_CLEAR_MS = 30_000;

/**
 * Looks for a server that may not listen yet, at ports where others' servers may: those of a site's transfer jobs share a range,
 * and one that has another secret says so. It is not ours, and ours is still to come.
 */
export function connectAmongOthers(options: RedialOptions): Promise<Connected> {
  const sinceMs = performance.now();
  const again = (error: unknown): boolean => {
    if (!(error instanceof StreamerError) || error.fromPeer) return false;
    if (error.code === 'auth-not-encrypted') return performance.now() - sinceMs < STRANGERS_IN_CLEAR_MS;
    return error instanceof ConnectError || error instanceof AuthError || error instanceof ProtocolError || error instanceof TimeoutError;
  };
  return connectPatiently(options, options.connectTimeoutMs, again, PAUSE_AMONG_OTHERS_MS);
}

/**
 * The secret was right once: whatever answers otherwise now is a proxy, another server, or trouble that may pass. Only the
 * server itself is believed, and a relay that has carried all that it may.
 */
export function worthRedialling(error: unknown): boolean {
  return error instanceof StreamerError && !(error instanceof AbortError) && !error.fromPeer && error.code !== 'limit-relay';
}

export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
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
