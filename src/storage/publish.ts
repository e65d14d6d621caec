/**
 * How a complete partial file becomes the target, and how a commit that was killed half-way is recognised.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, unlink } from 'node:fs/promises';
import path from 'node:path';
import { StorageError } from '../errors.js';
import { fileTimes } from './file-times.js';
import { isErrno, storageError, visible } from './fs-error.js';
import type { ParsedJournal } from './journal.js';
import type { OpenFile } from './open-file.js';
import { modeHere } from './umask.js';

/** What link(2) answers where there are no hard links: exFAT, some FUSE and SMB mounts, some Lustre set-ups. */
export const NO_LINKS: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EACCES'];
/** What a file system answers that cannot hold a mode or a time, or cannot sync a directory. */
export const NOT_KEPT: readonly string[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EISDIR', 'EBADF', 'EACCES'];
/** Coarsest time stamps in use: FAT's, 2 s, in nanoseconds. */
const COARSEST_NS = 2_000_000_000n;

/**
 * Gives the file the sender's permission bits ({@link modeHere}) and time, and waits until all of it is on disk.
 * File systems that cannot hold a mode or a time keep their own.
 */
export async function seal(file: OpenFile, mode: number | undefined, mtimeNs: bigint | undefined): Promise<void> {
  if (mode !== undefined) await file.chmodRaw(modeHere(mode)).catch(unlessNotKept('set the mode of', file.path));
  if (mtimeNs !== undefined) await file.utimesRaw(mtimeNs, await fileTimes()).catch(unlessNotKept('set the time of', file.path));
  await file.sync();
}

/** Gives `part` the name `target` in place of what has it, atomically. `shown` is the target for messages. */
export async function publishOver(part: string, target: string, shown: string): Promise<void> {
  // Of two names of one file, rename(2) removes neither.
  if (isSameFile(await statOrNone(part), await statOrNone(target))) await remove(part, shown);
  else await renamed(part, target, shown);
}

/**
 * Gives `part` the name `target`, atomically, and never in place of another file. link(2) refuses an existing target;
 * where there are no hard links, rename(2) follows a look at the target: a file created between the two is lost.
 * @throws StorageError `storage-exists`, with the partial file left as it is.
 */
export async function publish(part: string, target: string, shown: string = target): Promise<void> {
  try {
    await link(part, target);
  } catch (cause) {
    if (isErrno(cause, 'EEXIST')) {
      // NFS repeats a request whose answer was lost, and then refuses what it has done already.
      if (!isSameFile(await statOrNone(part), await statOrNone(target))) throw existsError(shown, cause);
    } else if (isErrno(cause, ...NO_LINKS)) {
      if ((await statOrNone(target)) !== undefined) throw existsError(shown);
      await renamed(part, target, shown);
      return;
    } else {
      throw vanished(cause, shown);
    }
  }
  // The new name first, durably: a file system that reorders the two could lose both.
  await syncDirectory(path.dirname(target), path.dirname(shown));
  await remove(part, shown);
}

async function renamed(part: string, target: string, shown: string): Promise<void> {
  try {
    await rename(part, target);
  } catch (cause) {
    if (isErrno(cause, 'EISDIR', 'ENOTEMPTY', 'EEXIST')) throw existsError(shown, cause);
    throw vanished(cause, shown);
  }
}

function vanished(cause: unknown, target: string): unknown {
  if (!isErrno(cause, 'ENOENT')) return storageError(cause, 'create', target);
  return new StorageError('storage-missing', `cannot create ${visible(target)}: its partial file or its directory was removed meanwhile; run the command again`, { cause });
}

/**
 * Makes the names in a directory durable. A directory that may be written but not read cannot be synced: so be it.
 * @param shown the directory for messages.
 */
export async function syncDirectory(directory: string, shown: string = directory): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(directory, 'r');
  } catch (cause) {
    unlessNotKept('open', shown)(cause);
    return;
  }
  try {
    await handle.sync();
  } catch (cause) {
    unlessNotKept('store', shown)(cause);
  } finally {
    await handle.close().catch(() => undefined);
  }
}

/**
 * Whether `target` is what an earlier commit of this very journal published, before it was killed. `part` is undefined
 * when it is gone. The link was made only after everything was verified and synced, so such a target is complete.
 */
export function isCommitted(target: BigIntStats, part: BigIntStats | undefined, journal: ParsedJournal, mtimeNs: bigint): boolean {
  if (journal.table.count < journal.table.total) return false;
  if (part !== undefined) return isSameFile(target, part);
  const apart = target.mtimeNs - mtimeNs;
  const sameTime = apart < COARSEST_NS && apart > -COARSEST_NS;
  return target.ino === journal.header.inode && target.size === BigInt(journal.header.size) && sameTime;
}

/** The error for a target that is there already. */
export function existsError(target: string, cause?: unknown): StorageError {
  return new StorageError('storage-exists', `${visible(target)} already exists; move it away or choose another name`, { cause });
}

/** lstat(2), or undefined when nothing has that name. */
export async function statOrNone(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw storageError(cause, 'examine', path);
  }
}

/** unlink(2); a name that is gone is fine. `shown` is the path for the message. */
export async function remove(path: string, shown: string = path): Promise<void> {
  try {
    await unlink(path);
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT')) throw storageError(cause, 'clean up after', shown);
  }
}

/** Whether two names are one file. */
export function isSameFile(one: BigIntStats | undefined, other: BigIntStats | undefined): boolean {
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev;
}

function unlessNotKept(doing: string, path: string): (cause: unknown) => void {
  return (cause) => {
    if (!isErrno(cause, ...NOT_KEPT)) throw storageError(cause, doing, path);
  };
}
