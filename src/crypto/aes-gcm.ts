/**
 * AES-256-GCM as the Noise paper defines it (revision 34, sections 4.2 and 12.4), by node:crypto.
 *
 * @module
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { writeUint64 } from '../util/bytes.js';

/** The cipher's name in OpenSSL. */
export const AES_GCM = 'aes-256-gcm';
/** Bytes of a key. */
export const KEY_BYTES = 32;
/** Bytes of a tag. Always the whole tag: a shorter one is easier to forge. */
export const TAG_BYTES = 16;
/** Bytes of a nonce: four zeros, then a 64-bit big-endian counter (section 12.4). */
const NONCE_BYTES = 12;

/** The nonce of the 2^64 - 1 that section 4.2 sets apart for {@link rekey}; no message ever has it. */
const REKEY_NONCE = Buffer.from('00000000ffffffffffffffff', 'hex');

/**
 * The nonce of one message. `counter` is counted from 0.
 * @throws RangeError past 2^53 - 1, which no connection reaches: at a million messages a second it takes 285 years.
 */
export function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES);
  writeUint64(nonce, 4, counter);
  return nonce;
}

/** ENCRYPT(k, n, ad, plaintext) of section 4.2: ciphertext, then tag. */
export function encrypt(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, plaintext: Uint8Array): Buffer {
  const cipher = createCipheriv(AES_GCM, key, nonce, { authTagLength: TAG_BYTES }).setAAD(associated);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** DECRYPT(k, n, ad, ciphertext) of section 4.2. Answers undefined when the tag is wrong or missing. */
export function decrypt(key: Uint8Array, nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv(AES_GCM, key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(associated)
    .setAuthTag(sealed.subarray(end));
  const plaintext = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plaintext;
}

/** REKEY(k) of sections 4.2 and 11.3: the first 32 bytes of ENCRYPT(k, 2^64 - 1, nothing, 32 zeros). One-way. */
export function rekey(key: Uint8Array): Buffer {
  return encrypt(key, REKEY_NONCE, Buffer.alloc(0), Buffer.alloc(KEY_BYTES)).subarray(0, KEY_BYTES);
}
