/**
 * Diffie-Hellman on Curve25519 (RFC 7748), by node's OpenSSL: under 1 ms, where JavaScript that runs only twice, and so is
 * never compiled, takes 12. Keys go in and out as JWK (RFC 8037): OpenSSL's DER readers and writers take 4 ms to wake up.
 *
 * @module
 */
import { createPrivateKey, createPublicKey, diffieHellman, generateKeyPairSync, type KeyObject } from 'node:crypto';

/** Bytes of a key, private or public, and of what two of them share. */
export const X25519_BYTES = 32;

/** What comes before the 32 bytes of a private key in its DER form (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');

/** One key pair. */
export class X25519KeyPair {
  readonly #private: KeyObject;
  /** The public half, 32 bytes. */
  readonly publicKey: Buffer;

  private constructor(privateKey: KeyObject, publicKey: KeyObject) {
    this.#private = privateKey;
    this.publicKey = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  }

  static generate(): X25519KeyPair {
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    return new X25519KeyPair(privateKey, publicKey);
  }

  /** @param bytes the private half, 32 bytes; any are a key (RFC 7748, section 5). */
  static of(bytes: Uint8Array): X25519KeyPair {
    if (bytes.length !== X25519_BYTES) throw new RangeError(`an X25519 key has ${X25519_BYTES} bytes`);
    const key = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, bytes]), format: 'der', type: 'pkcs8' });
    return new X25519KeyPair(key, createPublicKey(key));
  }

  /**
   * What both sides share, 32 bytes. Undefined for a public key of low order, which would fix it at zero whatever the
   * private key is (RFC 7748, section 6.1).
   */
  sharedSecret(publicKey: Uint8Array): Buffer | undefined {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(publicKey).toString('base64url') }, format: 'jwk' });
    try {
      return diffieHellman({ privateKey: this.#private, publicKey: key });
    } catch {
      // OpenSSL refuses an output of zeros; for two X25519 keys there is nothing else that it could refuse.
      return undefined;
    }
  }
}
