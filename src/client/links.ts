/**
 * A client's connections of one session: the first is dialled again when it is lost, with patience; further ones are
 * added while that pays.
 *
 * @module
 */
import PQueue from 'p-queue';
import { AbortError, ConnectError, StreamerError } from '../errors.js';
import { withoutQuery } from '../coordinates/coordinates.js';
import { isLostLink } from '../transfer/link.js';
import { abortReason } from '../transfer/outcome.js';
import type { ProgressEvent } from '../transfer/progress.js';
import type { RateLimit } from '../transfer/rate-limit.js';
import type { Tally } from '../transfer/tally.js';
import type { TransferSession } from '../transfer/transfer-session.js';
import { backoff } from '../transport/backoff.js';
import { follow } from '../util/follow.js';
import type { Place } from './candidates.js';
import type { Connected } from './connect.js';
import { connectPatiently, pause, worthRedialling, type RedialOptions } from './redial.js';
import { StreamCount, STREAMS_AUTO_MAX } from './stream-count.js';

/** Options of {@link ClientLinks}. */
export interface ClientLinksOptions extends RedialOptions {
  /** Connections to use; `auto` adds some while that raises the rate. */
  readonly streams: number | 'auto';
  /** This end's limit on the rate. */
  readonly rate?: RateLimit | undefined;
}

type Native = Extract<Connected, { wire: 'native' }>;

/** Time to look whether another connection would pay, in milliseconds. */
const SAMPLE_MS = 500;
/** Further connections that are dialled at once. */
const JOINS_AT_ONCE = 4;

/** See the module's head. */
export class ClientLinks {
  readonly #options: ClientLinksOptions;
  /** The same for whatever is dialled: it is given up when the session is over. */
  readonly #dialling: ClientLinksOptions;
  readonly #joins = new PQueue({ concurrency: JOINS_AT_ONCE });
  #session: TransferSession<unknown> | undefined;
  #tally: Tally | undefined;
  #address: Place | undefined;
  #wanted = 1;
  #most = 1;
  #sampler: NodeJS.Timeout | undefined;
  readonly #ended = new AbortController();
  #deadline = 0;
  #movedBefore = 0;
  remote = '';
  /** Times that the first stream was lost and had again. */
  reconnects = 0;
  /** The server was started anew, and knows nothing of the session: another one may resume from what is on disk. */
  sessionUnknown = false;

  constructor(options: ClientLinksOptions) {
    // The server has shown that it speaks the native wire: whoever answers 401 later is not it, and gets no secret.
    this.#dialling = { ...options, wire: 'native', signal: this.#ended.signal };
    this.#options = options;
  }

