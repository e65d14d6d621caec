/**
 * A peer's file name to a path under a root. A name is one component and nothing else: whatever the peer writes, the
 * result lies directly in the directory that the user chose. POSIX rules, and a backslash is refused besides.
 *
 * @module
 */
import { stat } from 'node:fs/promises';
import { StorageError } from '../errors.js';
import { isErrno, storageError, visible } from './fs-error.js';
import { isOwnName, NAME_BYTES } from './partial-names.js';

/** Longest part of a refused name that a message shows, in UTF-16 code units. */
const SHOWN = 80;

/**
 * Passes a peer's file name, unchanged, or refuses it.
 * @throws StorageError `storage-unsafe-path`: empty, `.`, `..`, with a slash, backslash, control or line-separator
 * character, not Unicode, longer than 255 bytes in UTF-8, or a name that our own files beside a target use.
 */
export function safeName(name: string): string {
  const reason = unsafe(name);
  if (reason === undefined) return name;
  const shown = visible(name.length > SHOWN ? `${name.slice(0, SHOWN)}…` : name);
  throw new StorageError('storage-unsafe-path', `the other end's file name "${shown}" is refused: ${reason}; name the target yourself`);
}

function unsafe(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name === '.' || name === '..') return 'it is a directory';
  if (/[/\\]/u.test(name)) return 'it holds a path';
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return 'it holds control characters';
  if (/\p{Cs}/u.test(name)) return 'it is not valid Unicode';
  if (Buffer.byteLength(name) > NAME_BYTES) return `it is longer than ${NAME_BYTES} bytes`;
  if (isOwnName(name)) return 'streamer uses such names itself';
  return undefined;
}

/** Where a file goes. */
export interface TargetRequest {
  /** What the user asked for; none means the peer's name in `cwd`. */
  readonly path?: string | undefined;
  /** The sender's file name. Checked when, and only when, it is used. */
  readonly peerName: string;
  /** Directory that a relative path starts from. `.` leaves paths as the user gave them. @default '.' */
  readonly cwd?: string | undefined;
}

/**
 * The path to receive into: `cwd/peerName` without a path; into `path` where that is a directory or ends in a slash;
 * else `path` itself. Paths are joined and never normalised: `link/..` is not where the link stands.
 * @throws StorageError `storage-unsafe-path` for a peer's name that is used and not safe, or what stat(2) says.
 */
export async function resolveTarget({ path, peerName, cwd = '.' }: TargetRequest): Promise<string> {
  if (path === undefined) return under(cwd, safeName(peerName));
  const full = under(cwd, path);
  return (await isDirectory(full)) ? under(full, safeName(peerName)) : full;
}

function under(directory: string, path: string): string {
  if (path.startsWith('/') || directory === '.' || directory === '') return path;
  return directory.endsWith('/') ? directory + path : `${directory}/${path}`;
}

/** Whether a file goes into `path` and not under its name: it is a directory, or the slash at its end asks for one. */
export async function isDirectory(path: string): Promise<boolean> {
  if (path.endsWith('/')) return true;
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return false;
    throw storageError(cause, 'receive into', path);
  }
}
