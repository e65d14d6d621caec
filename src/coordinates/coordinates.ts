/**
 * What coordinates are: all that a client needs to find a server and to prove that it may talk to it. Whoever holds
 * them may take the server's place or the client's, so no error and no log line may hold any part of their secret.
 *
 * Pure: the clock is passed in.
 *
 * @module
 */
import { CoordinatesError } from '../errors.js';

/** What one side does: `send` reads a file, `receive` writes one. */
export type Direction = 'send' | 'receive';

/** Coordinates as the Python streamer and FirecREST issue them; either wire can follow. */
export interface PlainCoordinates {
  readonly version: 1;
  /** Hostnames, IPv4 or IPv6 addresses at which the server may be, best first; 1 to 64. */
  readonly ips: readonly string[];
  /** First and last of the ports at which it may listen. Often a wide range: the issuer does not know which. */
  readonly ports: readonly [first: number, last: number];
  /** Goes into the Authorization header as it is: 1 to 1024 visible ASCII characters. */
  readonly secret: string;
  /** What the server does, where the issuer says so. */
  readonly operation?: Direction;
  /** Where both ends can meet when the server cannot be reached, over the native wire. The reference does not look at it. */
  readonly relay?: RelayAddress;
}

/** Coordinates of a server of ours, native wire only. The secret never goes on the wire. */
export interface V2Coordinates {
  readonly version: 2;
  /** Addresses of the server, best first; at most 64, and at least one unless there is a relay. */
  readonly candidates: readonly Candidate[];
  /** 32 bytes; every key is derived from them. */
  readonly secret: Uint8Array;
  /** What the server does. */
  readonly direction: Direction;
  /** From when on the server takes nobody, in whole seconds since 1970. Default: never. */
  readonly expiresAt?: number;
  /** A few words for people, such as a job's name; at most 200 characters, one line. */
  readonly hint?: string;
  /** Where both ends can meet when the server cannot be reached. */
  readonly relay?: RelayAddress;
}

/** One address to try. */
export interface Candidate {
  /** A ws: or wss: URL of at most 512 characters. */
  readonly url: string;
}

/** A meeting point at a relay. */
export interface RelayAddress {
  /** A ws: or wss: URL of at most 512 characters. */
  readonly url: string;
  /** The room's id: 1 to 128 letters, digits, `-` and `_`. */
  readonly room: string;
}

/** Coordinates of either version. */
export type Coordinates = PlainCoordinates | V2Coordinates;

/**
 * The secret as key material: the UTF-8 bytes of a plain one, the bytes themselves of a v2 one.
 */
export function coordinatesSecretBytes(coordinates: Coordinates): Uint8Array {
  return coordinates.version === 1 ? Buffer.from(coordinates.secret, 'utf8') : coordinates.secret;
}

/**
 * Checks that these coordinates serve what the client wants: to `receive` it needs a server that sends. Plain
 * coordinates often do not say what the server does; then nothing is checked.
 * @throws CoordinatesError `coordinates-direction`, naming the other command.
 */
export function checkDirection(coordinates: Coordinates, clientAction: Direction): void {
  const server = directionOf(coordinates);
  if (server === undefined || server !== clientAction) return;
  const other = opposite(clientAction);
  throw new CoordinatesError(
    'coordinates-direction',
    `these coordinates are for the other direction: the server there ${server}s too; use the command "${other}" with them`,
  );
}

/**
 * Checks that these coordinates have not expired.
 * @param nowMs - milliseconds since 1970.
 * @throws CoordinatesError `coordinates-expired` from the second of `expiresAt` on.
 */
export function checkExpiry(coordinates: Coordinates, nowMs: number): void {
  if (coordinates.version === 1 || coordinates.expiresAt === undefined) return;
  const expiresMs = coordinates.expiresAt * 1000;
  if (nowMs < expiresMs) return;
  const when = new Date(expiresMs).toISOString().replace('.000Z', 'Z');
  throw new CoordinatesError('coordinates-expired', `these coordinates expired at ${when}: ask for new ones`);
}

/** Most addresses shown by {@link redactCoordinates}; the rest are counted. */
const ADDRESSES_SHOWN = 3;

/**
 * One line for logs: where the server is and what it does, without the secret, the relay's room, or the query part
 * of a URL, which may hold a token.
 *
 * ```ts
 * import { parseCoordinates, redactCoordinates, serve } from 'firecrest-streamer-ts';
 *
 * const stop = new AbortController();
 * const server = await serve({ action: 'send', path: 'results.h5', portRange: [0, 0], signal: stop.signal });
 * console.log(redactCoordinates(parseCoordinates(server.coordinates)));
 * stop.abort();
 * ```
 *
 * Never fails: it takes what `parseCoordinates` made, or what the types allow.
 */
export function redactCoordinates(coordinates: Coordinates): string {
  const server = directionOf(coordinates);
  const does = server === undefined ? '' : `, server ${server}s`;
  const relay = coordinates.relay === undefined ? '' : `, relay ${withoutQuery(coordinates.relay.url)}`;
  if (coordinates.version === 1) {
    const [first, last] = coordinates.ports;
    const ports = first === last ? `port ${first}` : `ports ${first}-${last}`;
    return `plain coordinates: ${list(coordinates.ips)} ${ports}${relay}${does}`;
  }
  const urls = coordinates.candidates.map(({ url }) => withoutQuery(url));
  const hint = coordinates.hint === undefined ? '' : `, "${coordinates.hint}"`;
  return `v2 coordinates: ${urls.length === 0 ? 'no direct address' : list(urls)}${relay}${does}${hint}`;
}

function directionOf(coordinates: Coordinates): Direction | undefined {
  return coordinates.version === 1 ? coordinates.operation : coordinates.direction;
}

function opposite(direction: Direction): Direction {
  return direction === 'send' ? 'receive' : 'send';
}

function list(addresses: readonly string[]): string {
  const more = addresses.length - ADDRESSES_SHOWN;
  return addresses.slice(0, ADDRESSES_SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

/** A URL as it may be shown: its query may hold a token. */
export function withoutQuery(url: string): string {
  return url.replace(/\?.*$/s, '');
}
