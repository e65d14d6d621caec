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
import { umask } from './umask.js';

/** What link(2) answers where there are no hard links: exFAT, some FUSE and SMB mounts, some Lustre set-ups. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV', 'EACCES'];
/** What a file system answers that cannot hold a mode or a time, or cannot sync a directory. */
const NOT_KEPT = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EINVAL', 'EISDIR', 'EBADF', 'EACCES'];
/** Coarsest time stamps in use: FAT's, 2 s, in nanoseconds. */
const COARSEST_NS = 2_000_000_000n;

/**
 * Gives the file the sender's permission bits and time, and waits until all of it is on disk. No setuid, setgid or
 * sticky bit: they would speak for this side's user. The umask is applied, as for every file that a user makes: a site's rule
 * that others may not read stands above what the peer asks for.
 * File systems that cannot hold a mode or a time keep their own.
 */
export async function seal(file: OpenFile, mode: number | undefined, mtimeNs: bigint | undefined): Promise<void> {
  if (mode !== undefined) await file.chmodRaw(mode & 0o777 & ~umask()).catch(unlessNotKept('set the mode of', file.path));
  if (mtimeNs !== undefined) await file.utimesRaw(mtimeNs, await fileTimes()).catch(unlessNotKept('set the time of', file.path));
  await file.sync();
}

/**
 * Gives `part` the name `target`, atomically, and never in place of another file. link(2) refuses an existing target;
 * where there are no hard links, rename(2) follows a look at the target: a file created between the two is lost.
 * @throws StorageError `storage-exists`, with the partial file left as it is.
 */
export async function publish(part: string, target: string): Promise<void> {
  try {
    await link(part, target);
  } catch (cause) {
    if (isErrno(cause, 'EEXIST')) {
      // NFS repeats a request whose answer was lost, and then refuses what it has done already.
      if (!isSameFile(await statOrNone(part), await statOrNone(target))) throw existsError(target, cause);
    } else if (isErrno(cause, ...NO_LINKS)) {
      await renameOver(part, target);
      return;
    } else {
      throw vanished(cause, target);
    }
  }
  // The new name first, durably: a file system that reorders the two could lose both.
  await syncDirectory(path.dirname(target));
  await remove(part, target);
}

async function renameOver(part: string, target: string): Promise<void> {
  if ((await statOrNone(target)) !== undefined) throw existsError(target);
  try {
    await rename(part, target);
  } catch (cause) {
    throw vanished(cause, target);
  }
}

function vanished(cause: unknown, target: string): unknown {
  if (!isErrno(cause, 'ENOENT')) return storageError(cause, 'create', target);
  return new StorageError('storage-missing', `cannot create ${visible(target)}: its partial file or its directory was removed meanwhile; run the command again`, { cause });
}

/** Makes the names in a directory durable. A directory that may be written but not read cannot be synced: so be it. */
export async function syncDirectory(directory: string): Promise<void> {
  let handle: FileHandle;
  try {
    handle = await open(directory, 'r');
  } catch (cause) {
    unlessNotKept('open', directory)(cause);
    return;
  }
  try {
    await handle.sync();
  } catch (cause) {
    unlessNotKept('store', directory)(cause);
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
