/**
 * The directories beneath a root, so that no path of a peer, and no symbolic link that someone else puts in its way,
 * leads out of it.
 *
 * Node has no openat(2), but on Linux `/proc/self/fd/<descriptor>/<name>` is one: each directory is opened from its
 * parent's descriptor, one name at a time, with O_NOFOLLOW, and a name in it is only ever used behind its descriptor.
 * Whatever happens to the path meanwhile, the descriptor stays the directory that was checked.
 *
 * Where there is no /proc (macOS) these are plain paths, each part of which was opened once with O_NOFOLLOW: that keeps
 * a peer's tree in its root, but not from another user of the same machine who swaps directories at the right instant.
 *
 * The root itself is the user's own path and may well lead through links.
 *
 * @module
 */
import { type BigIntStats, closeSync, constants, existsSync } from 'node:fs';
import { StorageError } from '../errors.js';
import { isErrno, visible } from './fs-error.js';
import type { Step } from './steps.js';
import { sys } from './system-calls.js';

/** Most directories that are open without being used, and so for later use. */
export const OPEN_DIRECTORIES = 64;

const ON_LINUX = process.platform === 'linux' && existsSync('/proc/self/fd');
/** Linux's O_PATH, which node has no name for: enough to go through a directory, and needs no right to list it. */
export const DESCRIPTOR_ONLY = ON_LINUX ? 0o10000000 : constants.O_RDONLY;
const DIRECTORY = DESCRIPTOR_ONLY | constants.O_DIRECTORY;

/** A path that leads to an open file itself, whatever became of its name; undefined where there is none. */
export function descriptorPath(fd: number): string | undefined {
  return ON_LINUX ? `/proc/self/fd/${fd}` : undefined;
}

/** A directory in use. Its names are `${base}/${name}`. Release it, once. */
export interface Directory {
  /** Relative to the root; '' is the root. */
  readonly path: string;
  /** Leads to the directory itself while it is not released. */
  readonly base: string;
  /** Of the directory, for calls that take one. */
  readonly fd: number;
  /** Device number, which tells another file system mounted within. */
  readonly device: bigint;
  release(): void;
}

class OpenDirectory implements Directory {
  readonly path: string;
  readonly base: string;
  readonly device: bigint;
  readonly fd: number;
  users = 0;
  /** Not in the table any more: closed with its last user. */
  dropped = false;

  constructor(path: string, base: string, device: bigint, fd: number) {
    this.path = path;
    this.base = base;
    this.device = device;
    this.fd = fd;
  }

  release(): void {
    this.users -= 1;
    this.closeUnused();
  }

  closeUnused(): void {
    if (this.users === 0 && this.dropped) closeQuietly(this.fd);
  }
}

/** Synchronously on every file system: nothing was written through it, so there is nothing to wait for. */
function closeQuietly(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // Whatever it says, the descriptor is gone.
  }
}

/** A root and what is open beneath it. */
export class RootDirectory {
  /** As the user gave it. */
  readonly path: string;
  /** By path, the longest unused first. */
  readonly #open = new Map<string, OpenDirectory>();
  #ended = false;

  constructor(path: string) {
    this.path = path;
  }

  /** For messages: a path beneath as the user would write it. Made visible by who shows it. */
  shown(path: string): string {
    if (path === '') return this.path;
    return this.path.endsWith('/') ? this.path + path : `${this.path}/${path}`;
  }

  /**
   * The directory at `path`, whose names were checked. The system's own errors, ENOENT among them, and StorageError
   * `storage-exists` when one of its names is a symbolic link or no directory.
   */
  *enter(path: string): Step<Directory> {
    const known = this.#use(path);
    if (known !== undefined) return known;
    let directory = yield* this.#nearest(path);
    while (directory.path !== path) {
      const parent = directory;
      try {
        directory = yield* this.#descend(parent, nextPath(parent.path, path));
      } finally {
        parent.release();
      }
    }
    return directory;
  }

  /** The directory at `path` if it is open already. */
  entered(path: string): Directory | undefined {
    return this.#use(path);
  }

  /** Forgets a directory that was removed or replaced, and what lies in it. */
  forget(path: string): void {
    for (const [key, directory] of this.#open) if (key === path || key.startsWith(`${path}/`)) this.#drop(directory);
  }

  /** Closes everything that is not in use, and the rest with its last user. */
  end(): void {
    this.#ended = true;
    for (const directory of [...this.#open.values()]) this.#drop(directory);
  }

  /** The closest parent that is open; the root at the last. */
  *#nearest(path: string): Step<OpenDirectory> {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const known = this.#use(path.slice(0, end));
      if (known !== undefined) return known;
    }
    return this.#use('') ?? (yield* this.#openAt('', this.path === '' ? '.' : this.path, DIRECTORY));
  }

  *#descend(parent: OpenDirectory, path: string): Step<OpenDirectory> {
    const known = this.#use(path);
    if (known !== undefined) return known;
    const name = path.slice(path.lastIndexOf('/') + 1);
    try {
      return yield* this.#openAt(path, `${parent.base}/${name}`, DIRECTORY | constants.O_NOFOLLOW);
    } catch (cause) {
      if (!isErrno(cause, 'ENOTDIR', 'ELOOP')) throw cause;
      throw new StorageError('storage-exists', `${visible(this.shown(path))} is there already and is not a directory; move it away`, { cause });
    }
  }

  *#openAt(path: string, at: string, flags: number): Step<OpenDirectory> {
    const fd = yield* sys.open(at, flags);
    let stats: BigIntStats;
    try {
      stats = yield* sys.fstat(fd);
    } catch (error) {
      closeQuietly(fd);
      throw error;
    }
    const directory = new OpenDirectory(path, descriptorPath(fd) ?? at, stats.dev, fd);
    directory.users = 1;
    this.#keep(directory);
    return directory;
  }

  #use(path: string): OpenDirectory | undefined {
    const known = this.#open.get(path);
    if (known === undefined) return undefined;
    this.#open.delete(path);
    this.#open.set(path, known);
    known.users += 1;
    return known;
  }

  #keep(directory: OpenDirectory): void {
    // Another one may have opened it meanwhile: the later one is kept.
    const other = this.#open.get(directory.path);
    if (other !== undefined) this.#drop(other);
    this.#open.set(directory.path, directory);
    if (this.#ended) this.#drop(directory);
    for (const old of this.#open.values()) {
      if (this.#open.size <= OPEN_DIRECTORIES) return;
      // The root is opened by a path that may lead elsewhere by now.
      if (old.users === 0 && old.path !== '') this.#drop(old);
    }
  }

  #drop(directory: OpenDirectory): void {
    if (this.#open.get(directory.path) === directory) this.#open.delete(directory.path);
    directory.dropped = true;
    directory.closeUnused();
  }
}

/** `above` is a directory that `path` lies in: one name further towards it. */
function nextPath(above: string, path: string): string {
  const end = path.indexOf('/', above === '' ? 0 : above.length + 1);
  return end < 0 ? path : path.slice(0, end);
}

/** The directory that a path lies in, and its last name. */
export function splitPath(path: string): readonly [directory: string, name: string] {
  const at = path.lastIndexOf('/');
  return at < 0 ? ['', path] : [path.slice(0, at), path.slice(at + 1)];
}

/** A path in a directory. */
export function joinPath(directory: string, name: string): string {
  return directory === '' ? name : `${directory}/${name}`;
}
