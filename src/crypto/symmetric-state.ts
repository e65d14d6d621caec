/**
 * The part of a Noise handshake that mixes and encrypts: SymmetricState (Noise paper revision 34, section 5.2) with
 * the CipherState that it holds (section 5.1), for AESGCM and SHA256.
 *
 * @module
 */
import { createHash, createHmac } from 'node:crypto';
import { decrypt, encrypt, nonceOf } from './aes-gcm.js';

/** Bytes of a hash (section 12.5, HASHLEN). */
export const HASH_BYTES = 32;

/**
 * HKDF of section 4.3, always with three outputs: the first two are the same when only two are wanted. Built on
 * HMAC because node's hkdfSync derives one output, bounded by its own arguments, from RFC 5869's salt and info.
 */
function hkdf(chainingKey: Uint8Array, input: Uint8Array): [Buffer, Buffer, Buffer] {
  const temporary = createHmac('sha256', chainingKey).update(input).digest();
  const first = createHmac('sha256', temporary).update(Buffer.of(1)).digest();
  const second = createHmac('sha256', temporary).update(first).update(Buffer.of(2)).digest();
  return [first, second, createHmac('sha256', temporary).update(second).update(Buffer.of(3)).digest()];
}

/** Chaining key, handshake hash, and the key of the moment once there is one. */
export class SymmetricState {
  #chainingKey: Buffer;
  #hash: Buffer;
  #key: Buffer | undefined;
  #nonce = 0;

  /** InitializeSymmetric, for a name that is no longer than a hash: then the hash is the name, padded with zeros. */
  constructor(protocolName: string) {
    this.#hash = Buffer.alloc(HASH_BYTES);
    this.#hash.write(protocolName, 'ascii');
    this.#chainingKey = this.#hash;
  }

  /** The handshake hash so far, `h`. */
  get hash(): Buffer {
    return this.#hash;
  }

  mixHash(data: Uint8Array): void {
    this.#hash = createHash('sha256').update(this.#hash).update(data).digest();
  }

  mixKey(input: Uint8Array): void {
    const [chainingKey, key] = hkdf(this.#chainingKey, input);
    this.#chainingKey = chainingKey;
    this.#setKey(key);
  }

  mixKeyAndHash(input: Uint8Array): void {
    const [chainingKey, hash, key] = hkdf(this.#chainingKey, input);
    this.#chainingKey = chainingKey;
    this.mixHash(hash);
    this.#setKey(key);
  }

  /** Before the first key, the "ciphertext" is the plaintext itself: the first payload of NN is readable by anyone. */
  encryptAndHash(plaintext: Uint8Array): Buffer {
    const sealed = this.#key === undefined ? Buffer.from(plaintext) : encrypt(this.#key, this.#nextNonce(), this.#hash, plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** Answers undefined when the tag is wrong. */
  decryptAndHash(sealed: Uint8Array): Buffer | undefined {
    const plaintext = this.#key === undefined ? Buffer.from(sealed) : decrypt(this.#key, this.#nextNonce(), this.#hash, sealed);
    this.mixHash(sealed);
    return plaintext;
  }

  /** The keys from initiator to responder and back. */
  split(): [Buffer, Buffer] {
    const [fromInitiator, fromResponder] = hkdf(this.#chainingKey, Buffer.alloc(0));
    return [fromInitiator, fromResponder];
  }

  #setKey(key: Buffer): void {
    this.#key = key;
    this.#nonce = 0;
  }

  #nextNonce(): Buffer {
    const nonce = nonceOf(this.#nonce);
    this.#nonce += 1;
    return nonce;
  }
}
