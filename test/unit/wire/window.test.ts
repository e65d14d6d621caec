import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ChunkTable } from '../../../src/wire/chunk-table.js';
import { ReceiveWindow, SendWindow } from '../../../src/wire/window.js';

describe('the receive window', () => {
  it('takes what it granted, to the byte, and no more', () => {
    const window = new ReceiveWindow(100);
    assert.equal(window.limit, 100);
    assert.ok(window.arrive(60));
    assert.ok(window.arrive(40));
    assert.equal(window.arrive(1), false);
  });

  it('grants anew when an eighth of the window is free, and tells the sum from the first byte', () => {
    const window = new ReceiveWindow(80);
    assert.ok(window.arrive(80));
    assert.equal(window.release(9), undefined);
    assert.equal(window.limit, 80);
    assert.equal(window.release(1), 90);
    assert.equal(window.limit, 90);
    assert.equal(window.release(70), 160);
    assert.ok(window.arrive(80));
    assert.equal(window.arrive(1), false);
  });
});

describe('the send window', () => {
  it('spends up to the limit, to the byte, and keeps what was refused', () => {
    const window = new SendWindow();
    assert.equal(window.spend(1), false);
    assert.ok(window.grant(10));
    assert.ok(window.spend(7));
    assert.equal(window.spend(4), false);
    assert.ok(window.spend(3));
    assert.equal(window.spend(1), false);
  });

  it('takes an equal or higher limit, and refuses a lower one', () => {
    const window = new SendWindow();
    assert.ok(window.grant(10));
    assert.ok(window.grant(10));
    assert.equal(window.grant(9), false);
    assert.ok(window.grant(11));
    assert.ok(window.spend(11));
  });
});

describe('the chunk table', () => {
  it('of an empty file is complete', () => {
    const table = new ChunkTable(0, 64);
    assert.deepEqual([table.chunks, table.complete, table.nextMissing(0), [...table.runs(5)], table.hashes().length], [0, true, 0, [], 0]);
  });

  it('replaces the hash of a chunk that is entered again, and counts it once', () => {
    const table = new ChunkTable(10, 4);
    table.set(2, 1n);
    table.set(2, 2n);
    assert.deepEqual([table.count, table.bytes, table.hash(2)], [1, 2, 2n]);
    assert.equal(table.hashes().toString('hex'), `${'00'.repeat(16)}0000000000000002`);
  });

  it('cuts long runs', () => {
    const table = new ChunkTable(50, 5);
    for (const index of [0, 1, 2, 3, 4, 7, 9]) table.set(index, 1n);
    assert.deepEqual([...table.runs(3)], [{ first: 0, count: 3 }, { first: 3, count: 2 }, { first: 7, count: 1 }, { first: 9, count: 1 }]);
  });
});
