/**
 * Receives whatever comes in one session: carries out what the receiver's machine wishes.
 *
 * @module
 */
import type { Checksum } from '../crypto/checksum.js';
import { IntegrityError, StreamerError, type StreamerError as StreamerErrorType } from '../errors.js';
import type { Sink } from '../storage/sink.js';
import { ChunkTable } from '../wire/chunk-table.js';
import type { CreditFrame, ManifestEntry, OfferFrame } from '../wire/frame.js';
import type { Arrival } from '../wire/receive-streams.js';
import { ReceiverMachine, type PlacedEntry, type Placing, type ReceiverEffect } from '../wire/receiver-machine.js';
import { digestOf } from './file-hashes.js';
import type { Inbound } from './inbound.js';
import type { Link } from './link.js';
import { Outcome } from './outcome.js';
import type { ProgressListener } from './progress.js';
import { pump } from './pump.js';
import type { RateLimit } from './rate-limit.js';
import { releasePieces } from './release.js';
import { Session } from './session.js';
import type { Tally } from './tally.js';
import type { TransferSession } from './transfer-session.js';

/** Where it goes, and who wants to know. */
export interface ReceiveJob {
  readonly limitBytes: number;
  readonly windowBytes: number;
  readonly checksum: Checksum;
  readonly tally: Tally;
  readonly rate: RateLimit;
  readonly signal: AbortSignal | undefined;
  /** What becomes of an offer with what this end's user asks. */
  readonly agree: (offer: OfferFrame) => OfferFrame;
  /** Finds the place for what is offered, as agreed. */
  readonly open: (offer: OfferFrame) => Promise<Inbound>;
  readonly onProgress: ProgressListener;
  /** A connection is gone. */
  readonly lost: (stream: number, error: StreamerErrorType) => void;
  /** Puts something between the transfer and the disk: the bench's slow disk. */
  readonly wrapSink?: ((sink: Sink) => Sink) | undefined;
}

/** What a session received. */
export interface Received {
  readonly offer: OfferFrame;
  readonly target: string;
  /** The sender knows. */
  readonly told: boolean;
}

interface OpenFile {
  readonly sink: Sink;
  readonly size: number | undefined;
  readonly chunkSize: number;
}

type Effect<K extends ReceiverEffect['kind']> = Extract<ReceiverEffect, { kind: K }>;

/** See the module's head. Its `ended` resolves when everything is durable and the sender knows, or has gone. */
export class ReceiveSession implements TransferSession<Received> {
  readonly ended: Promise<Received>;
  readonly #job: ReceiveJob;
  readonly #machine: ReceiverMachine;
  readonly #session: Session;
  readonly #outcome: Outcome<Received>;
  readonly #feed: (input: Parameters<ReceiverMachine['handle']>[0]) => void;
  readonly #files = new Map<number, OpenFile>();
  /** What is under way: waited for before the end, so that nothing is written after it. */
  readonly #pending = new Set<Promise<unknown>>();
  readonly #hashes = new Map<number, bigint>();
  /** Files that are being opened, and whether they failed meanwhile. */
  readonly #opening = new Map<number, 'wanted' | 'abandoned'>();
  #offer: OfferFrame | undefined;
  #inbound: Inbound | undefined;
  #committed = false;

