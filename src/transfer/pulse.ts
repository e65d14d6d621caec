/**
 * Long work at one end, of which the other sees nothing: a file of a terabyte is read once more for its hash, a million
 * extras are removed. Each step says that it goes on, here and there, or both would take it for a peer that has hung.
 *
 * @module
 */
import { AbortError } from '../errors.js';

/** Least time between two words to the other end, in milliseconds: many to its patience of ten minutes. */
export const PULSE_MS = 60_000;

/** What a step needs to know and to do. */
export interface PulseOptions {
  readonly over: () => boolean;
  /** Something moved here. */
  readonly progressed: () => void;
  /** Says so to the other end. */
  readonly tell: () => void;
}

/** See the module's head. */
export class Pulse {
  readonly #options: PulseOptions;
  #toldMs = performance.now();

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** A step was taken, and another is to follow. @throws AbortError when the transfer is over, and nobody waits for it any more */
  readonly beat = (): void => {
    if (this.#options.over()) throw new AbortError('stopped before all was verified; run the same command again');
    this.step();
  };

  /** A step was taken of what is brought to its end in any case. */
  readonly step = (): void => {
    const { progressed, tell } = this.#options;
    progressed();
    const now = performance.now();
    if (now - this.#toldMs < PULSE_MS) return;
    this.#toldMs = now;
    tell();
  };
}
