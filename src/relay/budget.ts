/**
 * What a room may still carry, and how fast. Pure: the clock is passed in.
 *
 * @module
 */

/** A token bucket (RFC 2697 without colours) and a total. */
export class Budget {
  readonly #bytesPerSecond: number;
  #left: number;
  /** Milliseconds at which everything taken so far will have been within the rate. */
  #paidMs = -Infinity;

  constructor({ bytes, bytesPerSecond }: { readonly bytes: number; readonly bytesPerSecond: number }) {
    this.#left = bytes;
    this.#bytesPerSecond = bytesPerSecond;
  }

  get spent(): boolean {
    return this.#left < 0;
  }

  /**
   * Takes bytes that have been carried.
   * @returns milliseconds for which whoever brought them should bring no more: none within the first {@link BURST_MS} of rate.
   */
  take(bytes: number, nowMs: number): number {
    this.#left -= bytes;
    if (this.#bytesPerSecond === Infinity) return 0;
    this.#paidMs = Math.max(this.#paidMs, nowMs) + (bytes / this.#bytesPerSecond) * 1000;
    return Math.max(0, this.#paidMs - nowMs - BURST_MS);
  }
}

/** Milliseconds of rate that may come at once. */
export const BURST_MS = 100;
