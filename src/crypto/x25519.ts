/**
 * Diffie-Hellman on Curve25519 (RFC 7748), by node's OpenSSL: under 1 ms, where JavaScript that runs only twice, and so is
 * never compiled, takes 12. Public keys go in as JWK (RFC 8037): OpenSSL's DER reader takes 4 ms to wake up.
 *
 * No key is exported. Node 20 holds the key's lock while it makes the exported strings; when that starts a garbage collection
 * which finds the job that has generated the key, the job's destructor waits for the same lock, for ever (seen once: a process
 * of a test that stood still, `~KeyGenJob` beneath `ExportJWKEdKey`). The public half is had by multiplying instead.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** Bytes of a key, private or public, and of what two of them share. */
export const X25519_BYTES = 32;

/** What comes before the 32 bytes of a private key in its DER form (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** u = 9, the base point (RFC 7748, section 6.1). */
const BASE_POINT = Buffer.alloc(X25519_BYTES);
BASE_POINT[0] = 9;

/** One key pair. */
export class X25519KeyPair {
  readonly #private: KeyObject;
  /** The public half, 32 bytes. */
  readonly publicKey: Buffer;

  private constructor(privateKey: KeyObject) {
    this.#private = privateKey;
    this.publicKey = multiply(privateKey, BASE_POINT);
  }

  static generate(): X25519KeyPair {
    return new X25519KeyPair(generateKeyPairSync('x25519').privateKey);
  }

  /** @param bytes the private half, 32 bytes; any are a key (RFC 7748, section 5). */
  static of(bytes: Uint8Array): X25519KeyPair {
    if (bytes.length !== X25519_BYTES) throw new RangeError(`an X25519 key has ${X25519_BYTES} bytes`);
    return new X25519KeyPair(createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, bytes]), format: 'der', type: 'pkcs8' }));
  }

  /**
   * What both sides share, 32 bytes. Undefined for a public key of low order, which would fix it at zero whatever the
   * private key is (RFC 7748, section 6.1).
   */
  sharedSecret(publicKey: Uint8Array): Buffer | undefined {
    try {
      return multiply(this.#private, publicKey);
    } catch {
      // OpenSSL refuses an output of zeros; for two X25519 keys there is nothing else that it could refuse.
      return undefined;
    }
  }
}

function multiply(privateKey: KeyObject, point: Uint8Array): Buffer {
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(point).toString('base64url') }, format: 'jwk' });
  return diffieHellman({ privateKey, publicKey });
}
