/**
 * The two kinds of {@link Sink}: one that is being filled, and one whose target was complete before.
 *
 * @module
 */
import path from 'node:path';
import { IntegrityError } from '../errors.js';
import { lengthOf } from '../util/bytes.js';
import type { ChunkRange, ChunkTable } from './chunk-table.js';
import { visible } from './fs-error.js';
import { chunkLength } from './journal.js';
import { JournalWriter } from './journal-writer.js';
import type { Lock } from './lock.js';
import type { OpenFile } from './open-file.js';
import type { OpenPartial } from './partial-file.js';
import type { PartialNames } from './partial-names.js';
import { publish, publishOver, remove, seal, syncDirectory } from './publish.js';
import type { Sink, SinkOptions, Vouched } from './sink.js';

/** A target that is being received. */
export class FileSink implements Sink {
  readonly target: string;
  readonly vouched: Vouched;
  readonly restarted?: string;
  readonly alreadyCommitted = false;
  readonly #options: SinkOptions & { readonly shown: string };
  readonly #names: PartialNames;
  readonly #lock: Lock;
  readonly #partial: OpenPartial;
  readonly #table: ChunkTable;
  readonly #writer: JournalWriter | undefined;
  /** One past the furthest byte of this attempt, holes among them. */
  #extent = 0;
  /** The file has its whole length since a hole was noted: nothing can be told from that any more. */
  #extending: Promise<void> | 'done' | undefined;
  #hasEnded = false;
  /** `sealed`: whole, durable and closed, but without its name yet. */
  #state: 'open' | 'sealed' | 'published' | 'ended' = 'open';

  constructor(options: SinkOptions & { readonly shown: string }, names: PartialNames, lock: Lock, partial: OpenPartial) {
    const { data, journal, table } = partial;
    this.target = options.shown;
    this.vouched = table.copy();
    if (partial.restarted !== undefined) this.restarted = partial.restarted;
    this.#options = options;
    this.#names = names;
    this.#lock = lock;
    this.#partial = partial;
    this.#table = table;
    const syncNames = () => syncDirectory(names.directory, path.dirname(options.shown));
    this.#writer = journal && new JournalWriter({ data, journal: journal.file, codec: journal.codec, length: journal.length, durable: table.count, syncNames });
  }

  get synchronous(): boolean {
    return this.#partial.data.synchronous;
  }

  write(pieces: readonly Uint8Array[], offset: number): void | Promise<void> {
    this.#note(offset, lengthOf(pieces));
    return this.#partial.data.write(pieces, offset);
  }

  writeHole(offset: number, length: number): void | Promise<void> {
    this.#note(offset, length);
    const { data, bytesBefore } = this.#partial;
    const old = Math.min(offset + length, bytesBefore) - offset;
    if (old > 0) return zero(data, offset, old).then(() => this.#extend());
    return this.#extend();
  }

  #note(offset: number, length: number): void {
    this.#writer?.assertHealthy();
    const { size = Number.MAX_SAFE_INTEGER } = this.#options;
    if (offset < 0 || offset + length > size) throw new RangeError(`bytes ${offset} to ${offset + length} of ${size}`);
    this.#extent = Math.max(this.#extent, offset + length);
  }

