import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatDuration, formatRate, formatSize, parseDuration, parseSize } from '../../src/util/units.js';
import { readSafeUint64, writeUint64 } from '../../src/util/bytes.js';

const wholeOrUndefined = (value: number | undefined) => value === undefined || (Number.isSafeInteger(value) && value >= 0);

describe('units', () => {
  it('give whole numbers from 0 to 2^53 - 1, or undefined, for any text', () => {
    const likeSize = fc.stringMatching(/^[0-9. ]{0,20}[a-zA-Z]{0,4}$/);
    const likeDuration = fc.stringMatching(/^([0-9.]{1,4} ?[dhmsin]{1,3} ?){1,4}$/);
    const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), likeSize, likeDuration);
    fc.assert(
      fc.property(text, (arbitrary) => {
        assert.ok(wholeOrUndefined(parseSize(arbitrary)));
        assert.ok(wholeOrUndefined(parseDuration(arbitrary)));
      }),
      { numRuns: 2000 },
    );
  });

  it('read plain numbers exactly: bytes, and seconds', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => assert.equal(parseSize(String(bytes)), bytes)));
    fc.assert(fc.property(fc.nat(2 ** 31), (seconds) => assert.equal(parseDuration(String(seconds)), seconds * 1000)));
  });

  it('read back what they write, to the digits shown', () => {
    fc.assert(
      // Up to 4 PiB: what is rounded up from just below 8 PiB is past 2^53 - 1, and refused.
      fc.property(fc.nat(2 ** 52), (bytes) => {
        const read = parseSize(formatSize(bytes));
        assert.ok(read !== undefined && Math.abs(read - bytes) <= bytes * 0.0051);
      }),
    );
  });

  it('write one short line for any quantity', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 2 ** 53, noNaN: true }), (value) => {
        for (const line of [formatSize(Math.floor(value)), formatRate(value), formatDuration(value)]) assert.match(line, /^[0-9.e+-]+ \S.{0,20}$/);
      }),
    );
  });
});

describe('64-bit integers', () => {
  it('are read as they were written, as DataView would', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(8), (value, offset) => {
        const bytes = new Uint8Array(16);
        writeUint64(bytes, offset, value);
        assert.equal(readSafeUint64(bytes, offset), value);
        assert.equal(new DataView(bytes.buffer).getBigUint64(offset), BigInt(value));
      }),
    );
  });

  it('are undefined exactly when they are past 2^53 - 1', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (value) => {
        const bytes = new Uint8Array(8);
        new DataView(bytes.buffer).setBigUint64(0, value);
        assert.equal(readSafeUint64(bytes, 0), value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined);
      }),
    );
  });
});
