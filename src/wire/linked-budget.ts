/**
 * How many files of a session may be flagged as having hard links: both ends remember them until it is over.
 *
 * @module
 */
import { LINKED_BYTES_MAX, LINKED_ENTRY_BYTES } from './constants.js';

/** See the module's head. Both ends count alike. */
export class LinkedBudget {
  #left: number;

  /** @param bytes most of them, as they are counted. */
  constructor(bytes: number = LINKED_BYTES_MAX) {
    this.#left = bytes;
  }

  /** Counts one by its path. Returns false, and does not count it, when it is one too many. */
  take(path: string): boolean {
    const cost = LINKED_ENTRY_BYTES + Buffer.byteLength(path);
    if (cost > this.#left) return false;
    this.#left -= cost;
    return true;
  }
}