  /**
   * Once, and to the whole length: no write that is under way is cut off by that, and a later attempt finds the file as
   * long as its journal says.
   */
  #extend(): void | Promise<void> {
    const { size } = this.#options;
    if (size === undefined || this.#extending === 'done') return;
    this.#extending ??= this.#partial.data.truncate(size).then(() => {
      this.#extending = 'done';
    });
    return this.#extending;
  }

  read(offset: number, into: Buffer): void | Promise<void> {
    const got = this.#partial.data.read(offset, into);
    if (typeof got !== 'number') return got.then((count) => this.#assertRead(count, offset, into));
    this.#assertRead(got, offset, into);
  }

  #assertRead(got: number, offset: number, into: Buffer): void {
    if (got === into.length) return;
    // A hole at the end of a file whose size is not known has not made it longer yet.
    if (offset + into.length <= this.#extent) into.fill(0, got);
    else throw new IntegrityError('integrity-size', `${visible(this.target)}: the partial file is shorter than what was written to it`);
  }

  recordChunk(index: number, hash: bigint): void {
    const { size, chunkSize } = this.#options;
    if (size === undefined) this.#table.growFor(index);
    this.#table.set(index, hash);
    if (size !== undefined) this.#writer?.record(index, hash, chunkLength(index, size, chunkSize));
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

  async commit(totalSize: number | undefined = this.#options.size): Promise<void> {
    if (this.#state === 'published') return;
    if (totalSize === undefined) throw new RangeError('a commit without a size');
    if (this.#state === 'open') {
      await this.#assertWhole(totalSize);
      // The journal is complete before the name is there: that is how a killed commit is recognised afterwards.
      await this.#writer?.flush();
      await seal(this.#partial.data, this.#options.mode, this.#options.mtimeNs);
      // Closed before the names go: NFS keeps an open file's removed name as `.nfs…` in the user's directory.
      await this.#close();
      this.#state = 'sealed';
    }
    await this.#lock.assertHeld();
    await this.#publish();
    this.#state = 'published';
    await syncDirectory(this.#names.directory, path.dirname(this.target));
    await remove(this.#names.journal, this.target);
    await this.#release();
  }

  async #publish(): Promise<void> {
    const { replacing, target } = this.#options;
    if (replacing === undefined) return publish(this.#names.part, target, this.target);
    await replacing();
    await publishOver(this.#names.part, target, this.target);
  }

  async #assertWhole(totalSize: number): Promise<void> {
    const { data, table } = this.#partial;
    const there = Number((await data.stat()).size);
    // A hole at the end has no bytes of its own. Where the length was given beforehand, it is no sign of completeness.
    if (this.#options.size === undefined && there < this.#extent) await data.truncate(this.#extent);
    const extended = this.#extending !== undefined || this.#options.size === undefined;
    const size = extended && this.#writer === undefined ? this.#extent : there;
    if (size !== totalSize) {
      throw new IntegrityError('integrity-size', `${visible(this.target)}: ${size} of ${totalSize} bytes were received`);
    }
    if (this.#writer !== undefined && table.count < table.total) {
      throw new IntegrityError('integrity-size', `${visible(this.target)}: ${table.count} of ${table.total} chunks were received`);
    }
  }

  async keep(): Promise<void> {
    if (!(await this.#finish(true))) return;
    // Of no use to a later attempt, and litter in the user's directory.
    if (this.#writer === undefined || this.#writer.durable === 0) await this.#removeAll();
    await this.#release();
  }

  async discard(): Promise<void> {
    if (!(await this.#finish(false))) return;
    await this.#removeAll();
    await this.#release();
  }

  async #release(): Promise<void> {
    await this.#lock.release();
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#options.ended?.();
  }

  /** Closes both files. Returns false when there is nothing left for the caller to do. */
  async #finish(flush: boolean): Promise<boolean> {
    const before = this.#state;
    if (before === 'ended') return false;
    this.#state = 'ended';
    if (flush && before === 'open') await this.#writer?.flush().catch(() => undefined);
    await this.#close();
    if (before === 'published') await this.#release();
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

/** Bytes that are compared with zeros at once. */
const ZERO_BYTES = 1024 * 1024;

/** Writes zeros where there are others: to read a hole is quick, and to write to it would take room on the disk. */
async function zero(data: OpenFile, offset: number, length: number): Promise<void> {
  const zeros = Buffer.alloc(Math.min(ZERO_BYTES, length));
  const found = Buffer.alloc(zeros.length);
  for (let at = offset; at < offset + length; at += zeros.length) {
    const part = zeros.subarray(0, Math.min(zeros.length, offset + length - at));
    const got = await data.read(at, found.subarray(0, part.length));
    if (!found.subarray(0, got).equals(part.subarray(0, got))) await data.write([part], at);
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

  writeHole(): never {
    throw new RangeError(`${this.target} is complete`);
  }

  read(): never {
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
