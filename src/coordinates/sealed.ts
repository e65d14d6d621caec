/**
 * Sealed coordinates: `streamer2s.`, one sealed box for each reader as URL-safe base64 without padding, and a checksum, with
 * dots between them. In each box is the text of the coordinates, of either version.
 *
 * They may be printed where anybody reads: only a reader's private key opens them. The checksum, the first 4 bytes of SHA-256
 * over all before it, as 8 hexadecimal digits, tells a text that was cut or altered by accident from one for somebody else.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { CoordinatesError, UsageError } from '../errors.js';
import { openBox, SEAL_BYTES, sealBox, type BoxKeyPair } from '../crypto/sealed-box.js';
import { assertList, assertText } from '../util/assert-text.js';
import { SEALED_PREFIX, unwrapCoordinates } from './codec.js';
import { parseIdentity, parsePublicKey } from './keys.js';

/** Most readers of one text. */
export const READERS_MAX = 16;

/**
 * Seals coordinates for one reader or several.
 *
 * ```ts
 * import { generateIdentity, openCoordinates, parseCoordinates, publicKeyOf, sealCoordinates, serve } from 'firecrest-streamer-ts';
 *
 * const identity = generateIdentity();
 * const stop = new AbortController();
 * const server = await serve({ action: 'send', path: 'results.h5', portRange: [0, 0], signal: stop.signal });
 * const sealed = sealCoordinates(server.coordinates, [publicKeyOf(identity)]);
 * console.log(parseCoordinates(openCoordinates(sealed, [identity])).version);
 * stop.abort();
 * ```
 *
 * @param text what `formatCoordinates` makes.
 * @param readers public keys as text, 1 to 16.
 * @throws UsageError for a bad key, none, or too many.
 */
export function sealCoordinates(text: string, readers: readonly string[]): string {
  assertText(text, 'the text of coordinates');
  const boxes = readersOf(readers).map((reader) => sealBox(Buffer.from(text, 'utf8'), reader).toString('base64url'));
  const body = SEALED_PREFIX + boxes.join('.');
  return `${body}.${checksumOf(body)}`;
}

/** The readers' public keys. @throws UsageError as {@link sealCoordinates} does, without sealing anything. */
export function readersOf(readers: readonly string[]): readonly Uint8Array[] {
  assertList(readers, 'the readers');
  if (readers.length === 0 || readers.length > READERS_MAX) throw new UsageError(`coordinates are sealed for 1 to ${READERS_MAX} readers`);
  return readers.map(parsePublicKey);
}

/**
 * Opens sealed coordinates with the first identity that can.
 *
 * ```ts
 * import { CoordinatesError, generateIdentity, openCoordinates, publicKeyOf, sealCoordinates } from 'firecrest-streamer-ts';
 *
 * const [mine, another] = [generateIdentity(), generateIdentity()];
 * const sealed = sealCoordinates('any text', [publicKeyOf(mine)]);
 * console.log(openCoordinates(sealed, [another, mine]));
 * try {
 *   openCoordinates(sealed, [another]);
 * } catch (error) {
 *   if (!(error instanceof CoordinatesError)) throw error;
 *   console.log(error.code);
 * }
 * ```
 *
 * @param text sealed coordinates; white space around them and what comes before them in a server's line are ignored.
 * @param identities private keys as text.
 * @returns the text of the coordinates, for `parseCoordinates`.
 * @throws CoordinatesError `coordinates-malformed` when they were cut or altered, `coordinates-sealed` when they are for another
 * reader; UsageError for a bad identity.
 */
export function openCoordinates(text: string, identities: readonly string[]): string {
  assertList(identities, 'the identities');
  const boxes = boxesOf(unwrapCoordinates(text));
  const keys = identities.map(parseIdentity);
  for (const box of boxes) {
    const opened = openWith(box, keys);
    if (opened !== undefined) return opened.toString('utf8');
  }
  throw new CoordinatesError('coordinates-sealed', 'these coordinates are sealed for another reader: open them with the identity whose public key they were sealed to (`openCoordinates`)');
}

function openWith(box: Buffer, keys: readonly BoxKeyPair[]): Buffer | undefined {
  for (const key of keys) {
    const opened = openBox(box, key);
    if (opened !== undefined) return opened;
  }
  return undefined;
}

function boxesOf(text: string): readonly Buffer[] {
  const end = text.lastIndexOf('.');
  const [head, tail] = [text.slice(0, end), text.slice(end + 1)];
  const parts = head.slice(SEALED_PREFIX.length).split('.');
  const boxes = parts.map((part) => Buffer.from(part, 'base64url'));
  const exact = boxes.every((box, index) => box.length >= SEAL_BYTES && box.toString('base64url') === parts[index]);
  if (!text.startsWith(SEALED_PREFIX) || !exact || boxes.length > READERS_MAX || tail !== checksumOf(head)) {
    throw new CoordinatesError('coordinates-malformed', 'the sealed coordinates are cut short or altered: copy them again, to the last character');
  }
  return boxes;
}

function checksumOf(body: string): string {
  return createHash('sha256').update(body, 'utf8').digest('hex').slice(0, 8);
}
