/**
 * The receiver's side of a single file: where it goes, and what becomes of a file that is there already.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';
import { setAttributes } from './attributes.js';
import { isNewer, isSameTime } from './existing.js';
import { fileTimes } from './file-times.js';
import { orStorageError, visible } from './fs-error.js';
import { chooseIo } from './io-mode.js';
import { clearBeside } from './leftovers.js';
import { existsError, statOrNone } from './publish.js';
import { resolveTarget } from './safe-path.js';
import { openSink, type Sink } from './sink.js';
import { openSource, type Source } from './source.js';
import { run } from './steps.js';
import { StorageError } from '../errors.js';
import type { ExistingPolicy } from '../options.js';
import type { TreeEntry, Verdict } from './tree.js';

/** Options of a target. */
export interface FileTargetOptions {
  /** What the user asked for; undefined: the sender's name in the current directory. */
  readonly path: string | undefined;
  readonly peerName: string;
  readonly existing: ExistingPolicy;
  /** Compare content where sizes are equal, whatever the times. */
  readonly checksum: boolean;
}

/** Finds the target. @throws StorageError `storage-unsafe-path` for a sender's name that is used and not safe */
export async function openFileTarget(options: FileTargetOptions): Promise<FileTarget> {
  return new FileTarget(await resolveTarget({ path: options.path, peerName: options.peerName }), options);
}

/** See the module's head. */
export class FileTarget {
  readonly path: string;
  readonly #options: FileTargetOptions;
  #replacing = false;

  constructor(path: string, options: FileTargetOptions) {
    this.path = path;
    this.#options = options;
  }

  /** Whether the file has to be sent. What must stay untouched is refused when it is opened. */
  async place(entry: TreeEntry): Promise<Verdict> {
    const { existing, checksum } = this.#options;
    if (existing === 'refuse') return { kind: 'want' };
    const stats = await statOrNone(this.path);
    if (stats === undefined) return { kind: 'want' };
    assertReplaceable(stats, this.path);
    if (existing === 'skip') return { kind: 'kept' };
    this.#replacing = true;
    const sameSize = stats.size === BigInt(entry.size);
    if (sameSize && !checksum && isSameTime(stats.mtimeNs, entry.mtimeNs)) {
      // The power may have gone after the file had its name, and before what lay beside it was gone.
      await clearBeside(this.path).catch(() => undefined);
      return { kind: 'equal' };
    }
    // What stays whatever is in it need not be read.
    if (this.#keeps(entry, stats)) return { kind: 'kept' };
    return { kind: sameSize && checksum ? 'compare' : 'want' };
  }

  #keeps(entry: TreeEntry, stats: BigIntStats): boolean {
    return this.#options.existing === 'update' && !isNewer(entry.mtimeNs, stats.mtimeNs);
  }

  /** Opens the partial file. @param size undefined for a pipe, which cannot be resumed. @throws StorageError */
  open(entry: TreeEntry, size: number | undefined, chunkSize: number, identity: Uint8Array): Promise<Sink> {
    const replacing = async () => {
      const stats = await statOrNone(this.path);
      if (stats === undefined) return;
      assertReplaceable(stats, this.path);
      if (this.#keeps(entry, stats)) throw existsError(this.path);
    };
    const { mode, sparse } = entry;
    return openSink({
      target: this.path,
      size,
      sparse,
      chunkSize,
      identity,
      mode: size === undefined ? undefined : mode,
      mtimeNs: size === undefined ? undefined : entry.mtimeNs,
      resume: size !== undefined,
      replacing: this.#replacing ? replacing : undefined,
    });
  }

  /** Opens what is there, to compare its content. */
  openExisting(): Promise<Source> {
    return openSource(this.path);
  }

  /** Gives what is there the entry's mode and time. */
  async touch({ mode, mtimeNs }: TreeEntry): Promise<void> {
    const [io, times] = await Promise.all([chooseIo(this.path), fileTimes()]);
    await orStorageError('set the time of', this.path, async () => run(setAttributes(this.path, { mode, mtimeNs }, times), io));
  }
}

function assertReplaceable(stats: BigIntStats, path: string): void {
  if (stats.isFile()) return;
  if (stats.isSymbolicLink()) throw new StorageError('storage-exists', `${visible(path)} is a symbolic link, and is not replaced; name the file that it stands for`);
  throw existsError(path);
}
