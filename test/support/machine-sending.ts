/**
 * A sender's machine with a source in memory, over the program's own session. It is held to what it may do.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { fileDigest } from '../../src/crypto/checksum.js';
import { IntegrityError, StorageError, type StreamerError } from '../../src/errors.js';
import { pump } from '../../src/transfer/pump.js';
import { Session } from '../../src/transfer/session.js';
import { WHOLE_FILE_MAX } from '../../src/wire/constants.js';
import { costOf } from '../../src/wire/encode.js';
import type { ContentFrame, ManifestEntry, OfferFrame, WholePart } from '../../src/wire/frame.js';
import { SenderMachine } from '../../src/wire/sender-machine.js';
import { contentOf, digestOf, isZeros, lengthOf, shaOf, type Ledger, type Plan, type PlannedEntry, type SenderEffect, type SenderInput, type Sent, type Stage } from './machine-plan.js';

const OPEN_MAX = 16;

export function offerOf({ root, dryRun, sha256, delete: remove }: Plan): OfferFrame {
  return { type: 'offer', root, name: 'x', existing: undefined, checksum: false, dryRun, delete: remove, sha256, rules: [] };
}

/** An entry of the plan as the wire names it. */
export function manifestEntry({ root }: Plan, id: number, { kind, size, zeros, linked, linkTo }: PlannedEntry): ManifestEntry {
  return {
    id,
    kind,
    path: `e${id}`,
    size: (kind === 'file' || kind === 'hardlink') && root !== 'pipe' ? size : 0,
    mode: 0o644,
    mtimeNs: BigInt(id),
    ...(kind === 'symlink' ? { target: 'anywhere' } : {}),
    ...(kind === 'hardlink' ? { linkTo } : {}),
    ...((kind === 'file' || kind === 'hardlink') && zeros.length > 0 ? { sparse: true } : {}),
    ...(kind === 'file' && linked ? { linked: true } : {}),
  };
}

/** See the module's head. */
export class SendingEnd {
  readonly machine: SenderMachine;
  readonly session: Session;
  outcome: 'running' | 'done' | StreamerError = 'running';
  readonly settled = new Map<number, Sent<'settled'>>();
  readonly ledgers = new Map<number, Ledger>();
  readonly extras: string[] = [];
  /** What was to be read for whole frames. */
  readonly asked: Sent<'readWhole'>[] = [];
  /** Content frames that went out, and on which stream. */
  readonly contents: { readonly stream: number; readonly frame: ContentFrame }[] = [];
  readonly resumed = new Map<number, number>();
  /** Bytes of files that were announced as hard links. */
  more = 0;
  /** xxh64 of files that went out whole, as their digests are told when they are settled. */
  readonly told = new Map<number, bigint | undefined>();
  finished: Sent<'done'>['finished'] | undefined;
  /** Bytes that went out, but for those that were lost. */
  moved = 0;
  readonly feed: (input: SenderInput) => void;
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #sources = new Set<number>();
  readonly #hashes = new Map<number, bigint>();
  readonly #reads = new Map<string, number>();
  /** Bytes of the content frames of each stream; of those that a lost one took with it, acked ones aside. */
  readonly #inFlight = new Map<number, number[]>();
  #mayBeLost = 0;
  #opens = 0;
  #walked = 0;
  #pipeAt = 0;
  readonly #pipeHashes: bigint[] = [];

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#plan = stage.plan;
    this.machine = new SenderMachine(offerOf(stage.plan));
    this.session = new Session({
      frame: (stream, frame) => {
        const ledger = this.ledgers.get(stream);
        if (frame.type === 'credit' && ledger !== undefined) Object.assign(ledger, { limit: frame.limit, acked: frame.acked });
        this.feed({ kind: 'frame', stream, frame });
      },
      attached: (stream) => {
        this.ledgers.set(stream, { limit: 0, acked: 0, cost: 0, frames: 0 });
        this.#inFlight.set(stream, []);
        this.feed({ kind: 'attached', stream });
        this.room(stream, this.#plan.ahead);
      },
      alive: () => undefined,
      lost: (stream) => {
        const unacked = this.#inFlight.get(stream)?.slice(this.ledgers.get(stream)?.acked) ?? [];
        this.#mayBeLost = unacked.reduce((sum, bytes) => sum + bytes, 0);
        this.ledgers.delete(stream);
        this.feed({ kind: 'lost', stream });
      },
      failed: (error) => this.fail(error as StreamerError),
    });
    this.feed = pump(this.machine, (effect) => this.#perform(effect), (error) => stage.broken(error));
    this.feed({ kind: 'start' });
  }

  get over(): boolean {
    return this.outcome !== 'running';
  }

  room(stream: number, units: number): void {
    this.feed({ kind: 'room', stream, lap: this.machine.lapOf(stream), units });
  }

  fail(error: StreamerError): void {
    if (this.over) return;
    this.outcome = error;
    this.session.fail(error);
  }

  #entry(id: number): PlannedEntry {
    const entry = this.#plan.entries[id];
    assert.ok(entry !== undefined, `there is no entry ${id}`);
    return entry;
  }

