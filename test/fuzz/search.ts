/**
 * The search: changes inputs that have reached something new, and keeps those that reach more.
 *
 * @module
 */
import { type Draw, mutated } from './mutate.js';

/** A finding. */
export interface Finding {
  readonly input: Buffer;
  readonly error: unknown;
}

/** Counts of a block are told apart by these: 1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128-255. */
const BUCKETS = Uint8Array.from({ length: 256 }, (_, count) => (count === 0 ? 0 : count < 4 ? 1 << (count - 1) : count < 8 ? 8 : count < 16 ? 16 : count < 32 ? 32 : count < 128 ? 64 : 128));
/** Tries of changing one input before another has its turn. */
const TRIES = 64;

/** What the search is given. */
export interface SearchOptions {
  readonly fuzz: (data: Buffer) => void;
  readonly counters: Uint8Array;
  readonly words: readonly Buffer[];
  readonly maxBytes: number;
  readonly draw: Draw;
  /** Told of each input before it runs: another thread watches for one that never ends. */
  readonly running: (input: Buffer) => void;
}

/** Inputs that have each reached something new. */
export class Search {
  readonly #options: SearchOptions;
  readonly #reached: Uint8Array;
  readonly corpus: Buffer[] = [];
  executions = 0;

  constructor(options: SearchOptions) {
    this.#options = options;
    this.#reached = new Uint8Array(options.counters.length);
  }

  /** Counters that have counted something yet. */
  reached(): boolean[] {
    return [...this.#reached].map((bits) => bits !== 0);
  }

  /** Runs inputs as they are. @returns the first finding. */
  take(inputs: readonly Buffer[]): Finding | undefined {
    for (const input of inputs) {
      const finding = this.#try(input);
      if (finding !== undefined) return finding;
    }
    return undefined;
  }

  /** Searches for a while. @returns a finding, if there is one. */
  goOn(untilMs: number): Finding | undefined {
    const { words, maxBytes, draw } = this.#options;
    while (performance.now() < untilMs) {
      // The later ones have reached what is hard to reach.
      const from = draw(2) === 0 ? draw(this.corpus.length) : this.corpus.length - 1 - draw(Math.min(this.corpus.length, 20));
      const input = this.corpus[from] ?? Buffer.alloc(0);
      for (let tries = 0; tries < TRIES; tries += 1) {
        const finding = this.#try(mutated(input, this.corpus, words, maxBytes, draw));
        if (finding !== undefined) return finding;
      }
    }
    return undefined;
  }

  #try(input: Buffer): Finding | undefined {
    const { fuzz, counters, running } = this.#options;
    counters.fill(0);
    running(input);
    this.executions += 1;
    try {
      fuzz(Buffer.from(input));
    } catch (error) {
      return { input, error };
    }
    if (this.#isNew()) this.corpus.push(Buffer.from(input));
    return undefined;
  }

  #isNew(): boolean {
    const { counters } = this.#options;
    let found = false;
    for (let index = 0; index < counters.length; index += 1) {
      const count = counters[index] ?? 0;
      if (count === 0) continue;
      const bit = BUCKETS[count] ?? 0;
      const old = this.#reached[index] ?? 0;
      if ((old & bit) !== 0) continue;
      this.#reached[index] = old | bit;
      found = true;
    }
    return found;
  }

  /** The fewest and shortest inputs, roughly, that reach all of the blocks that these do. */
  smallest(inputs: readonly Buffer[]): Buffer[] {
    const { fuzz, counters } = this.#options;
    const seen = new Uint8Array(counters.length);
    return [...inputs].sort((one, other) => one.length - other.length).filter((input) => {
      counters.fill(0);
      fuzz(Buffer.from(input));
      let kept = false;
      for (let index = 0; index < counters.length; index += 1) {
        if (counters[index] === 0 || seen[index] === 1) continue;
        seen[index] = 1;
        kept = true;
      }
      return kept;
    });
  }
}
