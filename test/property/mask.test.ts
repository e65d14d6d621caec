import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { applyMask } from '../../src/transport/mask.js';
import { slowMask } from '../support/fake-mask.js';

const key = fc.uint8Array({ minLength: 4, maxLength: 4 });

it('masking equals the slow way, wherever the bytes lie in memory', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), key, fc.nat(9), fc.nat(1000), (bytes, mask, alignment, offset) => {
      const memory = Buffer.alloc(alignment + bytes.length);
      memory.set(bytes, alignment);
      applyMask(memory.subarray(alignment), mask, offset);
      assert.ok(memory.subarray(alignment).equals(slowMask(bytes, mask, offset)));
    }),
    { numRuns: 500 },
  );
});

it('masking twice gives the bytes back, and in pieces the same as whole', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), key, fc.array(fc.nat(300), { maxLength: 8 }), (bytes, mask, cuts) => {
      const whole = Buffer.from(bytes);
      const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
      places.slice(1).forEach((end, index) => applyMask(whole.subarray(places[index], end), mask, places[index] ?? 0));
      assert.ok(whole.equals(slowMask(bytes, mask, 0)));
      applyMask(whole, mask, 0);
      assert.ok(whole.equals(bytes));
    }),
    { numRuns: 300 },
  );
});
