/**
 * Journals as a crash or a stranger has left them: read without an error, and what counts is what was written whole, up
 * to the first record that was not. The checks are made anew where the input asks for it.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chunkCount, encodeHeader, HEADER_BYTES, parseHeader, RECORD_BYTES, RecordCodec } from '../../../src/storage/journal.js';
import { parseJournal } from '../../support/parse-journal.js';
import { headed, type FuzzTarget } from '../target.js';

const CHECK_AT = 72;
/** Larger tables take longer to make than all the rest. */
const CHUNKS_MOST = 100_000;

function seed(size: number, chunkSize: number, indices: readonly number[]): Buffer {
  const header = encodeHeader({ identity: Buffer.alloc(32, 1), size, chunkSize, inode: 5n, nonce: Buffer.alloc(8, 2) });
  const codec = new RecordCodec(header);
  return Buffer.concat([header, ...indices.map((index) => codec.encode(index, BigInt(index) * 3n))]);
}

function withHeaderCheck(bytes: Buffer): Buffer {
  if (bytes.length < HEADER_BYTES) return bytes;
  createHash('sha256').update(bytes.subarray(0, CHECK_AT)).digest().copy(bytes, CHECK_AT, 0, 8);
  return bytes;
}

function withRecordChecks(bytes: Buffer): Buffer {
  if (parseHeader(bytes) === undefined) return bytes;
  const codec = new RecordCodec(bytes);
  for (let at = HEADER_BYTES; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) codec.encode(bytes.readUInt32BE(at), bytes.readBigUInt64BE(at + 4)).copy(bytes, at);
  return bytes;
}

export const target: FuzzTarget = {
  maxBytes: 2048,
  seeds: () =>
    [seed(100, 10, [0, 3, 9]), seed(0, 1, []), seed(2 ** 40, 2 ** 24, [1, 2, 3, 4]), seed(1, 2 ** 32 - 1, [0])].flatMap((bytes) => [0, 1, 3].map((head) => Buffer.concat([Buffer.of(head), bytes]))),
  fuzz: (data) => {
    const [head, rest] = headed(data);
    let bytes: Buffer = Buffer.from(rest);
    if ((head & 1) === 1) bytes = withHeaderCheck(bytes);
    if ((head & 2) === 2) bytes = withRecordChecks(bytes);
    const header = parseHeader(bytes);
    if (header === undefined) return;
    assert.ok(encodeHeader(header).equals(bytes.subarray(0, HEADER_BYTES)), 'a header is what would be written');
    if (chunkCount(header.size, header.chunkSize) > CHUNKS_MOST) return;
    const parsed = parseJournal(bytes);
    assert.ok(parsed !== undefined);
    const { table, length } = parsed;
    assert.ok(length >= HEADER_BYTES && length <= bytes.length && (length - HEADER_BYTES) % RECORD_BYTES === 0);
    const codec = new RecordCodec(bytes);
    const said = new Map<number, bigint>();
    for (let at = HEADER_BYTES; at < length; at += RECORD_BYTES) {
      const [index, hash] = [bytes.readUInt32BE(at), bytes.readBigUInt64BE(at + 4)];
      assert.ok(index < table.total && codec.encode(index, hash).equals(bytes.subarray(at, at + RECORD_BYTES)), 'each record that counts is whole');
      said.set(index, hash);
    }
    assert.equal(table.count, said.size);
    const hashes = table.hashes();
    for (const [index, hash] of said) assert.equal(hashes.readBigUInt64BE(index * 8), hash);
  },
};
