/**
 * Hard links wait for the file that they are to be other names of.
 *
 * @module
 */
import { LINKED_BYTES_MAX, LINKED_FILES_MAX } from './constants.js';
import type { ManifestEntry } from './frame.js';
import type { Settlement } from './settlement.js';

/** What became of a file that links may follow: it has a path, or would have one, or there is none. */
export type LinkedFile = { readonly path: string } | 'would' | undefined;

/** Files that hard links may follow, and the links that wait for them. */
export class HardLinks {
  readonly #files = new Map<number, LinkedFile>();
  readonly #waiting = new Map<number, ManifestEntry[]>();
  #count = 0;
  #announced = 0;
  #pathBytes = 0;

  /** Links that wait. */
  get waiting(): number {
    return this.#count;
  }

  /** Returns false when there are more files that links may follow than a session may have. */
  announce(entry: ManifestEntry): boolean {
    if (entry.linked !== true) return true;
    this.#announced += 1;
    this.#pathBytes += Buffer.byteLength(entry.path);
    if (this.#announced > LINKED_FILES_MAX || this.#pathBytes > LINKED_BYTES_MAX) return false;
    this.#files.set(entry.id, { path: entry.path });
    return true;
  }

  /** The file that a link is to. */
  fileOf(link: ManifestEntry): LinkedFile {
    return link.linkTo === undefined ? undefined : this.#files.get(link.linkTo);
  }

  wait(link: ManifestEntry): void {
    const to = link.linkTo ?? -1;
    const others = this.#waiting.get(to);
    if (others === undefined) this.#waiting.set(to, [link]);
    else others.push(link);
    this.#count += 1;
  }

  /** A file is there, or never will be, or would be. Returns the links that waited for it. */
  settled(id: number, how: Settlement): readonly ManifestEntry[] {
    if (this.#files.has(id)) {
      if (how === 'would') this.#files.set(id, 'would');
      else if (how === 'failed') this.#files.delete(id);
    }
    const links = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    this.#count -= links.length;
    return links;
  }
}
