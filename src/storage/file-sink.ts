/**
 * The two kinds of {@link Sink}: one that is being filled, and one whose target was complete before.
 *
 * @module
 */
import { IntegrityError } from '../errors.js';
import type { ChunkRange, ChunkTable } from './chunk-table.js';
import { visible } from './fs-error.js';
import { chunkLength } from './journal.js';
import { JournalWriter } from './journal-writer.js';
import type { Lock } from './lock.js';
import type { OpenPartial } from './partial-file.js';
import type { PartialNames } from './partial-names.js';
import { publish, remove, seal, syncDirectory } from './publish.js';
import type { Sink, SinkOptions, Vouched } from './sink.js';

/** A target that is being received. */
export class FileSink implements Sink {
  readonly target: string;
  readonly vouched: Vouched;
  readonly restarted?: string;
  readonly alreadyCommitted = false;
  readonly #options: SinkOptions;
  readonly #names: PartialNames;
  readonly #lock: Lock;
  readonly #partial: OpenPartial;
  readonly #table: ChunkTable;
  readonly #writer: JournalWriter | undefined;
  /** `sealed`: whole, durable and closed, but without its name yet. */
  #state: 'open' | 'sealed' | 'published' | 'ended' = 'open';

  constructor(options: SinkOptions, names: PartialNames, lock: Lock, partial: OpenPartial) {
    const { data, journal, table } = partial;
    this.target = options.target;
    this.vouched = table.copy();
    if (partial.restarted !== undefined) this.restarted = partial.restarted;
    this.#options = options;
    this.#names = names;
    this.#lock = lock;
    this.#partial = partial;
    this.#table = table;
    const syncNames = () => syncDirectory(names.directory);
    this.#writer = journal && new JournalWriter({ data, journal: journal.file, codec: journal.codec, length: journal.length, durable: table.count, syncNames });
  }

  get synchronous(): boolean {
    return this.#partial.data.synchronous;
  }

  write(pieces: readonly Uint8Array[], offset: number): void | Promise<void> {
    this.#writer?.assertHealthy();
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (offset < 0 || offset + length > this.#options.size) throw new RangeError(`bytes ${offset} to ${offset + length} of ${this.#options.size}`);
    return this.#partial.data.write(pieces, offset);
  }

  recordChunk(index: number, hash: bigint): void {
    this.#table.set(index, hash);
    this.#writer?.record(index, hash, chunkLength(index, this.#options.size, this.#options.chunkSize));
  }

  async checkpoint(): Promise<void> {
    if (this.#state === 'open') await this.#writer?.flush();
  }

  chunkHashes(): Buffer {
    return this.#table.hashes();
  }

  missing(): Iterable<ChunkRange> {
    return this.#table.missing();
  }

  async commit(): Promise<void> {
    if (this.#state === 'published') return;
    if (this.#state === 'open') {
      await this.#assertWhole();
      // The journal is complete before the name is there: that is how a killed commit is recognised afterwards.
      await this.#writer?.flush();
      await seal(this.#partial.data, this.#options.mode, this.#options.mtimeNs);
      // Closed before the names go: NFS keeps an open file's removed name as `.nfs…` in the user's directory.
      await this.#close();
      this.#state = 'sealed';
    }
    await this.#lock.assertHeld();
    await publish(this.#names.part, this.target);
    this.#state = 'published';
    await syncDirectory(this.#names.directory);
    await remove(this.#names.journal, this.target);
    await this.#lock.release();
  }

  async #assertWhole(): Promise<void> {
    const { data, table } = this.#partial;
    const { size } = await data.stat();
    if (size !== BigInt(this.#options.size)) {
      throw new IntegrityError('integrity-size', `${visible(this.target)}: ${size} of ${this.#options.size} bytes were received`);
    }
    if (this.#writer !== undefined && table.count < table.total) {
      throw new IntegrityError('integrity-size', `${visible(this.target)}: ${table.count} of ${table.total} chunks were received`);
    }
  }

  async keep(): Promise<void> {
    if (!(await this.#finish(true))) return;
    // Of no use to a later attempt, and litter in the user's directory.
    if (this.#writer === undefined || this.#writer.durable === 0) await this.#removeAll();
    await this.#lock.release();
  }

  async discard(): Promise<void> {
    if (!(await this.#finish(false))) return;
    await this.#removeAll();
    await this.#lock.release();
  }

  /** Closes both files. Returns false when there is nothing left for the caller to do. */
  async #finish(flush: boolean): Promise<boolean> {
    const before = this.#state;
    if (before === 'ended') return false;
    this.#state = 'ended';
    if (flush && before === 'open') await this.#writer?.flush().catch(() => undefined);
    await this.#close();
    if (before === 'published') await this.#lock.release();
    return before !== 'published';
  }

  async #close(): Promise<void> {
    await this.#writer?.stop();
    await Promise.all([this.#partial.data.close(), this.#partial.journal?.file.close()]);
  }

  async #removeAll(): Promise<void> {
    // As when starting anew: a journal must never outlive its partial file. And not another process's files.
    const held = await this.#lock.assertHeld().then(() => true, () => false);
    if (!held) return;
    await remove(this.#names.journal).catch(() => undefined);
    await remove(this.#names.part).catch(() => undefined);
  }
}

/** Stands for a target that was complete before this run began. */
export class CommittedSink implements Sink {
  readonly target: string;
  readonly vouched: Vouched;
  readonly alreadyCommitted = true;
  readonly synchronous = true;
  readonly #table: ChunkTable;

  constructor(target: string, table: ChunkTable) {
    this.target = target;
    this.vouched = table;
    this.#table = table;
  }

  write(): never {
    throw new RangeError(`${this.target} is complete`);
  }

  recordChunk(): never {
    throw new RangeError(`${this.target} is complete`);
  }

  chunkHashes(): Buffer {
    return this.#table.hashes();
  }

  missing(): Iterable<ChunkRange> {
    return [];
  }

  async checkpoint(): Promise<void> {}
  async commit(): Promise<void> {}
  async keep(): Promise<void> {}
  async discard(): Promise<void> {}
}
