/**
 * Small files of text that hold a secret: read whole but never without bound, and written whole or not at all.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { StorageError, UsageError } from '../errors.js';
import { errnoOf } from '../util/errno.js';

/** Most bytes of a file that holds a secret or coordinates: coordinates of 65,536 characters, and a line around them. */
const TEXT_BYTES_MAX = 128 * 1024;
/** Most bytes of a file of certificates: a system's bundle of all authorities has a quarter of it. */
const PEM_BYTES_MAX = 1024 * 1024;

/**
 * Reads a file, a FIFO, or what a descriptor is of, such as 0, standard input. The descriptor stays open.
 * @param name what messages call it.
 * @throws StorageError; UsageError when there is more of it than any secret or coordinates have: it may have no end.
 */
export function readTextFile(file: string | number, name: string): string {
  return readBounded(file, name, TEXT_BYTES_MAX, 'coordinates or a secret');
}

/** Reads certificates or a private key, as PEM. @throws StorageError; UsageError when it holds neither */
export function readPemFile(file: string): string {
  const text = readBounded(file, file, PEM_BYTES_MAX, 'certificates');
  if (!/^-----BEGIN [A-Z ]+-----/mu.test(text)) throw new UsageError(`${file} holds no PEM: certificates and keys begin with a line such as -----BEGIN CERTIFICATE-----`);
  return text;
}

function readBounded(file: string | number, name: string, most: number, what: string): string {
  const buffer = Buffer.alloc(most + 1);
  let length = 0;
  try {
    const descriptor = typeof file === 'number' ? file : openSync(file, 'r');
    try {
      for (let got = -1; got !== 0 && length < buffer.length; length += got) got = readSync(descriptor, buffer, length, buffer.length - length, null);
    } finally {
      if (descriptor !== file) closeSync(descriptor);
    }
  } catch (cause) {
    throw textFileError(cause, `cannot read ${name}`);
  }
  if (length > most) throw new UsageError(`${name} is too long to be ${what}`);
  return buffer.toString('utf8', 0, length);
}

/** Writes a file that only its owner can read. @throws StorageError */
export async function writeSecretFile(path: string, text: string): Promise<void> {
  try {
    await publishDraft(path, text, rename);
  } catch (cause) {
    throw textFileError(cause, `cannot write the coordinates to ${path}`);
  }
}

/**
 * Writes a draft of mode 0600 beside a path, makes it durable, and has `publish` give it its name: rename(2), or link(2) where
 * nothing may be replaced. No draft is left. @throws the system's own errors
 */
export async function publishDraft(path: string, text: string, publish: (draft: string, path: string) => Promise<void>): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const handle = await open(draft, 'wx', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await publish(draft, path);
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
}

/** What the file system said, in words. */
export function textFileError(cause: unknown, what: string): StorageError {
  switch (errnoOf(cause)) {
    case 'ENOENT':
      return new StorageError('storage-missing', `${what}: it does not exist; check the path`, { cause });
    case 'EACCES':
    case 'EPERM':
      return new StorageError('storage-denied', `${what}: permission denied`, { cause });
    case 'EISDIR':
    case 'ENOTDIR':
      return new StorageError('storage-not-a-file', `${what}: it is a directory, or a part of its path is none`, { cause });
    case 'ENOSPC':
    case 'EDQUOT':
      return new StorageError('storage-full', `${what}: no space is left`, { cause });
    default:
      return new StorageError('storage-io', `${what}: ${(cause as Error).message}`, { cause });
  }
}