  constructor(job: ReceiveJob) {
    this.#job = job;
    this.#machine = new ReceiverMachine(job);
    this.#session = new Session({
      frame: (stream, frame) => {
        this.#outcome.progressed();
        this.#feed({ kind: 'frame', stream, frame });
      },
      attached: (stream) => this.#feed({ kind: 'attached', stream }),
      lost: (stream, error, clean) => this.#lost(stream, error, clean),
      failed: (error) => this.#outcome.fail(error),
    });
    this.#outcome = new Outcome(job.signal, (error) => this.#session.fail(error), true);
    this.#feed = pump(this.#machine, (effect) => this.#perform(effect), this.#outcome.fail);
    this.ended = this.#outcome.promise;
  }

  get received(): number {
    return this.#session.received;
  }

  get streams(): readonly number[] {
    return this.#session.streams;
  }

  get over(): boolean {
    return this.#outcome.over;
  }

  get complete(): boolean {
    return this.#machine.confirming;
  }

  early(): readonly CreditFrame[] {
    return [{ type: 'credit', limit: this.#job.windowBytes, acked: 0 }];
  }

  attach(stream: number, link: Link, received: number): void {
    this.#session.attach(stream, link, received);
  }

  fail(error: unknown): void {
    if (this.complete) this.#succeed(false);
    else this.#outcome.fail(error);
  }

  drop(error: StreamerErrorType): void {
    if (this.complete) this.#succeed(false);
    else this.#outcome.lost(error);
    this.#session.drop();
  }

  close(): Promise<void> {
    // Once: a second caller must not go on before the first one's locks are released.
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #closing: Promise<void> | undefined;

  async #close(): Promise<void> {
    this.#inbound?.release?.();
    while (this.#pending.size > 0) await Promise.allSettled(this.#pending);
    await Promise.all([...this.#files.values()].map(({ sink }) => sink.keep()));
    await this.#inbound?.close();
  }

  #lost(stream: number, error: StreamerErrorType | undefined, clean: boolean): void {
    this.#feed({ kind: 'lost', stream });
    if (this.#outcome.over || error === undefined) return;
    // A sender that closes cleanly after our confirmation has heard it.
    if (clean && this.complete) {
      this.#succeed(true);
      return;
    }
    if (stream === 0) for (const { sink } of this.#files.values()) void sink.checkpoint().catch(() => undefined);
    this.#job.lost(stream, error);
  }

  /** What is there under its name, where that is all there is, whether its sender knows or not. */
  get committed(): Received | undefined {
    if (!this.#committed || this.#offer === undefined || this.#offer.root === 'tree' || this.#inbound === undefined) return undefined;
    return { offer: this.#offer, target: this.#inbound.target, told: false };
  }

  #succeed(told: boolean): void {
    if (this.#offer === undefined || this.#inbound === undefined) throw new Error('an end before its beginning');
    this.#session.close();
    this.#outcome.succeed({ offer: this.#offer, target: this.#inbound.target, told });
  }

  #perform(effect: ReceiverEffect): void {
    // A commit that had begun is told of and counted all the same.
    if (this.#outcome.over && effect.kind !== 'settled') return;
    switch (effect.kind) {
      case 'send':
        this.#session.control(effect.frame);
        break;
      case 'credit': {
        const { stream, limit, acked } = effect.credit;
        this.#session.credit(stream, { type: 'credit', limit, acked });
        break;
      }
      case 'target':
        this.#later(this.#target(this.#job.agree(effect.offer)));
        break;
      case 'place':
        this.#place(effect.entries);
        break;
      case 'compare':
        this.#later(this.#compare(effect));
        break;
      case 'open':
        this.#later(this.#open(effect));
        break;
      case 'streaming':
        this.#streaming(effect.entry, effect.resumedBytes);
        break;
      case 'write':
        this.#write(effect);
        break;
      case 'writeHole':
        this.#later(this.#writeHole(effect));
        break;
      case 'writeWhole':
        this.#writeWhole(effect);
        break;
      case 'commit':
        this.#later(this.#commit(effect));
        break;
      case 'abandon':
        this.#later(this.#abandon(effect));
        break;
      case 'settled':
        this.#job.tally.settled({ ...effect, hash: this.#hashes.get(effect.entry.id) });
        this.#hashes.delete(effect.entry.id);
        break;
      case 'finish':
        this.#later(this.#finish(effect.complete));
        break;
      case 'done':
        this.#succeed(true);
        break;
      case 'fail':
        this.#later(this.#fail(effect.error));
        break;
    }
  }

  /** Waits for work before the end. Its failure is the session's. */
  #later(work: Promise<unknown>): void {
    const settled = work.catch(this.#outcome.fail).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }

  async #fail(error: StreamerErrorType): Promise<void> {
    // A wrong digest over right chunks means that one of them cannot be trusted, and nobody knows which.
    if (error.code === 'integrity-digest' && !error.fromPeer) await Promise.all([...this.#files.values()].map(({ sink }) => sink.discard()));
    this.#outcome.fail(error);
  }

  async #target(offer: OfferFrame): Promise<void> {
    this.#offer = offer;
    this.#inbound = await this.#job.open(offer);
    if (offer.root === 'tree') this.#job.tally.start('tree', offer.name, 0, 0);
    this.#feed({ kind: 'targeted' });
  }

  #where(): Inbound {
    if (this.#inbound === undefined) throw new Error('no target yet');
    return this.#inbound;
  }

  #place(entries: readonly PlacedEntry[]): void {
    if (this.#offer?.root === 'tree') this.#job.tally.grow(entries.reduce((sum, { kind, size }) => sum + (kind === 'file' ? size : 0), 0));
    const placings = this.#where().place(entries);
    if (placings instanceof Promise) this.#later(placings.then((all) => this.#feed({ kind: 'placed', placings: all })));
    else this.#feed({ kind: 'placed', placings });
  }

  async #compare({ entry, chunkSize, digest }: Effect<'compare'>): Promise<void> {
    const placing = await this.#compared(entry, chunkSize, digest).catch((error: unknown): Placing => {
      if (error instanceof StreamerError) return { id: entry.id, answer: 'trouble', error };
      throw error;
    });
    this.#feed({ kind: 'compared', placing });
  }

  async #compared(entry: ManifestEntry, chunkSize: number, digest: Uint8Array): Promise<Placing> {
    const inbound = this.#where();
    const placed = asPlaced(entry);
    const source = await inbound.openExisting(placed);
    try {
      const here = await digestOf(source, chunkSize, this.#job.checksum);
      if (!here.equals(digest)) return { id: entry.id, answer: this.#dry ? 'would' : 'want' };
    } finally {
      await source.close();
    }
    await inbound.touch(placed);
    return { id: entry.id, answer: 'equal' };
  }

  get #dry(): boolean {
    return this.#offer?.dryRun === true;
  }

  async #open({ entry, chunkSize, identity }: Effect<'open'>): Promise<void> {
    const size = this.#offer?.root === 'pipe' ? undefined : entry.size;
    let sink: Sink;
    let abandoned: boolean;
    this.#opening.set(entry.id, 'wanted');
    try {
      const opened = await this.#where().open(asPlaced(entry), size, chunkSize, identity);
      sink = this.#job.wrapSink?.(opened) ?? opened;
    } catch (error) {
      if (!(error instanceof StreamerError)) throw error;
      this.#feed({ kind: 'settled', results: [{ id: entry.id, error }] });
      return;
    } finally {
      abandoned = this.#opening.get(entry.id) === 'abandoned';
      this.#opening.delete(entry.id);
    }
    if (abandoned) {
      await sink.keep();
      return;
    }
    const shown = this.#offer?.root === 'tree' ? `${entry.path}: ` : '';
    if (sink.restarted !== undefined) this.#job.onProgress({ type: 'notice', message: `${shown}starting over: ${sink.restarted}` });
    this.#files.set(entry.id, { sink, size, chunkSize });
    this.#feed(size === undefined ? { kind: 'opened', id: entry.id } : { kind: 'opened', id: entry.id, table: tableOf(sink, size, chunkSize) });
  }

  #streaming(entry: ManifestEntry, resumedBytes: number): void {
    const { tally } = this.#job;
    const root = this.#offer?.root ?? 'file';
    if (root !== 'tree') tally.start(root, this.#offer?.name ?? '', entry.size, resumedBytes);
    else if (resumedBytes > 0) tally.resume(resumedBytes);
  }

  #write({ arrival, id, index, offset, hash, payload, length }: Effect<'write'>): void {
    const file = this.#files.get(id);
    if (file === undefined) {
      this.#feed({ kind: 'chunksWritten', arrival, id, chunks: [] });
      return;
    }
    const done = () => {
      releasePieces(payload);
      file.sink.recordChunk(index, hash);
      this.#job.tally.add(length);
      this.#paced(length, () => this.#feed({ kind: 'chunksWritten', arrival, id, chunks: [{ index, hash }] }));
    };
    this.#attempt(id, arrival, () => file.sink.write(payload, offset), done);
  }

  /** Runs what may be done at once or later; a failure is the entry's, and what arrived for it is done with. */
  #attempt(id: number, arrival: Arrival, work: () => void | Promise<void>, done: () => void): void {
    const failed = (error: unknown) => {
      if (!(error instanceof StreamerError)) throw error;
      this.#failFile(id, error);
      this.#feed({ kind: 'chunksWritten', arrival, id, chunks: [] });
    };
    try {
      const pending = work();
      if (pending === undefined) done();
      else this.#later(pending.then(done, failed));
    } catch (error) {
      failed(error);
    }
  }

  #failFile(id: number, error: StreamerErrorType): void {
    const file = this.#files.get(id);
    this.#files.delete(id);
    if (file !== undefined) this.#later(file.sink.keep());
    this.#feed({ kind: 'settled', results: [{ id, error }] });
  }

  /** Credit is what holds a sender back, so a limit on what is received delays that. */
  #paced(bytes: number, go: () => void): void {
    this.#outcome.progressed();
    this.#job.rate.pay(bytes, go);
  }

  async #writeHole({ arrival, id, indices }: Effect<'writeHole'>): Promise<void> {
    const file = this.#files.get(id);
    const chunks: { index: number; hash: bigint }[] = [];
    try {
      for (const index of file === undefined ? [] : indices) chunks.push({ index, hash: await this.#writeZeros(file as OpenFile, index) });
    } catch (error) {
      if (!(error instanceof StreamerError)) throw error;
      this.#failFile(id, error);
    }
    this.#feed({ kind: 'chunksWritten', arrival, id, chunks });
  }

  async #writeZeros({ sink, size = 0, chunkSize }: OpenFile, index: number): Promise<bigint> {
    const length = Math.min(chunkSize, size - index * chunkSize);
    await sink.writeHole(index * chunkSize, length);
    const hash = this.#zeroHash(length);
    sink.recordChunk(index, hash);
    this.#job.tally.pass(length);
    return hash;
  }

  readonly #zeroHashes = new Map<number, bigint>();

  /** xxh64 of so many zeros. */
  #zeroHash(length: number): bigint {
    const known = this.#zeroHashes.get(length);
    if (known !== undefined) return known;
    const hash = this.#job.checksum.xxh64(Buffer.alloc(length));
    this.#zeroHashes.set(length, hash);
    return hash;
  }

  #writeWhole({ arrival, files }: Effect<'writeWhole'>): void {
    let bytes = 0;
    for (const { entry, hash } of files) {
      this.#hashes.set(entry.id, hash);
      bytes += entry.size;
    }
    const { taken, settled } = this.#where().writeWhole(files.map(({ entry, content }) => ({ entry: asPlaced(entry), content })));
    const took = () => {
      this.#job.tally.add(bytes);
      this.#paced(bytes, () => this.#feed({ kind: 'wholeTaken', arrival }));
    };
    const ended = (errors: readonly (StreamerErrorType | undefined)[]) =>
      this.#feed({ kind: 'settled', results: files.map(({ entry }, index) => ({ id: entry.id, error: errors[index] })) });
    if (taken === undefined) took();
    else this.#later(taken.then(took));
    if (settled instanceof Promise) this.#later(settled.then(ended));
    else ended(settled);
  }

  async #commit({ entry, size, sha256 }: Effect<'commit'>): Promise<void> {
    const file = this.#files.get(entry.id);
    if (file === undefined) return;
    const single = this.#offer?.root !== 'tree';
    if (single) {
      this.#job.tally.flush();
      this.#job.onProgress({ type: 'finishing' });
    }
    try {
      if (sha256 !== undefined && !file.sink.alreadyCommitted) await this.#assertSha256(file.sink, size, sha256);
      await file.sink.commit(size);
    } catch (error) {
      if (!(error instanceof StreamerError)) throw error;
      if (error instanceof IntegrityError) await file.sink.discard();
      else await file.sink.keep();
      this.#files.delete(entry.id);
      this.#feed({ kind: 'settled', results: [{ id: entry.id, error }] });
      return;
    }
    this.#committed = true;
    await file.sink.keep();
    this.#files.delete(entry.id);
    this.#feed({ kind: 'settled', results: [{ id: entry.id }] });
  }

  async #assertSha256(sink: Sink, size: number, expected: Uint8Array): Promise<void> {
    const here = await this.#where().sha256(sink, size);
    if (here.equals(expected)) return;
    throw new IntegrityError('integrity-digest', "the received file's SHA-256 is not the sent file's");
  }

  async #abandon({ id, discard }: Effect<'abandon'>): Promise<void> {
    if (this.#opening.has(id)) this.#opening.set(id, 'abandoned');
    const file = this.#files.get(id);
    this.#files.delete(id);
    if (discard) await file?.sink.discard();
    else await file?.sink.keep();
  }

  async #finish(complete: boolean): Promise<void> {
    const inbound = this.#where();
    const { tally } = this.#job;
    if (this.#offer?.root === 'tree') {
      tally.flush();
      this.#job.onProgress({ type: 'finishing' });
    }
    const extras = this.#offer?.delete === true ? await this.#extras(complete) : [];
    const left = this.#dry || extras.length === 0 ? [] : await inbound.removeExtras(extras);
    const removed = this.#dry ? 0 : extras.length - left.length;
    const undone = [...left, ...(await inbound.finish())];
    for (const { path, error } of undone) tally.unread(path, error);
    tally.removed(removed);
    this.#feed({ kind: 'finished', removed, failed: undone.length });
  }

  /** Lists before anything is removed. What could not be read at the other end may exist there: then nothing is removed. */
  async #extras(complete: boolean): Promise<readonly string[]> {
    const { tally } = this.#job;
    if (!complete || tally.counts.failed > 0) {
      this.#job.onProgress({ type: 'notice', message: 'nothing is deleted, since not everything could be read or written' });
      return [];
    }
    const all: string[] = [];
    for await (const paths of this.#where().extras()) {
      for (const path of paths) tally.extra(path);
      all.push(...paths);
    }
    if (all.length > 0) this.#feed({ kind: 'extras', paths: all });
    return all;
  }
}

function asPlaced(entry: ManifestEntry): PlacedEntry {
  const { linkTo: _, ...rest } = entry;
  return rest;
}

/** What an earlier attempt left, as the wire counts it. */
function tableOf(sink: Sink, size: number, chunkSize: number): ChunkTable {
  const table = new ChunkTable(size, chunkSize);
  const hashes = sink.vouched.hashes();
  for (let index = 0; index < table.chunks; index += 1) {
    if (sink.vouched.has(index)) table.set(index, hashes.readBigUInt64BE(index * 8));
  }
  return table;
}
