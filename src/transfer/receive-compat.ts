/**
 * One file in over the reference wire.
 *
 * @module
 */
import path from 'node:path';
import { closeForError, COMPAT_CHUNK_BYTES } from '../compat/messages.js';
import { CompatReceiverMachine, type CompatReceiverEffect, type CompatReceiverInput } from '../compat/receiver-machine.js';
import { sha256 } from '../crypto/checksum.js';
import { UsageError } from '../errors.js';
import { statOrNone } from '../storage/publish.js';
import { isDirectory } from '../storage/safe-path.js';
import { openSink, type Sink } from '../storage/sink.js';
import type { Connection } from '../transport/connection.js';
import { IDENTITY_BYTES } from '../wire/constants.js';
import { Outcome } from './outcome.js';
import { ProgressMeter, type TransferResult } from './progress.js';
import { pump } from './pump.js';
import type { ReceiveRequest } from './receive.js';
import { compatResult } from './result.js';
import { closedFact, movedEntry } from './send-compat.js';
import type { TransferSettings } from './settings.js';

/** What is asked of it. */
export type CompatReceiveRequest = Pick<ReceiveRequest, 'limitBytes' | 'signal' | 'onProgress' | 'wrapSink'> & Pick<TransferSettings, 'rate'>;

/** Bytes waiting for the disk at which reading from the socket stops. */
const WAITING_MAX = 3 * COMPAT_CHUNK_BYTES;

/**
 * Receives one file into `target`, which must be a file's path: this wire carries no name.
 * @throws StreamerError; whatever had come is removed, since nothing can be resumed.
 */
export async function receiveCompat(connection: Connection, target: string, request: CompatReceiveRequest): Promise<TransferResult> {
  const startMs = performance.now();
  const receiving = new CompatReceiving(connection, target, request);
  const { hex, size } = await receiving.run();
  const name = path.basename(target);
  // This wire carries no time: the file has that of its arrival, unless somebody has taken it away already.
  const stats = await statOrNone(target).catch(() => undefined);
  request.onProgress(movedEntry(name, size, stats?.mtimeNs ?? BigInt(Date.now()) * 1_000_000n, hex));
  return compatResult({ action: 'receive', path: target, name, size, sha256: hex, startMs, remote: connection.remote });
}

/** The target of a compat transfer: a file's path. @throws UsageError when that is not what was given. */
export async function compatTarget(target: string | undefined): Promise<string> {
  const lacking = 'the compat wire carries no file name';
  if (target === undefined) throw new UsageError(`${lacking}: give the target path`);
  if (target.endsWith('/') || (await isDirectory(target))) throw new UsageError(`${lacking}: give the target file, not a directory`);
  return target;
}

class CompatReceiving {
  readonly #connection: Connection;
  readonly #target: string;
  readonly #request: CompatReceiveRequest;
  readonly #writes = new Set<Promise<void>>();
  #sink: Sink | undefined;
  #opening = false;
  #started: Promise<void> | undefined;
  /** From the eof on: gives the SHA-256 when the file has its name. */
  #committing: Promise<string> | undefined;
  /** What arrived in the same read as the init, before the target was open. */
  #early: CompatReceiverInput[] = [];
  #waiting = 0;
  /** Bytes that have come, and that the limit on the rate has not made up for yet. */
  #unpaid = 0;
  #size = 0;
  #meter: ProgressMeter | undefined;

  constructor(connection: Connection, target: string, request: CompatReceiveRequest) {
    this.#connection = connection;
    this.#target = target;
    this.#request = request;
  }

