/**
 * The receiver's side of one file: a partial file that is written in any order, a journal of what is safely on disk,
 * and a commit that gives it its name only when it is whole. Never overwrites.
 *
 * @module
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { LimitError, StorageError } from '../errors.js';
import { type ChunkRange, MAX_CHUNKS } from './chunk-table.js';
import { CommittedSink, FileSink } from './file-sink.js';
import { orStorageError, storageError, visible } from './fs-error.js';
import { chooseIo, type IoMode } from './io-mode.js';
import { chunkCount, IDENTITY_BYTES } from './journal.js';
import { acquireLock } from './lock.js';
import { openPartial } from './partial-file.js';
import { partialNames, type PartialNames } from './partial-names.js';
import { existsError, statOrNone } from './publish.js';
import { isDirectory } from './safe-path.js';

/** What is to be received. */
export interface SinkOptions {
  /** Final path. Its directory must exist; it must not, unless there is {@link replacing}. */
  readonly target: string;
  /** The target as the user knows it, where that is another path. */
  readonly shown?: string | undefined;
  /** Bytes of the whole file. Undefined until {@link Sink.commit} for what has no end yet, such as a pipe; not with `resume`. */
  readonly size: number | undefined;
  /** Has holes, so that it may fit where its size would not. */
  readonly sparse?: boolean | undefined;
  /**
   * Lets the file replace an existing target, at once and by renaming. Called right before, to refuse by throwing what
   * must not be replaced after all.
   */
  readonly replacing?: (() => Promise<void>) | undefined;
  /** Called once, when the sink has ended and its path is not used any more. */
  readonly ended?: (() => void) | undefined;
  /** Bytes of every chunk but the last. May be 0 when `resume` is false: then no chunk can be recorded. */
  readonly chunkSize: number;
  /** The source's identity, 32 bytes. */
  readonly identity: Uint8Array;
  /** The sender's permission bits; those above 0o777 are not taken over. Undefined: as the umask says. */
  readonly mode: number | undefined;
  /** Nanoseconds since 1970; kept to the microsecond at least. Undefined: now. */
  readonly mtimeNs: bigint | undefined;
  /** Whether to go on from an earlier attempt, and to keep a journal. */
  readonly resume: boolean;
  /** @default 'auto' */
  readonly ioMode?: IoMode | undefined;
}

/** The chunks that an earlier attempt's journal vouches for, as they were when the sink was opened. */
export interface Vouched {
  readonly count: number;
  has(index: number): boolean;
  /** 8 bytes per chunk of the file, big-endian, zero where absent. */
  hashes(): Buffer;
}

/**
 * An open target. One of {@link commit}, {@link keep} and {@link discard} ends it; after any of them, and after a
 * failed `commit`, `keep` and `discard` are still safe to call.
 */
export interface Sink {
  /** Final path, as given. */
  readonly target: string;
  readonly vouched: Vouched;
  /** Why an earlier attempt was discarded. */
  readonly restarted?: string;
  /** Whether the next {@link write} is done with its pieces when it returns. It may change between any two. */
  readonly synchronous: boolean;
  /** The target is complete: an earlier run was killed after it had published it. Nothing is left to do. */
  readonly alreadyCommitted: boolean;
  /**
   * Writes all of `pieces`, joined, at `offset`. The pieces belong to the sink until it is done. Synchronous where
   * that is quick, a promise where it could stall; it throws or rejects accordingly, and `await` serves both.
   * @throws StorageError, `storage-full` among them; also one from a checkpoint since the last call.
   */
  write(pieces: readonly Uint8Array[], offset: number): void | Promise<void>;
  /**
   * Makes `length` bytes at `offset` read as zeros, and takes no room on the disk for them where nothing was written
   * before. Not for bytes that this very attempt has written. As for {@link write} otherwise.
   */
  writeHole(offset: number, length: number): void | Promise<void>;
  /** Fills `into` with what is there from `offset` on, before the commit: to hash it. As for {@link write} otherwise. */
  read(offset: number, into: Buffer): void | Promise<void>;
  /** Notes a chunk as received. Call it after the chunk's writes are complete. Never waits. */
  recordChunk(index: number, hash: bigint): void;
  /** Resolves when every chunk recorded so far is on disk and in the journal. @throws StorageError. */
  checkpoint(): Promise<void>;
  /** Hashes of all chunks so far, 8 bytes each, big-endian, zero where absent. A copy. */
  chunkHashes(): Buffer;
  /** Chunks not yet there, as ranges in order. Nothing may be recorded while this is read. */
  missing(): Iterable<ChunkRange>;
  /**
   * Makes the file durable and gives it its name.
   * @param totalSize bytes of the whole file, where that was not known before.
   * @throws IntegrityError `integrity-size` when bytes or chunks are missing; StorageError, `storage-exists` among them.
   */
  commit(totalSize?: number): Promise<void>;
  /** Closes, and leaves what a later attempt can use. Never fails: the error that led here is the one to show. */
  keep(): Promise<void>;
  /** Closes, and removes everything. Never fails. */
  discard(): Promise<void>;
}

