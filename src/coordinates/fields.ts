/**
 * The checks on each field of coordinates, the same when they are read and when they are written. What is refused is
 * named, never quoted: a secret pasted into the wrong place must not end up in a log.
 *
 * @module
 */
import { CoordinatesError } from '../errors.js';
import type { Candidate, Direction, PlainCoordinates, RelayAddress, V2Coordinates } from './coordinates.js';

const ADDRESSES_MAX = 64;
/** RFC 1035 section 2.3.4: a name has at most 253 characters in text, a label 63. */
const HOST_LENGTH_MAX = 253;
const HOSTNAME = /^[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?$/;
const PORT_MAX = 65_535;
const PLAIN_SECRET_MAX = 1024;
const V2_SECRET_BYTES = 32;
/** With 64 candidates of this length the text stays below its 64 KiB. */
const URL_LENGTH_MAX = 512;
const HINT_LENGTH_MAX = 200;
const ROOM = /^[A-Za-z0-9_-]{1,128}$/;
/** The last second of ECMAScript's calendar, so that every accepted time can be shown. */
const EXPIRES_MAX = 8.64e12;

/** The error of text or fields that are not coordinates. It has no `cause`: V8's JSON errors quote their input. */
export function malformed(what: string): CoordinatesError {
  return new CoordinatesError('coordinates-malformed', `these coordinates cannot be read: ${what}`);
}

/** The error of a version that a later program may know. */
export function unknownVersion(): CoordinatesError {
  return new CoordinatesError('coordinates-version', 'these coordinates are of a version that this program does not know');
}

/**
 * Checks the fields of plain coordinates; unknown ones are ignored.
 * @throws CoordinatesError `coordinates-malformed`.
 */
export function plainFields(fields: unknown): PlainCoordinates {
  const { ports, ips, secret, operation, relay } = named(fields, 'they do not hold named fields');
  return {
    version: 1,
    ips: array(ips, 'the addresses are not a list').map(address),
    ports: portRange(ports),
    secret: plainSecret(secret),
    // The Python streamer 0.0.21 writes no such field. A value that we do not know checks nothing, but does no harm.
    ...(isDirection(operation) ? { operation } : {}),
    ...(relay === undefined ? {} : { relay: relayAddress(relay) }),
  };
}

/**
 * Checks the fields of v2 coordinates under their names in the text form; unknown ones are ignored.
 * @throws CoordinatesError `coordinates-malformed`, or `coordinates-version` when `v` is another number than 2.
 */
export function v2Fields(fields: unknown): V2Coordinates {
  const { v, candidates, secret, direction, expires, hint, relay } = named(fields, 'they do not hold named fields');
  if (typeof v !== 'number') throw malformed('they do not say their version');
  if (v !== 2) throw unknownVersion();
  const direct = array(candidates, 'the addresses are not a list', relay === undefined ? 1 : 0).map(candidate);
  if (!(secret instanceof Uint8Array) || secret.length !== V2_SECRET_BYTES) {
    throw malformed(`the secret is not ${V2_SECRET_BYTES} bytes`);
  }
  if (!isDirection(direction)) throw malformed('the direction is neither "send" nor "receive"');
  return {
    version: 2,
    candidates: direct,
    secret: Uint8Array.from(secret),
    direction,
    ...(expires === undefined ? {} : { expiresAt: expiry(expires) }),
    ...(hint === undefined ? {} : { hint: hintText(hint) }),
    ...(relay === undefined ? {} : { relay: relayAddress(relay) }),
  };
}

/** @throws CoordinatesError `coordinates-malformed` for what has no fields */
export function named(value: unknown, otherwise: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) throw malformed(otherwise);
  return value as Readonly<Record<string, unknown>>;
}

function array(value: unknown, otherwise: string, fewest = 1): readonly unknown[] {
  if (!Array.isArray(value)) throw malformed(otherwise);
  if (value.length < fewest) throw malformed('they hold no address');
  if (value.length > ADDRESSES_MAX) throw malformed(`they hold more than ${ADDRESSES_MAX} addresses`);
  return value;
}

