import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import nacl from 'tweetnacl';
import { X25519KeyPair } from '../../../src/crypto/x25519.js';
import { LOW_ORDER } from '../../support/low-order.js';

describe('X25519', () => {
  it('agrees with another implementation, whatever the keys', () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(key, key, (ours, theirs) => {
        const pair = X25519KeyPair.of(ours);
        assert.deepEqual(Uint8Array.from(pair.publicKey), nacl.scalarMult.base(ours));
        const shared = pair.sharedSecret(nacl.scalarMult.base(theirs));
        assert.deepEqual(shared === undefined ? undefined : Uint8Array.from(shared), nacl.scalarMult(ours, nacl.scalarMult.base(theirs)));
      }),
      { numRuns: 50 },
    );
  });

  it('makes pairs that differ, and share', () => {
    const [one, two] = [X25519KeyPair.generate(), X25519KeyPair.generate()];
    assert.notDeepEqual(one.publicKey, two.publicKey);
    assert.deepEqual(one.sharedSecret(two.publicKey), two.sharedSecret(one.publicKey));
  });

  it('refuses every public key of low order', () => {
    const pair = X25519KeyPair.generate();
    for (const point of LOW_ORDER) assert.equal(pair.sharedSecret(Buffer.from(point, 'hex')), undefined, point);
  });

  it('takes no private key of another length', () => {
    assert.throws(() => X25519KeyPair.of(Buffer.alloc(31)), RangeError);
  });
});
