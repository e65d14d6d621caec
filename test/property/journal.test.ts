import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { chunkCount, encodeHeader, HEADER_BYTES, type JournalHeader, RECORD_BYTES, RecordCodec } from '../../src/storage/journal.js';
import { parseJournal } from '../support/parse-journal.js';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const hash = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const header: fc.Arbitrary<JournalHeader> = fc.record({
  identity: bytesOf(32),
  size: fc.integer({ min: 0, max: 100_000 }),
  chunkSize: fc.integer({ min: 1, max: 5_000 }),
  inode: hash,
  nonce: bytesOf(8),
});

/** A journal, and the plain map that it should be read as. */
const journal = header.chain((head) => {
  const total = chunkCount(head.size, head.chunkSize);
  const records = total === 0 ? fc.constant([]) : fc.array(fc.tuple(fc.integer({ min: 0, max: total - 1 }), hash), { maxLength: 30 });
  return records.map((list) => ({ head, total, list, bytes: encode(head, list) }));
});

function encode(head: JournalHeader, list: readonly (readonly [number, bigint])[]): Buffer {
  const first = encodeHeader(head);
  const codec = new RecordCodec(first);
  return Buffer.concat([first, ...list.map(([index, value]) => codec.encode(index, value))]);
}

function asMap(bytes: Uint8Array): Map<number, bigint> | undefined {
  const parsed = parseJournal(bytes);
  if (parsed === undefined) return undefined;
  const hashes = parsed.table.hashes();
  const map = new Map<number, bigint>();
  for (let index = 0; index < parsed.table.total; index += 1) if (parsed.table.has(index)) map.set(index, hashes.readBigUInt64BE(index * 8));
  return map;
}

function sorted(list: readonly (readonly [number, bigint])[]): Map<number, bigint> {
  return new Map([...new Map(list)].sort(([one], [other]) => one - other));
}

describe('journal, any bytes', () => {
  it('round trip: reads as the last hash of each index', () => {
    fc.assert(fc.property(journal, ({ list, bytes }) => assert.deepEqual(asMap(bytes), sorted(list))));
  });

  it('cut anywhere: reads as the records before the cut', () => {
    fc.assert(
      fc.property(journal, fc.nat(), ({ list, bytes }, seed) => {
        const length = seed % (bytes.length + 1);
        const whole = Math.floor((length - HEADER_BYTES) / RECORD_BYTES);
        assert.deepEqual(asMap(bytes.subarray(0, length)), length < HEADER_BYTES ? undefined : sorted(list.slice(0, whole)));
      }),
    );
  });

  it('one byte changed anywhere: reads as the records before it, never as others', () => {
    fc.assert(
      fc.property(journal, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ list, bytes }, seed, flip) => {
        const at = seed % bytes.length;
        bytes[at] = (bytes[at] ?? 0) ^ flip;
        const whole = Math.floor((at - HEADER_BYTES) / RECORD_BYTES);
        assert.deepEqual(asMap(bytes), at < HEADER_BYTES ? undefined : sorted(list.slice(0, whole)));
      }),
    );
  });

  it("another journal's tail adds nothing", () => {
    fc.assert(
      fc.property(journal, header, ({ head, list, bytes, total }, other) => {
        fc.pre(total > 0 && Buffer.compare(head.nonce, other.nonce) !== 0);
        const foreign = encode({ ...head, nonce: other.nonce }, [[0, 1n], [0, 2n]]);
        assert.deepEqual(asMap(Buffer.concat([bytes, foreign.subarray(HEADER_BYTES)])), sorted(list));
      }),
    );
  });

  it('never throws, and counts no more bytes than there are', () => {
    const anything = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.tuple(journal, fc.uint8Array({ maxLength: 100 })).map(([{ bytes }, tail]) => Buffer.concat([bytes, tail])));
    fc.assert(
      fc.property(anything, (bytes) => {
        const parsed = parseJournal(bytes);
        assert.ok(parsed === undefined || parsed.length <= bytes.length);
      }),
    );
  });
});
