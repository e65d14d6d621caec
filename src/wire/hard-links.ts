/**
 * Hard links wait for the file that they are to be other names of. Where that stays as it is, is left out, or fails, the next of
 * them brings the content itself, and the others are names of that.
 *
 * @module
 */
import type { ManifestEntry } from './frame.js';
import type { Settlement } from './settlement.js';

/** What a file is to its links: to come, by itself or by one of them; there, under a path; not even in a dry run; or missing. */
type LinkedFile = 'awaited' | { readonly path: string } | 'would' | 'absent';

/**
 * What becomes of a link: it waits; is a name of what has a path; would be one; brings the content itself; or has no file
 * that was announced as one that links follow.
 */
export type LinkStep = 'wait' | { readonly path: string } | 'would' | 'lead' | 'unknown';

/** Files that hard links may follow, and the links that wait for them. */
export class HardLinks {
  /** Kept for the whole session: see `LinkedBudget`. */
  readonly #files = new Map<number, LinkedFile>();
  /** Links that bring the content of an absent file, while they are under way, and the file. */
  readonly #leads = new Map<number, number>();
  /** By file, and then by their own id, in order. */
  readonly #waiting = new Map<number, Map<number, ManifestEntry>>();

  announce({ id, linked }: ManifestEntry): void {
    if (linked === true) this.#files.set(id, 'awaited');
  }

  /** It is a link's turn. */
  next(link: ManifestEntry): LinkStep {
    const { id, linkTo = -1 } = link;
    if (this.#leads.has(id)) return 'lead';
    const file = this.#files.get(linkTo);
    switch (file) {
      case undefined:
        return 'unknown';
      case 'awaited':
        this.#wait(link, linkTo);
        return 'wait';
      case 'absent':
        this.#lead(id, linkTo);
        return 'lead';
      default:
        return file;
    }
  }

  #wait(link: ManifestEntry, file: number): void {
    const others = this.#waiting.get(file) ?? new Map<number, ManifestEntry>();
    this.#waiting.set(file, others.set(link.id, link));
  }

  #lead(id: number, file: number): void {
    this.#leads.set(id, file);
    this.#files.set(file, 'awaited');
  }

  /** An entry is there, or never will be, or would be. Returns the links that waited for it and whose turn it is. */
  settled({ id, path, linkTo = -1 }: Pick<ManifestEntry, 'id' | 'path' | 'linkTo'>, how: Settlement): readonly ManifestEntry[] {
    // Its sender may have told of trouble with it while it waited.
    this.#waiting.get(linkTo)?.delete(id);
    const file = this.#leads.get(id) ?? id;
    this.#leads.delete(id);
    if (!this.#files.has(file)) return [];
    const now = afterwards(path, how);
    this.#files.set(file, now);
    const waiting = this.#waiting.get(file);
    if (waiting === undefined) return [];
    if (now === 'absent') return this.#nextLeader(file, waiting);
    this.#waiting.delete(file);
    return [...waiting.values()];
  }

  /** One alone: what it comes to is the others'. */
  #nextLeader(file: number, waiting: Map<number, ManifestEntry>): readonly ManifestEntry[] {
    const [next] = waiting.values();
    if (next === undefined) return [];
    waiting.delete(next.id);
    this.#lead(next.id, file);
    return [next];
  }
}

function afterwards(path: string, how: Settlement): LinkedFile {
  if (how === 'done' || how === 'equal') return { path };
  return how === 'would' ? 'would' : 'absent';
}
