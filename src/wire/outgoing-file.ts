/**
 * One file that goes out in chunks: which are to be read yet, which to be sent again, and how far it is.
 *
 * @module
 */
import { fileDigest } from '../crypto/checksum.js';
import { ChunkTable } from './chunk-table.js';
import type { HaveFrame, ManifestEntry } from './frame.js';

/**
 * `opening`: the source is being opened. `offered`: the receiver was told. `sending`: it is ready. `checking`: all is sent,
 * one last look at the source. `ended`: the receiver has the digest, and what is lost on the way is sent again.
 */
export type OutgoingPhase = 'opening' | 'offered' | 'sending' | 'checking' | 'ended';

/** See the module's head. */
export class OutgoingFile {
  readonly entry: ManifestEntry;
  phase: OutgoingPhase = 'opening';
  /** Chunks that are being read. */
  reading = 0;
  #table: ChunkTable | undefined;
  #cursor = 0;
  readonly #again: number[] = [];
  /** Chunks that went out and were lost with their connection, and whether they were holes, until they go out again. */
  readonly #lost = new Map<number, boolean>();

  constructor(entry: ManifestEntry) {
    this.entry = entry;
  }

  /** The source is open and will go out in chunks of this size. */
  opened(chunkSize: number): void {
    this.#table = new ChunkTable(this.entry.size, chunkSize);
    this.phase = 'offered';
  }

  get table(): ChunkTable {
    if (this.#table === undefined) throw new Error('no table before the file is open');
    return this.#table;
  }

  /** Notes what the receiver holds. Returns false when that reaches outside the file. */
  have({ first, hashes: bytes }: HaveFrame): boolean {
    const count = bytes.length / 8;
    if (first + count > this.table.chunks) return false;
    const hashes = Buffer.from(bytes);
    for (let i = 0; i < count; i += 1) this.table.set(first + i, hashes.readBigUInt64BE(i * 8));
    return true;
  }

  /** The receiver is ready: from here on chunks may be taken. */
  start(): void {
    this.phase = 'sending';
    this.#cursor = this.table.nextMissing(0);
  }

  /** The next chunk to read, without taking it; undefined when there is none. */
  peek(): { readonly index: number; readonly length: number } | undefined {
    if (this.phase !== 'sending' && this.#again.length === 0) return undefined;
    const index = this.#again[0] ?? this.#cursor;
    return index < this.table.chunks ? { index, length: this.table.lengthOf(index) } : undefined;
  }

  /** Takes what {@link peek} told. */
  take(): void {
    this.reading += 1;
    if (this.#again.shift() === undefined) this.#cursor = this.table.nextMissing(this.#cursor + 1);
  }

  /** A chunk that could not go out. */
  again(index: number): void {
    this.#again.push(index);
  }

  /** A chunk that went out, and may not have arrived. */
  lost(index: number, hole: boolean): void {
    this.#lost.set(index, hole);
    this.again(index);
  }

  /** A chunk goes out. */
  sent(index: number): void {
    this.#lost.delete(index);
  }

  /** How much of it was lost and did not go out again: so many bytes, and so many of holes. */
  get owed(): { readonly bytes: number; readonly holes: number } {
    const owed = { bytes: 0, holes: 0 };
    for (const [index, hole] of this.#lost) owed[hole ? 'holes' : 'bytes'] += this.table.lengthOf(index);
    return owed;
  }

  /** Enters what was read. Returns false when the chunk was read before and was another then: the source has changed. */
  read(index: number, hash: bigint): boolean {
    if (this.table.has(index) && this.table.hash(index) !== hash) return false;
    this.table.set(index, hash);
    return true;
  }

  get allSent(): boolean {
    return this.phase === 'sending' && this.reading === 0 && this.#again.length === 0 && this.#cursor >= this.table.chunks;
  }

  digest(): Buffer {
    return fileDigest(this.table.size, this.table.chunkSize, this.table.hashes());
  }
}