  async run(): Promise<{ hex: string; size: number }> {
    try {
      const hex = await this.#transfer().catch((error: unknown) => this.#unlessCommitted(error));
      this.#connection.close(1000, '');
      return { hex, size: this.#size };
    } catch (error) {
      const { code, reason } = closeForError(error);
      this.#connection.close(code, reason);
      throw error;
    } finally {
      // It may have ended while the target was still being opened.
      await Promise.allSettled([...this.#writes, this.#started]);
      await this.#sink?.discard();
    }
  }

  /** A commit that has begun decides: what is stopped meanwhile must not be called a failure and yet have its name. */
  async #unlessCommitted(error: unknown): Promise<string> {
    const hex = await this.#committing?.catch(() => undefined);
    if (hex === undefined) throw error;
    return hex;
  }

  #transfer(): Promise<string> {
    const machine = new CompatReceiverMachine(this.#request.limitBytes, sha256());
    const outcome = new Outcome<string>(this.#request.signal, () => undefined, false);
    const perform = (effect: CompatReceiverEffect) => {
      if (outcome.over) return;
      switch (effect.kind) {
        case 'started':
          this.#started = this.#start(effect.size);
          this.#started.then(() => this.#opened(feed), outcome.fail);
          break;
        case 'write':
          this.#write(effect.offset, effect.bytes, outcome.fail);
          break;
        case 'commit':
          this.#committing = this.#commit(effect.sha256);
          this.#committing.then(() => feed({ kind: 'committed' }), outcome.fail);
          break;
        case 'done':
          outcome.succeed(effect.sha256);
          break;
        case 'fail':
          outcome.fail(effect.error);
          break;
      }
    };
    const feed = pump(machine, perform, outcome.fail);
    const take = (input: CompatReceiverInput) => {
      if (this.#opening) this.#early.push(input);
      else feed(input);
    };
    this.#connection.attach({
      piece: (bytes, last, kind) => {
        outcome.progressed();
        take({ kind: 'piece', bytes: this.#opening ? Buffer.from(bytes) : bytes, last, text: kind === 'text' });
      },
      closed: (info) => take(closedFact(info)),
    });
    return outcome.promise;
  }

  async #start(size: number): Promise<void> {
    this.#size = size;
    this.#opening = true;
    this.#connection.pause();
    this.#request.onProgress({ type: 'started', root: 'file', name: path.basename(this.#target), size, resumedBytes: 0 });
    this.#meter = new ProgressMeter(this.#request.onProgress, size, 0);
    const options = { target: this.#target, size, chunkSize: 0, identity: Buffer.alloc(IDENTITY_BYTES), mode: undefined, mtimeNs: undefined, resume: false };
    const sink = await openSink(options);
    if (sink.restarted !== undefined) this.#request.onProgress({ type: 'notice', message: `an earlier attempt's data is discarded: ${sink.restarted}` });
    this.#sink = this.#request.wrapSink?.(sink) ?? sink;
  }

  #opened(feed: (input: CompatReceiverInput) => void): void {
    this.#opening = false;
    const early = this.#early;
    this.#early = [];
    for (const input of early) feed(input);
    this.#goOn();
  }

  /** Reads on, unless something still forbids it. */
  #goOn(): void {
    if (!this.#opening && this.#unpaid === 0 && this.#waiting < WAITING_MAX / 2) this.#connection.resume();
  }

  /** What has come too fast holds back what comes next. */
  #pay(bytes: number): void {
    const { rate } = this.#request;
    if (rate === undefined) return;
    this.#unpaid += bytes;
    rate.pay(bytes, () => {
      this.#unpaid -= bytes;
      this.#goOn();
    });
    if (this.#unpaid > 0) this.#connection.pause();
  }

  #write(offset: number, bytes: Uint8Array, fail: (error: unknown) => void): void {
    if (this.#sink === undefined) throw new Error('a write before the target is open');
    const { length } = bytes;
    this.#pay(length);
    // Only a synchronous write is done with the bytes when it returns; the socket's buffer is used again at once.
    const stable = this.#sink.synchronous ? bytes : Buffer.from(bytes);
    const pending = this.#sink.write([stable], offset);
    if (pending === undefined) {
      this.#meter?.add(length);
      return;
    }
    this.#waiting += length;
    if (this.#waiting > WAITING_MAX) this.#connection.pause();
    const settled = pending
      .then(() => {
        this.#waiting -= length;
        this.#meter?.add(length);
        this.#goOn();
      }, fail)
      .finally(() => this.#writes.delete(settled));
    this.#writes.add(settled);
  }

  async #commit(sha256Hex: string): Promise<string> {
    await Promise.all(this.#writes);
    this.#meter?.flush();
    this.#request.onProgress({ type: 'finishing' });
    await this.#sink?.commit();
    return sha256Hex;
  }
}
