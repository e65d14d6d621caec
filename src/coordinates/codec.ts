/**
 * The text forms of coordinates.
 *
 * - Plain, as the Python streamer 0.0.21 writes and reads them: URL-safe base64, padded, of JSON with the keys `ports`, `ips`
 *   and `secret`; ours may add `operation` and `relay`, which that one ignores. Nothing in it is encrypted.
 * - Version 2: `streamer2.` and the URL-safe base64, not padded, of a msgpack map with the keys `v`, `candidates`,
 *   `secret`, `direction`, `expires`, `hint` and `relay`. Nothing in it is encrypted either.
 * - `streamer2s.`: version 2, encrypted for one reader. Known here so that the error can say so.
 *
 * @module
 */
import { Packr, Unpackr } from 'msgpackr';
import { CoordinatesError } from '../errors.js';
import { assertText } from '../util/assert-text.js';
import { checkMsgpack } from '../util/msgpack-bounds.js';
import type { Coordinates, PlainCoordinates, V2Coordinates } from './coordinates.js';
import { malformed, named, plainFields, unknownVersion, v2Fields } from './fields.js';

/** Most characters looked at. Real coordinates have a few hundred. */
const TEXT_LENGTH_MAX = 65_536;
const V2_PREFIX = 'streamer2.';
/** How sealed ones begin: see `sealed.ts`. */
export const SEALED_PREFIX = 'streamer2s.';
/** How a server of either make begins the line that publishes its coordinates. */
const PUBLISHED = 'Use these coordinates to connect:';
/** Deeper and fuller than version 2 needs, so that later fields do not make old programs refuse. */
const MSGPACK_BOUNDS = { maxDepth: 8, maxItems: 1024 } as const;

// Plain msgpack: no records, no shared structures, no bundled strings. Extensions are refused before decoding.
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/**
 * Reads coordinates of either version. White space around them is ignored, as is everything up to a
 * server's `Use these coordinates to connect:`; the padding of plain ones may be missing.
 *
 * ```ts
 * import { CoordinatesError, parseCoordinates, serve } from 'firecrest-streamer-ts';
 *
 * const stop = new AbortController();
 * const server = await serve({ action: 'send', path: 'results.h5', portRange: [0, 0], signal: stop.signal });
 * const coordinates = parseCoordinates(server.coordinates);
 * if (coordinates.version === 2) console.log(coordinates.direction, coordinates.candidates.length);
 * stop.abort();
 *
 * try {
 *   parseCoordinates('cut short');
 * } catch (error) {
 *   if (!(error instanceof CoordinatesError)) throw error;
 *   console.log(error.code);
 * }
 * ```
 *
 * @param text at most 65,536 characters.
 * @throws CoordinatesError `coordinates-malformed`, `coordinates-version` or `coordinates-sealed`; one line that
 *   quotes nothing of the text. UsageError when it is no text.
 */
export function parseCoordinates(text: string): Coordinates {
  const bare = unwrapCoordinates(text);
  if (text.length > TEXT_LENGTH_MAX) throw malformed(`they are longer than ${TEXT_LENGTH_MAX} characters`);
  if (bare === '') throw malformed('there is no text');
  const version = /^streamer([0-9][0-9A-Za-z]*)\./.exec(bare)?.[1];
  if (version === undefined) return plainFields(parseJson(base64(bare)));
  if (version === '2') return v2Fields(parseMsgpack(base64(bare.slice(V2_PREFIX.length))));
  if (version === '2s') {
    throw new CoordinatesError('coordinates-sealed', 'these coordinates are sealed: they open with the identity whose public key they were sealed to (`openCoordinates`)');
  }
  throw unknownVersion();
}

/**
 * Coordinates as a caller gives them, checked.
 * @throws CoordinatesError as {@link parseCoordinates} does
 * @internal
 */
export function coordinatesOf(given: string | Coordinates): Coordinates {
  return parseCoordinates(typeof given === 'string' ? given : formatCoordinates(given));
}

/**
 * Writes coordinates in the text form of their version.
 *
 * ```ts
 * import { formatCoordinates, parseCoordinates } from 'firecrest-streamer-ts';
 *
 * const text = formatCoordinates({ version: 1, ips: ['192.0.2.1'], ports: [5665, 5670], secret: 'of-the-site' });
 * const { version } = parseCoordinates(text);
 * console.log(version);
 * ```
 *
 * @throws CoordinatesError `coordinates-malformed` when a field is not allowed in them, such as a secret with a space.
 */
