/**
 * Sends whatever there is to send in one session: carries out what the sender's machine wishes.
 *
 * @module
 */
import { fileDigest, sha256, type Checksum, type Sha256 } from '../crypto/checksum.js';
import { StreamerError, type StreamerError as StreamerErrorType } from '../errors.js';
import type { Source } from '../storage/source.js';
import { CHUNK_SIZE_DEFAULT, CHUNK_SIZE_MAX, CHUNKS_MAX } from '../wire/constants.js';
import type { FinishedFrame, Frame, HoleFrame, ManifestEntry, OfferFrame, WholePart } from '../wire/frame.js';
import { SenderMachine } from '../wire/sender-machine.js';
import type { SenderEffect } from '../wire/sender-steps.js';
import { BufferPool } from './buffer-pool.js';
import { FewAtOnce } from './few-at-once.js';
import { digestOf, DIGESTS_AT_ONCE, sha256Of } from './file-hashes.js';
import type { Link } from './link.js';
import { Outcome } from './outcome.js';
import type { Outbound } from './outbound.js';
import { Pulse } from './pulse.js';
import { pump } from './pump.js';
import type { RateLimit } from './rate-limit.js';
import { Session } from './session.js';
import type { Tally } from './tally.js';
import type { TransferSession } from './transfer-session.js';
import { WholeHashes } from './whole-hashes.js';

/** What is to be sent, and who wants to know. */
export interface SendJob {
  readonly outbound: Outbound;
  readonly offer: OfferFrame;
  readonly checksum: Checksum;
  readonly tally: Tally;
  readonly rate: RateLimit;
  readonly signal: AbortSignal | undefined;
  readonly finishing: () => void;
  /** A connection is gone. */
  readonly lost: (stream: number, error: StreamerErrorType) => void;
}

/** Chunks that are read at once where reads are asynchronous, so that a slow file system's latency overlaps. */
const READ_AHEAD_CHUNKS = 4;

/** See the module's head. Its `ended` resolves when the receiver has confirmed everything. */
export class SendSession implements TransferSession<FinishedFrame> {
  readonly ended: Promise<FinishedFrame>;
  readonly #job: SendJob;
  readonly #machine: SenderMachine;
  readonly #session: Session;
  readonly #outcome: Outcome<FinishedFrame>;
  readonly #feed: (input: Parameters<SenderMachine['handle']>[0]) => void;
  readonly #pool = new BufferPool(CHUNK_SIZE_DEFAULT);
  readonly #sources = new Map<number, { readonly opening: Promise<Source>; source?: Source; chunkSize: number }>();
  readonly #pulse: Pulse;
  readonly #digests = new FewAtOnce(DIGESTS_AT_ONCE);
  readonly #pipe: { size: number; readonly hashes: bigint[]; readonly sha256: Sha256 };
  #ahead = false;
  #greeted = false;
  #entries = 0;
  #complete = true;

  constructor(job: SendJob) {
    this.#job = job;
    this.#machine = new SenderMachine(job.offer);
    this.#pipe = { size: 0, hashes: [], sha256: sha256() };
    this.#session = new Session({
      frame: (stream, frame) => {
        this.#outcome.progressed();
        this.#feed({ kind: 'frame', stream, frame });
      },
      attached: (stream) => {
        this.#feed({ kind: 'attached', stream });
        this.#room(stream, this.#ahead ? READ_AHEAD_CHUNKS : 1);
      },
      alive: () => this.#outcome.progressed(),
      lost: (stream, error) => {
        this.#feed({ kind: 'lost', stream });
        if (error !== undefined && !this.#outcome.over) job.lost(stream, error);
      },
      failed: (error) => this.#outcome.fail(error),
    });
    this.#outcome = new Outcome(job.signal, (error) => this.#session.fail(error), true);
    this.#pulse = new Pulse({ over: () => this.over, progressed: () => this.#outcome.progressed(), tell: () => this.#session.tell() });
    this.#feed = pump(this.#machine, (effect) => this.#perform(effect), this.#outcome.fail);
    this.ended = this.#outcome.promise;
    this.#feed({ kind: 'start' });
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

