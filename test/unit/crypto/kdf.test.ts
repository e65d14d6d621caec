import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { deriveKey, type KeyPurpose } from '../../../src/crypto/kdf.js';

interface Vectors {
  readonly vectors: readonly { readonly secret: string; readonly purpose: KeyPurpose; readonly key: string }[];
}
const { vectors } = JSON.parse(readFileSync('test/vectors/kdf.json', 'utf8')) as Vectors;

describe('deriveKey', () => {
  for (const { secret, purpose, key } of vectors) {
    it(`gives the known ${purpose} of ${secret.slice(0, 12)}`, () => {
      assert.equal(deriveKey(Buffer.from(secret, 'hex'), purpose).toString('hex'), key);
    });
  }

  it('gives each purpose and each secret its own key', () => {
    assert.equal(new Set(vectors.map(({ key }) => key)).size, vectors.length);
  });

  it('refuses an empty secret', () => {
    assert.throws(() => deriveKey(new Uint8Array(0), 'handshake psk'), RangeError);
  });
});
