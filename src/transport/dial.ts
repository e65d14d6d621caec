/**
 * Candidate addresses to connected TCP sockets: tried in order, several at a time, since a site's port range may be
 * ten thousand wide and most of it closed.
 *
 * @module
 */
import { setMaxListeners } from 'node:events';
import { connect, type Socket } from 'node:net';
import PQueue from 'p-queue';

/** A place where the server may be. */
export interface Address {
  /** Host name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

/** Options of {@link dial}. */
export interface DialOptions {
  /** Time for one TCP connect, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A candidate that answered. The caller owns the socket. */
export interface Answered {
  readonly address: Address;
  readonly socket: Socket;
}

/** Connects under way at once. */
const CONCURRENCY = 32;
const TIMEOUT_MS = 5_000;

/**
 * Connects to the candidates and yields each that answers, soonest first. Sockets that are not taken, because the
 * caller stopped, are destroyed.
 * @param failed told why a candidate did not answer.
 */
export async function* dial(
  candidates: Iterable<Address>,
  options: DialOptions = {},
  failed: (address: Address, error: Error) => void = () => undefined,
): AsyncGenerator<Answered, void, undefined> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  setMaxListeners(0, signal);
  const queue = new PQueue({ concurrency: CONCURRENCY });
  const answered: Answered[] = [];
  const state: { idle: boolean; broken?: Error; wake: () => void } = { idle: false, wake: () => undefined };
  // Sockets that wait for their turn are bounded, too: a firewall may answer for every port of the range.
  let room: () => void = () => undefined;
  signal.addEventListener('abort', () => room(), { once: true });
  const feed = (async () => {
    for (const address of candidates) {
      await queue.onSizeLessThan(CONCURRENCY);
      while (answered.length >= CONCURRENCY && !signal.aborted) await new Promise<void>((resolve) => (room = resolve));
      if (signal.aborted) break;
      void queue.add(async () => {
        try {
          const socket = await connectTcp(address, options.timeoutMs ?? TIMEOUT_MS, signal);
          answered.push({ address, socket });
        } catch (error) {
          failed(address, error as Error);
        }
        state.wake();
      });
    }
    await queue.onIdle();
  })()
    .catch((error: unknown) => (state.broken = error as Error))
    .then(() => {
      state.idle = true;
      state.wake();
    });
  try {
    for (;;) {
      const next = answered.shift();
      room();
      if (next !== undefined) {
        // It may have been dropped while it waited for its turn.
        if (next.socket.destroyed) failed(next.address, new Error('closed by the other end'));
        else yield next;
      } else if (state.broken !== undefined) throw state.broken;
      else if (state.idle || signal.aborted) return;
      else await new Promise<void>((resolve) => (state.wake = resolve));
    }
  } finally {
    stop.abort();
    queue.clear();
    await feed;
    for (const { socket } of answered) socket.destroy();
  }
}

/** One TCP connect with a deadline. */
export function connectTcp(address: Address, timeoutMs: number, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(new Error('stopped'));
      return;
    }
    const socket = connect({ host: address.host, port: address.port, noDelay: true, keepAlive: true });
    const finish = (error?: Error) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stopped);
      socket.removeListener('error', finish);
      if (error === undefined) {
        // An error while it waits for its turn must not be thrown.
        socket.on('error', () => undefined);
        resolve(socket);
        return;
      }
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const stopped = () => finish(new Error('stopped'));
    const timer = setTimeout(() => finish(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    signal?.addEventListener('abort', stopped, { once: true });
    socket.once('error', finish);
    socket.once('connect', () => finish());
  });
}