export function formatCoordinates(coordinates: Coordinates): string {
  named(coordinates, 'they do not hold named fields');
  return coordinates.version === 1 ? formatPlain(coordinates) : formatV2(coordinates);
}

/**
 * Whether a text is sealed coordinates, alone or behind a server's `Use these coordinates to connect:`.
 *
 * ```ts
 * import { generateIdentity, isSealed, openCoordinates, publicKeyOf, serve } from 'firecrest-streamer-ts';
 *
 * const identity = generateIdentity();
 * const stop = new AbortController();
 * const { coordinates } = await serve({ action: 'send', path: 'results.h5', portRange: [0, 0], sealTo: [publicKeyOf(identity)], signal: stop.signal });
 * const text = isSealed(coordinates) ? openCoordinates(coordinates, [identity]) : coordinates;
 * console.log(text.length);
 * stop.abort();
 * ```
 */
export function isSealed(text: string): boolean {
  return unwrapCoordinates(text).startsWith(SEALED_PREFIX);
}

/** Character for character what Python's `json.dumps` and `base64.urlsafe_b64encode` make of the same fields. */
function formatPlain(coordinates: PlainCoordinates): string {
  const { ports, ips, secret, operation, relay } = plainFields(coordinates);
  const fields = [
    `"ports": [${ports.join(', ')}]`,
    `"ips": [${ips.map((ip) => JSON.stringify(ip)).join(', ')}]`,
    `"secret": ${JSON.stringify(secret)}`,
    ...(operation === undefined ? [] : [`"operation": ${JSON.stringify(operation)}`]),
    ...(relay === undefined ? [] : [`"relay": {"url": ${JSON.stringify(relay.url)}, "room": ${JSON.stringify(relay.room)}}`]),
  ];
  const body = Buffer.from(`{${fields.join(', ')}}`, 'utf8').toString('base64url');
  return body.padEnd(Math.ceil(body.length / 4) * 4, '=');
}

function formatV2(coordinates: V2Coordinates): string {
  const { version, expiresAt, ...rest } = coordinates;
  const { candidates, secret, direction, hint, relay } = v2Fields({ ...rest, v: version, expires: expiresAt });
  const map = {
    v: version,
    candidates,
    secret: Buffer.from(secret),
    direction,
    // Left out rather than undefined, for which msgpackr writes an extension.
    ...(expiresAt === undefined ? {} : { expires: expiresAt }),
    ...(hint === undefined ? {} : { hint }),
    ...(relay === undefined ? {} : { relay }),
  };
  return V2_PREFIX + packr.pack(map).toString('base64url');
}

/** The coordinates' text alone, out of a paste that may hold more: the last publishing line counts, as the newest. */
export function unwrapCoordinates(text: string): string {
  assertText(text, 'the text of coordinates');
  const at = text.lastIndexOf(PUBLISHED);
  if (at === -1) return text.trim();
  const after = text.slice(at + PUBLISHED.length).trimStart();
  return after.split(/[\r\n]/, 1)[0]?.trim() ?? '';
}

/** Strict URL-safe base64: no other characters, no stray bits; padding absent or exact. */
function base64(text: string): Buffer {
  const body = text.replace(/={1,2}$/, '');
  const bytes = Buffer.from(body, 'base64url');
  // Node skips what it does not know; encoding again shows whether it did.
  const exact = bytes.toString('base64url') === body && (body.length === text.length || text.length % 4 === 0);
  if (!exact) throw malformed('they are cut short or altered');
  return bytes;
}

/** Deep nesting does not hurt: V8's JSON parser does not recurse, and the text's length is bounded. */
function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw malformed('they are cut short or altered');
  }
}

function parseMsgpack(bytes: Buffer): unknown {
  const refused = checkMsgpack(bytes, MSGPACK_BOUNDS);
  if (refused !== undefined) throw malformed(`their content is damaged: ${refused}`);
  try {
    return unpackr.unpack(bytes) as unknown;
  } catch {
    throw malformed('their content is damaged');
  }
}