  /** Gives a session its first connection, and the others in time. */
  start(session: TransferSession<unknown>, tally: Tally, first: Native): void {
    this.#session = session;
    this.#tally = tally;
    this.#address = first.address;
    this.remote = first.remote;
    const { streams } = this.#options;
    this.#most = Math.min(first.streams, streams === 'auto' ? STREAMS_AUTO_MAX : streams);
    session.attach(0, first, first.received, first.early);
    const letGo = follow(this.#ended, this.#options.signal);
    void session.ended.catch(() => undefined).finally(() => {
      letGo();
      this.#stop();
    });
    if (streams === 'auto') this.#sample(new StreamCount(this.#most), first);
    else this.#grow(this.#most);
  }

  /** A connection is gone. */
  lost(stream: number, error: StreamerError): void {
    const session = this.#session;
    if (session === undefined || session.over) return;
    this.#tally?.streams(session.streams.length);
    if (!isLostLink(error)) session.drop(error);
    else if (stream === 0) void this.#redial(error);
    else this.#join(stream, backoff(1));
  }

  #stop(): void {
    clearInterval(this.#sampler);
    this.#joins.clear();
    // Connections that are being made would hold the process.
    this.#ended.abort();
  }

  #sample(count: StreamCount, { channel }: Native): void {
    channel.connection.ping().then((rttMs) => (count.rttMs = rttMs), () => undefined);
    this.#sampler = setInterval(() => {
      // Where a limit is reached, another connection would only bring a window of its own past it.
      if (this.#options.rate?.holding === true) return;
      const moved = this.#tally?.moved ?? 0;
      this.#grow(count.sample(performance.now(), moved, process.cpuUsage(), this.#session?.streams.length ?? 1));
    }, SAMPLE_MS);
    this.#sampler.unref();
  }

  #grow(wanted: number): void {
    for (let stream = this.#wanted; stream < Math.min(wanted, this.#most); stream += 1) this.#join(stream);
    this.#wanted = Math.max(this.#wanted, Math.min(wanted, this.#most));
  }

  /**
   * Dials one more, again and again, for as long as the session goes on.
   * @param delayMs before it begins: a connection that is lost as soon as it is there must not be dialled without end.
   */
  #join(stream: number, delayMs = 0): void {
    void this.#joins.add(async () => {
      if (delayMs > 0) await pause(delayMs, this.#dialling.signal).catch(() => undefined);
      for (let attempt = 1; !this.#isOver(); attempt += 1) {
        try {
          const link = await connectPatiently(this.#request(stream), this.#options.connectTimeoutMs, () => false);
          if (link.wire !== 'native') throw new Error('the native wire was asked for');
          if (this.#isOver()) {
            link.channel.connection.destroy();
            return;
          }
          this.#session?.attach(stream, link, link.received);
          this.#tally?.streams(this.#session?.streams.length ?? 0);
          return;
        } catch (error) {
          if (error instanceof AbortError || !worthRedialling(error)) return;
          await pause(backoff(attempt), this.#dialling.signal).catch(() => undefined);
        }
      }
    });
  }

  #isOver(): boolean {
    return this.#session?.over !== false;
  }

  #request(stream: number): RedialOptions {
    const received = stream === 0 ? (this.#session?.received ?? 0) : 0;
    const quiet = stream === 0 ? {} : { onProgress: () => undefined };
    // The server may by now be reached the other way, where there are two.
    const address = stream === 0 && this.#options.coordinates.relay !== undefined ? undefined : this.#address;
    return { ...this.#dialling, ...quiet, address, early: undefined, hello: { ...this.#options.hello, stream, received } };
  }

  async #redial(error: StreamerError): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const { onProgress, retryTimeoutMs, signal } = this.#options;
    const now = performance.now();
    const moved = this.#tally?.moved ?? 0;
    if (moved > this.#movedBefore || this.#deadline === 0) this.#deadline = now + retryTimeoutMs;
    this.#movedBefore = moved;
    if (now >= this.#deadline) {
      session.drop(error);
      return;
    }
    const delayMs = backoff(1);
    onProgress({ type: 'reconnecting', reason: error.message, delayMs });
    try {
      await pause(delayMs, this.#dialling.signal);
      const link = await connectPatiently(this.#request(0), this.#deadline - now - delayMs, worthRedialling);
      if (link.wire !== 'native') throw new Error('the native wire was asked for');
      if (session.over) {
        link.channel.connection.destroy();
        return;
      }
      this.#address = link.address;
      onProgress(connectedEvent(link));
      this.reconnects += 1;
      session.attach(0, link, link.received);
      this.#tally?.streams(session.streams.length);
    } catch (failure) {
      this.sessionUnknown = failure instanceof ConnectError && failure.fromPeer && failure.code === 'connect-lost';
      session.drop(whyLost(failure, error, signal));
    }
  }
}

/** What is told of a connection. */
export function connectedEvent(connected: Connected): Extract<ProgressEvent, { type: 'connected' }> {
  const { wire, remote } = connected;
  if (connected.wire === 'compat') return { type: 'connected', remote, wire, encrypted: false };
  const { relay } = connected.address;
  return { type: 'connected', remote, wire, encrypted: true, agent: connected.agent, ...(relay === undefined ? {} : { relay: withoutQuery(relay.url) }) };
}

function whyLost(failure: unknown, lost: StreamerError, signal: AbortSignal | undefined): StreamerError {
  if (failure instanceof AbortError) return abortReason(signal, true);
  if (failure instanceof StreamerError && !worthRedialling(failure)) return failure;
  const why = failure instanceof Error ? failure.message : '';
  const message = `the link was lost and could not be had again; what has arrived is kept, run the same command again to resume (${why})`;
  return new ConnectError('connect-lost', message, { cause: lost, retryable: false });
}
