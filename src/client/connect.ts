/**
 * Coordinates to a connection that is ready for the transfer: candidates tried, wire chosen, handshake and greeting done.
 *
 * @module
 */
import type { Coordinates } from '../coordinates/coordinates.js';
import { coordinatesSecretBytes } from '../coordinates/coordinates.js';
import { AuthError, ConnectError, ProtocolError, StreamerError, TimeoutError } from '../errors.js';
import type { WireChoice } from '../options.js';
import { connectTcp, dial, type Address, type Answered } from '../transport/dial.js';
import { openAsClient, type Opening } from '../transport/opening-handshake.js';
import type { WebSocketConnection } from '../transport/websocket.js';
import { openChannel, type Channel } from '../transfer/channel.js';
import { greetAsClient } from '../transfer/greeting.js';
import { COMPAT_MESSAGE_MAX } from '../compat/messages.js';
import { MESSAGE_MAX, NATIVE_PATH, PROTOCOL_HEADER, PROTOCOL_VERSION } from '../wire/constants.js';
import type { HelloFrame } from '../wire/frame.js';

/** A connection whose peer has proved that it knows the secret (native), or has taken ours (compat). */
export type Connected =
  | { readonly wire: 'native'; readonly channel: Channel; readonly remote: string; readonly agent: string }
  | { readonly wire: 'compat'; readonly connection: WebSocketConnection; readonly remote: string };

/** Options of {@link connectOnce}. */
export interface ConnectOptions {
  readonly coordinates: Coordinates;
  readonly wire: WireChoice;
  readonly hello: HelloFrame;
  /** Checks that need no peer, before the one session of a server of the reference is used up. It may throw. */
  readonly beforeCompat?: (() => Promise<unknown>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Time for an HTTP answer, and for one TCP connect after a first has shown that the place answers, in milliseconds. */
const OPENING_TIMEOUT_MS = 10_000;

/** The places to try, in the coordinates' order. */
export function* candidatesOf(coordinates: Coordinates): Generator<Address & { readonly path: string }> {
  if (coordinates.version === 2) {
    for (const { url } of coordinates.candidates) {
      const { protocol, hostname, port, pathname } = new URL(url);
      if (protocol === 'ws:') yield { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port), path: pathname };
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
 * Tries every candidate once.
 * @throws AuthError when a server answered and none took the secret; ConnectError when none answered; another
 * StreamerError when the right server was found and refused.
 */
export async function connectOnce(options: ConnectOptions): Promise<Connected> {
  const failures: StreamerError[] = [];
  let lastReason = 'nothing listens there';
  for await (const answered of dial(candidatesOf(options.coordinates), { signal: options.signal }, (_address, error) => (lastReason = error.message))) {
    try {
      return await tryCandidate(answered, options);
    } catch (error) {
      if (!(error instanceof StreamerError)) throw error;
      // Past the handshake it is the right server, and its answer is final.
      if (error instanceof RefusedByServer) throw error.refusal;
      failures.push(error);
    }
  }
  const worst = failures.find((error) => error instanceof AuthError) ?? failures.find((error) => error instanceof ProtocolError) ?? failures[0];
  if (worst !== undefined) throw worst;
  const count = countCandidates(options.coordinates);
  throw new ConnectError(
    'connect-failed',
    `no server answers at ${count === 1 ? 'the address' : `any of the ${count} addresses`} in the coordinates (${lastReason}); is its job running, and reachable from here?`,
  );
}

/** Wraps the refusal of the server that was meant, so that no other candidate is tried. */
class RefusedByServer extends ConnectError {
  readonly refusal: StreamerError;
  constructor(refusal: StreamerError) {
    super('connect-failed', refusal.message, { cause: refusal });
    this.refusal = refusal;
  }
}

async function tryCandidate(answered: Answered, options: ConnectOptions): Promise<Connected> {
  const { coordinates, wire } = options;
  if (coordinates.version === 2) return native(await open(answered, options, { native: true, secret: undefined }), options);
  if (wire === 'compat') {
    await options.beforeCompat?.();
    return compat(await open(answered, options, { native: false, secret: coordinates.secret }));
  }
  // Asked without the secret first: a native server needs none, and so it never crosses the wire in the clear. The
  // reference answers 401 and goes on serving (observed in 0.0.21), so asking costs nothing.
  const first = await open(answered, options, { native: true, secret: undefined });
  if (first.upgraded || first.refusal.status !== 401 || wire === 'native') return native(first, options);
  await options.beforeCompat?.();
  const socket = await connectTcp(answered.address, OPENING_TIMEOUT_MS, options.signal).catch((cause: unknown) => {
    throw new ConnectError('connect-failed', `${answered.address.host} answered once and then no more`, { cause });
  });
  const second = await open({ ...answered, socket }, options, { native: true, secret: coordinates.secret });
  if (second.upgraded && isNative(second)) return native(second, options);
  return compat(second);
}

function open(answered: Answered, options: ConnectOptions, ask: { native: boolean; secret: string | undefined }): Promise<Opening> {
  const { address, socket } = answered;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  const path = options.coordinates.version === 2 ? NATIVE_PATH : '/';
  const headers: Record<string, string> = {};
  if (ask.native) headers[PROTOCOL_HEADER] = String(PROTOCOL_VERSION);
  if (ask.secret !== undefined) headers['Authorization'] = `Bearer ${ask.secret}`;
  return openAsClient({
    url: `ws://${host}:${address.port}${path}`,
    headers,
    socket,
    timeoutMs: OPENING_TIMEOUT_MS,
    connection: (answer) =>
      answer[PROTOCOL_HEADER.toLowerCase()] === String(PROTOCOL_VERSION)
        ? { masking: 'zero', maxMessageBytes: MESSAGE_MAX }
        : { masking: 'random', maxMessageBytes: COMPAT_MESSAGE_MAX },
  });
}

function isNative(opening: Extract<Opening, { upgraded: true }>): boolean {
  return opening.headers[PROTOCOL_HEADER.toLowerCase()] === String(PROTOCOL_VERSION);
}

async function native(opening: Opening, options: ConnectOptions): Promise<Connected> {
  if (!opening.upgraded && opening.refusal.status === 401) {
    throw new AuthError('auth-not-encrypted', 'the server speaks only the compat wire, which is not encrypted, and encryption is required');
  }
  const { connection, headers } = upgraded(opening);
  if (headers[PROTOCOL_HEADER.toLowerCase()] !== String(PROTOCOL_VERSION)) {
    connection.destroy();
    throw new AuthError('auth-not-encrypted', 'the server does not speak the native wire, and what it offers is not encrypted');
  }
  const channel = await openChannel(connection, { role: 'client', secret: coordinatesSecretBytes(options.coordinates) });
  try {
    const { agent, action } = await greetAsClient(channel, options.hello);
    if (action === options.hello.action) throw new ProtocolError('protocol-violation', `the server says that it ${action}s, as we do`);
    return { wire: 'native', channel, remote: connection.remote, agent };
  } catch (error) {
    // A wrong secret shows only here: our key is not the server's, and it closes.
    connection.destroy();
    if (error instanceof AuthError || error instanceof TimeoutError) throw error;
    if (error instanceof ConnectError && error.retryable) throw error;
    if (error instanceof StreamerError) throw new RefusedByServer(error);
    throw error;
  }
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
    default:
      throw new ProtocolError('protocol-violation', `the server answers HTTP ${status}${text === '' ? '' : `: ${text}`}`);
  }
}
