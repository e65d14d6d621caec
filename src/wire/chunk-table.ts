/**
 * Which chunks of a file are there, with their hashes: 8 bytes and a bit for each.
 *
 * @module
 */

/** See the module's head. A file of `size` bytes in chunks of `chunkSize`, the last one maybe shorter. */
export class ChunkTable {
  readonly size: number;
  readonly chunkSize: number;
  /** Chunks of the file; 0 for an empty one. */
  readonly chunks: number;
  readonly #hashes: Buffer;
  readonly #present: Uint8Array;
  #count = 0;
  #bytes = 0;

  constructor(size: number, chunkSize: number) {
    this.size = size;
    this.chunkSize = chunkSize;
    this.chunks = Math.ceil(size / chunkSize);
    this.#hashes = Buffer.alloc(this.chunks * 8);
    this.#present = new Uint8Array(Math.ceil(this.chunks / 8));
  }

  /** Chunks that are there. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the chunks that are there. */
  get bytes(): number {
    return this.#bytes;
  }

  get complete(): boolean {
    return this.#count === this.chunks;
  }

  /** Bytes of one chunk. */
  lengthOf(index: number): number {
    return Math.min(this.chunkSize, this.size - index * this.chunkSize);
  }

  has(index: number): boolean {
    return ((this.#present[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  /** Enters a chunk; entering it again replaces its hash. */
  set(index: number, hash: bigint): void {
    this.#hashes.writeBigUInt64BE(hash, index * 8);
    if (this.has(index)) return;
    this.#present[index >> 3] = (this.#present[index >> 3] ?? 0) | (1 << (index & 7));
    this.#count += 1;
    this.#bytes += this.lengthOf(index);
  }

  hash(index: number): bigint {
    return this.#hashes.readBigUInt64BE(index * 8);
  }

  /** All hashes in order, 8 bytes big-endian each; zeros where a chunk is missing. */
  hashes(): Buffer {
    return this.#hashes;
  }

  /** The first missing chunk from `from` on, or `chunks` when there is none. */
  nextMissing(from: number): number {
    let index = from;
    while (index < this.chunks && this.has(index)) index += 1;
    return index;
  }

  /** Runs of chunks that are there, each of at most `most` chunks. */
  *runs(most: number): Generator<{ first: number; count: number }> {
    let index = 0;
    while (index < this.chunks) {
      if (!this.has(index)) {
        index += 1;
        continue;
      }
      const first = index;
      while (index < this.chunks && index - first < most && this.has(index)) index += 1;
      yield { first, count: index - first };
    }
  }
}
