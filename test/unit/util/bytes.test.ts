import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { equalConstantTime, readSafeUint64, writeUint64 } from '../../../src/util/bytes.js';

describe('64-bit integers', () => {
  const known: readonly [number, string][] = [
    [0, '0000000000000000'],
    [1, '0000000000000001'],
    [2 ** 32 - 1, '00000000ffffffff'],
    [2 ** 32, '0000000100000000'],
    [12_000_000, '0000000000b71b00'],
    [Number.MAX_SAFE_INTEGER, '001fffffffffffff'],
  ];
  for (const [value, hex] of known) {
    it(`writes and reads ${value} at any offset`, () => {
      for (const offset of [0, 1, 5]) {
        const bytes = Buffer.alloc(16, 0xee);
        writeUint64(bytes, offset, value);
        assert.equal(bytes.toString('hex', offset, offset + 8), hex);
        assert.equal(bytes.filter((byte) => byte === 0xee).length >= 8, true, 'bytes around the field are untouched');
        assert.equal(readSafeUint64(bytes, offset), value);
      }
    });
  }

  it('answers undefined for what a number cannot hold', () => {
    for (const hex of ['0020000000000000', '0020000000000001', 'ffffffffffffffff', '8000000000000000']) {
      assert.equal(readSafeUint64(Buffer.from(hex, 'hex'), 0), undefined);
    }
  });

  it('works on a view into a larger buffer', () => {
    const view = new Uint8Array(new ArrayBuffer(64), 24, 8);
    writeUint64(view, 0, 77);
    assert.equal(readSafeUint64(view, 0), 77);
    assert.throws(() => writeUint64(view, 1, 77), RangeError);
    assert.throws(() => readSafeUint64(view, 1), RangeError);
  });

  it('refuses to write what is no whole number from 0 to 2^53 - 1', () => {
    for (const value of [-1, 0.5, 2 ** 53, NaN, Infinity]) assert.throws(() => writeUint64(Buffer.alloc(8), 0, value), RangeError);
  });
});

describe('equalConstantTime', () => {
  it('compares secrets of equal and of different length', () => {
    const bytes = (text: string) => Buffer.from(text);
    assert.equal(equalConstantTime(bytes('secret'), bytes('secret')), true);
    assert.equal(equalConstantTime(bytes(''), bytes('')), true);
    assert.equal(equalConstantTime(bytes('secret'), bytes('secreT')), false);
    assert.equal(equalConstantTime(bytes('secret'), bytes('secret ')), false);
    assert.equal(equalConstantTime(bytes('secret'), bytes('')), false);
  });
});
