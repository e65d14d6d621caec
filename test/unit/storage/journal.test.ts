import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chunkCount, chunkLength, encodeHeader, HEADER_BYTES, type JournalHeader, parseHeader, RECORD_BYTES, RecordCodec } from '../../../src/storage/journal.js';
import { parseJournal } from '../../support/parse-journal.js';
import { IDENTITY } from './fixture.js';

const HEADER: JournalHeader = { identity: IDENTITY, size: 10_000, chunkSize: 1000, inode: 77n, nonce: Buffer.alloc(8, 3) };

function journal(header: JournalHeader, records: readonly (readonly [number, bigint])[]): Buffer {
  const head = encodeHeader(header);
  const codec = new RecordCodec(head);
  return Buffer.concat([head, ...records.map(([index, hash]) => codec.encode(index, hash))]);
}

const RECORDS: readonly (readonly [number, bigint])[] = [[4, 44n], [0, 0n], [9, 0xfedc_ba98_7654_3210n], [1, 11n]];
const BYTES = journal(HEADER, RECORDS);

/** The indices that some bytes vouch for. */
function vouchedBy(bytes: Uint8Array): number[] | undefined {
  const parsed = parseJournal(bytes);
  return parsed && Array.from({ length: parsed.table.total }, (_, index) => index).filter((index) => parsed.table.has(index));
}

describe('the journal', () => {
  it('is laid out as its docblock says', () => {
    // Both checks were computed by other code, from the docblock alone.
    const fixed = journal({ identity: Buffer.alloc(32, 0xaa), size: 5, chunkSize: 2, inode: 1n, nonce: Buffer.alloc(8) }, [[2, 0x0102030405060708n]]);
    assert.equal(
      fixed.toString('hex'),
      '5354524d4a4e4c31' + '00000001' + '00000002' + '0000000000000005' + '0000000000000001' + '0000000000000000' + 'aa'.repeat(32) + '6eb7ecdef3c0516d' + '00000002' + '0102030405060708' + 'f78fe50c',
    );
  });

  it('gives back what was written', () => {
    const parsed = parseJournal(BYTES);
    assert.ok(parsed !== undefined);
    assert.equal(parsed.length, BYTES.length);
    assert.deepEqual({ ...parsed.header, identity: Buffer.from(parsed.header.identity), nonce: Buffer.from(parsed.header.nonce) }, HEADER);
    for (const [index, hash] of RECORDS) assert.equal(parsed.table.hashes().readBigUInt64BE(index * 8), hash);
    assert.deepEqual(vouchedBy(BYTES), [0, 1, 4, 9]);
  });

  it('survives a cut at any byte: whole records before it count', () => {
    for (let length = 0; length <= BYTES.length; length += 1) {
      const got = vouchedBy(BYTES.subarray(0, length));
      if (length < HEADER_BYTES) assert.equal(got, undefined);
      else {
        const whole = Math.floor((length - HEADER_BYTES) / RECORD_BYTES);
        assert.deepEqual(got, RECORDS.slice(0, whole).map(([index]) => index).sort());
        assert.equal(parseJournal(BYTES.subarray(0, length))?.length, HEADER_BYTES + whole * RECORD_BYTES);
      }
    }
  });

  it('stops before any bit that was flipped', () => {
    for (let bit = 0; bit < BYTES.length * 8; bit += 1) {
      const at = bit >>> 3;
      const bytes = Buffer.from(BYTES);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
      const whole = Math.floor((at - HEADER_BYTES) / RECORD_BYTES);
      assert.deepEqual(vouchedBy(bytes), at < HEADER_BYTES ? undefined : RECORDS.slice(0, whole).map(([index]) => index).sort(), `bit ${bit}`);
    }
  });

  it("refuses another journal's records", () => {
    const others = [{ identity: Buffer.alloc(32, 1) }, { size: 9_999 }, { chunkSize: 1001 }, { inode: 78n }, { nonce: Buffer.alloc(8, 4) }];
    for (const other of others) {
      const foreign = journal({ ...HEADER, ...other }, RECORDS);
      assert.deepEqual(vouchedBy(Buffer.concat([BYTES.subarray(0, HEADER_BYTES), foreign.subarray(HEADER_BYTES)])), []);
    }
  });

  it('lets the last record of an index win', () => {
    const parsed = parseJournal(journal(HEADER, [[3, 1n], [3, 2n]]));
    assert.equal(parsed?.table.count, 1);
    assert.equal(parsed.table.hashes().readBigUInt64BE(24), 2n);
  });

  it('stops at an index past the end of the file', () => {
    assert.deepEqual(vouchedBy(journal(HEADER, [[0, 1n], [10, 1n], [1, 1n]])), [0]);
    assert.deepEqual(vouchedBy(journal({ ...HEADER, size: 0 }, [[0, 1n]])), []);
  });

  it('refuses zeros, as a file system leaves after a crash', () => {
    assert.deepEqual(vouchedBy(Buffer.concat([BYTES, Buffer.alloc(4096)])), [0, 1, 4, 9]);
    assert.equal(vouchedBy(Buffer.alloc(4096)), undefined);
  });

  it('refuses a header whose numbers make no sense, though its check is right', () => {
    assert.equal(parseHeader(encodeHeader({ ...HEADER, chunkSize: 0 })), undefined);
    assert.equal(parseHeader(encodeHeader({ ...HEADER, size: 2 ** 53 })), undefined);
    assert.equal(parseHeader(encodeHeader({ ...HEADER, size: 2 ** 40, chunkSize: 1 })), undefined);
  });

  it('reads bytes that lie anywhere in their buffer', () => {
    const shifted = Buffer.concat([Buffer.alloc(3), BYTES]).subarray(3);
    assert.deepEqual(vouchedBy(new Uint8Array(shifted.buffer, shifted.byteOffset, shifted.length)), [0, 1, 4, 9]);
  });
});

describe('chunks of a file', () => {
  it('are all of one length but the last', () => {
    assert.deepEqual([0, 1, 1000, 1001].map((size) => chunkCount(size, 1000)), [0, 1, 1, 2]);
    assert.deepEqual([chunkLength(0, 1500, 1000), chunkLength(1, 1500, 1000)], [1000, 500]);
  });
});
