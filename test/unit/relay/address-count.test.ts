import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AddressCount } from '../../../src/relay/address-count.js';

describe('connections by address', () => {
  it('are as many at once as allowed, for each address by itself', () => {
    const counts = new AddressCount(2);
    const [first, second] = [counts.take('a'), counts.take('a')];
    assert.ok(first !== undefined && second !== undefined);
    assert.equal(counts.take('a'), undefined);
    assert.ok(counts.take('b') !== undefined);
    first();
    assert.ok(counts.take('a') !== undefined);
    assert.equal(counts.take('a'), undefined);
  });

  it('are given back once, however often that is asked', () => {
    const counts = new AddressCount(2);
    const [first] = [counts.take('a'), counts.take('a')];
    for (let i = 0; i < 5; i += 1) first?.();
    assert.ok(counts.take('a') !== undefined);
    assert.equal(counts.take('a'), undefined);
  });

  it('are what a naive count says, whatever comes and goes', () => {
    const step = fc.record({ take: fc.boolean(), address: fc.constantFrom('a', 'b', 'c'), which: fc.nat(20) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 60 }), (most, steps) => {
        const counts = new AddressCount(most);
        const held: { readonly address: string; readonly release: () => void }[] = [];
        for (const { take, address, which } of steps) {
          if (take) {
            const release = counts.take(address);
            assert.equal(release !== undefined, held.filter((one) => one.address === address).length < most);
            if (release !== undefined) held.push({ address, release });
          } else held.splice(which % Math.max(1, held.length), 1)[0]?.release();
        }
      }),
    );
  });
});
