/**
 * Keys derived from the secret in the coordinates. Each has one purpose, named here, so that no key serves two
 * protocols and whoever knows one (a relay knows the key of a room) learns nothing of the secret or of the others.
 *
 * @module
 */
import { hkdfSync } from 'node:crypto';

/** Names the protocol and its version: a later version derives other keys from the same secret. */
const SALT = 'streamer/2';

/** Bytes of a derived key, the output of SHA-256: what a Noise PSK needs, and enough for a name nobody can guess. */
const KEY_BYTES = 32;

/**
 * What a derived key is for.
 * - `handshake psk`: the pre-shared key of the Noise handshake.
 * - `relay host`: what opens the server's room at a relay; the room's id is its SHA-256.
 */
export type KeyPurpose = 'handshake psk' | 'relay host';

/**
 * Derives the key for one purpose: HKDF-SHA256 (RFC 5869) with the secret as input key material, salt `streamer/2`
 * and the purpose's name in ASCII as info.
 * @returns 32 bytes.
 * @throws RangeError for an empty secret: a bug, since coordinates always carry one.
 */
export function deriveKey(secret: Uint8Array, purpose: KeyPurpose): Buffer {
  if (secret.length === 0) throw new RangeError('a key cannot be derived from an empty secret');
  return Buffer.from(hkdfSync('sha256', secret, SALT, purpose, KEY_BYTES));
}
