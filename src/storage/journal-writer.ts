/**
 * Appends to a journal: in batches, and each batch only after the data that it vouches for.
 *
 * @module
 */
import type { RecordCodec } from './journal.js';
import type { OpenFile } from './open-file.js';

/**
 * A checkpoint is due after this many bytes of chunks. At 600 MB/s that is nine a second, each one fdatasync for 64
 * records; a cut link costs no more than these bytes again.
 */
export const CHECKPOINT_BYTES = 64 * 1024 * 1024;
/** And this many milliseconds after the first chunk that is not yet vouched for, so that a slow link loses little. */
export const CHECKPOINT_MS = 1_000;

/** What {@link JournalWriter} is made of. */
export interface JournalWriterParts {
  readonly data: Pick<OpenFile, 'datasync'>;
  readonly journal: Pick<OpenFile, 'write' | 'datasync'>;
  readonly codec: RecordCodec;
  /** Bytes of the journal that count: where the next record goes. */
  readonly length: number;
  /** Chunks already vouched for. */
  readonly durable: number;
  /** Called once, before the first batch: makes the two files' names durable. */
  readonly syncNames: () => Promise<void>;
}

/** The records of one partial file, from memory to disk. */
export class JournalWriter {
  readonly #parts: JournalWriterParts;
  #length: number;
  #durable: number;
  #batch: Buffer[] = [];
  #batchBytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #namesSynced = false;
  #stopped = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(parts: JournalWriterParts) {
    this.#parts = parts;
    this.#length = parts.length;
    this.#durable = parts.durable;
  }

  /** Records in the journal on disk. */
  get durable(): number {
    return this.#durable;
  }

  /** @throws the error of an earlier checkpoint, which nobody was there to take. */
  assertHealthy(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }

  /** Notes a chunk of `length` bytes whose write is complete. Starts a checkpoint when one is due, and never waits. */
  record(index: number, hash: bigint, length: number): void {
    this.#batch.push(this.#parts.codec.encode(index, hash));
    this.#batchBytes += length;
    if (this.#batchBytes >= CHECKPOINT_BYTES) this.#startCheckpoint();
    else this.#startTimer();
  }

  /** Resolves when everything recorded before the call is on disk. Rejects when it cannot be. */
  async flush(): Promise<void> {
    // The batch under way may have begun before the last records came, so another may have to follow it.
    await this.#running;
    this.#startCheckpoint();
    await this.#running;
    this.assertHealthy();
  }

  /** Starts no further checkpoint and waits for one under way. Never fails. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#running;
  }

  #startTimer(): void {
    if (this.#timer !== undefined || this.#running !== undefined || this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#startCheckpoint();
    }, CHECKPOINT_MS);
    this.#timer.unref();
  }

  /** At most one is under way: what is recorded meanwhile goes into the next. */
  #startCheckpoint(): void {
    if (this.#running !== undefined || this.#batch.length === 0 || this.#failure !== undefined || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = this.#checkpoint().finally(() => {
      this.#running = undefined;
      if (this.#batchBytes >= CHECKPOINT_BYTES) this.#startCheckpoint();
      else if (this.#batch.length > 0) this.#startTimer();
    });
  }

  /**
   * Data, then records, then the journal: in any other order a power cut could leave a record whose bytes never came
   * to the disk, and the resumed file would have a hole that nothing looks at again.
   *
   * A failure is final. After a failed fdatasync the kernel may drop the pages and call the next one a success
   * (fsyncgate, 2018), so no later batch may vouch for anything.
   */
  async #checkpoint(): Promise<void> {
    const batch = this.#batch;
    const { data, journal, syncNames } = this.#parts;
    this.#batch = [];
    this.#batchBytes = 0;
    try {
      await data.datasync();
      if (!this.#namesSynced) await syncNames();
      this.#namesSynced = true;
      const bytes = Buffer.concat(batch);
      await journal.write([bytes], this.#length);
      await journal.datasync();
      this.#length += bytes.length;
      this.#durable += batch.length;
    } catch (error) {
      this.#failure = { error };
    }
  }
}
