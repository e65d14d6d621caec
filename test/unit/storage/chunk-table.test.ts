import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChunkTable, MAX_CHUNKS } from '../../../src/storage/chunk-table.js';

describe('ChunkTable', () => {
  it('keeps hashes in order of index, zero where absent, the last one counting', () => {
    const table = new ChunkTable(10);
    table.set(9, 0xffff_ffff_ffff_ffffn);
    table.set(0, 1n);
    table.set(0, 0n);
    table.setFrom(3, Buffer.from('xx00000000000000ab', 'latin1').subarray(0, 10), 2);
    assert.equal(table.count, 3);
    assert.equal(table.end, 10);
    const hashes = table.hashes();
    assert.equal(hashes.length, 80);
    assert.equal(hashes.readBigUInt64BE(0), 0n);
    assert.equal(hashes.toString('latin1', 24, 32), '00000000');
    assert.equal(hashes.readBigUInt64BE(72), 0xffff_ffff_ffff_ffffn);
    assert.deepEqual([0, 1, 3, 9, 10, 1000].map((index) => table.has(index)), [true, false, true, true, false, false]);
    assert.deepEqual([...table.missing()], [{ first: 1, count: 2 }, { first: 4, count: 5 }]);
  });

  it('has nothing missing when full, all when empty, and nothing of nothing', () => {
    const table = new ChunkTable(3);
    assert.deepEqual([...table.missing()], [{ first: 0, count: 3 }]);
    for (const index of [2, 0, 1]) table.set(index, 5n);
    assert.deepEqual([...table.missing()], []);
    assert.deepEqual([...new ChunkTable(0).missing()], []);
    assert.equal(new ChunkTable(3).hashes().length, 24);
  });

  it('copies independently', () => {
    const table = new ChunkTable(4);
    const empty = table.copy();
    table.set(1, 7n);
    const copy = table.copy();
    table.set(2, 8n);
    assert.deepEqual([empty.count, copy.count, copy.end, copy.has(2), table.count], [0, 1, 2, false, 2]);
    assert.deepEqual(copy.hashes().readBigUInt64BE(8), 7n);
  });

  it('refuses what is out of range', () => {
    const table = new ChunkTable(4);
    for (const index of [-1, 4, 0.5, NaN]) assert.throws(() => table.set(index, 0n), RangeError);
    for (const total of [-1, 0.5, MAX_CHUNKS + 1]) assert.throws(() => new ChunkTable(total), RangeError);
  });
});
