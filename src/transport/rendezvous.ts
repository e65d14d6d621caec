/**
 * Meeting at a relay: paths, headers, a room's name, and the one thing that a relay says itself
 * (src/relay/PROTOCOL.md). Nothing here knows a secret.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { AuthError, ConnectError, LimitError, ProtocolError, type StreamerError } from '../errors.js';
import type { Address } from './dial.js';
import type { Refusal } from './opening-handshake.js';

/** Paths below a relay's URL: where a server's connections wait, and where a client's join one. */
export const WAIT_PATH = '/wait';
export const JOIN_PATH = '/join';
/** Request header of a server: the key of its room, as base64url. */
export const HOST_HEADER = 'Streamer-Host';
/** Request header of a client: the id of the room. */
export const ROOM_HEADER = 'Streamer-Room';
/** Bytes of a room's key. */
const HOST_KEY_BYTES = 32;
/** A SHA-256 as base64url. */
const ROOM_ID = /^[A-Za-z0-9_-]{43}$/u;
/** Most bytes of a text message of a relay's. */
export const NOTICE_BYTES_MAX = 1024;

/** A place at a relay, below its URL. */
export interface RelayPlace extends Address {
  /** Path of the request. */
  readonly path: string;
}

/** The id of the room that a key opens: whoever knows only the id can join, and cannot take the server's place. */
export function roomOf(hostKey: Uint8Array): string {
  return createHash('sha256').update(hostKey).digest('base64url');
}

/** The room that a server's header opens; undefined for anything that is no key. */
export function roomOfHeader(header: string | undefined): string | undefined {
  const key = Buffer.from(header ?? '', 'base64url');
  return key.length === HOST_KEY_BYTES && key.toString('base64url') === header ? roomOf(key) : undefined;
}

export function isRoomId(text: string | undefined): text is string {
  return text !== undefined && ROOM_ID.test(text);
}

/** Where to go at a relay. @param url `ws://` or `wss://`, maybe with a path. */
export function relayPlace(url: string, path: typeof WAIT_PATH | typeof JOIN_PATH): RelayPlace {
  const { hostname, port, protocol, pathname, search } = new URL(url);
  const secure = protocol === 'wss:';
  return {
    host: hostname.replace(/^\[|\]$/gu, ''),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    path: `${pathname.replace(/\/+$/u, '')}${path}${search}`,
    ...(secure ? { secure } : {}),
  };
}

/** What a relay's refusal means to an end. */
export function relayRefusal({ status, text }: Refusal, end: 'server' | 'client' = 'client'): StreamerError {
  switch (status) {
    case 401:
      if (end === 'client') return proxyRefusal(status);
      return new AuthError('auth-missing', 'the relay opens rooms only for who has a token: `relay.token`');
    case 403:
      if (end === 'client') return proxyRefusal(status);
      return new AuthError('auth-refused', 'the relay does not know the token: has it been withdrawn?');
    case 404:
      if (end === 'server') return new ConnectError('connect-failed', 'the relay, or a proxy before it, answers HTTP 404: is `relay.url` its URL?');
      return new ConnectError('connect-failed', 'no server waits at the relay: its job has not begun, or has ended');
    case 410:
      return new LimitError('limit-relay', `the relay carries no more for these coordinates${text === '' ? '' : `: ${text}`}`);
    case 429:
    case 503:
    case 504:
      return new ConnectError('connect-busy', `the relay cannot serve this now${text === '' ? ` (HTTP ${status})` : `: ${text}`}`);
    case 408:
    case 500:
    case 502:
      return new ConnectError('connect-failed', `the relay, or a proxy before it, answers HTTP ${status}`);
    default:
      return new ProtocolError('protocol-violation', `the relay answers HTTP ${status}${text === '' ? '' : `: ${text}`}`);
  }
}

/** A relay wants nothing of a client but a room: section 6 of its specification. */
function proxyRefusal(status: number): AuthError {
  return new AuthError('auth-refused', `the relay, or a proxy before it, does not let us in (HTTP ${status})`);
}

/** The host of a remote address: `192.0.2.1:5`, `[2001:db8::1]:5`, or one without a port, as a proxy tells it. */
export function hostOf(remote: string): string {
  const [, bracketed, bare] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/u.exec(remote) ?? [];
  return bracketed ?? bare ?? remote;
}

/** What a relay tells a server's connection when a client has joined it. */
export interface PairedNotice {
  /** Where the client comes from, as the relay sees it. */
  readonly remote: string;
  /** More clients of the same room that wait for a connection. */
  readonly waiting: number;
}

/** The text message. */
export function writePairedNotice({ remote, waiting }: PairedNotice): Buffer {
  return Buffer.from(JSON.stringify({ paired: { remote, waiting } }), 'utf8');
}

/** What an address looks like, as far as it matters: it is shown on terminals, and a relay may say anything. */
const REMOTE = /^[\x21-\x7e]{1,256}$/u;

/** Reads it; undefined when it is something else. */
export function readPairedNotice(text: string): PairedNotice | undefined {
  if (text.length > NOTICE_BYTES_MAX) return undefined;
  try {
    const { paired } = JSON.parse(text) as { readonly paired?: { readonly remote?: unknown; readonly waiting?: unknown } };
    const { remote, waiting } = paired ?? {};
    if (typeof remote !== 'string' || !REMOTE.test(remote) || !Number.isSafeInteger(waiting) || Number(waiting) < 0) return undefined;
    return { remote, waiting: Number(waiting) };
  } catch {
    return undefined;
  }
}
