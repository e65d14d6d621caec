/**
 * A receiver's machine with a disk in memory, over the program's own session. It is held to what it may do.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { fileDigest } from '../../src/crypto/checksum.js';
import { StorageError, type StreamerError } from '../../src/errors.js';
import { pump } from '../../src/transfer/pump.js';
import { Session } from '../../src/transfer/session.js';
import { ChunkTable } from '../../src/wire/chunk-table.js';
import { costOf } from '../../src/wire/encode.js';
import type { Frame } from '../../src/wire/frame.js';
import { ReceiverMachine } from '../../src/wire/receiver-machine.js';
import { contentOf, digestOf, isContent, lengthOf, shaOf, type Ledger, type Placing, type Plan, type PlannedEntry, type Received, type ReceiverEffect, type ReceiverInput, type Stage } from './machine-plan.js';

/** A partial file: what is in each chunk, `undefined` while it is written. */
interface Partial {
  readonly chunkSize: number;
  readonly chunks: Map<number, Uint8Array | undefined>;
  readonly hashes: Map<number, bigint>;
}

const full = () => new StorageError('storage-full', 'no space left');

/** See the module's head. */
export class ReceivingEnd {
  readonly machine: ReceiverMachine;
  readonly session: Session;
  outcome: 'running' | 'done' | StreamerError = 'running';
  readonly settled = new Map<number, Received<'settled'>>();
  readonly ledgers = new Map<number, Ledger>();
  /** Files under their names, by id. */
  readonly files = new Map<number, Buffer>();
  /** Files whose commit has begun: all of each is here. */
  readonly begun = new Set<number>();
  readonly resumed = new Map<number, number>();
  /** Bytes of files that were announced as hard links. */
  more = 0;
  readonly hashes = new Map<number, bigint>();
  readonly feed: (input: ReceiverInput) => void;
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #partial = new Map<number, Partial>();
  readonly #opening = new Map<number, 'wanted' | 'abandoned'>();
  readonly #placed = new Set<number>();
  #placing = false;
  /** Everything is there, and the sender is told. */
  #complete = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#plan = stage.plan;
    this.machine = new ReceiverMachine({ limitBytes: 2 ** 40, windowBytes: this.#plan.windowBytes, checksum: { xxh64Pieces: stage.hash } });
    this.session = new Session({
      frame: (stream, frame) => this.#frame(stream, frame),
      attached: (stream) => {
        this.ledgers.set(stream, { limit: 0, acked: 0, cost: 0, frames: 0 });
        this.feed({ kind: 'attached', stream });
      },
      alive: () => undefined,
      lost: (stream, error, clean) => {
        this.ledgers.delete(stream);
        this.feed({ kind: 'lost', stream });
        if (error !== undefined && clean && this.#complete) this.#succeed();
      },
      failed: (error) => this.fail(error as StreamerError),
    });
    this.feed = pump(this.machine, (effect) => this.#perform(effect), (error) => stage.broken(error));
  }

  get over(): boolean {
    return this.outcome !== 'running';
  }

  /** The sender will not come back. One that has been told everything may have heard it. */
  abandoned(error: StreamerError): void {
    if (this.#complete) this.#succeed();
    else this.fail(error);
  }

  fail(error: StreamerError): void {
    if (this.over) return;
    this.outcome = error;
    this.session.fail(error);
  }

  #succeed(): void {
    if (this.over) return;
    this.outcome = 'done';
    this.session.close();
  }

  #frame(stream: number, frame: Frame): void {
    const ledger = this.ledgers.get(stream);
    if (ledger !== undefined && isContent(frame)) {
      ledger.frames += 1;
      ledger.cost += frame.type === 'hole' ? 0 : costOf(frame);
    }
    this.feed({ kind: 'frame', stream, frame });
  }

  #entry(id: number): PlannedEntry {
    const entry = this.#plan.entries[id];
    assert.ok(entry !== undefined, `there is no entry ${id}`);
    return entry;
  }

  #disk(what: 'place' | 'write', work: () => void): void {
    if (this.#stage.synchronous) work();
    else this.#stage.later(what, work);
  }

  #perform(effect: ReceiverEffect): void {
    if (this.over && effect.kind !== 'settled') return;
    switch (effect.kind) {
      case 'send':
        this.session.control(effect.frame);
        break;
      case 'credit': {
        const { stream, limit, acked } = effect.credit;
        const ledger = this.ledgers.get(stream);
        assert.ok(ledger !== undefined && limit >= ledger.limit && acked <= ledger.frames, 'credit of a stream that is there, for what has arrived');
        ledger.limit = limit;
        this.session.credit(stream, { type: 'credit', limit, acked });
        break;
      }
      case 'target':
        this.#stage.later('target', () => this.feed({ kind: 'targeted' }));
        break;
      case 'place':
        this.#place(effect);
        break;
      case 'more':
        this.more += effect.bytes;
        break;
      case 'compare':
        this.#stage.later('compare', () => this.#compare(effect));
        break;
      case 'open':
        this.#opening.set(effect.entry.id, 'wanted');
        this.#stage.later('open', () => this.#open(effect));
        break;
      case 'streaming':
        assert.ok(!this.resumed.has(effect.entry.id), 'a file streams once');
        this.resumed.set(effect.entry.id, effect.resumedBytes);
        break;
      case 'write':
        this.#take(effect.id, [effect.index]);
        this.#assertPlace(effect);
        this.#disk('write', () => this.#chunk(effect));
        break;
      case 'writeHole':
        this.#take(effect.id, effect.indices);
        this.#stage.later('write', () => this.#hole(effect));
        break;
      case 'writeWhole':
        this.#whole(effect);
        break;
      case 'commit':
        this.#begin(effect.entry.id);
        this.#stage.later('commit', () => this.#commit(effect));
        break;
      case 'abandon':
        if (this.#opening.has(effect.id)) this.#opening.set(effect.id, 'abandoned');
        this.#partial.delete(effect.id);
        break;
      case 'settled':
        assert.ok(!this.settled.has(effect.entry.id), `entry ${effect.entry.id} is settled twice`);
        this.settled.set(effect.entry.id, effect);
        break;
      case 'finish':
        assert.ok(!this.#placing, 'nothing is placed any more');
        this.#stage.later('finish', () => this.#finish());
        break;
      case 'done':
        this.#succeed();
        break;
      case 'fail':
        this.fail(effect.error);
        break;
    }
  }

  #place({ entries }: Received<'place'>): void {
    assert.ok(!this.#placing, 'one batch is placed at a time');
    this.#placing = true;
    for (const { id } of entries) this.#placed.add(id);
    this.#assertOrder(entries.flatMap(({ id }) => (this.#entry(id).kind === 'hardlink' ? [] : [id])));
    this.#disk('place', () => {
      this.#placing = false;
      this.feed({ kind: 'placed', placings: entries.map((entry) => this.#placingOf(entry)) });
    });
  }

  /** A hard link comes before what came later, once its file is there, or another link of it that brings the content. */
  #assertOrder([first = 0]: readonly number[]): void {
    const led = new Set(this.#plan.entries.flatMap(({ kind, linkTo }, id) => (kind === 'hardlink' && this.#placed.has(id) && !this.settled.has(id) ? [linkTo] : [])));
    this.#plan.entries.slice(0, first).forEach(({ kind, linkTo }, id) => {
      const free = kind === 'hardlink' && !this.#placed.has(id) && !this.settled.has(id) && this.settled.has(linkTo) && !led.has(linkTo);
      assert.ok(!free, `entry ${first} is placed before link ${id}, whose file is there`);
    });
  }

  #placingOf({ id, kind, linkTo }: Received<'place'>['entries'][number]): Placing {
    const { there, writeTrouble, kind: planned } = this.#entry(id);
    if (writeTrouble === 'place') return { id, answer: 'trouble', error: full() };
    if (kind === 'hardlink') {
      const how = this.settled.get(Number(linkTo?.slice(1)))?.how;
      assert.ok(how === 'done' || how === 'equal', `a link to what is not there: ${how ?? 'not settled'}`);
    } else if (planned === 'hardlink') {
      const how = this.settled.get(this.#entry(id).linkTo)?.how;
      assert.ok(how === 'kept' || how === 'failed', `a link that brings its content, while its file is ${how ?? 'not settled'}`);
    }
    if (there === 'equal' || there === 'kept') return { id, answer: there };
    if (kind !== 'file') return { id, answer: this.#plan.dryRun ? 'would' : 'placed' };
    if (this.#plan.root !== 'pipe' && there !== 'nothing') return { id, answer: 'compare' };
    return { id, answer: this.#plan.dryRun ? 'would' : 'want' };
  }

  #compare({ entry: { id }, chunkSize, digest }: Received<'compare'>): void {
    const entry = this.#entry(id);
    const equal = entry.there === 'same' && digestOf(id, { ...entry, chunkSize }, this.#stage.hash).equals(digest);
    if (entry.writeTrouble === 'compare') this.feed({ kind: 'compared', placing: { id, answer: 'trouble', error: full() } });
    else this.feed({ kind: 'compared', placing: { id, answer: equal ? 'equal' : this.#plan.dryRun ? 'would' : 'want' } });
  }

  #open({ entry: { id }, chunkSize }: Received<'open'>): void {
    const entry = { ...this.#entry(id), chunkSize };
    const abandoned = this.#opening.get(id) === 'abandoned';
    this.#opening.delete(id);
    if (entry.writeTrouble === 'open') this.feed({ kind: 'settled', results: [{ id, error: full() }] });
    else if (!abandoned) this.#opened(id, entry);
  }

  #opened(id: number, entry: PlannedEntry): void {
    const partial: Partial = { chunkSize: entry.chunkSize, chunks: new Map(), hashes: new Map() };
    this.#partial.set(id, partial);
    if (this.#plan.root === 'pipe') {
      this.feed({ kind: 'opened', id });
      return;
    }
    const table = new ChunkTable(entry.size, entry.chunkSize);
    for (const index of entry.held.filter((held) => held < table.chunks)) {
      const content = contentOf(id, entry, index * entry.chunkSize, lengthOf(entry, index));
      partial.chunks.set(index, content);
      partial.hashes.set(index, this.#stage.hash([content]));
      table.set(index, this.#stage.hash([content]));
    }
    this.feed({ kind: 'opened', id, table });
  }

  /** Notes chunks that are to be written: none is written twice. */
  #take(id: number, indices: Iterable<number>): void {
    const partial = this.#partial.get(id);
    if (partial === undefined) return;
    for (const index of indices) {
      assert.ok(index >= 0 && (this.#plan.root === 'pipe' || index * partial.chunkSize < this.#entry(id).size), `chunk ${index} of ${id} is inside the file`);
      assert.ok(!partial.chunks.has(index), `chunk ${index} of ${id} is written twice`);
      partial.chunks.set(index, undefined);
    }
  }

  #assertPlace({ id, index, offset, length, payload }: Received<'write'>): void {
    const { chunkSize } = this.#partial.get(id) ?? { chunkSize: offset / index };
    const most = this.#plan.root === 'pipe' ? chunkSize : Math.min(chunkSize, this.#entry(id).size - offset);
    assert.ok(length > 0 && (this.#plan.root === 'pipe' ? length <= most : length === most), `${length} bytes at ${offset} are a chunk`);
    assert.equal(payload.reduce((sum, piece) => sum + piece.length, 0), length);
    if (index > 0) assert.equal(offset, index * chunkSize);
  }

  #failFile(id: number): void {
    this.#partial.delete(id);
    this.feed({ kind: 'settled', results: [{ id, error: full() }] });
  }

  #chunk({ arrival, id, index, hash, payload }: Received<'write'>): void {
    const partial = this.#partial.get(id);
    const entry = this.#entry(id);
    const fails = entry.writeTrouble === 'write' && index === Math.ceil(entry.size / entry.chunkSize) >> 1;
    if (partial !== undefined && fails) this.#failFile(id);
    if (partial === undefined || fails) {
      this.feed({ kind: 'chunksWritten', arrival, id, chunks: [] });
      return;
    }
    partial.chunks.set(index, payload.length === 1 ? payload[0] : Buffer.concat(payload));
    partial.hashes.set(index, hash);
    this.feed({ kind: 'chunksWritten', arrival, id, chunks: [{ index, hash }] });
  }

  #hole({ arrival, id, indices: missing }: Received<'writeHole'>): void {
    const indices = [...missing];
    const partial = this.#partial.get(id);
    const entry = this.#entry(id);
    const fails = entry.writeTrouble === 'write' && indices.includes(Math.ceil(entry.size / entry.chunkSize) >> 1);
    if (partial !== undefined && fails) this.#failFile(id);
    if (partial === undefined || fails) {
      this.feed({ kind: 'chunksWritten', arrival, id, chunks: [] });
      return;
    }
    const { chunkSize, chunks, hashes } = partial;
    for (const index of indices) {
      const content = Buffer.alloc(Math.min(chunkSize, entry.size - index * chunkSize));
      chunks.set(index, content);
      hashes.set(index, this.#stage.hash([content]));
    }
    this.feed({ kind: 'chunksWritten', arrival, id, chunks: indices.map((index) => ({ index, hash: hashes.get(index) ?? 0n })) });
  }

  #begin(id: number): void {
    assert.ok(!this.begun.has(id), `${id} is committed twice`);
    this.begun.add(id);
  }

  #whole({ arrival, files }: Received<'writeWhole'>): void {
    for (const { entry, hash, content } of files) {
      this.#begin(entry.id);
      this.hashes.set(entry.id, hash);
      this.files.set(entry.id, Buffer.concat(content));
    }
    this.#disk('write', () => this.feed({ kind: 'wholeTaken', arrival }));
    this.#disk('write', () => {
      const results = files.map(({ entry: { id } }) => {
        const { writeTrouble } = this.#entry(id);
        return { id, error: writeTrouble === 'write' || writeTrouble === 'commit' ? full() : undefined };
      });
      for (const { id, error } of results) if (error !== undefined) this.files.delete(id);
      this.feed({ kind: 'settled', results });
    });
  }

  #commit({ entry: { id }, size, digest, sha256 }: Received<'commit'>): void {
    const partial = this.#partial.get(id);
    if (partial === undefined) return;
    assert.deepEqual(sha256 === undefined ? undefined : Buffer.from(sha256), this.#plan.sha256 ? shaOf(id) : undefined);
    const indices = Array.from({ length: Math.ceil(size / partial.chunkSize) }, (_, index) => index);
    const hashes = Buffer.alloc(indices.length * 8);
    for (const index of indices) hashes.writeBigUInt64BE(partial.hashes.get(index) ?? 0n, index * 8);
    assert.ok(fileDigest(size, partial.chunkSize, hashes).equals(digest), 'the digest is of what was written');
    const content = indices.flatMap((index) => partial.chunks.get(index) ?? []);
    assert.ok(content.length === partial.chunks.size && content.length === indices.length, 'everything is written');
    this.#partial.delete(id);
    if (this.#entry(id).writeTrouble === 'commit') {
      this.feed({ kind: 'settled', results: [{ id, error: full() }] });
      return;
    }
    this.files.set(id, Buffer.concat(content));
    assert.equal(this.files.get(id)?.length, size);
    this.feed({ kind: 'settled', results: [{ id }] });
  }

  #finish(): void {
    const failed = [...this.settled.values()].some(({ how }) => how === 'failed');
    const extras = this.#plan.delete && !failed ? extrasOf(this.#plan) : [];
    if (extras.length > 0) this.feed({ kind: 'extras', paths: extras });
    this.#complete = true;
    this.feed({ kind: 'finished', removed: this.#plan.dryRun ? 0 : extras.length, failed: 0 });
  }
}

/** What is at the receiver and not in the tree. */
export function extrasOf({ extras }: Plan): string[] {
  return Array.from({ length: extras }, (_, index) => `extra ${index}`);
}
