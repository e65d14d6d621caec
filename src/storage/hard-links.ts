/**
 * Which files of a walk are further names of one that came before.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';

/** How many files with several names are remembered; those beyond go as files of their own. */
export interface HardLinkLimits {
  /** Most at once. */
  readonly atOnce: number;
  /** Most in all, and bytes of their paths: what a receiver keeps of them until the end (src/wire/PROTOCOL.md, section 13). */
  readonly files: number;
  readonly pathBytes: number;
}

/** See {@link HardLinkLimits}. */
export const HARD_LINKS: HardLinkLimits = { atOnce: 262_144, files: 2 ** 20, pathBytes: 128 * 1024 * 1024 };

interface FirstName {
  readonly path: string;
  /** Names that have not been seen yet. */
  left: number;
}

/** Files with more than one name, by device and inode. */
export class HardLinks {
  readonly #first = new Map<string, FirstName>();
  readonly #limits: HardLinkLimits;
  #files = 0;
  #pathBytes = 0;

  constructor(limits: HardLinkLimits = HARD_LINKS) {
    this.#limits = limits;
  }

  /** The path under which this file came before, or that it is remembered, as its first; undefined for any other. */
  nameOf(stats: BigIntStats, path: string): { readonly linkTo: string } | { readonly linked: true } | undefined {
    if (stats.nlink <= 1n) return undefined;
    const key = `${stats.dev}:${stats.ino}`;
    const known = this.#first.get(key);
    if (known === undefined) return this.#remember(key, path, Number(stats.nlink) - 1);
    known.left -= 1;
    // Its last name: nobody will ask again.
    if (known.left <= 0) this.#first.delete(key);
    return { linkTo: known.path };
  }

  #remember(key: string, path: string, left: number): { readonly linked: true } | undefined {
    const bytes = Buffer.byteLength(path);
    const { atOnce, files, pathBytes } = this.#limits;
    if (this.#first.size >= atOnce || this.#files >= files || this.#pathBytes + bytes > pathBytes) return undefined;
    this.#files += 1;
    this.#pathBytes += bytes;
    this.#first.set(key, { path, left });
    return { linked: true };
  }
}
