/**
 * libsodium's sealed box (`crypto_box_seal`): a message that only the holder of one X25519 key can read, from a writer who
 * stays unknown and cannot read it again. PyNaCl's `SealedBox` reads and writes the same.
 *
 * A box is the writer's public key of one use, 32 bytes, and behind it the message in XSalsa20-Poly1305 by the secret that
 * both keys share; the nonce is BLAKE2b of 24 bytes over the two public keys.
 *
 * @see {@link https://doc.libsodium.org/public-key_cryptography/sealed_boxes}
 * @module
 */
import { blake2b } from '@noble/hashes/blake2';
import nacl from 'tweetnacl';

/** Bytes of a public or a private key. */
export const BOX_KEY_BYTES = 32;
/** Bytes that a box has more than its message (`crypto_box_SEALBYTES`). */
export const SEAL_BYTES = BOX_KEY_BYTES + nacl.box.overheadLength;

/** The key pair of one reader. */
export interface BoxKeyPair {
  readonly publicKey: Uint8Array;
  readonly privateKey: Uint8Array;
}

/** Makes a key pair from the system's random source. */
export function generateBoxKeyPair(): BoxKeyPair {
  const { publicKey, secretKey } = nacl.box.keyPair();
  return { publicKey, privateKey: secretKey };
}

/** The pair that a private key of 32 bytes belongs to. */
export function boxKeyPairOf(privateKey: Uint8Array): BoxKeyPair {
  const { publicKey, secretKey } = nacl.box.keyPair.fromSecretKey(privateKey);
  return { publicKey, privateKey: secretKey };
}

/** Seals a message for the holder of a key of 32 bytes. */
export function sealBox(message: Uint8Array, reader: Uint8Array): Buffer {
  const once = nacl.box.keyPair();
  const sealed = nacl.box(message, nonceOf(once.publicKey, reader), reader, once.secretKey);
  once.secretKey.fill(0);
  return Buffer.concat([once.publicKey, sealed]);
}

/** Opens a box; undefined when it is for another reader, or altered, between which nobody can tell. */
export function openBox(box: Uint8Array, reader: BoxKeyPair): Buffer | undefined {
  if (box.length < SEAL_BYTES) return undefined;
  const writer = box.subarray(0, BOX_KEY_BYTES);
  const message = nacl.box.open(box.subarray(BOX_KEY_BYTES), nonceOf(writer, reader.publicKey), writer, reader.privateKey);
  return message === null ? undefined : Buffer.from(message);
}

function nonceOf(writer: Uint8Array, reader: Uint8Array): Uint8Array {
  return blake2b(Buffer.concat([writer, reader]), { dkLen: nacl.box.nonceLength });
}
