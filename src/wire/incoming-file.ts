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
  /** Chunks that have arrived but are not written yet. */
  readonly #pending = new Set<number>();

  constructor(table: ChunkTable) {
    this.table = table;
  }

  take({ offset, length }: DataFrame): ChunkVerdict {
    const index = offset / this.table.chunkSize;
    if (!Number.isInteger(index) || index >= this.table.chunks || length !== this.table.lengthOf(index)) {
      return { kind: 'wrong', why: `a chunk at offset ${offset} of ${length} bytes, which is none of the file's` };
    }
    if (this.table.has(index) || this.#pending.has(index)) return { kind: 'repeat' };
    this.#pending.add(index);
    return { kind: 'write', index };
  }

  /** The missing ones of a run of chunks that are zeros, taken; undefined when the run reaches outside the file. */
  takeHole({ first, count }: HoleFrame): number[] | undefined {
    if (first + count > this.table.chunks) return undefined;
    const missing: number[] = [];
    for (let index = first; index < first + count; index += 1) {
      if (!this.table.has(index) && !this.#pending.has(index)) missing.push(index);
    }
    for (const index of missing) this.#pending.add(index);
    return missing;
  }

  written(index: number, hash: bigint): void {
    this.#pending.delete(index);
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
