/**
 * Coordinates to a connection that is ready for the transfer: candidates tried, wire chosen, handshake and greeting done.
 *
 * @module
 */
import { setMaxListeners } from 'node:events';
import type { Coordinates } from '../coordinates/coordinates.js';
import { coordinatesSecretBytes } from '../coordinates/coordinates.js';
import { AuthError, ConnectError, ProtocolError, StreamerError, TimeoutError } from '../errors.js';
import type { WireChoice } from '../options.js';
import { connectTo, dial, type Address, type Answered } from '../transport/dial.js';
import { openAsClient, type Opening } from '../transport/opening-handshake.js';
import type { WebSocketConnection } from '../transport/websocket.js';
import { channelOver, openChannel, startHeaderHandshake, type Channel, type HeaderHandshake } from '../transfer/channel.js';
import { greetAsClient } from '../transfer/greeting.js';
import { COMPAT_MESSAGE_MAX } from '../compat/messages.js';
import { HANDSHAKE_HEADER, MESSAGE_MAX, NATIVE_PATH, PROTOCOL_HEADER, PROTOCOL_VERSION } from '../wire/constants.js';
import type { Frame, HelloFrame } from '../wire/frame.js';

/** A connection whose peer has proved that it knows the secret (native), or has taken ours (compat). */
export type Connected =
  | {
      readonly wire: 'native';
      readonly channel: Channel;
      readonly remote: string;
      readonly agent: string;
      /** Where further streams find the same server. */
      readonly address: Address;
      /** Control frames of ours that have arrived there, and how many more were sent behind the hello. */
      readonly received: number;
      readonly early: number;
      /** Most streams that the server takes. */
      readonly streams: number;
    }
  | { readonly wire: 'compat'; readonly connection: WebSocketConnection; readonly remote: string };

/** Options of {@link connectOnce}. */
export interface ConnectOptions {
  readonly coordinates: Coordinates;
  readonly wire: WireChoice;
  readonly hello: HelloFrame;
  /** Frames to send right behind the hello: see `greetAsClient`. */
  readonly early?: (() => readonly Frame[]) | undefined;
  /** The only place to try: that of a session's first stream. */
  readonly address?: Address | undefined;
  /** Certificates of authorities to trust besides the usual ones, PEM. */
  readonly ca?: string | undefined;
  /** Checks that need no peer, before the one session of a server of the reference is used up. It may throw. */
  readonly beforeCompat?: (() => Promise<unknown>) | undefined;
  /** Ends the search: the caller's stop, or its deadline. */
  readonly signal?: AbortSignal | undefined;
}

/** Time for an HTTP answer, and for one TCP connect after a first has shown that the place answers, in milliseconds. */
const OPENING_TIMEOUT_MS = 10_000;
/** Servers that are asked at once. */
const OPENINGS_AT_ONCE = 32;
/** How long a server that wants the secret in the clear waits for one that does not, in milliseconds. */
const NATIVE_FIRST_MS = 1_000;

/** The places to try, in the coordinates' order. */
export function* candidatesOf(coordinates: Coordinates): Generator<Address & { readonly path: string }> {
  if (coordinates.version === 2) {
    for (const { url } of coordinates.candidates) {
      const { protocol, hostname, port, pathname } = new URL(url);
      const secure = protocol === 'wss:';
      yield { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? (secure ? 443 : 80) : Number(port), path: pathname, ...(secure ? { secure } : {}) };
    }
    return;
  }
  const [first, last] = coordinates.ports;
  for (const ip of coordinates.ips) {
    const host = ip.replace(/^\[|\]$/g, '');
    for (let port = first; port <= last; port += 1) yield { host, port, path: '/' };
  }
}

/** How many places {@link candidatesOf} names. */
export function countCandidates(coordinates: Coordinates): number {
  if (coordinates.version === 2) return [...candidatesOf(coordinates)].length;
  return coordinates.ips.length * (coordinates.ports[1] - coordinates.ports[0] + 1);
}

