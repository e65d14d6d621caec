/**
 * The sender's side of one file: ranges of it, and the certainty that it stayed the same file meanwhile.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { IntegrityError, StorageError } from '../errors.js';
import { orStorageError, visible } from './fs-error.js';
import { chooseIo, type IoMode } from './io-mode.js';
import { OpenFile } from './open-file.js';

/** A regular file to send. */
export interface Source {
  /** Last part of the path as the user gave it: what the receiver is told. */
  readonly name: string;
  /** Bytes, below 2^53. */
  readonly size: number;
  /** Modification time in nanoseconds since 1970. */
  readonly mtimeNs: bigint;
  /** Permission bits, 0 to 0o7777. */
  readonly mode: number;
  /** Less is stored of it than its size: there are holes, to be looked for. */
  readonly sparse: boolean;
  /** 32 bytes that change whenever path, size, modification time or a sample of the content does. */
  readonly identity: Buffer;
  /**
   * Fills `into` from `offset`. Synchronous where that is quick, a promise where it could stall: `await` serves both,
   * and so does a `try` around it, for a synchronous failure is thrown.
   * @throws IntegrityError `integrity-source` when the file has become shorter; StorageError.
   */
  read(offset: number, into: Buffer): void | Promise<void>;
  /** @throws IntegrityError `integrity-source` when size or time differ, or the path names another file now. */
  assertUnchanged(): Promise<void>;
  /** Waits for reads under way and closes. Safe to call again. Never fails. */
  close(): Promise<void>;
}

/** Options of {@link openSource}. */
export interface SourceOptions {
  /** @default 'auto' */
  readonly ioMode?: IoMode | undefined;
}

/** Bytes taken at the beginning, in the middle and at the end. */
const SAMPLE_BYTES = 64 * 1024;
const PURPOSE = 'streamer source identity 1\0';

/**
 * Opens a regular file for sending. A symbolic link is followed: the user named it.
 * @throws StorageError `storage-missing`, `storage-denied`, `storage-not-a-file` or `storage-io`.
 */
export async function openSource(filePath: string, options: SourceOptions = {}): Promise<Source> {
  // Looked at before it is opened: to open a tape or a FIFO may change it, or hand its reader's writer an end.
  assertRegular(await orStorageError('open', filePath, () => stat(filePath, { bigint: true })), filePath);
  const io = await chooseIo(path.dirname(filePath), options.ioMode);
  const file = await OpenFile.open(filePath, READ_FLAGS, 0, io);
  return sourceOf(file, {
    realPath: () => orStorageError('open', filePath, () => realpath(filePath, { encoding: 'buffer' })),
    named: () => stat(filePath, { bigint: true }).catch(() => undefined),
  });
}

/** Should a FIFO have taken the file's place, O_NONBLOCK keeps open(2) from waiting for its writer. */
export const READ_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What an open file does not know of its name. */
export interface NamedFile {
  /** Part of the identity. */
  realPath(): Promise<Uint8Array>;
  /** What has the name now; undefined when nothing has, or nothing that can be looked at. */
  named(): Promise<BigIntStats | undefined>;
}

/**
 * A source of an open file, which it owns from now on: it is closed also when this fails.
 * @throws StorageError `storage-not-a-file`; IntegrityError `integrity-source` when it changes at this very moment.
 */
export async function sourceOf(file: OpenFile, name: NamedFile): Promise<Source> {
  try {
    const stats = await file.stat();
    assertRegular(stats, file.path);
    return new FileSource(file, stats, await identify(file, stats, await name.realPath()), name);
  } catch (error) {
    await file.close();
    throw error;
  }
}

class FileSource implements Source {
  readonly name: string;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly mode: number;
  readonly sparse: boolean;
  readonly identity: Buffer;
  readonly #file: OpenFile;
  readonly #stats: BigIntStats;
  readonly #named: NamedFile;

  constructor(file: OpenFile, stats: BigIntStats, identity: Buffer, named: NamedFile) {
    this.#file = file;
    this.#stats = stats;
    this.#named = named;
    this.name = path.basename(file.path);
    this.size = Number(stats.size);
    this.mtimeNs = stats.mtimeNs;
    this.mode = Number(stats.mode & 0o7777n);
    this.sparse = isSparse(stats);
    this.identity = identity;
  }

  read(offset: number, into: Buffer): void | Promise<void> {
    if (offset < 0 || offset + into.length > this.size) throw new RangeError(`bytes ${offset} to ${offset + into.length} of ${this.size}`);
    const got = this.#file.read(offset, into);
    if (typeof got === 'number') this.#assertFull(got, into);
    else return got.then((count) => this.#assertFull(count, into));
  }

  #assertFull(got: number, into: Buffer): void {
    if (got < into.length) throw changedError(this.#file.path);
  }

  async assertUnchanged(): Promise<void> {
    const now = await this.#file.stat();
    const named = await this.#named.named();
    const same = now.size === this.#stats.size && now.mtimeNs === this.#stats.mtimeNs;
    if (!same || named?.ino !== now.ino || named.dev !== now.dev) throw changedError(this.#file.path);
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** Whether a file has holes: stat(2) counts blocks of 512 bytes. */
export function isSparse({ blocks, size }: Pick<BigIntStats, 'blocks' | 'size'>): boolean {
  return blocks * 512n < size;
}

/** The error for a source that is not what it was. */
export function changedError(filePath: string): IntegrityError {
  return new IntegrityError('integrity-source', `${visible(filePath)}: the source changed while it was being sent; run the command again`);
}

function assertRegular(stats: BigIntStats, filePath: string): void {
  const shown = visible(filePath);
  if (stats.isDirectory()) throw new StorageError('storage-not-a-file', `cannot send ${shown}: it is a directory; name a file`);
  if (!stats.isFile()) throw new StorageError('storage-not-a-file', `cannot send ${shown}: it is not a regular file; name a regular file`);
  if (stats.size > BigInt(Number.MAX_SAFE_INTEGER)) throw new StorageError('storage-not-a-file', `cannot send ${shown}: it is larger than 2^53 - 1 bytes`);
}

/**
 * SHA-256 over a purpose string, the real path, size, time and the samples. Without the inode, which some network file
 * systems hand out anew at each mount. The samples catch a file that was rewritten with its old time.
 */
async function identify(file: OpenFile, stats: BigIntStats, real: Uint8Array): Promise<Buffer> {
  const size = Number(stats.size);
  const length = Math.min(SAMPLE_BYTES, size);
  const numbers = Buffer.alloc(20);
  numbers.writeUInt32BE(real.length, 0);
  numbers.writeBigUInt64BE(stats.size, 4);
  numbers.writeBigInt64BE(stats.mtimeNs, 12);
  const hash = createHash('sha256').update(PURPOSE).update(numbers).update(real);
  const sample = Buffer.alloc(length);
  for (const offset of new Set([0, Math.floor((size - length) / 2), size - length])) {
    const got = await file.read(offset, sample);
    if (got < length) throw changedError(file.path);
    hash.update(sample);
  }
  return hash.digest();
}
