/**
 * This machine's end of a transfer, looked at before anything is asked of the cluster: what cannot work here must not cost a job.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { constants, createReadStream, type Stats } from 'node:fs';
import { access, lstat, stat } from 'node:fs/promises';
import path from 'node:path';
import { StorageError } from '../errors.js';
import { isErrno, storageError, visible } from '../storage/fs-error.js';
import type { EntryKind } from './method.js';

/** What there is. */
export interface LocalEntry {
  readonly kind: EntryKind;
  readonly size: number;
}

/** What is to be sent. @throws StorageError when it is not there, or cannot be read */
export async function localSource(file: string): Promise<LocalEntry> {
  try {
    const stats = await stat(file);
    await access(file, stats.isDirectory() ? constants.R_OK | constants.X_OK : constants.R_OK);
    return entryOf(stats);
  } catch (cause) {
    throw storageError(cause, 'read', file);
  }
}

/** What is at a target already; undefined where there is nothing. A link that leads nowhere is something. @throws StorageError */
export async function localTarget(file: string): Promise<LocalEntry | undefined> {
  try {
    return entryOf(await stat(file).catch(() => lstat(file)));
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    throw storageError(cause, 'write', file);
  }
}

/** @throws StorageError unless the directory of a target is there and can be written to */
export async function assertWritable(target: string): Promise<void> {
  const directory = path.dirname(path.resolve(target));
  try {
    const stats = await stat(directory);
    if (!stats.isDirectory()) throw new StorageError('storage-not-a-file', `cannot create ${visible(target)}: ${visible(directory)} is not a directory; choose another path`);
    await access(directory, constants.W_OK | constants.X_OK);
  } catch (cause) {
    if (cause instanceof StorageError) throw cause;
    if (isErrno(cause, 'ENOENT')) throw new StorageError('storage-missing', `cannot create ${visible(target)}: the directory ${visible(directory)} does not exist; create it first`, { cause });
    throw storageError(cause, 'write to', directory);
  }
}

/** SHA-256 of a file, hex. @throws StorageError */
export async function localSha256(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const piece of createReadStream(file, { highWaterMark: 1024 * 1024, ...(signal === undefined ? {} : { signal }) })) hash.update(piece as Buffer);
  } catch (cause) {
    throw storageError(cause, 'read', file);
  }
  return hash.digest('hex');
}

function entryOf(stats: Stats): LocalEntry {
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : 'other';
  return { kind, size: stats.isFile() ? stats.size : 0 };
}
