/**
 * The sender's side of a tree: what is in it, and the content of its files.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';
import { StorageError } from '../errors.js';
import { isErrno, storageError } from './fs-error.js';
import { type AdaptiveIo, chooseIo, type IoMode } from './io-mode.js';
import { type FilterRule, PathFilter } from './path-filter.js';
import { type Directory, splitPath } from './root-directory.js';
import { changedError, type Source } from './source.js';
import { BENEATH_FLAGS, openBeneath } from './source-beneath.js';
import { run, type Step } from './steps.js';
import { sys } from './system-calls.js';
import type { Found, TreeEntry, TreeSource } from './tree.js';
import { type Located, TreeRoots } from './tree-roots.js';
import { Walk } from './walk.js';

/** What is to be sent. */
export interface TreeSourceOptions {
  /**
   * One directory: its content is the tree. Several paths, or one that is no directory: each is an entry under its last
   * name. These paths are followed where they are symbolic links; nothing below them is.
   */
  readonly paths: readonly string[];
  /** What to take of it. The paths themselves are always taken. */
  readonly rules: readonly FilterRule[];
  /** @default 'auto' */
  readonly ioMode?: IoMode | undefined;
}

/**
 * Opens a tree for sending.
 * @throws UsageError for a bad pattern, no path, or two with the same last name; StorageError `storage-missing` for one
 * that does not exist, and others.
 */
export async function openTreeSource({ paths, rules, ioMode }: TreeSourceOptions): Promise<TreeSource> {
  const filter = new PathFilter(rules);
  const roots = await TreeRoots.open(paths);
  // One answer for the whole tree: the slowest of its roots decides.
  const ios = await Promise.all(roots.all.map(({ directory }) => chooseIo(directory.path, ioMode)));
  const io = ios.find((one) => !one.sync) ?? ios[0] ?? (await chooseIo('.', ioMode));
  return new OpenTreeSource(roots, filter, io);
}

class OpenTreeSource implements TreeSource {
  readonly name: string;
  readonly #roots: TreeRoots;
  readonly #filter: PathFilter;
  readonly #io: AdaptiveIo;

  constructor(roots: TreeRoots, filter: PathFilter, io: AdaptiveIo) {
    this.name = roots.name;
    this.#roots = roots;
    this.#filter = filter;
    this.#io = io;
  }

  walk(): AsyncIterable<readonly Found[]> {
    return new Walk(this.#roots, this.#filter, this.#io).batches();
  }

  readWhole(entry: TreeEntry, into: Buffer): void | Promise<void> {
    return run(this.#readWhole(entry, into), this.#io);
  }

  *#readWhole(entry: TreeEntry, into: Buffer): Step<void> {
    const located = this.#roots.locate(entry.path);
    const [parent, name] = splitPath(located.path);
    let directory: Directory | undefined;
    try {
      directory = yield* located.directory.enter(parent);
      const fd = yield* sys.open(`${directory.base}/${name}`, BENEATH_FLAGS);
      try {
        yield* fill(fd, into, located);
        // After reading: what was read before is what had this size and time.
        if (!isSame(entry, yield* sys.fstat(fd))) throw changedError(shownAt(located));
      } finally {
        yield* sys.close(fd);
      }
    } catch (cause) {
      throw readError(cause, located);
    } finally {
      directory?.release();
    }
  }

  async open(entry: TreeEntry): Promise<Source> {
    const located = this.#roots.locate(entry.path);
    let source: Source;
    try {
      source = await openBeneath(located.directory, located.path, located.realPath, this.#io);
    } catch (cause) {
      throw readError(cause, located);
    }
    if (source.size === entry.size && source.mtimeNs === entry.mtimeNs) return source;
    await source.close();
    throw changedError(shownAt(located));
  }

  close(): Promise<void> {
    this.#roots.end();
    return Promise.resolve();
  }
}

function* fill(fd: number, into: Buffer, located: Located): Step<void> {
  for (let got = 0; got < into.length; ) {
    const count = yield* sys.read(fd, into, got, got);
    if (count === 0) throw changedError(shownAt(located));
    got += count;
  }
}

function isSame(entry: TreeEntry, stats: BigIntStats): boolean {
  return stats.mtimeNs === entry.mtimeNs && stats.size === BigInt(entry.size) && stats.isFile();
}

/** What took the place of a file or of one of its directories is a change, too. */
function readError(cause: unknown, located: Located): unknown {
  const replaced = isErrno(cause, 'ELOOP', 'ENXIO', 'EISDIR', 'ENOTDIR', 'EAGAIN') || (cause instanceof StorageError && (cause.code === 'storage-exists' || cause.code === 'storage-not-a-file'));
  return replaced ? changedError(shownAt(located)) : storageError(cause, 'read', shownAt(located));
}

function shownAt({ directory, path }: Located): string {
  return directory.shown(path);
}
