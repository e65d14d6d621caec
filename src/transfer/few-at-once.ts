/**
 * Work of which only so much goes on at once; the rest waits for its turn, in order.
 *
 * @module
 */

/** See the module's head. */
export class FewAtOnce {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  /** @param most of them that go on at once. */
  constructor(most: number) {
    this.#free = most;
  }

  /** Does it when it is its turn. Ends as it does. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}
