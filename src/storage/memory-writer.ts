/**
 * The short way of a whole small file into a file system of memory: plain calls, as few as there can be, and natively.
 * A file of 4 KiB costs 26 us of a slow machine's time so and 37 us the long way, for the first 10,000 of them: most of
 * it in the kernel either way, but steps and their closures are dear while the engine is still learning them.
 *
 * It does what is usual, and leaves the rest, and every failure, to the long way, which has the right error.
 *
 * @module
 */
import { closeSync, unlinkSync, writeSync } from 'node:fs';
import type { NativeCalls } from './native-calls.js';
import { type Directory, splitPath } from './root-directory.js';
import { REPLACE } from './seen-paths.js';
import type { TargetContext } from './target-context.js';
import type { WholeFile } from './tree.js';
import { modeHere } from './umask.js';

/** Writes new files where nothing has to be synced. */
export class MemoryWriter {
  readonly #context: TargetContext;
  readonly #native: Required<Pick<NativeCalls, 'createNow' | 'renameNew'>>;

  private constructor(context: TargetContext, native: Required<Pick<NativeCalls, 'createNow' | 'renameNew'>>) {
    this.#context = context;
    this.#native = native;
  }

  /** undefined where the target is no memory, or the native calls are missing. */
  static for(context: TargetContext): MemoryWriter | undefined {
    const { createNow, renameNew } = context.native;
    if (context.memoryDevice === undefined || !context.io.sync || createNow === undefined || renameNew === undefined) return undefined;
    return new MemoryWriter(context, { createNow, renameNew });
  }

  /** False when it was not: nothing is left of the try then. */
  isWritten(file: WholeFile): boolean {
    const { root, seen, closed } = this.#context;
    const { path, size, sparse } = file.entry;
    // Its holes are the long way's.
    if (sparse === true) return false;
    // One that was not asked for has no flags, and is for the long way as well.
    if (closed || ((seen.flags(path) ?? REPLACE) & REPLACE) !== 0) return false;
    const [parent, name] = splitPath(path);
    const directory = root.entered(parent);
    if (directory === undefined) return false;
    try {
      if (this.#context.needsSync(directory)) return false;
      const temporary = this.#context.temporary.next();
      if (this.#write(file, directory, temporary) === size && this.#native.renameNew.now(directory.fd, temporary, name)) return true;
      unlinkSync(`${directory.base}/${temporary}`);
    } catch {
      // As above.
    } finally {
      directory.release();
    }
    return false;
  }

  /** @returns bytes written, -1 for a failure. */
  #write({ entry, content }: WholeFile, directory: Directory, temporary: string): number {
    const fd = this.#native.createNow(directory.fd, temporary, modeHere(entry.mode));
    if (fd < 0) return -1;
    try {
      let wrote = 0;
      for (const piece of content) wrote += writeSync(fd, piece);
      this.#context.times.setOpenNow(fd, entry.mtimeNs);
      return wrote;
    } catch {
      return -1;
    } finally {
      closeSync(fd);
    }
  }
}
