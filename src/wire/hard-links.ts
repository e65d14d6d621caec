/**
 * Hard links wait for the file that they are to be other names of. Where that stays as it is, is left out, or fails, the next of
 * them brings the content itself, and the others are names of that.
 *
 * @module
 */
import type { ManifestEntry } from './frame.js';
import type { Settlement } from './settlement.js';

/** What a link can be made to: what has a path, or would have one; `absent` when the link has to bring the content itself. */
export type LinkedFile = { readonly path: string } | 'would' | 'absent';

/** Files that hard links may follow, and the links that wait for them. */
export class HardLinks {
  readonly #files = new Map<number, LinkedFile>();
  /** Of files that are absent: the link that brings the content, while it is under way; and the other way round. */
  readonly #leaderOf = new Map<number, number>();
  readonly #ledBy = new Map<number, number>();
  readonly #waiting = new Map<number, ManifestEntry[]>();
  #count = 0;

  /** Links that wait. */
  get waiting(): number {
    return this.#count;
  }

  announce(entry: ManifestEntry): void {
    if (entry.linked === true) this.#files.set(entry.id, { path: entry.path });
  }

  /** What a link is made to; undefined when no file was announced for it. */
  fileOf(link: ManifestEntry): LinkedFile | undefined {
    return link.linkTo === undefined ? undefined : this.#files.get(link.linkTo);
  }

  /** The entry that has to be settled before a link can be placed. */
  awaited({ linkTo = -1 }: ManifestEntry): number {
    return this.#leaderOf.get(linkTo) ?? linkTo;
  }

  /** A link brings the content, since its file is absent. */
  lead({ id, linkTo = -1 }: ManifestEntry): void {
    this.#leaderOf.set(linkTo, id);
    this.#ledBy.set(id, linkTo);
  }

  wait(link: ManifestEntry): void {
    const to = link.linkTo ?? -1;
    const others = this.#waiting.get(to);
    if (others === undefined) this.#waiting.set(to, [link]);
    else others.push(link);
    this.#count += 1;
  }

  /** An entry is there, or never will be, or would be. Returns the links that waited for it. */
  settled({ id, path }: Pick<ManifestEntry, 'id' | 'path'>, how: Settlement): readonly ManifestEntry[] {
    const file = this.#ledBy.get(id) ?? id;
    this.#ledBy.delete(id);
    this.#leaderOf.delete(file);
    if (this.#files.has(file)) this.#files.set(file, afterwards(path, how));
    const links = this.#waiting.get(file) ?? [];
    this.#waiting.delete(file);
    this.#count -= links.length;
    return links;
  }
}

function afterwards(path: string, how: Settlement): LinkedFile {
  if (how === 'done' || how === 'equal') return { path };
  return how === 'would' ? 'would' : 'absent';
}
