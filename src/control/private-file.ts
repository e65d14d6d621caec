/**
 * Small files that hold a secret or say where one goes: read only when they are the user's own, written whole or not at all.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync, writeSync, type Stats } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { StorageError, UsageError } from '../errors.js';
import { isErrno, orStorageError, storageError, visible } from '../storage/fs-error.js';

/** A token or a key has a few KiB; a bundle of all authorities some 250. */
const FILE_BYTES_MAX = 1024 * 1024;
const DRAFT = '.draft-';
/** No run takes this long to write one, milliseconds. */
const DRAFT_MS = 10 * 60_000;

/**
 * The text of a file, or of a FIFO such as a shell's `<(command)`; undefined when it is not there.
 * @param what in the words of a message: "the client's secret"
 * @throws StorageError `storage-denied` for a file of another user, or one that others may read; UsageError for one without end
 */
export async function readPrivateFile(file: string, what: string): Promise<string | undefined> {
  return readBounded(file, what, (stats) => assertPrivate(stats, file, what));
}

/** The same of what anybody may read, such as certificates. */
export async function readPublicFile(file: string, what: string): Promise<string | undefined> {
  return readBounded(file, what, () => undefined);
}

async function readBounded(file: string, what: string, check: (stats: Stats) => void): Promise<string | undefined> {
  try {
    // Before it is opened, for a FIFO that somebody else put there would hold us; and after, for it may be another one by then.
    check(await stat(file));
    const handle = await open(file, 'r');
    try {
      check(await handle.stat());
      return await readAll(handle, file);
    } finally {
      await handle.close();
    }
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw storageError(cause, `read ${what}`, file);
  }
}

async function readAll(handle: FileHandle, file: string): Promise<string> {
  const buffer = Buffer.alloc(FILE_BYTES_MAX + 1);
  let length = 0;
  for (let got = -1; got !== 0 && length < buffer.length; length += got) ({ bytesRead: got } = await handle.read(buffer, length, buffer.length - length, null));
  if (length > FILE_BYTES_MAX) throw new UsageError(`${visible(file)} is too long to be what it should be: name another file`);
  return buffer.toString('utf8', 0, length);
}

function assertPrivate(stats: Stats, file: string, what: string): void {
  const place = visible(file);
  if (!stats.isFile() && !stats.isFIFO()) throw new StorageError('storage-not-a-file', `${place}, for ${what}, is not a file: name one`);
  if (process.getuid !== undefined && stats.uid !== process.getuid() && stats.uid !== 0) throw new StorageError('storage-denied', `${place}, for ${what}, belongs to another user: make one of your own`);
  if (process.getuid !== undefined && (stats.mode & 0o077) !== 0) throw new StorageError('storage-denied', `${place}, for ${what}, is not only yours to read: chmod 600 it`);
}

/** Makes a directory, and those above it, for the user alone. @throws StorageError also for one that others can write to */
export async function makePrivateDirectory(directory: string): Promise<void> {
  await orStorageError('make the directory', directory, async () => {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const stats = await stat(directory);
    if (process.getuid === undefined) return;
    if (stats.uid !== process.getuid() && stats.uid !== 0) throw new StorageError('storage-denied', `the directory ${visible(directory)} belongs to another user: set XDG_CONFIG_HOME to one of yours`);
    if ((stats.mode & 0o022) !== 0) throw new StorageError('storage-denied', `others can write to the directory ${visible(directory)}: chmod 700 it`);
  });
}

/**
 * Writes a file of mode 0600 in a directory of mode 0700, durably and at once: until the new one is whole on the disk, the old one
 * is there, and stays when anything fails. @throws StorageError
 */
export async function writePrivateFile(file: string, text: string): Promise<void> {
  await makePrivateDirectory(path.dirname(file));
  await removeStaleDrafts(path.dirname(file));
  const draft = draftOf(file);
  await orStorageError('write', file, async () => {
    try {
      await writeDurably(draft, text);
      await rename(draft, file);
      await syncDirectory(path.dirname(file));
    } finally {
      await rm(draft, { force: true }).catch(() => undefined);
    }
  });
}

/**
 * The same before it returns, in a directory that is there, and whole whenever this process is killed; not the machine: what is written
 * anew in a moment need not outlive a power cut.
 * @throws StorageError
 */
export function writePrivateFileNow(file: string, text: string): void {
  const draft = draftOf(file);
  try {
    const handle = openSync(draft, 'wx', 0o600);
    try {
      writeSync(handle, text);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, file);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw storageError(cause, 'write', file);
  }
}

function draftOf(file: string): string {
  return path.join(path.dirname(file), `${DRAFT}${randomBytes(6).toString('hex')}`);
}

/** Those of runs that were killed: there may be a secret in them. Never fails. */
async function removeStaleDrafts(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((one) => one.startsWith(DRAFT))) {
    const draft = path.join(directory, name);
    const stats = await lstat(draft).catch(() => undefined);
    if (stats !== undefined && Date.now() - stats.mtimeMs > DRAFT_MS) await rm(draft, { force: true }).catch(() => undefined);
  }
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } catch (cause) {
    // Some network file systems cannot sync a directory; the name is there all the same.
    if (!isErrno(cause, 'EINVAL', 'ENOTSUP')) throw cause;
  } finally {
    await handle.close();
  }
}

/** Removes a file, or a directory and all that is in it. It need not be there. @throws StorageError */
export async function removePrivate(file: string): Promise<void> {
  await orStorageError('remove', file, () => rm(file, { recursive: true, force: true }));
}
