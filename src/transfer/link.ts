/**
 * Where a transfer's channels come from, and what happens when one is lost. A client dials again; a server waits.
 *
 * @module
 */
import { ConnectError, type StreamerError } from '../errors.js';
import type { Channel } from './channel.js';

/** An authenticated channel to the peer. */
export interface Link {
  readonly channel: Channel;
  readonly remote: string;
}

/** See the module's head. */
export interface LinkSource {
  /** Whether the transfer may go on over another link after this failure. */
  recoverable(error: unknown): error is StreamerError;
  /**
   * The next channel.
   * @param lost why the last one ended; absent the first time.
   * @param progressed whether the last one moved anything: then patience starts anew.
   * @param graceMs gives up after this time, whatever patience is left.
   */
  next(lost?: { readonly error: StreamerError; readonly progressed: boolean; readonly graceMs?: number }): Promise<Link>;
}

/** Whether it was the link that failed, and not an end. */
export function isLostLink(error: unknown): error is StreamerError {
  return error instanceof ConnectError && error.retryable;
}
