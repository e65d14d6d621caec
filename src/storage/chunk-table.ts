/**
 * Which chunks of one file are there, and their hashes: 8 bytes and a bit per chunk, so that a file of 1 TiB in chunks
 * of 1 MiB costs 8 MiB.
 *
 * @module
 */

/** Bytes of one chunk's hash (xxh64). */
export const HASH_BYTES = 8;

/**
 * Most chunks of one file: 16 TiB in chunks of 1 MiB; a larger file takes larger chunks. The table is 128 MiB then, of
 * which the system gives only the pages that received chunks touch: a peer that merely announces a huge file costs
 * nothing.
 */
export const MAX_CHUNKS = 2 ** 24;

/** Chunks `first` to `first + count - 1`. */
export interface ChunkRange {
  readonly first: number;
  readonly count: number;
}

/** A set of chunk indices with a hash each. */
export class ChunkTable {
  #total: number;
  #hashes: Buffer;
  #present: Uint8Array;
  #count = 0;
  #end = 0;

  /** @param total 0 to {@link MAX_CHUNKS}. */
  constructor(total: number) {
    if (!Number.isInteger(total) || total < 0 || total > MAX_CHUNKS) throw new RangeError(`no table of ${total} chunks`);
    this.#total = total;
    this.#hashes = Buffer.alloc(total * HASH_BYTES);
    this.#present = new Uint8Array(Math.ceil(total / 8));
  }

  /** Chunks of the whole file. */
  get total(): number {
    return this.#total;
  }

  /** For a file whose size is not known: makes room for chunk `index`. @throws RangeError past {@link MAX_CHUNKS}. */
  growFor(index: number): void {
    if (index < this.#total) return;
    if (index >= MAX_CHUNKS) throw new RangeError(`no table of ${index + 1} chunks`);
    if ((index + 1) * HASH_BYTES > this.#hashes.length) {
      const larger = new ChunkTable(Math.min(MAX_CHUNKS, Math.max(64, 2 * (index + 1))));
      this.#hashes.copy(larger.#hashes);
      larger.#present.set(this.#present);
      [this.#hashes, this.#present] = [larger.#hashes, larger.#present];
    }
    this.#total = index + 1;
  }

  /** Chunks that are there. */
  get count(): number {
    return this.#count;
  }

  /** One past the furthest chunk that is there; 0 for none. */
  get end(): number {
    return this.#end;
  }

  has(index: number): boolean {
    return ((this.#present[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** Notes a chunk; the last hash of an index counts. @throws RangeError for an index past the file's end. */
  set(index: number, hash: bigint): void {
    this.#mark(index);
    this.#hashes.writeBigUInt64BE(hash, index * HASH_BYTES);
  }

  /** As {@link set}, from the 8 big-endian bytes at `offset`. */
  setFrom(index: number, bytes: Uint8Array, offset: number): void {
    this.#mark(index);
    this.#hashes.set(bytes.subarray(offset, offset + HASH_BYTES), index * HASH_BYTES);
  }

  #mark(index: number): void {
    if (!Number.isInteger(index) || index < 0 || index >= this.total) throw new RangeError(`chunk ${index} of ${this.total}`);
    if (this.has(index)) return;
    this.#present[index >>> 3] = (this.#present[index >>> 3] ?? 0) | (1 << (index & 7));
    this.#count += 1;
    this.#end = Math.max(this.#end, index + 1);
  }

  /** All hashes in order, 8 bytes each, big-endian, zero where absent. A copy. */
  hashes(): Buffer {
    // Untouched pages of a fresh allocation cost nothing; those of a copy do.
    const bytes = this.#total * HASH_BYTES;
    return this.#count === 0 ? Buffer.alloc(bytes) : Buffer.from(this.#hashes.subarray(0, bytes));
  }

  /** What is absent, in order. The table must not change while this is read. */
  *missing(): Generator<ChunkRange, void> {
    let first = 0;
    while (first < this.total) {
      if (this.has(first)) {
        first += 1;
        continue;
      }
      let end = first + 1;
      while (end < this.total && !this.has(end)) end += 1;
      yield { first, count: end - first };
      first = end;
    }
  }

  /** An independent copy. */
  copy(): ChunkTable {
    const copy = new ChunkTable(this.total);
    if (this.#count === 0) return copy;
    this.#hashes.copy(copy.#hashes);
    copy.#present.set(this.#present.subarray(0, copy.#present.length));
    copy.#count = this.#count;
    copy.#end = this.#end;
    return copy;
  }
}
