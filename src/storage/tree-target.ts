/**
 * The receiver's side of a tree: puts its parts together. What each does is said where it is.
 *
 * @module
 */
import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { StorageError, type StreamerError } from '../errors.js';
import { setAttributes } from './attributes.js';
import { assertReplaceable } from './clearing.js';
import { fileTimes } from './file-times.js';
import { type Unfinished, finishDirectories } from './finishing.js';
import { isErrno, orStorageError, storageError, visible } from './fs-error.js';
import { chooseIo, isInMemory } from './io-mode.js';
import { Leftovers } from './leftovers.js';
import { nativeCalls } from './native-calls.js';
import { Placing } from './placing.js';
import { splitPath } from './root-directory.js';
import { REPLACE } from './seen-paths.js';
import { openSink, type Sink } from './sink.js';
import type { Source } from './source.js';
import { openBeneath } from './source-beneath.js';
import { run, type Step } from './steps.js';
import { TargetContext } from './target-context.js';
import { TemporaryNames } from './temporary-names.js';
import type { TreeEntry, TreeTarget, TreeTargetOptions, Verdict, WholeFile, WholeWrites } from './tree.js';
import { extrasOf, removeAll } from './tree-extras.js';
import { WholeFileWriter } from './whole-file-writer.js';

/**
 * Opens a directory for receiving a tree, and makes it when it is not there. For one transfer: a path may come only once.
 * @throws StorageError `storage-missing` (the directory above), `storage-exists` (it is no directory), or another.
 */
export async function openTreeTarget(options: TreeTargetOptions): Promise<TreeTarget> {
  const made = await makeRoot(options);
  // A dry run writes nothing, so that it does not matter how.
  const [io, inMemory] = await Promise.all([chooseIo(options.root, options.ioMode), isInMemory(options.root)]);
  const device = inMemory ? (await stat(options.root, { bigint: true })).dev : undefined;
  const [times, native, temporary] = await Promise.all([fileTimes(), nativeCalls(), TemporaryNames.create()]);
  const context = new TargetContext({ options, io, times, native, temporary, memoryDevice: device });
  context.madeRoot = made;
  const leftovers = new Leftovers(context);
  if (!made && !options.dryRun) await run(lookInRoot(context, leftovers), io);
  return new OpenTreeTarget(context, leftovers);
}

/** Whether the root was not there. */
async function makeRoot({ root, dryRun }: TreeTargetOptions): Promise<boolean> {
  try {
    if ((await stat(root)).isDirectory()) return false;
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT')) throw storageError(cause, 'receive into', root);
    await assertParent(root);
    // Several paths are a tree without a root of its own, so this may be the mode that stays.
    if (!dryRun) await orStorageError('create', root, () => mkdir(root));
    return true;
  }
  throw new StorageError('storage-exists', `cannot receive a directory into ${visible(root)}: it is not a directory; choose another path`);
}

async function assertParent(root: string): Promise<void> {
  const parent = path.dirname(root);
  const kind = await orStorageError('receive into', parent, () => stat(parent));
  if (!kind.isDirectory()) throw new StorageError('storage-missing', `cannot create ${visible(root)}: ${visible(parent)} is not a directory; choose another path`);
}

function* lookInRoot({ root }: TargetContext, leftovers: Leftovers): Step<void> {
  const directory = yield* root.enter('');
  try {
    yield* leftovers.lookFor(directory);
  } finally {
    directory.release();
  }
}

class OpenTreeTarget implements TreeTarget {
  readonly root: string;
  readonly #context: TargetContext;
  readonly #leftovers: Leftovers;
  readonly #placing: Placing;
  readonly #writer: WholeFileWriter;

  constructor(context: TargetContext, leftovers: Leftovers) {
    this.root = context.options.root;
    this.#context = context;
    this.#leftovers = leftovers;
    this.#placing = new Placing(context, leftovers);
    this.#writer = new WholeFileWriter(context);
  }

  place(entries: readonly TreeEntry[]): readonly Verdict[] | Promise<readonly Verdict[]> {
    return this.#placing.place(entries);
  }

  writeWhole(files: readonly WholeFile[]): WholeWrites {
    return this.#writer.write(files);
  }

  async openChunked(entry: TreeEntry, chunkSize: number, identity: Uint8Array): Promise<Sink> {
    const { root, io, seen, options } = this.#context;
    const flags = seen.flags(entry.path);
    if (flags === undefined || options.dryRun) throw new RangeError(`${entry.path} was not asked for`);
    const [parent, name] = splitPath(entry.path);
    const directory = await this.#attempt('create', entry.path, async () => run(root.enter(parent), io));
    const place = { entry, directory, name, at: `${directory.base}/${name}` };
    const replacing = async () => {
      await this.#attempt('replace', entry.path, async () => run(assertReplaceable(this.#context, place), io));
    };
    try {
      return await openSink({
        target: place.at,
        shown: root.shown(entry.path),
        size: entry.size,
        sparse: entry.sparse,
        chunkSize,
        identity,
        mode: entry.mode,
        mtimeNs: entry.mtimeNs,
        resume: true,
        ioMode: options.ioMode,
        replacing: (flags & REPLACE) === 0 ? undefined : replacing,
        ended: () => directory.release(),
      });
    } catch (error) {
      directory.release();
      throw error;
    }
  }

  openExisting({ path: at }: TreeEntry): Promise<Source> {
    const { root, io } = this.#context;
    return this.#attempt('read', at, () => openBeneath(root, at, root.shown(at), io));
  }

  differs({ path: at }: TreeEntry): ReturnType<TreeTarget['differs']> {
    if (this.#context.options.existing !== 'refuse') return { kind: 'want' };
    return { kind: 'failed', error: this.#context.inTheWay(at, 'a different file') };
  }

  async touch(entry: TreeEntry): Promise<void> {
    await this.#attempt('set the time of', entry.path, async () => run(this.#touch(entry), this.#context.io));
    this.#leftovers.lookBeside(entry.path);
  }

  *#touch(entry: TreeEntry): Step<void> {
    const [parent, name] = splitPath(entry.path);
    const directory = yield* this.#context.root.enter(parent);
    try {
      yield* setAttributes(`${directory.base}/${name}`, entry, this.#context.times);
    } finally {
      directory.release();
    }
  }

  extras(): AsyncIterable<readonly string[]> {
    return extrasOf(this.#context);
  }

  removeExtras(paths: readonly string[]): Promise<readonly { readonly path: string; readonly error: StreamerError }[]> {
    return removeAll(this.#context, paths);
  }

  async finish(step?: () => void): Promise<readonly Unfinished[]> {
    if (this.#context.options.dryRun) return [];
    // What is removed in a directory changes its time.
    await Promise.allSettled(this.#context.pending);
    return finishDirectories(this.#context, step);
  }

  async close(): Promise<void> {
    this.#context.closed = true;
    await Promise.allSettled(this.#context.pending);
    this.#context.root.end();
  }

  async #attempt<T>(doing: string, at: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw this.#context.error(cause, doing, at);
    }
  }
}
