/**
 * Finds all entries of a tree, a directory at a time, without ever holding more of them than one batch.
 *
 * Names are read as bytes (`latin1`), since a name that is not UTF-8 could not be told from another otherwise.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer';
import { type BigIntStats, type Dir, type Dirent, opendirSync } from 'node:fs';
import { opendir } from 'node:fs/promises';
import { StorageError, StreamerError } from '../errors.js';
import { storageError, visible } from './fs-error.js';
import { HardLinks } from './hard-links.js';
import type { AdaptiveIo } from './io-mode.js';
import { isOwnName } from './partial-names.js';
import type { PathFilter } from './path-filter.js';
import { PathStack } from './path-stack.js';
import { type Directory, joinPath, splitPath } from './root-directory.js';
import { isSparse } from './source.js';
import { TREE_DEPTH, TREE_PATH_BYTES, unsafePart } from './safe-path.js';
import { run, type Step } from './steps.js';
import { sys } from './system-calls.js';
import type { Found, TreeEntry } from './tree.js';
import type { TreeRoots } from './tree-roots.js';

/** Most entries of a batch, and most names that are looked at at once where that is asynchronous. */
export const BATCH_MAX = 512;
const AT_ONCE = 64;
/** A batch is not held back for longer, in milliseconds, on a slow file system. */
const BATCH_MS = 100;
const ASCII = /^[\0-\x7f]*$/u;

/** What lstat(2) and readlink(2) say of a name, or why they do not. */
type Looked = { readonly path: string; readonly stats: BigIntStats; readonly text: Buffer | undefined } | { readonly path: string; readonly error: unknown };

/** One walk over a tree. */
export class Walk {
  readonly #roots: TreeRoots;
  readonly #filter: PathFilter;
  readonly #io: AdaptiveIo;
  readonly #links = new HardLinks();
  readonly #pending = new PathStack();
  #batch: Found[] = [];
  #sinceMs = 0;

  constructor(roots: TreeRoots, filter: PathFilter, io: AdaptiveIo) {
    this.#roots = roots;
    this.#filter = filter;
    this.#io = io;
  }

