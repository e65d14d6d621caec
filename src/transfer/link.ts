/**
 * An authenticated connection, and what it means when one ends.
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

/** Whether it was the link that failed, and not an end. */
export function isLostLink(error: unknown): error is StreamerError {
  return error instanceof ConnectError && error.retryable;
}
