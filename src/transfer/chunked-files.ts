/**
 * Files that come in chunks: opened, written, and given their names or kept for another attempt.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises';
import type { Checksum } from '../crypto/checksum.js';
import { IntegrityError, StreamerError, type StreamerError as StreamerErrorType } from '../errors.js';
import type { Sink } from '../storage/sink.js';
import type { ManifestEntry, OfferFrame } from '../wire/frame.js';
import type { Arrival } from '../wire/receive-streams.js';
import type { PlacedEntry, ReceiverEffect, ReceiverInput } from '../wire/receiver-steps.js';
import type { Inbound } from './inbound.js';
import type { ProgressListener } from './progress.js';
import { releasePieces } from './release.js';
import type { Tally } from './tally.js';
import { readVouched, type VouchedChunks } from './vouched-chunks.js';

/** Where the files go, and who is told of them. */
export interface ChunkedFilesOptions {
  readonly root: OfferFrame['root'];
  readonly inbound: Inbound;
  readonly checksum: Checksum;
  readonly tally: Tally;
  readonly onProgress: ProgressListener;
  readonly wrapSink: ((sink: Sink) => Sink) | undefined;
  /** Tells the machine. */
  readonly feed: (input: ReceiverInput) => void;
  /** Waits for work before the end. Its failure is the session's. */
  readonly later: (work: Promise<unknown>) => void;
  /** Long work goes on; it throws when that is of no use any more. */
  readonly beat: () => void;
  /** Runs `go` when so many bytes, which are written, are paid for. */
  readonly paced: (bytes: number, go: () => void) => void;
}

/** Chunks of a hole after which others have their turn. */
const HOLES_AT_ONCE = 4096;

interface OpenFile {
  readonly sink: Sink;
  readonly size: number | undefined;
  readonly chunkSize: number;
}

type Effect<K extends ReceiverEffect['kind']> = Extract<ReceiverEffect, { kind: K }>;

/** See the module's head. */
export class ChunkedFiles {
  readonly #options: ChunkedFilesOptions;
  readonly #files = new Map<number, OpenFile>();
  /** Files that are being opened, and whether they failed meanwhile. */
  readonly #opening = new Map<number, 'wanted' | 'abandoned'>();
  #committed = false;

  constructor(options: ChunkedFilesOptions) {
    this.#options = options;
  }

  /** One of them has its name. */
  get committed(): boolean {
    return this.#committed;
  }

