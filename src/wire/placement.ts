/**
 * The manifest's way into storage: one batch of entries at a time, in order. A hard link whose file is still to come waits
 * for it, and goes before everything else when that is there; where it stays absent, the link is placed as a file.
 *
 * @module
 */
import { StorageError } from '../errors.js';
import type { ManifestEntry } from './frame.js';
import { HardLinks } from './hard-links.js';
import type { Incoming } from './incoming.js';
import { linkAsFile } from './link-as-file.js';
import type { PlacedEntry, Placing } from './receiver-steps.js';
import type { Settlement } from './settlement.js';
import type { Unsettled } from './unsettled.js';

/** What becomes of a batch: storage is to place `entries`, and of `known` it need not be asked. */
export interface PlacementStep {
  readonly entries: readonly PlacedEntry[];
  /** Bytes of those of them that were announced as files. */
  readonly bytes: number;
  readonly known: readonly Placing[];
}

/** See the module's head. */
export class Placement {
  readonly #unsettled: Unsettled<Incoming>;
  readonly #links = new HardLinks();
  readonly #batches: (readonly ManifestEntry[])[] = [];
  /** Storage has a batch. */
  #busy = false;
  #queued = 0;

  constructor(unsettled: Unsettled<Incoming>) {
    this.#unsettled = unsettled;
  }

  /** Nothing is being placed, or waits for its turn. */
  get idle(): boolean {
    return this.#batches.length === 0 && !this.#busy;
  }

  /** Entries that wait for their turn, among them those that their sender has given up meanwhile. */
  get queued(): number {
    return this.#queued;
  }

  add(entries: readonly ManifestEntry[]): void {
    for (const entry of entries) this.#links.announce(entry);
    this.#batches.push(entries);
    this.#queued += entries.length;
  }

  /** Takes up the next batch; undefined while storage has one, and when there is none. */
  next(): PlacementStep | undefined {
    const batch = this.#busy ? undefined : this.#batches.shift();
    if (batch === undefined) return undefined;
    this.#queued -= batch.length;
    const entries: PlacedEntry[] = [];
    const known: Placing[] = [];
    let bytes = 0;
    for (const entry of batch) {
      const incoming = this.#unsettled.get(entry.id);
      // Its sender may have told of trouble with it while it waited.
      if (incoming === undefined) continue;
      const { linkTo, ...rest } = entry;
      if (linkTo === undefined) {
        entries.push(rest);
        if (entry.kind === 'file') bytes += entry.size;
        continue;
      }
      const step = this.#links.next(entry);
      if (step === 'wait') incoming.phase = 'linking';
      else if (step === 'unknown') known.push({ id: entry.id, answer: 'trouble', error: noSuchFile(entry) });
      else if (step === 'would') known.push({ id: entry.id, answer: 'would' });
      else entries.push(step === 'lead' ? linkAsFile(entry) : { ...rest, linkTo: step.path });
    }
    // From here on: what is known may settle an entry and set others free, which wait for this batch.
    this.#busy = entries.length > 0;
    return { entries, bytes, known };
  }

  /** Storage has placed its batch. */
  placed(): void {
    this.#busy = false;
  }

  /** An entry is settled. Returns whether links have waited for it, whose turn it is now. */
  settled(entry: ManifestEntry, how: Settlement): boolean {
    const links = this.#links.settled(entry, how);
    if (links.length === 0) return false;
    this.#batches.unshift(links);
    this.#queued += links.length;
    return true;
  }
}

/** What is wrong with a hard link whose file was never announced, or not as one that links follow. */
export function noSuchFile({ path }: ManifestEntry): StorageError {
  return new StorageError('storage-missing', `${path.replace(/\p{Cc}+/gu, ' ')}: the file that it is another name of is not there`);
}