  /** Once: a server whose answer to the first hello was lost has these frames, and would take them for the next ones. */
  early(): readonly Frame[] {
    if (this.#greeted) return [];
    this.#greeted = true;
    return this.#session.unacked();
  }

  attach(stream: number, link: Link, received: number, early = 0): void {
    this.#session.attach(stream, link, received, early);
  }

  /** It cannot go on: the peer is told. */
  fail(error: unknown): void {
    this.#outcome.fail(error);
  }

  /** It ends without a word to the peer. */
  drop(error: StreamerErrorType): void {
    this.#outcome.lost(error);
    this.#session.drop();
  }

  /** Nothing is confirmed before the end, so there is nothing that may be called done. */
  readonly complete = false;

  async close(): Promise<void> {
    await Promise.all([...this.#sources.keys()].map((id) => this.#close(id)));
  }

  #perform(effect: SenderEffect): void {
    if (this.#outcome.over) return;
    switch (effect.kind) {
      case 'send':
        this.#session.control(effect.frame);
        break;
      case 'content':
        this.#content(effect);
        break;
      case 'walk':
        this.#walk().catch(this.#outcome.fail);
        break;
      case 'open':
        void this.#open(effect.entry);
        break;
      case 'close':
        void this.#close(effect.id);
        break;
      case 'digest':
        void this.#digests.run(() => this.#digest(effect.entry));
        break;
      case 'check':
        void this.#check(effect.id);
        break;
      case 'readChunk':
        this.#paced(effect.length, () => this.#readChunk(effect));
        break;
      case 'readWhole':
        this.#paced(effect.cost, () => this.#readWhole(effect));
        break;
      case 'readPipe':
        this.#paced(effect.most, () => void this.#readPipe(effect).catch(this.#outcome.fail));
        break;
      case 'unsent':
        this.#job.tally.unsent(effect.bytes, effect.holes);
        break;
      case 'more':
        this.#job.tally.grow(effect.bytes);
        break;
      case 'streaming':
        this.#streaming(effect.entry, effect.resumedBytes);
        break;
      case 'settled':
        this.#job.tally.settled(this.#hashes.settled(effect));
        break;
      case 'extras':
        for (const path of effect.paths) this.#job.tally.extra(path);
        break;
      case 'done':
        // A single file's last progress was told when all of it was sent.
        if (this.#job.outbound.root === 'tree') this.#job.tally.flush();
        this.#session.channel(0)?.send({ type: 'bye' });
        this.#session.close();
        this.#outcome.succeed(effect.finished);
        break;
      case 'fail':
        this.#outcome.fail(effect.error);
        break;
    }
  }

  /** Of files that were sent whole and are not confirmed. */
  readonly #hashes = new WholeHashes();

  async #walk(): Promise<void> {
    const batch = await this.#job.outbound.next();
    const { tally, outbound } = this.#job;
    if (batch === undefined) {
      this.#feed({ kind: 'walked', entries: this.#entries, complete: this.#complete });
      return;
    }
    for (const { path, what } of batch.special) tally.special(path, what);
    for (const { path, error } of batch.troubles) tally.unread(path, error);
    if (batch.troubles.length > 0) this.#complete = false;
    this.#entries += batch.entries.length;
    if (outbound.root === 'tree' && batch.entries.length > 0) {
      tally.start('tree', outbound.name, 0, 0);
      tally.grow(batch.entries.reduce((sum, { kind, size }) => sum + (kind === 'file' ? size : 0), 0));
    }
    this.#feed({ kind: 'entries', entries: batch.entries });
  }

  async #open(entry: ManifestEntry): Promise<void> {
    let chunkSize = CHUNK_SIZE_DEFAULT;
    while (Math.ceil(entry.size / chunkSize) > CHUNKS_MAX && chunkSize < CHUNK_SIZE_MAX) chunkSize *= 2;
    const opening = this.#job.outbound.open(entry);
    const slot: { readonly opening: Promise<Source>; source?: Source; chunkSize: number } = { opening, chunkSize };
    this.#sources.set(entry.id, slot);
    try {
      const source = await opening;
      slot.source = source;
      this.#feed({ kind: 'opened', id: entry.id, chunkSize, identity: source.identity });
    } catch (error) {
      this.#trouble(entry.id, error);
    }
  }

  async #close(id: number): Promise<void> {
    const slot = this.#sources.get(id);
    this.#sources.delete(id);
    await slot?.opening.then((source) => source.close(), () => undefined);
  }

  #trouble(id: number, error: unknown): void {
    if (error instanceof StreamerError) this.#feed({ kind: 'trouble', id, error });
    else this.#outcome.fail(error);
  }

