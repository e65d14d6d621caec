/**
 * A tree as what is sent: a walk's entries numbered, and hard links by number.
 *
 * @module
 */
import type { Source } from '../storage/source.js';
import type { Found, TreeEntry, TreeSource } from '../storage/tree.js';
import type { ManifestEntry } from '../wire/frame.js';
import { LinkedBudget } from '../wire/linked-budget.js';
import type { Outbound, OutboundBatch } from './outbound.js';

/** See the module's head. */
export class TreeOutbound implements Outbound {
  readonly root = 'tree';
  readonly name: string;
  readonly path: string;
  readonly size = 0;
  readonly #source: TreeSource;
  readonly #walk: AsyncIterator<readonly Found[]>;
  /** Numbers of the files that hard links may follow. */
  readonly #linked = new Map<string, number>();
  readonly #budget: LinkedBudget;
  #nextId = 0;

  /**
   * @param path as the user gave it.
   * @param budget of files that hard links may follow; further names of those beyond go as files of their own.
   */
  constructor(source: TreeSource, path: string, budget = new LinkedBudget()) {
    this.#source = source;
    this.#budget = budget;
    this.#walk = source.walk()[Symbol.asyncIterator]();
    this.name = source.name;
    this.path = path;
  }

  async next(): Promise<OutboundBatch | undefined> {
    const step = await this.#walk.next();
    if (step.done === true) return undefined;
    const found: readonly Found[] = step.value;
    return {
      entries: found.flatMap((one) => (one.type === 'entry' ? [this.#number(one.entry)] : [])),
      special: found.flatMap((one) => (one.type === 'special' ? [{ path: one.path, what: one.what }] : [])),
      troubles: found.flatMap((one) => (one.type === 'trouble' ? [{ path: one.path, error: one.error }] : [])),
    };
  }

  #number(entry: TreeEntry): ManifestEntry {
    const id = this.#nextId;
    this.#nextId += 1;
    const { linkTo, linked, ...rest } = entry;
    if (linkTo !== undefined) {
      const file = this.#linked.get(linkTo);
      return file === undefined ? { id, ...rest, kind: 'file' } : { id, ...rest, linkTo: file };
    }
    if (linked !== true || !this.#budget.take(entry.path)) return { id, ...rest };
    this.#linked.set(entry.path, id);
    return { id, ...rest, linked };
  }

  readWhole(entry: ManifestEntry, into: Buffer): void | Promise<void> {
    return this.#source.readWhole(asTreeEntry(entry), into);
  }

  open(entry: ManifestEntry): Promise<Source> {
    return this.#source.open(asTreeEntry(entry));
  }

  readPipe(): Promise<number> {
    return Promise.reject(new Error('a tree is no pipe'));
  }

  async close(): Promise<void> {
    await this.#walk.return?.();
    await this.#source.close();
  }
}

/** Storage looks files up by path and never by link. */
function asTreeEntry(entry: ManifestEntry): TreeEntry {
  const { linkTo: _, ...rest } = entry;
  return rest;
}