/**
 * Opens a target for receiving.
 * @throws StorageError `storage-exists`, `storage-locked`, `storage-missing` (the directory), `storage-full` or
 * another; LimitError `limit-entries` when the file has more chunks than a journal can hold.
 */
export async function openSink(options: SinkOptions): Promise<Sink> {
  assertOptions(options);
  const { target, shown = target } = options;
  const names = await assertFree(target, options.replacing !== undefined, shown);
  const lock = await acquireLock(names, shown);
  try {
    const io = await chooseIo(names.directory, options.ioMode);
    const partial = await openPartial({ ...options, shown, replace: options.replacing !== undefined, names, io, uid: lock.uid });
    if (partial.kind === 'open') return new FileSink({ ...options, shown }, names, lock, partial);
    await lock.release();
    options.ended?.();
    return new CommittedSink(shown, partial.table);
  } catch (error) {
    await lock.release();
    throw error;
  }
}

/**
 * Refuses early what {@link openSink} would refuse: for use before a connection is made, while the sender's file name
 * is not known. A directory passes, since the file goes into it; creates nothing.
 * @param path what the user asked to receive into.
 * @throws StorageError `storage-exists`, `storage-missing` (the directory) or `storage-unsafe-path`.
 */
export async function assertTargetFree(path: string): Promise<void> {
  if (!(await isDirectory(path))) {
    await assertFree(path);
    return;
  }
  // `isDirectory` believes a path that ends in a slash.
  await assertDirectory(path, path);
  await orStorageError('receive into', path, () => access(path, constants.W_OK | constants.X_OK));
}

/** An existing target is let through only with files of ours beside it: a killed commit may be waiting for its end. */
async function assertFree(target: string, replace = false, shown: string = target): Promise<PartialNames> {
  const names = partialNames(target);
  await assertDirectory(names.directory, shown);
  if (!replace && (await statOrNone(target)) !== undefined && !(await leftovers(names))) throw existsError(shown);
  return names;
}

function assertOptions({ target, shown = target, size, chunkSize, identity, resume }: SinkOptions): void {
  if (size === undefined ? resume : !Number.isSafeInteger(size) || size < 0) throw new RangeError(`size ${size ?? 'unknown'}`);
  if (!Number.isInteger(chunkSize) || chunkSize < (resume ? 1 : 0) || chunkSize > 0xffffffff) throw new RangeError(`chunkSize ${chunkSize}`);
  if (identity.length !== IDENTITY_BYTES) throw new RangeError(`identity of ${identity.length} bytes`);
  if (size !== undefined && chunkSize > 0 && chunkCount(size, chunkSize) > MAX_CHUNKS) {
    throw new LimitError('limit-entries', `${visible(shown)}: ${size} bytes in chunks of ${chunkSize} are more than ${MAX_CHUNKS} chunks; the sender has to use larger ones`);
  }
}

async function assertDirectory(directory: string, target: string): Promise<void> {
  try {
    if ((await stat(directory)).isDirectory()) return;
  } catch (cause) {
    const error = storageError(cause, 'receive into', directory);
    if (!(error instanceof StorageError) || error.code !== 'storage-missing') throw error;
    throw new StorageError('storage-missing', `cannot create ${visible(target)}: the directory ${visible(directory)} does not exist; create it first`, { cause });
  }
  throw new StorageError('storage-not-a-file', `cannot create ${visible(target)}: ${visible(directory)} is not a directory; choose another path`);
}

/** Whether a killed run may have left something to clean up, so that the lock is worth taking. */
async function leftovers(names: PartialNames): Promise<boolean> {
  for (const path of [names.part, names.journal, names.lock]) if ((await statOrNone(path)) !== undefined) return true;
  return false;
}
