import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import nacl from 'tweetnacl';
import { X25519KeyPair } from '../../../src/crypto/x25519.js';

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

/** The points of order 1, 2, 4 and 8 on the curve and its twist, as https://cr.yp.to/ecdh.html lists them. */
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];