  #read(what: string, work: () => void): void {
    if (this.#stage.synchronous) work();
    else this.#stage.later(what, work);
  }

  #perform(effect: SenderEffect): void {
    if (this.over) return;
    switch (effect.kind) {
      case 'send':
        this.session.control(effect.frame);
        break;
      case 'content':
        this.#content(effect);
        break;
      case 'walk':
        this.#stage.later(this.#walked < this.#plan.entries.length ? 'walk' : 'walked', () => this.#walk());
        break;
      case 'open':
        this.#sources.add(effect.entry.id);
        this.#opens += 1;
        assert.ok(this.#opens <= OPEN_MAX, 'too many files are open');
        this.#stage.later('open', () => this.#open(effect.entry.id));
        break;
      case 'close':
        if (this.#sources.delete(effect.id)) this.#opens -= 1;
        break;
      case 'digest':
        this.#stage.later('digest', () => this.#digest(effect.entry.id));
        break;
      case 'check':
        this.#stage.later('check', () => this.#check(effect.id));
        break;
      case 'readChunk':
        this.#read('read', () => this.#readChunk(effect));
        break;
      case 'readWhole':
        this.asked.push(effect);
        this.#read('read', () => this.#readWhole(effect));
        break;
      case 'readPipe':
        this.#read('read', () => this.#readPipe(effect));
        break;
      case 'unsent':
        assert.ok(effect.bytes + effect.holes <= this.#mayBeLost, 'what was acked is not sent again');
        this.moved -= effect.bytes;
        break;
      case 'more':
        this.more += effect.bytes;
        break;
      case 'streaming':
        assert.ok(!this.resumed.has(effect.entry.id), 'a file streams once');
        this.resumed.set(effect.entry.id, effect.resumedBytes);
        break;
      case 'settled':
        assert.ok(!this.settled.has(effect.entry.id), `entry ${effect.entry.id} is settled twice`);
        this.settled.set(effect.entry.id, effect);
        this.told.set(effect.entry.id, this.#hashes.get(effect.entry.id));
        break;
      case 'extras':
        this.extras.push(...effect.paths);
        break;
      case 'done':
        this.finished = effect.finished;
        this.outcome = 'done';
        this.session.channel(0)?.send({ type: 'bye' });
        this.session.close();
        break;
      case 'fail':
        this.fail(effect.error);
        break;
    }
  }

  #walk(): void {
    const { entries, batch } = this.#plan;
    const some = entries.slice(this.#walked, this.#walked + batch).map((entry, index) => manifestEntry(this.#plan, this.#walked + index, entry));
    this.#walked += some.length;
    if (some.length > 0) this.feed({ kind: 'entries', entries: some });
    else this.feed({ kind: 'walked', entries: entries.length, complete: true });
  }

  #trouble(id: number, error: StreamerError): void {
    this.feed({ kind: 'trouble', id, error });
  }

  #open(id: number): void {
    if (this.#entry(id).readTrouble === 'open') this.#trouble(id, new StorageError('storage-denied', 'not yours'));
    else this.feed({ kind: 'opened', id, chunkSize: this.#entry(id).chunkSize, identity: Buffer.alloc(32, id) });
  }

  #digest(id: number): void {
    const entry = this.#entry(id);
    if (entry.readTrouble === 'digest') this.#trouble(id, new StorageError('storage-io', 'a bad sector'));
    else this.feed({ kind: 'digested', id, chunkSize: entry.chunkSize, digest: digestOf(id, entry, this.#stage.hash) });
  }

  #check(id: number): void {
    if (!this.#sources.has(id)) return;
    if (this.#entry(id).readTrouble === 'check') this.#trouble(id, new IntegrityError('integrity-source', 'it changed'));
    else this.feed({ kind: 'checked', id, sha256: this.#plan.sha256 ? shaOf(id) : undefined });
  }

  /** Whether a file has changed since this was read before. */
  #changed(id: number, what: string): boolean {
    const times = this.#reads.get(what) ?? 0;
    this.#reads.set(what, times + 1);
    const { readTrouble } = this.#entry(id);
    return times > 0 && (readTrouble === 'changed' || readTrouble === 'unnoticed');
  }

  #readChunk({ stream, lap, entry: { id, size }, index, offset, length }: Sent<'readChunk'>): void {
    const entry = this.#entry(id);
    assert.ok(length > 0 && offset === index * entry.chunkSize && length === Math.min(entry.chunkSize, size - offset), 'it reads a chunk');
    if (!this.#sources.has(id)) {
      this.feed({ kind: 'unread', stream, lap, cost: length });
      return;
    }
    if (entry.readTrouble === 'read' && offset + length === size) {
      this.#trouble(id, new StorageError('storage-io', 'a bad sector'));
      this.feed({ kind: 'unread', stream, lap, cost: length });
      return;
    }
    const payload = contentOf(id, entry, offset, length, this.#changed(id, `${id} ${index}`));
    this.feed({ kind: 'chunkRead', stream, lap, id, index, hash: this.#stage.hash([payload]), payload: [payload], zeros: entry.zeros.length > 0 && isZeros(payload) });
  }

  #readWhole({ stream, lap, entries, cost }: Sent<'readWhole'>): void {
    const parts: WholePart[] = [];
    const payload: Buffer[] = [];
    for (const { id, size } of entries) {
      const entry = this.#entry(id);
      assert.ok(size <= WHOLE_FILE_MAX);
      const changed = this.#changed(id, `${id}`);
      if (entry.readTrouble === 'read') this.#trouble(id, new StorageError('storage-io', 'a bad sector'));
      else if (changed && entry.readTrouble === 'changed') this.#trouble(id, new IntegrityError('integrity-source', 'it changed'));
      else {
        const content = contentOf(id, entry, 0, size, changed);
        const hash = this.#stage.hash([content]);
        this.#hashes.set(id, hash);
        parts.push({ id, length: size, hash });
        payload.push(content);
      }
    }
    this.feed({ kind: 'wholeRead', stream, lap, parts, payload, cost });
  }

  /** As from standard input: what is read is gone, and the last read is a short one. */
  #readPipe({ stream, lap, most }: Sent<'readPipe'>): void {
    const entry = this.#entry(0);
    const length = Math.min(most, entry.size - this.#pipeAt);
    if (entry.readTrouble === 'read' && length < most) {
      this.fail(new StorageError('storage-io', 'whoever wrote it has failed'));
      return;
    }
    if (length > 0) {
      const payload = contentOf(0, entry, this.#pipeAt, length);
      const hash = this.#stage.hash([payload]);
      this.#pipeAt += length;
      this.#pipeHashes.push(hash);
      this.feed({ kind: 'pipeRead', stream, lap, hash, payload: [payload] });
    }
    if (length === most) return;
    const hashes = Buffer.alloc(this.#pipeHashes.length * 8);
    this.#pipeHashes.forEach((hash, index) => hashes.writeBigUInt64BE(hash, index * 8));
    const digest = fileDigest(this.#pipeAt, most, hashes);
    this.feed({ kind: 'pipeEnded', stream, lap, size: this.#pipeAt, digest, sha256: this.#plan.sha256 ? shaOf(0) : undefined });
  }

  #content({ stream, frame }: Sent<'content'>): void {
    const ledger = this.ledgers.get(stream);
    assert.ok(ledger !== undefined, `content on stream ${stream}, which is not there`);
    assert.ok(!this.#plan.dryRun, 'content in a dry run');
    ledger.cost += frame.type === 'hole' ? 0 : costOf(frame);
    ledger.frames += 1;
    assert.ok(ledger.cost <= ledger.limit, `${ledger.cost} bytes went out on credit of ${ledger.limit}`);
    this.contents.push({ stream, frame });
    this.#inFlight.get(stream)?.push(frame.type === 'hole' ? lengthOf(this.#entry(frame.id), frame.first) : frame.length);
    if (frame.type !== 'hole') this.moved += frame.length;
    this.session.content(stream, frame);
    const lap = this.machine.lapOf(stream);
    this.#stage.later('room', () => this.feed({ kind: 'room', stream, lap, units: 1 }));
  }
}
