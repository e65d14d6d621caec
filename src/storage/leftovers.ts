/**
 * What a killed run left: small files half written, and what lay beside a large one that had its name already. Found
 * when their directory is received into again, and removed when nobody works on them any more.
 *
 * @module
 */
import path from 'node:path';
import { acquireLock } from './lock.js';
import { isOwnName, NEW, partialNames } from './partial-names.js';
import { isRunning } from './process-identity.js';
import { remove } from './publish.js';
import { type Directory, splitPath } from './root-directory.js';
import { run, type Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';

/**
 * Age in milliseconds at which those of another machine, whose processes cannot be seen, are removed. Each lives for an
 * instant; the hour is for clocks that differ.
 */
export const FOREIGN_MS = 3_600_000;

/** Removes what a killed run left beside a file that is whole, but not what another receiver holds. The journal first, as in a commit. @throws StorageError */
export async function clearBeside(file: string): Promise<void> {
  const names = partialNames(file);
  const lock = await acquireLock(names, path.basename(file));
  await remove(names.journal).catch(() => undefined);
  await remove(names.part).catch(() => undefined);
  await lock.release();
}

/** Removes what is left in the directories of one target. */
export class Leftovers {
  readonly #context: TargetContext;
  /** Names of ours beside a file, by the path of their directory. */
  readonly #beside = new Map<string, ReadonlySet<string>>();

  constructor(context: TargetContext) {
    this.#context = context;
  }

  /** Lists a directory, and removes in the background. Never fails: it is not what the user asked for. */
  *lookFor(directory: Directory): Step<void> {
    let names: string[];
    try {
      names = yield* sys.readdir(directory.base);
    } catch {
      return;
    }
    const own = names.filter(isOwnName);
    const left = own.filter((name) => name.endsWith(NEW));
    if (left.length > 0) void this.#context.track(this.#clean(directory.path, left).catch(() => undefined));
    if (own.length > left.length) this.#beside.set(directory.path, new Set(own));
  }

  /** A file is there as it should be: removes in the background what an earlier run left beside it. Never fails. */
  lookBeside(file: string): void {
    const [parent, name] = splitPath(file);
    const own = this.#beside.get(parent);
    if (own === undefined || this.#context.options.dryRun) return;
    const { part, journal, lock } = partialNames(name);
    // As they are listed: each byte a character.
    const isListed = (one: string) => own.has(Buffer.from(path.basename(one)).toString('latin1'));
    if ([part, journal, lock].some(isListed)) void this.#context.track(this.#cleanBeside(parent, name).catch(() => undefined));
  }

  async #cleanBeside(parent: string, name: string): Promise<void> {
    const { root, io } = this.#context;
    const directory = await run(root.enter(parent), io);
    try {
      await clearBeside(path.posix.join(directory.base, name));
    } finally {
      directory.release();
    }
  }

  async #clean(path: string, names: readonly string[]): Promise<void> {
    const { root, io } = this.#context;
    const directory = await run(root.enter(path), io);
    try {
      for (const name of names) {
        const at = `${directory.base}/${name}`;
        if (await this.#isAbandoned(name, at)) await run(sys.unlink(at), io);
      }
    } finally {
      directory.release();
    }
  }

  async #isAbandoned(name: string, at: string): Promise<boolean> {
    const owner = this.#context.temporary.owner(name);
    if (owner === undefined) return false;
    if (owner.here) return !(await isRunning(owner.process));
    const stats = await run(sys.lstat(at), this.#context.io);
    return stats !== undefined && Date.now() - Number(stats.ctimeMs) > FOREIGN_MS;
  }
}