function isDirection(value: unknown): value is Direction {
  return value === 'send' || value === 'receive';
}

/** A hostname or address as it stands in the list, IPv6 with or without brackets. */
function address(value: unknown): string {
  const otherwise = 'an address is no hostname or IP address';
  if (typeof value !== 'string' || value.length === 0 || value.length > HOST_LENGTH_MAX) throw malformed(otherwise);
  const host = value.includes(':') && !value.startsWith('[') ? `[${value}]` : value;
  const shaped = host.startsWith('[') ? /^\[[0-9A-Fa-f:.]+\]$/.test(host) : HOSTNAME.test(host);
  // The URL parser also refuses what only looks like an address, such as 999.1.1.1 or ::1::2.
  if (!shaped || !URL.canParse(`ws://${host}/`)) throw malformed(otherwise);
  return value;
}

/** A range may span thousands of ports: FirecREST's default is 50000 to 60000. */
function portRange(value: unknown): readonly [number, number] {
  if (!Array.isArray(value) || value.length !== 2) throw malformed('the port range is not two ports');
  const [first, last] = value as readonly unknown[];
  if (!isPort(first) || !isPort(last)) throw malformed(`a port is not a whole number from 1 to ${PORT_MAX}`);
  if (first > last) throw malformed('the port range ends before it begins');
  return [first, last];
}

function isPort(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= PORT_MAX;
}

/**
 * Visible ASCII only, because the secret goes into an HTTP header as it is: a CR or LF in it would let whoever issued
 * the coordinates write headers and requests of their own in the user's name, and spaces at its ends would be lost.
 */
function plainSecret(value: unknown): string {
  if (typeof value !== 'string' || value.length === 0) throw malformed('the secret is not a text');
  if (value.length > PLAIN_SECRET_MAX) throw malformed(`the secret is longer than ${PLAIN_SECRET_MAX} characters`);
  if (!/^[\x21-\x7e]+$/.test(value)) throw malformed('the secret holds a character that an HTTP header cannot carry');
  return value;
}

function candidate(value: unknown): Candidate {
  return { url: websocketUrl(named(value, 'an address has no URL').url) };
}

function relayAddress(value: unknown): RelayAddress {
  const { url, room } = named(value, 'the relay has no URL');
  if (typeof room !== 'string' || !ROOM.test(room)) throw malformed('the relay room has no valid name');
  return { url: websocketUrl(url), room };
}

/** RFC 6455 section 3, narrowed: no user info (it would be sent to whoever answers), no fragment. */
function websocketUrl(value: unknown): string {
  const otherwise = 'an address is no ws: or wss: URL';
  const text = typeof value === 'string' && value.length <= URL_LENGTH_MAX ? value : '';
  // The URL parser repairs much (spaces, tabs, backslashes, missing slashes); what needs repair is refused instead.
  const shaped = /^wss?:\/\/[^/?#\\@]+(?:[/?][^#\\]*)?$/.test(text) && /^[\x21-\x7e]+$/.test(text);
  const url = shaped && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || url.hostname === '' || !(url.hostname.startsWith('[') || HOSTNAME.test(url.hostname))) throw malformed(otherwise);
  // An empty port is the scheme's own: 80 or 443.
  if (url.port !== '' && !isPort(Number(url.port))) throw malformed(`a port is not a whole number from 1 to ${PORT_MAX}`);
  return text;
}

function expiry(value: unknown): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > EXPIRES_MAX) {
    throw malformed('the time of expiry is not in whole seconds');
  }
  return value;
}

/** One line without control or invisible characters, since it is shown on a terminal. */
function hintText(value: unknown): string {
  if (typeof value !== 'string' || value.length > HINT_LENGTH_MAX || /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(value)) {
    throw malformed(`the hint is not one line of at most ${HINT_LENGTH_MAX} characters`);
  }
  return value;
}
