/**
 * Candidate addresses to connected TCP sockets: tried in order, several at a time, since a site's port range may be
 * ten thousand wide and most of it closed.
 *
 * @module
 */
import { setMaxListeners } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates } from 'node:tls';
import PQueue from 'p-queue';
import { follow } from '../util/follow.js';
import { connectByProxy, proxyFor } from './proxy.js';

/** A place where the server may be. */
export interface Address {
  /** Host name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS is spoken there (`wss:`). */
  readonly secure?: boolean;
}

/** Options of {@link dial}. */
export interface DialOptions {
  /** Time for one TCP connect, in milliseconds. Default 5,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Certificates of authorities to trust besides the usual ones, PEM. */
  readonly ca?: string | undefined;
}

/** A candidate that answered. The caller owns the socket. */
export interface Answered<A extends Address = Address> {
  readonly address: A;
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
export async function* dial<A extends Address>(
  candidates: Iterable<A>,
  options: DialOptions = {},
  failed: (address: Address, error: Error) => void = () => undefined,
): AsyncGenerator<Answered<A>, void, undefined> {
  const stop = new AbortController();
  const letGo = follow(stop, options.signal);
  const { signal } = stop;
  setMaxListeners(0, signal);
  const queue = new PQueue({ concurrency: CONCURRENCY });
  const answered: Answered<A>[] = [];
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
          const socket = await connectTo(address, { ...options, signal });
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
    letGo();
    stop.abort();
    queue.clear();
    await feed;
    for (const { socket } of answered) socket.destroy();
  }
}

/** What `ws` is asked to open over a connection to the address: the scheme says nothing, for TLS is done below. */
export function websocketUrl({ host, port }: Address, path: string): string {
  return `ws://${host.includes(':') ? `[${host}]` : host}:${port}${path}`;
}

/** One connection, over TLS where that is spoken there, with a deadline. Rejects with an Error that says why not. */
export async function connectTo(address: Address, { timeoutMs = TIMEOUT_MS, signal, ca }: DialOptions): Promise<Socket> {
  const tcp = await reach(address, timeoutMs, signal);
  if (address.secure !== true) return tcp;
  // A name that is an address may not be sent (RFC 6066, section 3); the certificate is checked against it all the same.
  const secured = connectTls({ socket: tcp, host: address.host, ...(isIP(address.host) === 0 ? { servername: address.host } : {}), ALPNProtocols: ['http/1.1'], ...(ca === undefined ? {} : { ca: [...rootCertificates, ca] }) });
  await within(secured, 'secureConnect', timeoutMs, signal);
  return secured;
}

async function reach(address: Address, timeoutMs: number, signal: AbortSignal | undefined): Promise<Socket> {
  const proxy = proxyFor(address);
  if (proxy !== undefined) return connectByProxy(proxy, address, { timeoutMs, signal });
  const tcp = connect({ host: address.host, port: address.port, noDelay: true, keepAlive: true });
  await within(tcp, 'connect', timeoutMs, signal);
  return tcp;
}

/** Whether the other end's certificate is what failed: node's own codes, and OpenSSL's for a chain that does not end well. */
export function isCertificateError({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && /CERT|UNABLE_TO_|SIGNATURE_FAILURE/u.test(code);
}

/** Waits for an event of a socket; destroys it when something else comes first. */
function within(socket: Socket, event: 'connect' | 'secureConnect', timeoutMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stopped);
      socket.removeListener('error', finish);
      // An error while it waits for its turn, or after it was given up, must not be thrown.
      socket.on('error', () => undefined);
      if (error === undefined) {
        resolve();
        return;
      }
      socket.destroy();
      reject(error);
    };
    const stopped = () => finish(new Error('stopped'));
    const timer = setTimeout(() => finish(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
    signal?.addEventListener('abort', stopped, { once: true });
    socket.once('error', finish);
    socket.once(event, () => finish());
    if (signal?.aborted === true) stopped();
  });
}