/**
 * Tries every candidate once: many at a time as far as nothing secret is said, one at a time from there on.
 * @throws AuthError when a server answered and none took the secret; ConnectError when none answered; another
 * StreamerError when the right server was found and refused. When `signal` aborts, whatever failed last.
 */
export async function connectOnce(options: ConnectOptions): Promise<Connected> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([stop.signal, options.signal]);
  setMaxListeners(0, signal);
  const search = new Search({ ...options, signal });
  try {
    return await search.run();
  } finally {
    stop.abort();
  }
}

/** Wraps the refusal of the server that was meant, so that no other candidate is tried. */
class RefusedByServer extends ConnectError {
  readonly refusal: StreamerError;
  constructor(refusal: StreamerError) {
    super('connect-failed', refusal.message, { cause: refusal });
    this.refusal = refusal;
  }
}

/** A candidate that has answered the first question, which is asked without the secret. */
interface Opened {
  readonly answered: Answered;
  readonly opening: Opening;
  /** The handshake that was begun in the request. */
  readonly handshake?: HeaderHandshake;
}

class Search {
  readonly #options: ConnectOptions & { readonly signal: AbortSignal };
  readonly #failures: StreamerError[] = [];
  readonly #opened: Opened[] = [];
  /** Servers that want the secret in a header, as the reference does. */
  readonly #wantSecret: Opened[] = [];
  #lastReason = 'nothing listens there';
  #asked = false;
  #bug: Error | undefined;
  #wake: () => void = () => undefined;

  constructor(options: ConnectOptions & { readonly signal: AbortSignal }) {
    this.#options = options;
  }

