/**
 * What the parts of a tree's target share.
 *
 * @module
 */
import { AbortError, StorageError, StreamerError } from '../errors.js';
import { DirectoryList } from './directory-list.js';
import type { FileTimes } from './file-times.js';
import { isErrno, storageError, visible } from './fs-error.js';
import type { AdaptiveIo } from './io-mode.js';
import type { NativeCalls } from './native-calls.js';
import { type Directory, RootDirectory, splitPath } from './root-directory.js';
import { FRESH, SeenPaths } from './seen-paths.js';
import type { Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TemporaryNames } from './temporary-names.js';
import type { TreeTargetOptions } from './tree.js';

/** One tree being received. */
export class TargetContext {
  readonly options: TreeTargetOptions;
  readonly root: RootDirectory;
  readonly io: AdaptiveIo;
  readonly times: FileTimes;
  readonly native: NativeCalls;
  readonly temporary: TemporaryNames;
  readonly seen = new SeenPaths();
  readonly directories = new DirectoryList();
  /** The root was not there. */
  madeRoot = false;
  /** Work that close() waits for. */
  readonly pending = new Set<Promise<unknown>>();
  /** Set by close(): what has not got its name yet does not get it any more. */
  closed = false;
  /** The device on which nothing needs to be made durable; undefined where it is a disk. */
  readonly memoryDevice: bigint | undefined;

  constructor(parts: { options: TreeTargetOptions; io: AdaptiveIo; times: FileTimes; native: NativeCalls; temporary: TemporaryNames; memoryDevice: bigint | undefined }) {
    this.options = parts.options;
    this.root = new RootDirectory(parts.options.root);
    this.io = parts.io;
    this.times = parts.times;
    this.native = parts.native;
    this.temporary = parts.temporary;
    this.memoryDevice = parts.memoryDevice;
  }

  /** Whether what is in a directory has to be synced. */
  needsSync(directory: Directory): boolean {
    return directory.device !== this.memoryDevice;
  }

  /** Whether this session has made a directory, so that nothing of anybody else's can be in it. */
  isFresh(path: string): boolean {
    return ((this.seen.flags(path) ?? 0) & FRESH) !== 0;
  }

  /** @throws AbortError once the target is being closed. */
  assertGoesOn(): void {
    if (this.closed) throw new AbortError('the transfer was stopped; run the command again');
  }

  /** Keeps `work` from outliving close(). It must not reject. */
  track<T>(work: Promise<T>): Promise<T> {
    this.pending.add(work);
    const done = () => void this.pending.delete(work);
    work.then(done, done);
    return work;
  }

  /** Enters a directory, and makes it and those above it where they are missing. In a dry run: undefined for those. */
  *enter(path: string): Step<Directory | undefined> {
    try {
      return yield* this.root.enter(path);
    } catch (cause) {
      if (!isErrno(cause, 'ENOENT') || (path === '' && !this.options.dryRun)) throw cause;
      if (this.options.dryRun) return undefined;
    }
    yield* this.#make(path);
    return yield* this.root.enter(path);
  }

  *#make(path: string): Step<void> {
    const [parent, name] = splitPath(path);
    const directory = yield* this.enter(parent);
    if (directory === undefined) return;
    try {
      // No entry of the tree will say which mode it should have.
      yield* sys.mkdir(`${directory.base}/${name}`, 0o777);
    } catch (cause) {
      if (!isErrno(cause, 'EEXIST')) throw cause;
    } finally {
      directory.release();
    }
  }

  /** For messages: a path in the tree as the user would write it. */
  shown(path: string): string {
    return visible(this.root.shown(path));
  }

  /** What went wrong with one path. A bug is not dressed up as that: it is thrown. */
  error(cause: unknown, doing: string, path: string): StreamerError {
    const error = storageError(cause, doing, this.root.shown(path));
    if (error instanceof StreamerError) return error;
    throw error;
  }

  /** The error for what is in an entry's place. @param what completes "it is", as in "a directory". */
  inTheWay(path: string, what: string): StorageError {
    return new StorageError('storage-exists', `${this.shown(path)} is there already and is ${what}; move it away`);
  }

  /** The error for what was not there when the entry was placed, or is newer now. */
  cameMeanwhile(path: string): StorageError {
    return new StorageError('storage-exists', `${this.shown(path)} has come to be there meanwhile; move it away or choose another directory`);
  }

  /** The error for a directory that was to be removed. */
  notEmpty(path: string): StorageError {
    return new StorageError('storage-exists', `cannot remove ${this.shown(path)}: the directory is not empty; look what is in it`);
  }

  /** The error for one of two entries that would be one file here. */
  sameName(path: string): StorageError {
    return new StorageError('storage-exists', `${this.shown(path)} is not received: the tree has another entry that this file system takes for the same name; rename one of them at the sender's end`);
  }
}
