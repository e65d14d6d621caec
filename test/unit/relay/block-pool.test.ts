import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BlockPool } from '../../../src/relay/block-pool.js';

const KIB = 1024;
const MIB = 1024 * KIB;

describe('a pool of blocks', () => {
  it('copies: what becomes of the bytes later is nothing to it', () => {
    const pool = new BlockPool();
    const bytes = Buffer.from('abc');
    const copy = pool.copy(bytes);
    bytes.fill(0);
    assert.equal(String(copy), 'abc');
  });

  it('takes a block of the least power of two from 4 KiB on that holds them', () => {
    const pool = new BlockPool();
    for (const [size, block] of [[KIB, 4 * KIB], [4 * KIB, 4 * KIB], [4 * KIB + 1, 8 * KIB], [256 * KIB - 1, 256 * KIB], [256 * KIB, 256 * KIB]] as const) {
      const copy = pool.copy(Buffer.alloc(size));
      assert.deepEqual([copy.length, copy.buffer.byteLength], [size, block]);
    }
  });

  it('gives none to what is much shorter, and takes its memory for none', () => {
    const pool = new BlockPool();
    const short = Array.from({ length: 1000 }, (_, index) => pool.copy(Buffer.alloc(index, index)));
    for (const copy of short) pool.put(copy);
    const block = pool.copy(Buffer.alloc(8 * KIB));
    assert.ok(short.every((copy, index) => copy.length === index && copy.equals(Buffer.alloc(index, index)) && copy.buffer !== block.buffer));
  });

  it('uses a block again that was given back, for what fits, and no other before', () => {
    const pool = new BlockPool();
    const [first, second] = [pool.copy(Buffer.alloc(5000)), pool.copy(Buffer.alloc(5000))];
    assert.notEqual(first.buffer, second.buffer);
    pool.put(first);
    assert.notEqual(pool.copy(Buffer.alloc(1100)).buffer, first.buffer);
    assert.equal(pool.copy(Buffer.alloc(8000)).buffer, first.buffer);
    assert.notEqual(pool.copy(Buffer.alloc(8000)).buffer, first.buffer);
  });

  it('keeps 32 MiB and no more', () => {
    const pool = new BlockPool();
    const given = Array.from({ length: 200 }, () => pool.copy(Buffer.alloc(256 * KIB)));
    const buffers = new Set(given.map(({ buffer }) => buffer));
    for (const copy of given) pool.put(copy);
    const again = Array.from({ length: 200 }, () => pool.copy(Buffer.alloc(256 * KIB)));
    assert.equal(again.filter(({ buffer }) => buffers.has(buffer)).length, (32 * MIB) / (256 * KIB));
  });

  it('does not keep what is larger than a read, and holds nothing against it', () => {
    const pool = new BlockPool();
    for (let i = 0; i < 100; i += 1) pool.put(pool.copy(Buffer.alloc(512 * KIB)));
    const block = pool.copy(Buffer.alloc(KIB));
    pool.put(block);
    assert.equal(pool.copy(Buffer.alloc(KIB)).buffer, block.buffer);
  });

  it('never gives one block to two, and spoils none', () => {
    const step = fc.record({ size: fc.oneof(fc.nat(300), fc.nat(3000), fc.nat(300_000)), putBack: fc.option(fc.nat(30), { nil: undefined }), value: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new BlockPool();
        const held: { readonly copy: Buffer; readonly size: number; readonly value: number }[] = [];
        for (const { size, putBack, value } of steps) {
          const copy = pool.copy(Buffer.alloc(size, value));
          // Short ones may share node's memory, each its own part of it.
          assert.ok(size < KIB || held.every((other) => other.copy.buffer !== copy.buffer));
          held.push({ copy, size, value });
          const [gone] = putBack === undefined ? [] : held.splice(putBack % held.length, 1);
          if (gone !== undefined) pool.put(gone.copy);
        }
        for (const { copy, size, value } of held) assert.ok(copy.equals(Buffer.alloc(size, value)));
      }),
      { numRuns: 60 },
    );
  });
});
