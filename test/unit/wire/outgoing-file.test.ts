import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileDigest } from '../../../src/crypto/checksum.js';
import type { ManifestEntry } from '../../../src/wire/frame.js';
import { OutgoingFile } from '../../../src/wire/outgoing-file.js';

const CHUNK = 10;

function open(size: number): OutgoingFile {
  const entry: ManifestEntry = { id: 0, kind: 'file', path: 'x', size, mode: 0, mtimeNs: 0n };
  const file = new OutgoingFile(entry);
  file.opened(CHUNK);
  return file;
}

function hashes(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => bytes.writeBigUInt64BE(BigInt(value), index * 8));
  return bytes;
}
const have = (first: number, ...values: number[]) => ({ type: 'have', id: 0, first, hashes: hashes(...values) }) as const;

/** Takes what is next. */
function next(file: OutgoingFile): number | undefined {
  const index = file.peek()?.index;
  if (index !== undefined) file.take();
  return index;
}

function readAll(file: OutgoingFile): number[] {
  const read: number[] = [];
  for (let index = next(file); index !== undefined; index = next(file)) {
    read.push(index);
    file.reading -= 1;
    assert.ok(file.read(index, BigInt(index)));
  }
  return read;
}

describe('a file that goes out', () => {
  it('has no table before it is open, and nothing to read before the receiver is ready', () => {
    const file = new OutgoingFile({ id: 0, kind: 'file', path: 'x', size: 5, mode: 0, mtimeNs: 0n });
    assert.throws(() => file.table, /no table/u);
    assert.equal(file.peek(), undefined);
    file.opened(CHUNK);
    assert.deepEqual([file.phase, file.peek(), file.allSent], ['offered', undefined, false]);
  });

  it('is read chunk by chunk, the last one shorter', () => {
    const file = open(25);
    file.start();
    assert.deepEqual(file.peek(), { index: 0, length: 10 });
    assert.deepEqual(file.peek(), { index: 0, length: 10 }, 'a look takes nothing');
    file.take();
    file.take();
    assert.deepEqual(file.peek(), { index: 2, length: 5 });
    file.take();
    assert.equal(file.peek(), undefined);
    assert.deepEqual([file.reading, file.allSent], [3, false]);
  });

  it('leaves out what the receiver has', () => {
    const file = open(50);
    assert.ok(file.have(have(0, 0)));
    assert.ok(file.have(have(2, 2, 3)));
    file.start();
    assert.deepEqual(readAll(file), [1, 4]);
    assert.ok(file.allSent);
    assert.deepEqual(file.digest(), fileDigest(50, CHUNK, hashes(0, 1, 2, 3, 4)));
  });

  it('takes no chunk past its end', () => {
    assert.equal(open(50).have(have(4, 1, 2)), false);
    assert.equal(open(50).have(have(5, 1)), false);
    assert.ok(open(50).have(have(4, 1)));
  });

  it('that is empty, or there already, is sent at once', () => {
    const empty = open(0);
    empty.start();
    assert.ok(empty.allSent);
    const all = open(20);
    all.have(have(0, 0, 1));
    all.start();
    assert.ok(all.allSent);
  });

  it('is read again where it did not arrive, before the rest, and after its end, too', () => {
    const file = open(50);
    file.start();
    assert.deepEqual([next(file), next(file)], [0, 1]);
    file.again(0);
    assert.deepEqual([next(file), next(file)], [0, 2]);
    file.reading = 0;
    readAll(file);
    file.phase = 'ended';
    file.again(3);
    assert.equal(next(file), 3);
    assert.equal(next(file), undefined);
  });

  it('is not sent as long as something is to be sent again', () => {
    const file = open(10);
    file.start();
    file.take();
    file.reading -= 1;
    file.read(0, 5n);
    assert.ok(file.allSent);
    file.again(0);
    assert.equal(file.allSent, false);
  });

  it('has changed when a chunk is another the second time', () => {
    const file = open(10);
    assert.ok(file.read(0, 5n));
    assert.ok(file.read(0, 5n));
    assert.equal(file.read(0, 6n), false);
  });
});