  async #digest(entry: ManifestEntry): Promise<void> {
    if (this.over) return;
    try {
      const source = await this.#job.outbound.open(entry);
      try {
        const digest = await digestOf(source, CHUNK_SIZE_DEFAULT, this.#job.checksum, this.#pulse.beat);
        this.#feed({ kind: 'digested', id: entry.id, chunkSize: CHUNK_SIZE_DEFAULT, digest });
      } finally {
        await source.close();
      }
    } catch (error) {
      this.#trouble(entry.id, error);
    }
  }

  async #check(id: number): Promise<void> {
    const source = this.#sources.get(id)?.source;
    if (source === undefined) return;
    this.#job.finishing();
    try {
      const hash = this.#job.offer.sha256 ? await sha256Of(source, this.#pulse.beat) : undefined;
      await source.assertUnchanged();
      this.#feed({ kind: 'checked', id, sha256: hash });
    } catch (error) {
      this.#trouble(id, error);
    }
  }

  #streaming(entry: ManifestEntry, resumedBytes: number): void {
    const { tally, outbound } = this.#job;
    if (outbound.root !== 'tree') tally.start(outbound.root, outbound.name, entry.size, resumedBytes);
    else if (resumedBytes > 0) tally.resume(resumedBytes);
  }

  /** What is not read yet is not in memory, so the limit on the rate is held here, for all streams together. */
  #paced(bytes: number, read: () => void): void {
    this.#job.rate.pace(bytes, () => {
      if (!this.#outcome.over) read();
    });
  }

  #readChunk({ stream, lap, entry, index, offset, length }: Extract<SenderEffect, { kind: 'readChunk' }>): void {
    const slot = this.#sources.get(entry.id);
    if (slot?.source === undefined) {
      this.#feed({ kind: 'unread', stream, lap, cost: length });
      return;
    }
    const whole = slot.chunkSize === CHUNK_SIZE_DEFAULT ? this.#pool.take() : Buffer.allocUnsafeSlow(slot.chunkSize);
    const buffer = length === whole.length ? whole : whole.subarray(0, length);
    const done = () => {
      const zeros = entry.sparse === true && isZero(buffer);
      this.#feed({ kind: 'chunkRead', stream, lap, id: entry.id, index, hash: this.#job.checksum.xxh64(buffer), payload: [buffer], zeros });
      if (!zeros) return;
      this.#job.rate.refund(length);
      this.#reuse([buffer]);
    };
    const failed = (error: unknown) => {
      this.#trouble(entry.id, error);
      this.#feed({ kind: 'unread', stream, lap, cost: length });
    };
    try {
      const pending = slot.source.read(offset, buffer);
      if (pending === undefined) {
        done();
        return;
      }
      // The last chunk's read may hold up a stream's only unit of room: more of them overlap.
      if (!this.#ahead) for (const other of this.#session.streams) this.#room(other, READ_AHEAD_CHUNKS - 1);
      this.#ahead = true;
      pending.then(done, failed);
    } catch (error) {
      failed(error);
    }
  }

  #readWhole({ stream, lap, entries, cost }: Extract<SenderEffect, { kind: 'readWhole' }>): void {
    const total = entries.reduce((sum, { size }) => sum + size, 0);
    const memory = total <= CHUNK_SIZE_DEFAULT ? this.#pool.take() : Buffer.allocUnsafeSlow(total);
    const parts: WholePart[] = [];
    const payload: Buffer[] = [];
    const take = (entry: ManifestEntry, content: Buffer) => {
      const hash = this.#job.checksum.xxh64(content);
      this.#hashes.note(entry.id, hash, this.#job.offer.sha256 ? [content] : undefined);
      parts.push({ id: entry.id, length: entry.size, hash });
      payload.push(content);
    };
    const waiting: Promise<void>[] = [];
    let at = 0;
    for (const entry of entries) {
      const content = memory.subarray(at, (at += entry.size));
      try {
        const pending = this.#job.outbound.readWhole(entry, content);
        if (pending === undefined) take(entry, content);
        else waiting.push(pending.then(() => take(entry, content), (error: unknown) => this.#trouble(entry.id, error)));
      } catch (error) {
        this.#trouble(entry.id, error);
      }
    }
    const done = () => {
      this.#feed({ kind: 'wholeRead', stream, lap, parts, payload, cost });
    };
    if (waiting.length === 0) done();
    else Promise.all(waiting).then(done, this.#outcome.fail);
  }

  async #readPipe({ stream, lap, most }: Extract<SenderEffect, { kind: 'readPipe' }>): Promise<void> {
    const buffer = Buffer.allocUnsafeSlow(most);
    const length = await this.#job.outbound.readPipe(buffer);
    const pipe = this.#pipe;
    if (length > 0) {
      const content = buffer.subarray(0, length);
      const hash = this.#job.checksum.xxh64(content);
      pipe.size += length;
      pipe.hashes.push(hash);
      if (this.#job.offer.sha256) pipe.sha256.update(content);
      this.#feed({ kind: 'pipeRead', stream, lap, hash, payload: [content] });
    }
    if (length === most) return;
    this.#job.finishing();
    const hashes = Buffer.alloc(pipe.hashes.length * 8);
    pipe.hashes.forEach((hash, index) => hashes.writeBigUInt64BE(hash, index * 8));
    const digest = fileDigest(pipe.size, CHUNK_SIZE_DEFAULT, hashes);
    this.#feed({ kind: 'pipeEnded', stream, lap, size: pipe.size, digest, sha256: this.#job.offer.sha256 ? Buffer.from(pipe.sha256.hex(), 'hex') : undefined });
  }

  #content({ stream, frame, keep }: Extract<SenderEffect, { kind: 'content' }>): void {
    const lap = this.#machine.lapOf(stream);
    const ready = this.#session.content(stream, frame);
    // Sealing has copied the payload, so its buffer is free.
    if (!keep && frame.type !== 'hole') this.#reuse(frame.payload.slice(0, 1));
    const bytes = frame.type === 'hole' ? 0 : frame.length;
    if (frame.type === 'hole') this.#job.tally.pass(this.#holeBytes(frame));
    else this.#job.tally.add(bytes);
    this.#outcome.progressed();
    const room = () => this.#feed({ kind: 'room', stream, lap, units: 1 });
    // A turn of the event loop for each unit: credit, pings and signals are looked at meanwhile.
    if (ready) setImmediate(room);
    else void this.#session.channel(stream)?.drained().then(room);
  }

  #holeBytes({ id, first, count }: HoleFrame): number {
    const slot = this.#sources.get(id);
    const { size = 0 } = slot?.source ?? {};
    const chunkSize = slot?.chunkSize ?? 0;
    return Math.min(size, (first + count) * chunkSize) - Math.min(size, first * chunkSize);
  }

  #room(stream: number, units: number): void {
    this.#feed({ kind: 'room', stream, lap: this.#machine.lapOf(stream), units });
  }

  #reuse(payload: readonly Uint8Array[]): void {
    for (const { buffer } of payload) if (buffer.byteLength === CHUNK_SIZE_DEFAULT) this.#pool.put(Buffer.from(buffer));
  }
}

let zeros: Buffer | undefined;

function isZero(buffer: Buffer): boolean {
  if (zeros === undefined || zeros.length < buffer.length) zeros = Buffer.alloc(buffer.length);
  return buffer.equals(zeros.subarray(0, buffer.length));
}
