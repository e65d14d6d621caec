import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChunkTable } from '../../../src/wire/chunk-table.js';

describe('the chunk table', () => {
  it('of an empty file is complete', () => {
    const table = new ChunkTable(0, 64);
    assert.deepEqual([table.chunks, table.complete, table.nextMissing(0), [...table.runs(5)], table.hashes().length], [0, true, 0, [], 0]);
  });

  it('knows how long each chunk is', () => {
    const table = new ChunkTable(10, 4);
    assert.deepEqual([table.chunks, table.lengthOf(0), table.lengthOf(1), table.lengthOf(2)], [3, 4, 4, 2]);
    assert.equal(new ChunkTable(8, 4).lengthOf(1), 4);
  });

  it('replaces the hash of a chunk that is entered again, and counts it once', () => {
    const table = new ChunkTable(10, 4);
    table.set(2, 1n);
    table.set(2, 2n);
    assert.deepEqual([table.count, table.bytes, table.hash(2)], [1, 2, 2n]);
    assert.equal(table.hashes().toString('hex'), `${'00'.repeat(16)}0000000000000002`);
  });

  it('finds what is missing', () => {
    const table = new ChunkTable(50, 5);
    for (const index of [0, 1, 3]) table.set(index, 1n);
    assert.deepEqual([0, 2, 3, 9, 10].map((from) => table.nextMissing(from)), [2, 2, 4, 9, 10]);
    assert.deepEqual([table.has(1), table.has(2), table.complete], [true, false, false]);
  });

  it('cuts long runs', () => {
    const table = new ChunkTable(50, 5);
    for (const index of [0, 1, 2, 3, 4, 7, 9]) table.set(index, 1n);
    assert.deepEqual([...table.runs(3)], [{ first: 0, count: 3 }, { first: 3, count: 2 }, { first: 7, count: 1 }, { first: 9, count: 1 }]);
  });
});
