/**
 * The text forms of the keys for sealed coordinates: `streamer-key1.` and the URL-safe base64 of a public X25519 key, which
 * anybody may see, and `streamer-identity1.` and that of a private one.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import { BOX_KEY_BYTES, boxKeyPairOf, generateBoxKeyPair, type BoxKeyPair } from '../crypto/sealed-box.js';
import { assertText } from '../util/assert-text.js';
import { linesOf } from '../util/lines.js';

const PUBLIC_PREFIX = 'streamer-key1.';
const PRIVATE_PREFIX = 'streamer-identity1.';

/**
 * Makes an identity, for which coordinates can be sealed. Its text is secret.
 *
 * ```ts
 * import { generateIdentity, publicKeyOf } from 'firecrest-streamer-ts';
 *
 * console.log(`seal it for ${publicKeyOf(generateIdentity())}`);
 * ```
 */
export function generateIdentity(): string {
  return formatIdentity(generateBoxKeyPair());
}

/**
 * The public key, as text, of an identity: what `sealTo` and `sealCoordinates` take.
 *
 * ```ts
 * import { generateIdentity, publicKeyOf, UsageError } from 'firecrest-streamer-ts';
 *
 * const identity = generateIdentity();
 * console.log(publicKeyOf(identity) === publicKeyOf(`${identity}\n`));
 * try {
 *   publicKeyOf('no identity');
 * } catch (error) {
 *   console.log(error instanceof UsageError);
 * }
 * ```
 *
 * @param identity what {@link generateIdentity} made, or the text of a file that `streamer keygen` made.
 * @throws UsageError that quotes nothing of it.
 */
export function publicKeyOf(identity: string): string {
  return PUBLIC_PREFIX + Buffer.from(parseIdentity(identity).publicKey).toString('base64url');
}

/**
 * Reads a public key. White space around it is ignored.
 * @throws UsageError that quotes nothing of it: it may be a private one.
 * @internal
 */
export function parsePublicKey(text: string): Uint8Array {
  assertText(text, 'a public key');
  const bare = text.trim();
  if (bare.startsWith(PRIVATE_PREFIX)) throw new UsageError('that is an identity, which is secret, and not a public key: seal to what `publicKeyOf` makes of it');
  return keyBytes(bare, PUBLIC_PREFIX) ?? fail('that is no public key: one begins with streamer-key1. and is made by `publicKeyOf`');
}

/**
 * Reads an identity, or the lines of an identity file: empty ones and those that begin with # are passed over.
 * @throws UsageError that quotes nothing of it.
 * @internal
 */
export function parseIdentity(text: string): BoxKeyPair {
  assertText(text, 'an identity');
  const lines = linesOf(text);
  const [line = ''] = lines;
  const privateKey = lines.length === 1 ? keyBytes(line, PRIVATE_PREFIX) : undefined;
  if (privateKey === undefined) return fail('that is no identity: `generateIdentity` makes one');
  return boxKeyPairOf(privateKey);
}

function formatIdentity({ privateKey }: BoxKeyPair): string {
  return PRIVATE_PREFIX + Buffer.from(privateKey).toString('base64url');
}

function keyBytes(text: string, prefix: string): Uint8Array | undefined {
  if (!text.startsWith(prefix)) return undefined;
  const body = text.slice(prefix.length);
  const bytes = Buffer.from(body, 'base64url');
  return bytes.length === BOX_KEY_BYTES && bytes.toString('base64url') === body ? bytes : undefined;
}

function fail(message: string): never {
  throw new UsageError(message);
}