  /** See {@link TreeSource.walk}. */
  async *batches(): AsyncGenerator<readonly Found[], void> {
    for (const { entryPath } of this.#roots.all) this.#note(await run(this.#lookAtRoot(entryPath), this.#io));
    for (let path = this.#pending.pop(); path !== undefined; path = this.#pending.pop()) {
      yield* this.#directory(path);
      if (performance.now() - this.#sinceMs > BATCH_MS) yield* this.#flush();
    }
    yield* this.#flush();
  }

  *#flush(): Generator<readonly Found[], void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#sinceMs = performance.now();
    if (batch.length > 0) yield batch;
  }

  async *#directory(path: string): AsyncGenerator<readonly Found[], void> {
    let directory: Directory | undefined;
    let listing: Dir | undefined;
    try {
      if (path.split('/').length >= TREE_DEPTH) throw new StorageError('storage-unsafe-path', `${this.#shown(path)} is too deep: what is in it is not sent; send it by itself`);
      const located = this.#roots.locate(path);
      directory = await run(located.directory.enter(located.path), this.#io);
      // Names as bytes, for which node's types have no word here.
      const options = { encoding: 'latin1' as BufferEncoding, bufferSize: 256 };
      listing = this.#io.sync ? opendirSync(directory.base, options) : await opendir(directory.base, options);
      for (let names = await this.#names(listing); names.length > 0; names = await this.#names(listing)) {
        const at = directory;
        const looked = names.map((name) => run(this.#look(at, path, name), this.#io));
        for (const one of looked) {
          this.#note(one instanceof Promise ? await one : one);
          if (this.#batch.length >= BATCH_MAX) yield* this.#flush();
        }
      }
    } catch (cause) {
      this.#batch.push({ type: 'trouble', path, error: this.#error(cause, 'list', path) });
    } finally {
      await this.#close(listing);
      directory?.release();
    }
  }

  async #close(listing: Dir | undefined): Promise<void> {
    try {
      if (this.#io.sync) listing?.closeSync();
      else await listing?.close();
    } catch {
      // Nothing was written by it.
    }
  }

  /** The next names; none at the end. */
  async #names(listing: Dir): Promise<Dirent[]> {
    const names: Dirent[] = [];
    const most = this.#io.sync ? BATCH_MAX : AT_ONCE;
    while (names.length < most) {
      const next = this.#io.sync ? this.#io.timed(() => listing.readSync()) : await listing.read();
      if (next === null) break;
      names.push(next);
    }
    return names;
  }

  *#lookAtRoot(path: string): Step<Looked | undefined> {
    const located = this.#roots.locate(path);
    const [parent, name] = splitPath(located.path);
    try {
      const directory = yield* located.directory.enter(parent);
      try {
        const stats = yield* located.path === '' ? sys.stat(directory.base) : sys.stat(`${directory.base}/${name}`);
        return { path, stats, text: undefined };
      } finally {
        directory.release();
      }
    } catch (error) {
      return { path, error };
    }
  }

  /** What is found under a name; undefined when it is left out. */
  *#look(directory: Directory, parent: string, entry: Dirent): Step<Looked | undefined> {
    const raw = entry.name;
    const bytes = ASCII.test(raw) ? undefined : Buffer.from(raw, 'latin1');
    const name = bytes?.toString('utf8') ?? raw;
    const path = joinPath(parent, name);
    if (isOwnName(name)) return undefined;
    // Before lstat(2), which is dear on a network; some file systems do not tell the kind here.
    if (!isUnknown(entry) && !this.#filter.takes(path, entry.isDirectory())) return undefined;
    const wrong = bytes !== undefined && !isUtf8(bytes) ? 'it is not valid Unicode' : (unsafePart(name) ?? tooLong(path));
    if (wrong !== undefined) return { path, error: new StorageError('storage-unsafe-path', `cannot send ${this.#shown(path)}: of its name, ${wrong}; rename it`) };
    try {
      const at = `${directory.base}/${name}`;
      const stats = yield* sys.lstat(at);
      if (stats === undefined) throw new StorageError('storage-missing', `${this.#shown(path)} was removed while the tree was read; run the command again if it matters`);
      if (isUnknown(entry) && !this.#filter.takes(path, stats.isDirectory())) return undefined;
      return { path, stats, text: stats.isSymbolicLink() ? yield* sys.readlink(at) : undefined };
    } catch (error) {
      return { path, error };
    }
  }

  /** In the order of the batch, so that a file's first name is the one that comes first. */
  #note(looked: Looked | undefined): void {
    if (looked === undefined) return;
    const found = 'error' in looked ? { type: 'trouble' as const, path: looked.path, error: this.#error(looked.error, 'read', looked.path) } : this.#found(looked.path, looked.stats, looked.text);
    this.#batch.push(found);
    if (found.type === 'entry' && found.entry.kind === 'directory') this.#pending.push(found.entry.path);
  }

  #found(path: string, stats: BigIntStats, text: Buffer | undefined): Found {
    const common = { path, size: 0, mode: Number(stats.mode & 0o7777n), mtimeNs: stats.mtimeNs };
    if (stats.isFile()) return this.#file(common, stats);
    if (stats.isDirectory()) return { type: 'entry', entry: { kind: 'directory', ...common } };
    if (text !== undefined) {
      if (isUtf8(text)) return { type: 'entry', entry: { kind: 'symlink', ...common, target: text.toString('utf8') } };
      return { type: 'trouble', path, error: new StorageError('storage-unsafe-path', `cannot send ${this.#shown(path)}: what the link says is not valid Unicode; make it anew`) };
    }
    return { type: 'special', path, what: stats.isSocket() ? 'socket' : stats.isFIFO() ? 'fifo' : 'device' };
  }

  #file(common: Omit<TreeEntry, 'kind'>, stats: BigIntStats): Found {
    const { path } = common;
    const name = this.#links.nameOf(stats, path);
    if (name !== undefined && 'linkTo' in name) return { type: 'entry', entry: { kind: 'hardlink', ...common, ...name } };
    if (stats.size > BigInt(Number.MAX_SAFE_INTEGER)) return { type: 'trouble', path, error: new StorageError('storage-not-a-file', `cannot send ${this.#shown(path)}: it is larger than 2^53 - 1 bytes`) };
    const sparse = isSparse(stats) ? { sparse: true } : {};
    return { type: 'entry', entry: { kind: 'file', ...common, size: Number(stats.size), ...sparse, ...name } };
  }

  #shown(path: string): string {
    const located = this.#roots.locate(path);
    return visible(located.directory.shown(located.path));
  }

  /** A bug is not dressed up as trouble with one entry. */
  #error(cause: unknown, doing: string, path: string): StreamerError {
    const located = this.#roots.locate(path);
    const error = storageError(cause, doing, located.directory.shown(located.path));
    if (error instanceof StreamerError) return error;
    throw error;
  }
}

function isUnknown(entry: Dirent): boolean {
  return !entry.isFile() && !entry.isDirectory() && !entry.isSymbolicLink() && !entry.isFIFO() && !entry.isSocket() && !entry.isCharacterDevice() && !entry.isBlockDevice();
}

function tooLong(path: string): string | undefined {
  return path.length > TREE_PATH_BYTES / 3 && Buffer.byteLength(path) > TREE_PATH_BYTES ? `its path in the tree is longer than ${TREE_PATH_BYTES} bytes` : undefined;
}
