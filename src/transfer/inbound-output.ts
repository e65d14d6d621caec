/**
 * Standard output, or any other writable stream, as what a file or a pipe is received into. Chunks go out in order; one
 * that comes before its turn waits.
 *
 * @module
 */
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { sha256, type Sha256 } from '../crypto/checksum.js';
import { StorageError } from '../errors.js';
import type { Sink } from '../storage/sink.js';
import type { Source } from '../storage/source.js';
import type { WholeWrites } from '../storage/tree.js';
import type { PlacedEntry, Placing } from '../wire/receiver-steps.js';
import type { Inbound, Leftover } from './inbound.js';
import { none } from './inbound-file.js';

/** See the module's head. */
export class OutputInbound implements Inbound {
  readonly target = '-';
  readonly #output: Writable;
  readonly #dryRun: boolean;
  #sink: OutputSink | undefined;

  constructor(output: Writable, dryRun: boolean) {
    this.#output = output;
    this.#dryRun = dryRun;
  }

  place(entries: readonly PlacedEntry[]): readonly Placing[] {
    return entries.map(({ id }) => ({ id, answer: this.#dryRun ? 'would' : 'want' }));
  }

  writeWhole(): WholeWrites {
    throw new Error('standard output takes one file');
  }

  open(): Promise<Sink> {
    this.#sink ??= new OutputSink(this.#output);
    return Promise.resolve(this.#sink);
  }

  sha256(): Promise<Buffer> {
    if (this.#sink === undefined) throw new Error('nothing was written');
    return Promise.resolve(this.#sink.digest());
  }

  openExisting(): Promise<Source> {
    return Promise.reject(new Error('nothing is there before'));
  }

  differs(): never {
    throw new Error('nothing is there before');
  }

  touch(): Promise<void> {
    return Promise.resolve();
  }

  extras(): AsyncIterable<readonly string[]> {
    return none();
  }

  removeExtras(): Promise<readonly Leftover[]> {
    return Promise.resolve([]);
  }

  finish(): Promise<readonly Leftover[]> {
    return Promise.resolve([]);
  }

  release(): void {
    this.#sink?.release();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Zeros for holes, at most so many bytes at a time. */
const ZEROS = 64 * 1024;

class OutputSink implements Sink {
  readonly target = '-';
  readonly vouched = { count: 0, has: () => false, hashes: () => Buffer.alloc(0) };
  readonly synchronous = false;
  readonly alreadyCommitted = false;
  readonly #output: Writable;
  readonly #sha256: Sha256 = sha256();
  readonly #waiting = new Map<number, () => void>();
  #position = 0;
  #error: Error | undefined;

  constructor(output: Writable) {
    this.#output = output;
    output.on('error', (error) => this.#fail(error));
  }

  /** What waits for its turn waits in vain. */
  release(): void {
    if (this.#waiting.size > 0) this.#fail(new Error('what comes before it has not arrived'));
  }

  #fail(error: Error): void {
    this.#error ??= error;
    for (const wake of this.#waiting.values()) wake();
  }

  digest(): Buffer {
    return Buffer.from(this.#sha256.hex(), 'hex');
  }

  async write(pieces: readonly Uint8Array[], offset: number): Promise<void> {
    await this.#turnOf(offset);
    for (const piece of pieces) await this.#put(piece);
    this.#waiting.get(this.#position)?.();
  }

  async writeHole(offset: number, length: number): Promise<void> {
    await this.#turnOf(offset);
    const zeros = Buffer.alloc(Math.min(ZEROS, length));
    for (let left = length; left > 0; left -= Math.min(left, zeros.length)) await this.#put(zeros.subarray(0, Math.min(left, zeros.length)));
    this.#waiting.get(this.#position)?.();
  }

  async #turnOf(offset: number): Promise<void> {
    if (offset === this.#position) return;
    await new Promise<void>((resolve) => this.#waiting.set(offset, resolve));
    this.#waiting.delete(offset);
  }

  async #put(piece: Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw outputError(this.#error);
    this.#sha256.update(piece);
    await new Promise<void>((resolve, reject) => {
      this.#output.write(piece, (error) => {
        if (error) reject(outputError(error));
        else resolve();
      });
    });
    this.#position += piece.length;
  }

  async commit(): Promise<void> {
    if (this.#error !== undefined) throw outputError(this.#error);
    if (this.#output.writableNeedDrain) await once(this.#output, 'drain');
  }

  read(): never {
    throw new Error('standard output cannot be read');
  }

  recordChunk(): void {}
  chunkHashes(): Buffer {
    return Buffer.alloc(0);
  }

  missing(): Iterable<never> {
    return [];
  }

  async checkpoint(): Promise<void> {}
  async keep(): Promise<void> {}
  async discard(): Promise<void> {}
}

function outputError(cause: Error): StorageError {
  const closed = (cause as NodeJS.ErrnoException).code === 'EPIPE';
  return new StorageError('storage-io', closed ? 'whoever read standard output has gone' : `cannot write to standard output: ${cause.message}`, { cause });
}
