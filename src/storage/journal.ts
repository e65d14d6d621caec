/**
 * The journal's format: which chunks of a partial file are known to be on disk. Pure functions over bytes.
 *
 * An 80-byte header, then 16-byte records, appended and never changed. All integers are big-endian.
 *
 * | offset | bytes | header                                                                     |
 * |-------:|------:|----------------------------------------------------------------------------|
 * |      0 |     8 | magic `STRMJNL1`                                                           |
 * |      8 |     4 | version, 1                                                                 |
 * |     12 |     4 | chunk size in bytes                                                        |
 * |     16 |     8 | file size in bytes                                                         |
 * |     24 |     8 | inode number of the partial file: recognises it after it was published     |
 * |     32 |     8 | nonce: tells a journal from an earlier one of the same source              |
 * |     40 |    32 | the source's identity                                                      |
 * |     72 |     8 | check: the first 8 bytes of SHA-256 over bytes 0 to 71                     |
 *
 * | offset | bytes | record                                                                     |
 * |-------:|------:|----------------------------------------------------------------------------|
 * |      0 |     4 | chunk index                                                                |
 * |      4 |     8 | xxh64 of the chunk                                                         |
 * |     12 |     4 | check: MurmurHash3 of the 12 bytes before, its seed from the header        |
 *
 * A record never crosses a disk sector, since 16 divides both the header's length and a sector's. Reading stops at the
 * first record that is cut, fails its check or names no chunk: everything before it counts, nothing after it does.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { type ChunkTable, MAX_CHUNKS } from './chunk-table.js';

/** Bytes of the header, of a record, and of an identity. */
export const HEADER_BYTES = 80;
export const RECORD_BYTES = 16;
export const IDENTITY_BYTES = 32;
export const NONCE_BYTES = 8;

const MAGIC = Buffer.from('STRMJNL1', 'latin1');
const VERSION = 1;
const CHECK_AT = 72;

/** What a journal belongs to. `size` and `chunkSize` in bytes. */
export interface JournalHeader {
  readonly identity: Uint8Array;
  readonly size: number;
  readonly chunkSize: number;
  readonly inode: bigint;
  readonly nonce: Uint8Array;
}

/** Chunks of a file. */
export function chunkCount(size: number, chunkSize: number): number {
  return Math.ceil(size / chunkSize);
}

/** Bytes of a file's chunk: all are `chunkSize` but the last. */
export function chunkLength(index: number, size: number, chunkSize: number): number {
  return Math.min(chunkSize, size - index * chunkSize);
}

/** Writes the header. */
export function encodeHeader(header: JournalHeader): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(bytes, 0);
  bytes.writeUInt32BE(VERSION, 8);
  bytes.writeUInt32BE(header.chunkSize, 12);
  bytes.writeBigUInt64BE(BigInt(header.size), 16);
  bytes.writeBigUInt64BE(header.inode, 24);
  bytes.set(header.nonce.subarray(0, NONCE_BYTES), 32);
  bytes.set(header.identity.subarray(0, IDENTITY_BYTES), 40);
  headerDigest(bytes).copy(bytes, CHECK_AT, 0, 8);
  return bytes;
}

/** Reads the header; undefined when it is cut, damaged, of another version, or makes no sense. */
export function parseHeader(bytes: Uint8Array): JournalHeader | undefined {
  if (bytes.length < HEADER_BYTES) return undefined;
  const header = Buffer.from(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
  if (!header.subarray(0, 8).equals(MAGIC) || header.readUInt32BE(8) !== VERSION) return undefined;
  if (!headerDigest(header).subarray(0, 8).equals(header.subarray(CHECK_AT))) return undefined;
  const chunkSize = header.readUInt32BE(12);
  const size = Number(header.readBigUInt64BE(16));
  if (chunkSize === 0 || !Number.isSafeInteger(size) || chunkCount(size, chunkSize) > MAX_CHUNKS) return undefined;
  return {
    chunkSize,
    size,
    inode: header.readBigUInt64BE(24),
    nonce: Buffer.from(header.subarray(32, 40)),
    identity: Buffer.from(header.subarray(40, CHECK_AT)),
  };
}

/** Whole SHA-256 of the header: 8 bytes are its check, 4 more the records' seed, which is thus never on disk. */
function headerDigest(header: Uint8Array): Buffer {
  return createHash('sha256').update(header.subarray(0, CHECK_AT)).digest();
}

/** Writes and reads the records of one journal. */
export class RecordCodec {
  readonly #seed: number;

  /** @param header the journal's first {@link HEADER_BYTES} bytes. */
  constructor(header: Uint8Array) {
    this.#seed = headerDigest(header).readUInt32BE(8);
  }

  /** One record. */
  encode(index: number, hash: bigint): Buffer {
    const record = Buffer.allocUnsafe(RECORD_BYTES);
    record.writeUInt32BE(index, 0);
    record.writeBigUInt64BE(hash, 4);
    record.writeUInt32BE(this.#check(record, 0), 12);
    return record;
  }

  /** Reads records into `table`. Returns the length in bytes of those that count, a multiple of 16. */
  parse(bytes: Uint8Array, table: ChunkTable): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    for (; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
      const index = view.getUint32(at);
      if (index >= table.total || this.#check(view, at) !== view.getUint32(at + 12)) break;
      table.setFrom(index, bytes, at + 4);
    }
    return at;
  }

  /**
   * MurmurHash3_x86_32 over three big-endian words. It has to find torn and foreign records, not forgers, who could
   * write the partial file as well; SHA-256 would take some 2 s for a million records, this takes 0.05 s. Every step
   * is a bijection of the state, so damage within one word is found always, other damage but once in 2^32.
   */
  #check(bytes: Buffer | DataView, at: number): number {
    const view = bytes instanceof DataView ? bytes : new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let state = this.#seed;
    for (let word = at; word < at + 12; word += 4) {
      const mixed = Math.imul(view.getUint32(word), 0xcc9e2d51);
      state ^= Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
      state = (Math.imul((state << 13) | (state >>> 19), 5) + 0xe6546b64) | 0;
    }
    state ^= 12;
    state = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    return (state ^ (state >>> 16)) >>> 0;
  }
}

/** What a whole journal says. */
export interface ParsedJournal {
  readonly header: JournalHeader;
  readonly table: ChunkTable;
  /** Bytes that count, header included: where the next record goes. */
  readonly length: number;
}
