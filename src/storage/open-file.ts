/**
 * One open file: whole reads and writes at an offset, synchronous or not as {@link AdaptiveIo} says, and a close that
 * waits for what is under way.
 *
 * Raw descriptors and not FileHandles, since only they can be used both ways. That makes the waiting close necessary:
 * a descriptor closed under a call in the thread pool may already be another file's when the call reaches the kernel.
 *
 * @module
 */
import * as fs from 'node:fs';
import { StorageError } from '../errors.js';
import { lengthOf } from '../util/bytes.js';
import type { FileTimes } from './file-times.js';
import { storageError, visible } from './fs-error.js';
import type { AdaptiveIo } from './io-mode.js';
import { run } from './steps.js';

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

function call<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
  });
}

/** A call without a result. */
function act(start: (done: fs.NoParamCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

/** An open regular file. Failures are StorageErrors that name `path`. */
export class OpenFile {
  /** As the user gave it, for messages. */
  readonly path: string;
  readonly #fd: number;
  readonly #io: AdaptiveIo;
  readonly #pending = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;

  private constructor(path: string, fd: number, io: AdaptiveIo) {
    this.path = path;
    this.#fd = fd;
    this.#io = io;
  }

  /** Whether the next read or write will be done when it returns, however long it is. */
  get synchronous(): boolean {
    return this.#io.syncFor(Number.MAX_SAFE_INTEGER);
  }

  /**
   * Opens `path`, asynchronously whatever the mode: an open may wait for a server.
   * @param shown the path for messages, where the user knows it by another.
   * @throws StorageError, or with `raw` the system's own error, for callers that act on its errno.
   */
  static async open(path: string, flags: number, mode: number, io: AdaptiveIo, raw = false, shown: string = path): Promise<OpenFile> {
    try {
      const fd = await call<number>((done) => fs.open(path, flags, mode, done));
      return new OpenFile(shown, fd, io);
    } catch (cause) {
      throw raw ? cause : storageError(cause, 'open', shown);
    }
  }

  /** Reads at `offset` until `into` is full or the file ends. Returns the bytes read. */
  read(offset: number, into: Uint8Array): number | Promise<number> {
    this.#assertOpen();
    if (!this.#io.syncFor(into.length)) return this.#track('read', this.#readAsync(offset, into));
    try {
      return this.#io.timed(() => this.#readSync(offset, into));
    } catch (cause) {
      throw storageError(cause, 'read', this.path);
    }
  }

  /** Writes all of `pieces`, joined, at `offset`. They must not change until the write is done. */
  write(pieces: readonly Uint8Array[], offset: number): void | Promise<void> {
    this.#assertOpen();
    const rest = afterBytes(pieces, 0);
    if (!this.#io.syncFor(lengthOf(rest))) return this.#track('write', this.#writeAsync(rest, offset));
    try {
      this.#io.timed(() => this.#writeSync(rest, offset));
    } catch (cause) {
      throw storageError(cause, 'write', this.path);
    }
  }

  /** fstat(2). */
  stat(): Promise<fs.BigIntStats> {
    return this.#later('examine', () => call((done) => fs.fstat(this.#fd, { bigint: true }, done)));
  }

  /** fdatasync(2): the bytes, and the size that is needed to find them. */
  datasync(): Promise<void> {
    return this.#later('store', () => act((done) => fs.fdatasync(this.#fd, done)));
  }

  /** fsync(2): bytes, mode and times. */
  sync(): Promise<void> {
    return this.#later('store', () => act((done) => fs.fsync(this.#fd, done)));
  }

  /** ftruncate(2), in bytes. */
  truncate(length: number): Promise<void> {
    return this.#later('truncate', () => act((done) => fs.ftruncate(this.#fd, length, done)));
  }

  /** fchmod(2). The system's own error, not a StorageError. */
  chmodRaw(mode: number): Promise<void> {
    return act((done) => fs.fchmod(this.#fd, mode, done));
  }

  /** Sets access and modification time, as exactly as `times` can. The system's own error, not a StorageError. */
  async utimesRaw(mtimeNs: bigint, times: FileTimes): Promise<void> {
    await run(times.setOpen(this.#fd, mtimeNs), this.#io);
  }

  /** Waits for what is under way, then closes. Safe to call again. Never fails: what matters was synced before. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await Promise.allSettled(this.#pending);
      await act((done) => fs.close(this.#fd, done)).catch(() => undefined);
    })();
    return this.#closing;
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new StorageError('storage-io', `${visible(this.path)} is already closed`);
  }

  async #later<T>(doing: string, start: () => Promise<T>): Promise<T> {
    this.#assertOpen();
    return this.#track(doing, start());
  }

  async #track<T>(doing: string, work: Promise<T>): Promise<T> {
    this.#pending.add(work);
    try {
      return await work;
    } catch (cause) {
      throw storageError(cause, doing, this.path);
    } finally {
      this.#pending.delete(work);
    }
  }

  #readSync(offset: number, into: Uint8Array): number {
    let got = 0;
    while (got < into.length) {
      const count = fs.readSync(this.#fd, into, got, into.length - got, offset + got);
      if (count === 0) break;
      got += count;
    }
    return got;
  }

  async #readAsync(offset: number, into: Uint8Array): Promise<number> {
    let got = 0;
    while (got < into.length) {
      const count = await call<number>((done) => fs.read(this.#fd, into, got, into.length - got, offset + got, done));
      if (count === 0) break;
      got += count;
    }
    return got;
  }

  #writeSync(pieces: readonly Uint8Array[], offset: number): void {
    let rest = pieces;
    let at = offset;
    while (rest.length > 0) {
      const wrote = fs.writevSync(this.#fd, rest, at);
      this.#assertProgress(wrote);
      at += wrote;
      rest = afterBytes(rest, wrote);
    }
  }

  async #writeAsync(pieces: readonly Uint8Array[], offset: number): Promise<void> {
    let rest = pieces;
    let at = offset;
    while (rest.length > 0) {
      const [now, position] = [rest, at];
      const wrote = await call<number>((done) => fs.writev(this.#fd, now, position, done));
      this.#assertProgress(wrote);
      at += wrote;
      rest = afterBytes(rest, wrote);
    }
  }

  /** POSIX lets write(2) answer 0; asking for ever would be a hang. */
  #assertProgress(wrote: number): void {
    if (wrote > 0) return;
    throw new StorageError('storage-io', `cannot write ${visible(this.path)}: the file system takes no more bytes; check the disk and its mount`);
  }
}

/** What is left of `pieces` after `count` bytes, empty ones dropped. */
export function afterBytes(pieces: readonly Uint8Array[], count: number): readonly Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = count;
  for (const piece of pieces) {
    if (piece.length > skip) rest.push(skip === 0 ? piece : piece.subarray(skip));
    skip = Math.max(0, skip - piece.length);
  }
  return rest;
}