  /** Makes what is written durable, for a journal that can vouch for it. */
  checkpoint(): void {
    for (const { sink } of this.#files.values()) void sink.checkpoint().catch(() => undefined);
  }

  async keepAll(): Promise<void> {
    await Promise.all([...this.#files.values()].map(({ sink }) => sink.keep()));
  }

  async discardAll(): Promise<void> {
    await Promise.all([...this.#files.values()].map(({ sink }) => sink.discard()));
  }

  async open({ entry, chunkSize, identity }: Effect<'open'>): Promise<void> {
    const { root, inbound, wrapSink, onProgress, feed } = this.#options;
    const size = root === 'pipe' ? undefined : entry.size;
    let sink: Sink | undefined;
    let held: VouchedChunks | undefined;
    let abandoned: boolean;
    this.#opening.set(entry.id, 'wanted');
    try {
      const opened = await inbound.open(asPlaced(entry), size, chunkSize, identity);
      sink = wrapSink?.(opened) ?? opened;
      held = size === undefined ? undefined : await readVouched(sink, size, chunkSize, this.#options.checksum, this.#options.beat);
    } catch (error) {
      await sink?.keep();
      if (!(error instanceof StreamerError)) throw error;
      feed({ kind: 'settled', results: [{ id: entry.id, error }] });
      return;
    } finally {
      abandoned = this.#opening.get(entry.id) === 'abandoned';
      this.#opening.delete(entry.id);
    }
    if (abandoned) {
      await sink.keep();
      return;
    }
    const shown = root === 'tree' ? `${entry.path}: ` : '';
    if (sink.restarted !== undefined) onProgress({ type: 'notice', message: `${shown}starting over: ${sink.restarted}` });
    if (held !== undefined && held.damaged > 0) onProgress({ type: 'notice', message: `${shown}${held.damaged} of the chunks that are here have been altered since, and are sent again` });
    this.#files.set(entry.id, { sink, size, chunkSize });
    feed(held === undefined ? { kind: 'opened', id: entry.id } : { kind: 'opened', id: entry.id, table: held.table });
  }

  write({ arrival, id, index, offset, hash, payload, length }: Effect<'write'>): void {
    const { feed, tally, paced } = this.#options;
    const file = this.#files.get(id);
    if (file === undefined) {
      feed({ kind: 'chunksWritten', arrival, id, chunks: [] });
      return;
    }
    const done = () => {
      releasePieces(payload);
      file.sink.recordChunk(index, hash);
      tally.add(length);
      paced(length, () => feed({ kind: 'chunksWritten', arrival, id, chunks: [{ index, hash }] }));
    };
    this.#attempt(id, arrival, () => file.sink.write(payload, offset), done);
  }

  /** Runs what may be done at once or later; a failure is the entry's, and what arrived for it is done with. */
  #attempt(id: number, arrival: Arrival, work: () => void | Promise<void>, done: () => void): void {
    const failed = (error: unknown) => {
      if (!(error instanceof StreamerError)) throw error;
      this.#fail(id, error);
      this.#options.feed({ kind: 'chunksWritten', arrival, id, chunks: [] });
    };
    try {
      const pending = work();
      if (pending === undefined) done();
      else this.#options.later(pending.then(done, failed));
    } catch (error) {
      failed(error);
    }
  }

  #fail(id: number, error: StreamerErrorType): void {
    const { feed, later } = this.#options;
    const file = this.#files.get(id);
    this.#files.delete(id);
    if (file !== undefined) later(file.sink.keep());
    feed({ kind: 'settled', results: [{ id, error }] });
  }

  async writeHole({ arrival, id, indices }: Effect<'writeHole'>): Promise<void> {
    const file = this.#files.get(id);
    let written = 0;
    try {
      for (const index of file === undefined ? [] : indices) {
        await this.#writeZeros(file as OpenFile, index);
        written += 1;
        if (written % HOLES_AT_ONCE === 0) await setImmediate();
      }
    } catch (error) {
      if (!(error instanceof StreamerError)) throw error;
      this.#fail(id, error);
    }
    this.#options.feed({ kind: 'chunksWritten', arrival, id, chunks: file === undefined ? [] : this.#zeroChunks(file, indices, written) });
  }

  async #writeZeros(file: OpenFile, index: number): Promise<void> {
    const { sink, chunkSize } = file;
    const length = lengthOf(file, index);
    await sink.writeHole(index * chunkSize, length);
    sink.recordChunk(index, this.#zeroHash(length));
    this.#options.tally.pass(length);
  }

  /** The first `count` of some chunks of zeros, made one by one as they are asked for: there may be a million. */
  *#zeroChunks(file: OpenFile, indices: Iterable<number>, count: number): Generator<{ index: number; hash: bigint }, void> {
    let left = count;
    for (const index of indices) {
      if (left === 0) return;
      left -= 1;
      yield { index, hash: this.#zeroHash(lengthOf(file, index)) };
    }
  }

  readonly #zeroHashes = new Map<number, bigint>();

  /** xxh64 of so many zeros. */
  #zeroHash(length: number): bigint {
    const known = this.#zeroHashes.get(length);
    if (known !== undefined) return known;
    const hash = this.#options.checksum.xxh64(Buffer.alloc(length));
    this.#zeroHashes.set(length, hash);
    return hash;
  }

  async commit({ entry, size, sha256 }: Effect<'commit'>): Promise<void> {
    const { root, tally, onProgress, feed } = this.#options;
    const file = this.#files.get(entry.id);
    if (file === undefined) return;
    if (root !== 'tree') {
      tally.flush();
      onProgress({ type: 'finishing' });
    }
    try {
      if (sha256 !== undefined && !file.sink.alreadyCommitted) await this.#assertSha256(file.sink, size, sha256);
      await file.sink.commit(size);
    } catch (error) {
      if (!(error instanceof StreamerError)) throw error;
      if (error instanceof IntegrityError) await file.sink.discard();
      else await file.sink.keep();
      this.#files.delete(entry.id);
      feed({ kind: 'settled', results: [{ id: entry.id, error }] });
      return;
    }
    this.#committed = true;
    await file.sink.keep();
    this.#files.delete(entry.id);
    feed({ kind: 'settled', results: [{ id: entry.id }] });
  }

  async #assertSha256(sink: Sink, size: number, expected: Uint8Array): Promise<void> {
    const here = await this.#options.inbound.sha256(sink, size, this.#options.beat);
    if (here.equals(expected)) return;
    throw new IntegrityError('integrity-digest', "the received file's SHA-256 is not the sent file's");
  }

  async abandon({ id, discard }: Effect<'abandon'>): Promise<void> {
    if (this.#opening.has(id)) this.#opening.set(id, 'abandoned');
    const file = this.#files.get(id);
    this.#files.delete(id);
    if (discard) await file?.sink.discard();
    else await file?.sink.keep();
  }
}

/** Bytes of a chunk. */
function lengthOf({ size = 0, chunkSize }: OpenFile, index: number): number {
  return Math.min(chunkSize, size - index * chunkSize);
}

/** An entry as storage takes it. */
export function asPlaced(entry: ManifestEntry): PlacedEntry {
  const { linkTo: _, ...rest } = entry;
  return rest;
}
