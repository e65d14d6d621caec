/**
 * Small files that a killed run left half written: found when their directory is received into again, and removed when
 * nobody works on them any more.
 *
 * @module
 */
import { NEW } from './partial-names.js';
import { isRunning } from './process-identity.js';
import type { Directory } from './root-directory.js';
import { run, type Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';

/**
 * Age in milliseconds at which those of another machine, whose processes cannot be seen, are removed. Each lives for an
 * instant; the hour is for clocks that differ.
 */
export const FOREIGN_MS = 3_600_000;

/** Removes what is left in the directories of one target. */
export class Leftovers {
  readonly #context: TargetContext;

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
    const left = names.filter((name) => name.endsWith(NEW));
    if (left.length > 0) void this.#context.track(this.#clean(directory.path, left).catch(() => undefined));
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
