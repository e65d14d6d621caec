import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileDigest } from '../../../src/crypto/checksum.js';
import { ChunkTable } from '../../../src/wire/chunk-table.js';
import type { DataFrame, FileEndFrame } from '../../../src/wire/frame.js';
import { IncomingFile, IncomingPipe, type IncomingContent } from '../../../src/wire/incoming-file.js';

const CHUNK = 10;
const data = (offset: number, length: number): DataFrame => ({ type: 'data', id: 0, offset, length, hash: 0n, payload: [] });
const end = (size: number): FileEndFrame => ({ type: 'fileEnd', id: 0, size, digest: Buffer.alloc(32) });
const verdict = (content: IncomingContent, offset: number, length: number) => {
  const found = content.take(data(offset, length));
  return found.kind === 'write' ? found.index : found.kind;
};

function hashes(count: number): Buffer {
  const bytes = Buffer.alloc(count * 8);
  for (let index = 0; index < count; index += 1) bytes.writeBigUInt64BE(BigInt(index), index * 8);
  return bytes;
}

describe('a file that comes in', () => {
  it('takes each chunk once, in any order, written yet or not', () => {
    const file = new IncomingFile(new ChunkTable(25, CHUNK));
    assert.equal(verdict(file, 20, 5), 2);
    assert.equal(verdict(file, 20, 5), 'repeat');
    file.written(2, 2n);
    assert.equal(verdict(file, 20, 5), 'repeat');
    assert.deepEqual([verdict(file, 0, 10), verdict(file, 10, 10)], [0, 1]);
    assert.equal(file.bytes, 5, 'what is not written does not count');
  });

  it('passes over what it has of an earlier attempt', () => {
    const table = new ChunkTable(25, CHUNK);
    table.set(1, 1n);
    assert.equal(verdict(new IncomingFile(table), 10, 10), 'repeat');
  });

  it('refuses what is not exactly one of its chunks', () => {
    const file = new IncomingFile(new ChunkTable(25, CHUNK));
    for (const [offset, length] of [[5, 10], [0, 9], [0, 11], [0, 20], [20, 10], [20, 4], [30, 10], [2 ** 52, 10]] as const) assert.equal(verdict(file, offset, length), 'wrong');
    assert.equal(verdict(new IncomingFile(new ChunkTable(0, CHUNK)), 0, 10), 'wrong');
  });

  it('takes holes where it has nothing', () => {
    const file = new IncomingFile(new ChunkTable(50, CHUNK));
    verdict(file, 10, 10);
    file.written(1, 1n);
    verdict(file, 20, 10);
    const hole = (first: number, count: number) => file.takeHole({ type: 'hole', id: 0, first, count });
    assert.deepEqual([...(hole(0, 5) ?? [])], [0, 3, 4]);
    assert.equal(hole(0, 5)?.count, 0);
    assert.equal(verdict(file, 30, 10), 'repeat');
    assert.equal(hole(4, 2), undefined);
  });

  it('is whole when its end and all chunks are there and written, in any order', () => {
    const file = new IncomingFile(new ChunkTable(15, CHUNK));
    file.end = end(15);
    assert.equal(file.whole, false);
    verdict(file, 0, 10);
    verdict(file, 10, 5);
    file.written(1, 1n);
    assert.equal(file.whole, false);
    file.written(0, 0n);
    assert.equal(file.whole, true);
    assert.deepEqual(file.digest(), fileDigest(15, CHUNK, hashes(2)));
    file.end = undefined;
    assert.equal(file.whole, false);
  });
});

describe('a pipe that comes in', () => {
  it('takes its chunks in order, and passes over those before', () => {
    const pipe = new IncomingPipe(CHUNK);
    assert.deepEqual([verdict(pipe, 0, 10), verdict(pipe, 10, 10)], [0, 1]);
    assert.deepEqual([verdict(pipe, 0, 10), verdict(pipe, 10, 10)], ['repeat', 'repeat']);
    assert.equal(verdict(pipe, 30, 10), 'wrong');
    assert.equal(verdict(pipe, 25, 10), 'wrong');
    assert.equal(verdict(pipe, 5, 10), 'wrong');
    assert.equal(verdict(pipe, 20, 11), 'wrong');
    assert.equal(verdict(pipe, 20, 4), 2);
    assert.equal(verdict(pipe, 30, 10), 'wrong', 'nothing follows a short chunk');
    assert.equal(pipe.bytes, 24);
  });

  it('ends where it says', () => {
    const pipe = new IncomingPipe(CHUNK);
    verdict(pipe, 0, 10);
    pipe.end = end(14);
    assert.equal(verdict(pipe, 10, 5), 'wrong');
    assert.equal(verdict(pipe, 0, 10), 'repeat');
    assert.equal(verdict(pipe, 10, 4), 1);
    assert.equal(pipe.whole, false);
    pipe.written(1, 1n);
    pipe.written(0, 0n);
    assert.equal(pipe.whole, true);
    assert.deepEqual(pipe.digest(), fileDigest(14, CHUNK, hashes(2)));
  });

  it('may be empty', () => {
    const pipe = new IncomingPipe(CHUNK);
    assert.equal(pipe.whole, false);
    pipe.end = end(0);
    assert.equal(pipe.whole, true);
    assert.deepEqual(pipe.digest(), fileDigest(0, CHUNK, Buffer.alloc(0)));
  });
});
