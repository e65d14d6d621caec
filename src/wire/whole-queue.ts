/**
 * Small files that are wanted, until each goes out whole, many to a frame.
 *
 * @module
 */
import { WHOLE_PART_BYTES, WHOLE_PARTS_MAX } from './constants.js';
import type { ManifestEntry } from './frame.js';
import type { SendWindow } from './window.js';

/** Bytes of a frame's content: measured best with small files, and little for one slow stream to hold. */
const BATCH_BYTES = 256 * 1024;

/** See the module's head. */
export class WholeQueue {
  #ids: number[] = [];
  #next = 0;

  push(id: number): void {
    this.#ids.push(id);
  }

  /** Files whose frame did not arrive. */
  again(ids: readonly number[]): void {
    this.#ids.push(...ids);
  }

  /**
   * Takes as many as go into one frame, and the credit for them.
   * @param entryOf what an id stands for; undefined when it is settled by now.
   */
  take(entryOf: (id: number) => ManifestEntry | undefined, window: SendWindow): { readonly entries: readonly ManifestEntry[]; readonly cost: number } {
    const entries: ManifestEntry[] = [];
    let cost = 0;
    for (; this.#next < this.#ids.length; this.#next += 1) {
      const entry = entryOf(this.#ids[this.#next] ?? -1);
      if (entry === undefined) continue;
      const price = entry.size + WHOLE_PART_BYTES;
      if (entries.length > 0 && (cost + price > BATCH_BYTES || entries.length >= WHOLE_PARTS_MAX)) break;
      if (!window.spend(price)) break;
      entries.push(entry);
      cost += price;
    }
    this.#forget();
    return { entries, cost };
  }

  /** Lets go of the part of the list that is done with: not at each call, which would copy the rest each time. */
  #forget(): void {
    if (this.#next < 1024 && this.#next < this.#ids.length) return;
    this.#ids = this.#ids.slice(this.#next);
    this.#next = 0;
  }
}
