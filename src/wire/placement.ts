/**
 * The manifest's way into storage: one batch of entries at a time, in order. A hard link whose file is still to come waits
 * for it, and goes before everything else when that is there.
 *
 * @module
 */
import { StorageError } from '../errors.js';
import type { ManifestEntry } from './frame.js';
import { HardLinks } from './hard-links.js';
import type { Incoming } from './incoming.js';
import type { PlacedEntry, Placing } from './receiver-steps.js';
import type { Settlement } from './settlement.js';
import type { Unsettled } from './unsettled.js';

/** What becomes of a batch: storage is to place `entries`, and of `known` it need not be asked. */
export interface PlacementStep {
  readonly entries: readonly PlacedEntry[];
  readonly known: readonly Placing[];
}

/** See the module's head. */
export class Placement {
  readonly #unsettled: Unsettled<Incoming>;
  readonly #links = new HardLinks();
  readonly #batches: (readonly ManifestEntry[])[] = [];
  /** Storage has a batch. */
  #busy = false;

  constructor(unsettled: Unsettled<Incoming>) {
    this.#unsettled = unsettled;
  }

  /** Nothing is being placed, or waits for its turn. */
  get idle(): boolean {
    return this.#batches.length === 0 && !this.#busy;
  }

  /** Returns false when more of them are files that links may follow than a session may have. */
  add(entries: readonly ManifestEntry[]): boolean {
    this.#batches.push(entries);
    return entries.every((entry) => this.#links.announce(entry));
  }

  /** Takes up the next batch; undefined while storage has one, and when there is none. */
  next(): PlacementStep | undefined {
    const batch = this.#busy ? undefined : this.#batches.shift();
    if (batch === undefined) return undefined;
    const entries: PlacedEntry[] = [];
    const known: Placing[] = [];
    for (const entry of batch) {
      const incoming = this.#unsettled.get(entry.id);
      // Its sender may have told of trouble with it while it waited.
      if (incoming === undefined) continue;
      const { linkTo, ...rest } = entry;
      if (linkTo === undefined) {
        entries.push(rest);
        continue;
      }
      const file = this.#links.fileOf(entry);
      if (file === undefined) known.push({ id: entry.id, answer: 'trouble', error: noSuchFile(entry) });
      else if (this.#unsettled.has(linkTo)) {
        incoming.phase = 'linking';
        this.#links.wait(entry);
      } else if (file === 'would') known.push({ id: entry.id, answer: 'would' });
      else entries.push({ ...rest, linkTo: file.path });
    }
    // From here on: what is known may settle an entry and set others free, which wait for this batch.
    this.#busy = entries.length > 0;
    return { entries, known };
  }

  /** Storage has placed its batch. */
  placed(): void {
    this.#busy = false;
  }

  /** An entry is settled. Returns whether links have waited for it, whose turn it is now. */
  settled(id: number, how: Settlement): boolean {
    const links = this.#links.settled(id, how);
    if (links.length > 0) this.#batches.unshift(links);
    return links.length > 0;
  }
}

/** What is wrong with a hard link whose file failed, or was never announced. */
export function noSuchFile({ path }: ManifestEntry): StorageError {
  return new StorageError('storage-missing', `${path.replace(/\p{Cc}+/gu, ' ')}: the file that it is another name of is not there`);
}
