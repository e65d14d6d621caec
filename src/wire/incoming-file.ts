/**
 * One file that comes in chunks: which are there, which are being written, and when it is whole. A pipe is one, too: its
 * size shows at its end, and its chunks come in order.
 *
 * @module
 */
import { fileDigest } from '../crypto/checksum.js';
import type { ChunkTable } from './chunk-table.js';
import type { DataFrame, FileEndFrame, HoleFrame } from './frame.js';

/** What to make of a chunk: write it, pass over one that is there already, or refuse it. */
export type ChunkVerdict = { readonly kind: 'write'; readonly index: number } | { readonly kind: 'repeat' } | { readonly kind: 'wrong'; readonly why: string };

/** What the receiver's machine asks of it. */
export interface IncomingContent {
  end: FileEndFrame | undefined;
  /** Judges a chunk, and takes it for written from here on when it is to be. */
  take(frame: DataFrame): ChunkVerdict;
  written(index: number, hash: bigint): void;
  /** Bytes that are there. */
  readonly bytes: number;
  /** Everything up to the end that was told is there. */
  readonly whole: boolean;
  digest(): Buffer;
}

/** A file whose size is known. */
export class IncomingFile implements IncomingContent {
  end: FileEndFrame | undefined;
  readonly table: ChunkTable;
  /** A bit for each chunk that has arrived, be it written or not: a set of a million would take fifty megabytes. */
  readonly #taken: Uint8Array;

  constructor(table: ChunkTable) {
    this.table = table;
    this.#taken = new Uint8Array(Math.ceil(table.chunks / 8));
  }

  take({ offset, length }: DataFrame): ChunkVerdict {
    const index = offset / this.table.chunkSize;
    if (!Number.isInteger(index) || index >= this.table.chunks || length !== this.table.lengthOf(index)) {
      return { kind: 'wrong', why: `a chunk at offset ${offset} of ${length} bytes, which is none of the file's` };
    }
    if (this.#has(index)) return { kind: 'repeat' };
    this.#take(index);
    return { kind: 'write', index };
  }

  /** The missing ones of a run of chunks that are zeros, taken; undefined when the run reaches outside the file. */
  takeHole({ first, count }: HoleFrame): ChunkRuns | undefined {
    if (first + count > this.table.chunks) return undefined;
    const missing = new ChunkRuns();
    for (let index = first; index < first + count; index += 1) {
      if (this.#has(index)) continue;
      this.#take(index);
      missing.add(index);
    }
    return missing;
  }

  #has(index: number): boolean {
    return this.table.has(index) || ((this.#taken[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  #take(index: number): void {
    this.#taken[index >> 3] = (this.#taken[index >> 3] ?? 0) | (1 << (index & 7));
  }

  written(index: number, hash: bigint): void {
    this.table.set(index, hash);
  }

  get bytes(): number {
    return this.table.bytes;
  }

  get whole(): boolean {
    return this.end !== undefined && this.table.complete;
  }

  digest(): Buffer {
    return fileDigest(this.table.size, this.table.chunkSize, this.table.hashes());
  }
}

/** Indices of chunks in order, kept as runs: a frame of thirty bytes may name a million. */
export class ChunkRuns implements Iterable<number> {
  readonly #runs: { readonly first: number; count: number }[] = [];
  /** How many there are. */
  count = 0;

  /** Adds one that is larger than any before. */
  add(index: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last.first + last.count === index) last.count += 1;
    else this.#runs.push({ first: index, count: 1 });
    this.count += 1;
  }

  *[Symbol.iterator](): Generator<number, void> {
    for (const { first, count } of this.#runs) for (let index = first; index < first + count; index += 1) yield index;
  }
}

/** A pipe. */
export class IncomingPipe implements IncomingContent {
  end: FileEndFrame | undefined;
  readonly #chunkSize: number;
  #next = 0;
  #short = false;
  #arrived = 0;
  #written = 0;
  readonly #hashes: bigint[] = [];

  constructor(chunkSize: number) {
    this.#chunkSize = chunkSize;
  }

  take({ offset, length }: DataFrame): ChunkVerdict {
    const index = offset / this.#chunkSize;
    if (index < this.#next && Number.isInteger(index)) return { kind: 'repeat' };
    if (this.end !== undefined && this.#arrived + length > this.end.size) return { kind: 'wrong', why: `a chunk at offset ${offset}, past the end that it told` };
    if (index !== this.#next || this.#short || length > this.#chunkSize) return { kind: 'wrong', why: `a chunk at offset ${offset}, out of order` };
    this.#next += 1;
    this.#short = length < this.#chunkSize;
    this.#arrived += length;
    return { kind: 'write', index };
  }

  written(index: number, hash: bigint): void {
    this.#hashes[index] = hash;
    this.#written += 1;
  }

  get bytes(): number {
    return this.#arrived;
  }

  get whole(): boolean {
    return this.end !== undefined && this.#arrived === this.end.size && this.#written === this.#next;
  }

  digest(): Buffer {
    const bytes = Buffer.alloc(this.#hashes.length * 8);
    this.#hashes.forEach((hash, index) => bytes.writeBigUInt64BE(hash, index * 8));
    return fileDigest(this.#arrived, this.#chunkSize, bytes);
  }
}
