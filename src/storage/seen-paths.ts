/**
 * Which paths of a tree were given, in 13 bytes and some room for each, whatever their length: 27 MiB for a million.
 *
 * A path is kept as 64 bits of a hash of its folded form (case and Unicode normalisation taken away) and 32 of a hash of
 * itself. So it tells a path that comes twice from one that differs only in what some file systems ignore. That two
 * different folded paths of a million are taken for one has a chance of 3 in 10^8, and then costs but a further look.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';

/** Something at the target has this path and may be replaced. */
export const REPLACE = 2;
/** A directory that this session has made, or would make: nothing of anybody else's lies in it. */
export const FRESH = 4;
/** Another path was given that some file systems take for the same. */
export const VARIANT = 8;
/** A directory that could not be placed, and so nothing in it. */
export const FAILED = 16;
const USED = 1;

/** Tables that grow each by itself, a little at a time: doubling one of all paths would hold it three times over. */
const TABLES = 64;
const FIRST_CAPACITY = 64;
/** Share of slots in use at which their number is doubled. */
const FULL = 0.6;
const ASCII = /^[\0-\x7f]*$/u;

/** A set of paths with a few flags each. */
export class SeenPaths {
  readonly #tables: (Table | undefined)[] = [];
  /** Random, so that no peer can choose paths that fall on one another. */
  readonly #seeds = new Uint32Array(new Uint8Array(randomBytes(12)).buffer);
  readonly #hashed: Hashed = { one: 0, two: 0, exact: 0 };

  /** Notes a path. `again`: it was there; `variant`: only one that differs in case or normalisation was. */
  add(path: string): 'new' | 'again' | 'variant' {
    const table = this.#tableOf(path);
    return (this.#tables[table] ??= new Table()).add(this.#hashed);
  }

  /** The flags of a path; undefined when it was not given. */
  flags(path: string): number | undefined {
    return this.#tables[this.#tableOf(path)]?.flags(this.#hashed);
  }

  /** Adds a flag to a path that was given. */
  mark(path: string, flag: number): void {
    this.#tables[this.#tableOf(path)]?.mark(this.#hashed, flag);
  }

  /** Whether this path was given, or one that some file systems take for it. */
  hasFolded(path: string): boolean {
    return this.#tables[this.#tableOf(path)]?.hasFolded(this.#hashed) === true;
  }

  /** Hashes a path. @returns the table for it, and for all that fold to the same */
  #tableOf(path: string): number {
    const plain = ASCII.test(path);
    const folded = plain ? path : fold(path);
    let [one = 0, two = 0, exact = 0] = this.#seeds;
    for (let index = 0; index < folded.length; index += 1) {
      let unit = folded.charCodeAt(index);
      if (plain) exact = Math.imul(exact ^ unit, 0x85ebca6b) ^ (exact >>> 15);
      if (unit >= 0x41 && unit <= 0x5a) unit |= 0x20;
      one = Math.imul(one ^ unit, 0x9e3779b1) ^ (one >>> 16);
      two = Math.imul(two ^ unit, 0x5f356495) ^ (two >>> 13);
    }
    for (let index = 0; !plain && index < path.length; index += 1) exact = Math.imul(exact ^ path.charCodeAt(index), 0x85ebca6b) ^ (exact >>> 15);
    this.#hashed.one = mixed(one ^ folded.length);
    this.#hashed.two = mixed(two);
    this.#hashed.exact = mixed(exact);
    return this.#hashed.two % TABLES;
  }
}

/** Of a path: two hashes of its folded form, and one of itself, 32 bits each. */
interface Hashed {
  one: number;
  two: number;
  exact: number;
}

/** A hash table with linear probing. */
class Table {
  #capacity = FIRST_CAPACITY;
  #count = 0;
  #flags = new Uint8Array(FIRST_CAPACITY);
  /** Three for each slot, in the order of {@link Hashed}. */
  #hashes = new Uint32Array(3 * FIRST_CAPACITY);

  add(path: Hashed): 'new' | 'again' | 'variant' {
    let flags = USED;
    let at = path.one % this.#capacity;
    for (; this.#flags[at] !== 0; at = (at + 1) % this.#capacity) {
      if (!this.#isFold(at, path)) continue;
      if (this.#hashes[3 * at + 2] === path.exact) return 'again';
      this.#flags[at] = (this.#flags[at] ?? 0) | VARIANT;
      flags = USED | VARIANT;
    }
    this.#flags[at] = flags;
    this.#hashes[3 * at] = path.one;
    this.#hashes[3 * at + 1] = path.two;
    this.#hashes[3 * at + 2] = path.exact;
    this.#count += 1;
    if (this.#count > FULL * this.#capacity) this.#grow();
    return flags === USED ? 'new' : 'variant';
  }

  flags(path: Hashed): number | undefined {
    const at = this.#find(path);
    return at < 0 ? undefined : this.#flags[at];
  }

  mark(path: Hashed, flag: number): void {
    const at = this.#find(path);
    if (at >= 0) this.#flags[at] = (this.#flags[at] ?? 0) | flag;
  }

  hasFolded(path: Hashed): boolean {
    for (let at = path.one % this.#capacity; this.#flags[at] !== 0; at = (at + 1) % this.#capacity) if (this.#isFold(at, path)) return true;
    return false;
  }

  #find(path: Hashed): number {
    for (let at = path.one % this.#capacity; this.#flags[at] !== 0; at = (at + 1) % this.#capacity) {
      if (this.#isFold(at, path) && this.#hashes[3 * at + 2] === path.exact) return at;
    }
    return -1;
  }

  #isFold(at: number, path: Hashed): boolean {
    return this.#hashes[3 * at] === path.one && this.#hashes[3 * at + 1] === path.two;
  }

  #grow(): void {
    const [flags, hashes] = [this.#flags, this.#hashes];
    this.#capacity *= 2;
    this.#flags = new Uint8Array(this.#capacity);
    this.#hashes = new Uint32Array(3 * this.#capacity);
    for (let from = 0; from < flags.length; from += 1) {
      if (flags[from] === 0) continue;
      let at = (hashes[3 * from] ?? 0) % this.#capacity;
      while (this.#flags[at] !== 0) at = (at + 1) % this.#capacity;
      this.#flags[at] = flags[from] ?? 0;
      this.#hashes.set(hashes.subarray(3 * from, 3 * from + 3), 3 * at);
    }
  }
}

/** As no file system distinguishes less: compatibility forms, and upper case first, since ß and ẞ are both SS there. */
export function fold(path: string): string {
  return path.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKD');
}

/** The last step of MurmurHash3: every bit of the input in every bit of the result. */
function mixed(value: number): number {
  let state = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
  return (state ^ (state >>> 16)) >>> 0;
}
