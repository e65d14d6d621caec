/**
 * Which files of a walk are further names of one that came before.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';

/** Most files with several names that are remembered at once; those beyond go as files of their own. */
export const HARD_LINKS_MAX = 262_144;

interface FirstName {
  readonly path: string;
  /** Names that have not been seen yet. */
  left: number;
}

/** Files with more than one name, by device and inode. */
export class HardLinks {
  readonly #first = new Map<string, FirstName>();
  readonly #max: number;

  constructor(max: number = HARD_LINKS_MAX) {
    this.#max = max;
  }

  /** The path under which this file came before; undefined for the first, which is remembered. */
  firstName(stats: BigIntStats, path: string): string | undefined {
    if (stats.nlink <= 1n) return undefined;
    const key = `${stats.dev}:${stats.ino}`;
    const known = this.#first.get(key);
    if (known === undefined) {
      if (this.#first.size < this.#max) this.#first.set(key, { path, left: Number(stats.nlink) - 1 });
      return undefined;
    }
    known.left -= 1;
    // Its last name: nobody will ask again.
    if (known.left <= 0) this.#first.delete(key);
    return known.path;
  }
}
