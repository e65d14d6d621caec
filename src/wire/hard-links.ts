/**
 * Hard links wait for the file that they are to be other names of.
 *
 * @module
 */
import type { ManifestEntry } from './frame.js';

/** Files that hard links may follow, and the links that wait for them. */
export class HardLinks {
  /** Path of each file that links may follow; undefined when it could not be had. */
  readonly #files = new Map<number, string | undefined>();
  readonly #waiting = new Map<number, ManifestEntry[]>();
  #count = 0;

  /** Links that wait. */
  get waiting(): number {
    return this.#count;
  }

  announce(entry: ManifestEntry): void {
    if (entry.linked === true) this.#files.set(entry.id, entry.path);
  }

  /** Path of the file that a link is to; undefined when there is none. */
  pathOf(link: ManifestEntry): string | undefined {
    return link.linkTo === undefined ? undefined : this.#files.get(link.linkTo);
  }

  wait(link: ManifestEntry): void {
    const to = link.linkTo ?? -1;
    const others = this.#waiting.get(to);
    if (others === undefined) this.#waiting.set(to, [link]);
    else others.push(link);
    this.#count += 1;
  }

  /** A file is there, or never will be. Returns the links that waited for it. */
  settled(id: number, there: boolean): readonly ManifestEntry[] {
    if (!there && this.#files.has(id)) this.#files.set(id, undefined);
    const links = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    this.#count -= links.length;
    return links;
  }
}
