/**
 * One place that answers, to a connection over either wire: the request, the handshake and the greeting.
 *
 * @module
 */
import { coordinatesSecretBytes } from '../coordinates/coordinates.js';
import type { Coordinates } from '../coordinates/coordinates.js';
import { AuthError, ConnectError, ProtocolError, StreamerError, TimeoutError } from '../errors.js';
import type { WireChoice } from '../options.js';
import { connectTo, websocketUrl, type Answered } from '../transport/dial.js';
import { openAsClient, type Opening } from '../transport/opening-handshake.js';
import { relayRefusal, ROOM_HEADER } from '../transport/rendezvous.js';
import type { WebSocketConnection } from '../transport/websocket.js';
import { channelOver, openChannel, startHeaderHandshake, type Channel, type HeaderHandshake } from '../transfer/channel.js';
import { greetAsClient } from '../transfer/greeting.js';
import { COMPAT_MESSAGE_MAX } from '../compat/messages.js';
import { HANDSHAKE_HEADER, MESSAGE_MAX, PROTOCOL_HEADER, PROTOCOL_VERSION } from '../wire/constants.js';
import type { Frame, HelloFrame } from '../wire/frame.js';
import type { Place } from './candidates.js';

/** A connection whose peer has proved that it knows the secret (native), or has taken ours, or wanted none (compat). */
export type Connected =
  | {
      readonly wire: 'native';
      readonly channel: Channel;
      readonly remote: string;
      readonly agent: string;
      /** Where further streams find the same server. */
      readonly address: Place;
      /** Control frames of ours that have arrived there, and how many more were sent behind the hello. */
      readonly received: number;
      readonly early: number;
      /** Most streams that the server takes. */
      readonly streams: number;
    }
  | { readonly wire: 'compat'; readonly connection: WebSocketConnection; readonly remote: string };

/** What it takes to be let in. */
export interface EntryOptions {
  readonly coordinates: Coordinates;
  readonly wire: WireChoice;
  readonly hello: HelloFrame;
  /** Frames to send right behind the hello: see `greetAsClient`. */
  readonly early?: (() => readonly Frame[]) | undefined;
  /** Checks that need no peer, before the one session of a server of the reference is used up. It may throw. */
  readonly beforeCompat?: (() => Promise<unknown>) | undefined;
  /** Certificates of authorities to trust besides the usual ones, PEM. */
  readonly ca?: string | undefined;
  readonly signal: AbortSignal;
}

/** Time for an HTTP answer, and for one TCP connect after a first has shown that the place answers, in milliseconds. */
const OPENING_TIMEOUT_MS = 10_000;
/** A relay answers when the server has a connection to spare, or after ten seconds. */
const RELAY_OPENING_TIMEOUT_MS = 12_000;

/** Wraps the refusal of the server that was meant, so that no other candidate is tried. */
export class RefusedByServer extends ConnectError {
  readonly refusal: StreamerError;
  constructor(refusal: StreamerError) {
    super('connect-failed', refusal.message, { cause: refusal });
    this.refusal = refusal;
  }
}

/** The answer to the first question, which is asked without the secret, and the handshake that was begun in it. */
export interface Opened {
  readonly answered: Answered<Place>;
  readonly opening: Opening;
  readonly handshake?: HeaderHandshake;
}

/** Asks a place for the native wire. */
export async function askPlace(answered: Answered<Place>, options: EntryOptions): Promise<Opened> {
  const handshake = startHeaderHandshake(coordinatesSecretBytes(options.coordinates));
  return { answered, handshake, opening: await open(answered, options, { handshake, secret: undefined }) };
}

/** Goes in by the native wire. @throws RefusedByServer when it was the right server, which refuses; another StreamerError. */
export async function enterNative({ answered, opening, handshake }: Opened, options: EntryOptions): Promise<Connected> {
  const { address } = answered;
  if (!opening.upgraded && address.relay !== undefined) throw relayRefusal(opening.refusal);
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
    const channel = await secured(connection, headers[HANDSHAKE_HEADER.toLowerCase()], options.coordinates, handshake, address);
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

/** Whether a server has upgraded without a word of our wire: one of the reference's wire, that asks for no secret. */
export function isUnasked(opening: Opening): boolean {
  return opening.upgraded && opening.headers[PROTOCOL_HEADER.toLowerCase()] === undefined;
}

/** Goes on with such a server, on the same connection. It gets no secret: it has not asked for one, and proves nothing. */
export async function enterUnasked({ opening }: Opened, options: EntryOptions): Promise<Connected> {
  const { connection } = upgraded(opening);
  try {
    await options.beforeCompat?.();
  } catch (error) {
    connection.destroy();
    throw error;
  }
  return { wire: 'compat', connection, remote: connection.remote };
}

/** A server of the reference, or one of ours that was told to speak as it: the secret goes into the header. */
export async function enterWithSecret(answered: Answered<Place>, secret: string, options: EntryOptions): Promise<Connected> {
  await options.beforeCompat?.();
  const fresh = options.wire === 'compat' && !answered.socket.destroyed;
  const socket = fresh ? answered.socket : await connectTo(answered.address, { timeoutMs: OPENING_TIMEOUT_MS, signal: options.signal }).catch((cause: unknown) => {
    throw new ConnectError('connect-failed', `${answered.address.host} answered once and then no more`, { cause });
  });
  const handshake = options.wire === 'compat' ? undefined : startHeaderHandshake(coordinatesSecretBytes(options.coordinates));
  const again = { ...answered, socket };
  const opening = await open(again, options, { handshake, secret });
  if (opening.upgraded && isNative(opening)) return enterNative({ answered: again, opening, ...(handshake === undefined ? {} : { handshake }) }, options);
  const { connection } = upgraded(opening);
  return { wire: 'compat', connection, remote: connection.remote };
}

function open({ address, socket }: Answered<Place>, options: EntryOptions, ask: { handshake: HeaderHandshake | undefined; secret: string | undefined }): Promise<Opening> {
  const headers: Record<string, string> = {};
  if (address.relay !== undefined) headers[ROOM_HEADER] = address.relay.room;
  if (ask.handshake !== undefined) {
    headers[PROTOCOL_HEADER] = String(PROTOCOL_VERSION);
    headers[HANDSHAKE_HEADER] = ask.handshake.message;
  }
  if (ask.secret !== undefined) headers['Authorization'] = `Bearer ${ask.secret}`;
  return openAsClient({
    url: websocketUrl(address, address.path),
    headers,
    socket,
    timeoutMs: address.relay === undefined ? OPENING_TIMEOUT_MS : RELAY_OPENING_TIMEOUT_MS,
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

/** The channel: by the handshake in the headers where the server has answered that, else by one over the connection. */
function secured(connection: WebSocketConnection, answer: string | string[] | undefined, coordinates: Coordinates, handshake: HeaderHandshake | undefined, { relay }: Place): Channel | Promise<Channel> {
  if (handshake !== undefined && relay === undefined && typeof answer === 'string') return channelOver(connection, handshake.finish(answer));
  // A relay has passed on the first message, and the answer comes as any message does.
  const begun = relay === undefined ? undefined : handshake;
  return openChannel(connection, { role: 'client', secret: coordinatesSecretBytes(coordinates), begun });
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
