/**
 * What the file system said, as an error of ours: the one place that reads errno codes for messages.
 *
 * @module
 */
import { StorageError, StreamerError } from '../errors.js';
import { errnoOf } from '../util/errno.js';

type StorageCode = ConstructorParameters<typeof StorageError>[0];
type Row = readonly [code: StorageCode, what: string, advice: string];

const FULL = 'free some space and run the same command again';
const DENIED = 'check the permissions of the file and of its directory';
const CHECK = 'check the path';

/** errno to code and words. Codes that are not here are `storage-io`, with the system's own words. */
const ROWS: Readonly<Record<string, Row>> = {
  ENOENT: ['storage-missing', 'it does not exist', CHECK],
  ENOTDIR: ['storage-missing', 'a part of the path is not a directory', CHECK],
  EEXIST: ['storage-exists', 'it already exists', 'move it away or choose another name'],
  ENOSPC: ['storage-full', 'no space is left on its file system', FULL],
  EDQUOT: ['storage-full', 'the disk quota is used up', FULL],
  EACCES: ['storage-denied', 'permission denied', DENIED],
  EPERM: ['storage-denied', 'operation not permitted', DENIED],
  EROFS: ['storage-denied', 'its file system is read-only', 'choose another directory'],
  EISDIR: ['storage-not-a-file', 'it is a directory', 'name a file'],
  // What O_NOFOLLOW answers for a symbolic link, and open(2) for a socket.
  ELOOP: ['storage-not-a-file', 'it is a symbolic link, or too many of them', 'name a regular file'],
  ENXIO: ['storage-not-a-file', 'it is not a regular file', 'name a regular file'],
  ENAMETOOLONG: ['storage-unsafe-path', 'the name is too long', 'choose a shorter name'],
  // Node's own refusal; with a string as path, only a NUL byte earns it.
  ERR_INVALID_ARG_VALUE: ['storage-unsafe-path', 'it holds a NUL byte', 'choose another name'],
};

/** Whether `error` is one of the errno codes given. */
export function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  const code = errnoOf(error);
  return code !== undefined && codes.includes(code);
}

/**
 * Turns a failure of node:fs into a {@link StorageError}. An error of ours passes unchanged, and so does one without
 * an errno: that is a bug, and must not be dressed up as a bad disk.
 * @param doing verb for the message, as in "cannot **open** x".
 * @param path as the user gave it.
 */
export function storageError(cause: unknown, doing: string, path: string): unknown {
  const errno = errnoOf(cause);
  if (cause instanceof StreamerError || errno === undefined) return cause;
  const known = Object.hasOwn(ROWS, errno) ? ROWS[errno] : undefined;
  const [code, what, advice] = known ?? ['storage-io', systemWords(cause), 'check the disk and its mount'];
  return new StorageError(code, `cannot ${doing} ${visible(path)}: ${what}; ${advice}`, { cause });
}

/** Runs `work`, with any failure passed through {@link storageError}. */
export async function orStorageError<T>(doing: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw storageError(cause, doing, path);
  }
}

/** `EIO: i/o error, read` without the call and the path that node appends: the message has them already. */
function systemWords(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : String(cause);
  return visible(message.replace(/, [a-z]+(?: '.*)?$/su, ''));
}

/** Control, line-separator and direction-changing characters, and halves of a surrogate pair. */
const INVISIBLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A path fit for one line of a terminal: what could forge or reorder a line is shown as `\u{1b}`. */
export function visible(path: string): string {
  return path.replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
