/**
 * Links that the test hands out, one after the other.
 *
 * @module
 */
import { TimeoutError, type StreamerError } from '../../src/errors.js';
import type { Channel } from '../../src/transfer/channel.js';
import { isLostLink, type Link, type LinkSource } from '../../src/transfer/link.js';
import { deferred } from './fake-events.js';

/** What `next` was told. */
export type Lost = NonNullable<Parameters<LinkSource['next']>[0]>;

/** See the module's head. */
export class FakeLinks implements LinkSource {
  /** What was asked for, in order; undefined for the first link. */
  readonly asked: (Lost | undefined)[] = [];
  readonly #ready: Link[] = [];
  #waiting: { resolve: (link: Link) => void; reject: (error: Error) => void } | undefined;

  constructor(first: Channel) {
    this.offer(first);
  }

  offer(channel: Channel): void {
    const link: Link = { channel, remote: channel.connection.remote };
    if (this.#waiting === undefined) this.#ready.push(link);
    else this.#waiting.resolve(link);
    this.#waiting = undefined;
  }

  /** Nobody came. */
  giveUp(error: StreamerError = new TimeoutError('timeout-wait', 'nobody came')): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }

  get waiting(): boolean {
    return this.#waiting !== undefined;
  }

  recoverable(error: unknown): error is StreamerError {
    return isLostLink(error);
  }

  next(lost?: Lost): Promise<Link> {
    this.asked.push(lost);
    const ready = this.#ready.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    const later = deferred<Link>();
    this.#waiting = later;
    return later.promise;
  }
}
