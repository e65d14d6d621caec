/**
 * The entries of the manifest that are under way, as either end counts them.
 *
 * @module
 */

/** Entries from where they are announced to where they are settled, with what an end has to remember of each. */
export class Unsettled<State> {
  readonly #states = new Map<number, State>();
  #announced = 0;

  add(id: number, state: State): void {
    this.#states.set(id, state);
    this.#announced += 1;
  }

  /** Entries so far: the next one's id. */
  get announced(): number {
    return this.#announced;
  }

  get size(): number {
    return this.#states.size;
  }

  get(id: number): State | undefined {
    return this.#states.get(id);
  }

  has(id: number): boolean {
    return this.#states.has(id);
  }

  settle(id: number): void {
    this.#states.delete(id);
  }

  /** Whether an entry has come to its end: what one end says of it may cross what the other does. */
  isSettled(id: number): boolean {
    return id < this.#announced && !this.#states.has(id);
  }
}
