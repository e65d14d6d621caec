/**
 * A source and a sink in memory, whose IO is synchronous, asynchronous, or ends when the test says so.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { ChunkTable as StorageTable } from '../../src/storage/chunk-table.js';
import type { Sink, Vouched } from '../../src/storage/sink.js';
import type { Source } from '../../src/storage/source.js';
import { deferred, type Deferred } from './fake-events.js';

/** How a call ends: at once, in a later turn, or when the test lets it. */
export type FakeMode = 'sync' | 'async' | 'manual';

/** Calls that wait for the test. */
export class Gate {
  readonly #waiting: Deferred<undefined>[] = [];
  /** Calls that wait now. */
  get waiting(): number {
    return this.#waiting.length;
  }

  wait(): Promise<undefined> {
    const call = deferred<undefined>();
    this.#waiting.push(call);
    return call.promise;
  }

  /** Lets one of those that wait go, the oldest by default. */
  release(which = 0): void {
    this.#waiting.splice(which, 1)[0]?.resolve(undefined);
  }

  fail(error: Error): void {
    this.#waiting.splice(0, 1)[0]?.reject(error);
  }
}

/** See the module's head. */
export class FakeSource implements Source {
  readonly name: string;
  readonly size: number;
  readonly mtimeNs = 1_700_000_000_000_000_000n;
  readonly mode = 0o640;
  readonly sparse = false;
  readonly identity: Buffer;
  readonly content: Buffer;
  readonly ioMode: FakeMode;
  readonly gate = new Gate();
  /** Reads that were begun, and the most that were under way at once. */
  reads = 0;
  mostAtOnce = 0;
  #underWay = 0;
  closed = false;
  failRead: Error | undefined;
  failCheck: Error | undefined;
  checkGate: Gate | undefined;

  constructor(content: Buffer, ioMode: FakeMode = 'sync', name = 'a file') {
    this.content = content;
    this.size = content.length;
    this.ioMode = ioMode;
    this.name = name;
    this.identity = createHash('sha256').update(name).update(content).digest();
  }

  read(offset: number, into: Buffer): void | Promise<void> {
    this.reads += 1;
    if (this.ioMode === 'sync') {
      if (this.failRead !== undefined) throw this.failRead;
      this.content.copy(into, 0, offset, offset + into.length);
      return;
    }
    return this.#readLater(offset, into);
  }

  async #readLater(offset: number, into: Buffer): Promise<void> {
    this.#underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay);
    await (this.ioMode === 'manual' ? this.gate.wait() : new Promise((resolve) => setImmediate(resolve)));
    this.#underWay -= 1;
    if (this.failRead !== undefined) throw this.failRead;
    this.content.copy(into, 0, offset, offset + into.length);
  }

  async assertUnchanged(): Promise<void> {
    await this.checkGate?.wait();
    if (this.failCheck !== undefined) throw this.failCheck;
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** See the module's head. */
export class FakeSink implements Sink {
  readonly target = '/fake/target';
  readonly content: Buffer;
  readonly recorded: StorageTable;
  readonly #vouched: StorageTable;
  readonly synchronous: boolean;
  readonly alreadyCommitted = false;
  readonly ioMode: FakeMode;
  readonly gate = new Gate();
  commitGate: Gate | undefined;
  failWrite: Error | undefined;
  failCommit: Error | undefined;
  writes = 0;
  commits = 0;
  /** What was called to end it, in order. */
  readonly ended: string[] = [];

  constructor(size: number, chunkSize: number, ioMode: FakeMode = 'sync') {
    this.content = Buffer.alloc(size, 0xee);
    this.recorded = new StorageTable(Math.ceil(size / chunkSize));
    this.#vouched = this.recorded.copy();
    this.synchronous = ioMode === 'sync';
    this.ioMode = ioMode;
  }

  get vouched(): Vouched {
    return this.#vouched;
  }

  /** A chunk that an earlier attempt has left. */
  vouch(index: number, hash: bigint): void {
    for (const table of [this.recorded, this.#vouched]) table.set(index, hash);
  }

  write(pieces: readonly Uint8Array[], offset: number): void | Promise<void> {
    this.writes += 1;
    if (this.ioMode === 'sync') {
      if (this.failWrite !== undefined) throw this.failWrite;
      Buffer.concat(pieces).copy(this.content, offset);
      return;
    }
    return this.#writeLater(pieces, offset);
  }

  async #writeLater(pieces: readonly Uint8Array[], offset: number): Promise<void> {
    await (this.ioMode === 'manual' ? this.gate.wait() : new Promise((resolve) => setImmediate(resolve)));
    if (this.failWrite !== undefined) throw this.failWrite;
    Buffer.concat(pieces).copy(this.content, offset);
  }

  writeHole(offset: number, length: number): void | Promise<void> {
    return this.write([Buffer.alloc(length)], offset);
  }

  read(offset: number, into: Buffer): void {
    this.content.copy(into, 0, offset, offset + into.length);
  }

  recordChunk(index: number, hash: bigint): void {
    this.recorded.set(index, hash);
  }

  checkpoint(): Promise<void> {
    return Promise.resolve();
  }

  chunkHashes(): Buffer {
    return this.recorded.hashes();
  }

  missing(): Iterable<{ readonly first: number; readonly count: number }> {
    return this.recorded.missing();
  }

  async commit(): Promise<void> {
    this.commits += 1;
    await this.commitGate?.wait();
    if (this.failCommit !== undefined) throw this.failCommit;
    this.ended.push('commit');
  }

  keep(): Promise<void> {
    this.ended.push('keep');
    return Promise.resolve();
  }

  discard(): Promise<void> {
    this.ended.push('discard');
    return Promise.resolve();
  }
}
