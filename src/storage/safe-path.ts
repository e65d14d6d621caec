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
const PLAIN = /^[ -.0-~]{1,255}$/u;
const OWN = 'streamer uses such names itself';
/** Longest path within a tree, in bytes (PATH_MAX), and most names in it. */
export const TREE_PATH_BYTES = 4096;
export const TREE_DEPTH = 256;

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
  return /[/\\]/u.test(name) ? 'it holds a path' : unsafePart(name);
}

/** What is wrong with one name of a path, in a tree as by itself; undefined when nothing is. */
export function unsafePart(name: string): string | undefined {
  if (name === '') return 'it is empty';
  if (name === '.' || name === '..') return 'it is a directory';
  // Most names are plain, and a tree has a million of them: the dear questions are for the others.
  if (PLAIN.test(name)) return isOwnName(name) ? OWN : undefined;
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) return 'it holds control characters';
  if (/\p{Cs}/u.test(name)) return 'it is not valid Unicode';
  if (Buffer.byteLength(name) > NAME_BYTES) return `it is longer than ${NAME_BYTES} bytes`;
  if (isOwnName(name)) return OWN;
  return undefined;
}

/**
 * The names of a path within a tree, each checked by itself: no path of a peer leads out of the tree's root or to files
 * of our own. A backslash is a letter here, as it is to every file system that this runs on. '' has none: the root.
 * @throws StorageError `storage-unsafe-path`: a name as {@link safeName} refuses it, more than 4096 bytes or 256 names.
 */
export function treeNames(path: string): readonly string[] {
  if (path === '') return [];
  const names = path.split('/');
  let reason = names.length > TREE_DEPTH ? `it is more than ${TREE_DEPTH} directories deep` : undefined;
  if (path.length > TREE_PATH_BYTES / 3 && Buffer.byteLength(path) > TREE_PATH_BYTES) reason = `it is longer than ${TREE_PATH_BYTES} bytes`;
  for (const name of reason === undefined ? names : []) {
    const wrong = unsafePart(name);
    if (wrong !== undefined) reason = names.length > 1 ? `one of its names is refused, since ${wrong}` : wrong;
  }
  if (reason === undefined) return names;
  const shown = visible(path.length > SHOWN ? `${path.slice(0, SHOWN)}…` : path);
  throw new StorageError('storage-unsafe-path', `the path "${shown}" within the tree is refused: ${reason}; rename it at the sender's end`);
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

/** Whether the path is that of a regular file, through links. @throws StorageError when there is nothing, or it cannot be told */
export async function isFile(path: string): Promise<boolean> {
  try {
    const stats = await stat(path);
    return !stats.isDirectory();
  } catch (cause) {
    throw storageError(cause, 'open', path);
  }
}

/**
 * The directory that a tree is received into: `path` itself, so that the same command again goes on with the same
 * directory; into it where it ends in a slash; without one, the peer's name in the current directory.
 * @throws StorageError `storage-unsafe-path` for a peer's name that is used and not safe
 */
export function resolveRoot({ path, peerName }: { readonly path: string | undefined; readonly peerName: string }): string {
  if (peerName === '') return path === undefined || path === '' ? '.' : path.replace(/(?<=.)\/+$/u, '');
  if (path === undefined) return safeName(peerName);
  return path.endsWith('/') ? under(path, safeName(peerName)) : path;
}