  async run(): Promise<Connected> {
    const asking = this.#askAll().catch((bug: unknown) => {
      this.#bug = bug instanceof Error ? bug : new Error(String(bug));
      this.#asked = true;
      this.#wake();
    });
    try {
      for (;;) {
        const found = await this.#next();
        if (this.#bug !== undefined) throw this.#bug;
        if (found === undefined) throw this.#failure();
        const connected = await this.#attempt(found);
        if (connected !== undefined) return connected;
      }
    } finally {
      void asking.finally(() => {
        for (const { opening } of [...this.#opened, ...this.#wantSecret]) if (opening.upgraded) opening.connection.destroy();
      });
    }
  }

  /** Asks every candidate that answers, several at once: one that is silent must not keep the others waiting. */
  async #askAll(): Promise<void> {
    const { coordinates, signal, wire } = this.#options;
    const queue = new Set<Promise<void>>();
    const failed = (_address: Address, error: Error) => {
      // What our own deadline cut short says nothing of the server.
      if (signal.aborted) return;
      this.#lastReason = error.message;
      if (isCertificateError(error)) this.#failures.push(new AuthError('auth-certificate', `the server's certificate is not trusted: ${error.message}; name the authority that signed it with --ca`, { cause: error }));
    };
    const { address, ca } = this.#options;
    for await (const answered of dial(address === undefined ? candidatesOf(coordinates) : [address], { signal, ca }, failed)) {
      // A server of the reference gets one request, with the secret: nothing is asked of it here.
      if (wire === 'compat' && coordinates.version === 1) {
        this.#found(this.#wantSecret, { answered, opening: { upgraded: false, refusal: { status: 401, text: '' } } });
        continue;
      }
      const settled = this.#ask(answered).finally(() => queue.delete(settled));
      queue.add(settled);
      if (queue.size >= OPENINGS_AT_ONCE) await Promise.race(queue);
    }
    await Promise.all(queue);
    this.#asked = true;
    this.#wake();
  }

  async #ask(answered: Answered): Promise<void> {
    try {
      const handshake = startHeaderHandshake(coordinatesSecretBytes(this.#options.coordinates));
      const opening = await open(answered, this.#options, { handshake, secret: undefined });
      const reference = !opening.upgraded && opening.refusal.status === 401 && this.#options.wire !== 'native' && this.#options.coordinates.version === 1;
      this.#found(reference ? this.#wantSecret : this.#opened, { answered, opening, handshake });
    } catch (error) {
      this.#note(error);
    }
  }

  #found(where: Opened[], opened: Opened): void {
    where.push(opened);
    this.#wake();
  }

  /** The next to try: native servers first, and those that want the secret only when no native one comes for a while. */
  async #next(): Promise<Opened | undefined> {
    const deadline = performance.now() + NATIVE_FIRST_MS;
    for (;;) {
      const opened = this.#opened.shift();
      if (opened !== undefined) return opened;
      const left = deadline - performance.now();
      if (this.#asked || this.#options.signal.aborted || (this.#wantSecret.length > 0 && left <= 0)) return this.#options.signal.aborted ? undefined : this.#wantSecret.shift();
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#wantSecret.length > 0 ? Math.max(1, left) : NATIVE_FIRST_MS);
        this.#options.signal.addEventListener('abort', () => resolve(), { once: true });
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  async #attempt({ answered, opening, handshake }: Opened): Promise<Connected | undefined> {
    try {
      const { wire, coordinates } = this.#options;
      if (opening.upgraded || opening.refusal.status !== 401 || wire === 'native' || coordinates.version === 2) return await native(opening, answered.address, this.#options, handshake);
      return await withSecret(answered, coordinates.secret, this.#options);
    } catch (error) {
      // Past the handshake it is the right server, and its answer is final.
      if (error instanceof RefusedByServer) throw error.refusal;
      this.#note(error);
      return undefined;
    }
  }

  #note(error: unknown): void {
    if (!(error instanceof StreamerError)) throw error;
    this.#failures.push(error);
  }

  #failure(): StreamerError {
    const worst = this.#failures.find((error) => error instanceof AuthError) ?? this.#failures.find((error) => error instanceof ProtocolError) ?? this.#failures[0];
    if (worst !== undefined) return worst;
    const count = countCandidates(this.#options.coordinates);
    const where = count === 1 ? 'the address' : `any of the ${count} addresses`;
    return new ConnectError('connect-failed', `no server answers at ${where} in the coordinates (${this.#lastReason}); is its job running, and reachable from here?`);
  }
}

/** Node's own codes, and OpenSSL's for a chain that does not end well. */
function isCertificateError({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && /CERT|UNABLE_TO_|SIGNATURE_FAILURE/u.test(code);
}

/** A server of the reference, or one of ours that was told to speak as it: the secret goes into the header. */
async function withSecret(answered: Answered, secret: string, options: ConnectOptions & { readonly signal: AbortSignal }): Promise<Connected> {
  await options.beforeCompat?.();
  const fresh = options.wire === 'compat' && !answered.socket.destroyed;
  const socket = fresh ? answered.socket : await connectTo(answered.address, { timeoutMs: OPENING_TIMEOUT_MS, signal: options.signal }).catch((cause: unknown) => {
    throw new ConnectError('connect-failed', `${answered.address.host} answered once and then no more`, { cause });
  });
  const handshake = options.wire === 'compat' ? undefined : startHeaderHandshake(coordinatesSecretBytes(options.coordinates));
  const opening = await open({ ...answered, socket }, options, { handshake, secret });
  if (opening.upgraded && isNative(opening)) return native(opening, answered.address, options, handshake);
  return compat(opening);
}

function open(answered: Answered, options: ConnectOptions & { readonly signal: AbortSignal }, ask: { handshake: HeaderHandshake | undefined; secret: string | undefined }): Promise<Opening> {
  const { address, socket } = answered;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const path = options.coordinates.version === 2 ? NATIVE_PATH : '/';
  const headers: Record<string, string> = {};
  if (ask.handshake !== undefined) {
    headers[PROTOCOL_HEADER] = String(PROTOCOL_VERSION);
    headers[HANDSHAKE_HEADER] = ask.handshake.message;
  }
  if (ask.secret !== undefined) headers['Authorization'] = `Bearer ${ask.secret}`;
  return openAsClient({
    url: `ws://${host}:${address.port}${path}`,
    headers,
    socket,
    timeoutMs: OPENING_TIMEOUT_MS,
    signal: options.signal,
    connection: (answer) =>
      answer[PROTOCOL_HEADER.toLowerCase()] === String(PROTOCOL_VERSION)
        ? { masking: 'zero', maxMessageBytes: MESSAGE_MAX }
        : { masking: 'random', maxMessageBytes: COMPAT_MESSAGE_MAX },
  });
}

function isNative(opening: Extract<Opening, { upgraded: true }>): boolean {
  return opening.headers[PROTOCOL_HEADER.toLowerCase()] === String(PROTOCOL_VERSION);
}

async function native(opening: Opening, address: Address, options: ConnectOptions & { readonly signal: AbortSignal }, handshake?: HeaderHandshake): Promise<Connected> {
  if (!opening.upgraded && opening.refusal.status === 401) {
    throw new AuthError('auth-not-encrypted', 'the server speaks only the compat wire, which is not encrypted, and encryption is required');
  }
  const { connection, headers } = upgraded(opening);
  if (headers[PROTOCOL_HEADER.toLowerCase()] !== String(PROTOCOL_VERSION)) {
    connection.destroy();
    throw new AuthError('auth-not-encrypted', 'the server does not speak the native wire, and what it offers is not encrypted');
  }
  const abandon = () => connection.destroy();
  options.signal.addEventListener('abort', abandon, { once: true });
  if (options.signal.aborted) abandon();
  try {
    const channel = await secured(connection, headers[HANDSHAKE_HEADER.toLowerCase()], options.coordinates, handshake);
    const early = options.early?.() ?? [];
    const { agent, action, received, streams } = await greetAsClient(channel, options.hello, early);
    if (action === options.hello.action) throw new ProtocolError('protocol-violation', `the server says that it ${action}s, as we do`);
    options.signal.removeEventListener('abort', abandon);
    return { wire: 'native', channel, remote: connection.remote, agent, address, received, early: early.length, streams };
  } catch (error) {
    // A wrong secret shows only here: our key is not the server's, and it closes.
    connection.destroy();
    if (error instanceof AuthError || error instanceof TimeoutError) throw error;
    if (error instanceof StreamerError && error.retryable) throw error;
    if (error instanceof StreamerError) throw new RefusedByServer(error);
    throw error;
  }
}

/** The channel: by the handshake in the headers where the server has answered that, else by one over the connection. */
function secured(connection: WebSocketConnection, answer: string | string[] | undefined, coordinates: Coordinates, handshake: HeaderHandshake | undefined): Channel | Promise<Channel> {
  if (handshake !== undefined && typeof answer === 'string') return channelOver(connection, handshake.finish(answer));
  return openChannel(connection, { role: 'client', secret: coordinatesSecretBytes(coordinates) });
}

function compat(opening: Opening): Connected {
  const { connection } = upgraded(opening);
  return { wire: 'compat', connection, remote: connection.remote };
}

function upgraded(opening: Opening): Extract<Opening, { upgraded: true }> {
  if (opening.upgraded) return opening;
  const { status, text } = opening.refusal;
  switch (status) {
    case 401:
      throw new AuthError('auth-missing', 'the server wants a secret and was given none');
    case 403:
      throw new AuthError('auth-refused', 'the server refuses the secret: the coordinates are for another one, or it has ended');
    case 503:
      throw new ConnectError('connect-busy', 'the server is serving another client');
    case 408:
    case 500:
    case 502:
    case 504:
      throw new ConnectError('connect-failed', `the server, or a proxy before it, answers HTTP ${status}`);
    default:
      throw new ProtocolError('protocol-violation', `the server answers HTTP ${status}${text === '' ? '' : `: ${text}`}`);
  }
}
