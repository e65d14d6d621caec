/**
 * A limit on bytes per second that can be changed while it is in force.
 *
 * @module
 */

/** Credit that may build up while nothing is sent, as time: a short pause may be made up for, a long one not. */
const BURST_MS = 250;

/** Time until something may go on. One for a whole transfer, shared by its streams. */
export class RateLimit {
  #bytesPerSecond: number | undefined;
  readonly #nowMs: () => number;
  /** When what was spent so far is paid for. */
  #paidAtMs: number;

  /** @param bytesPerSecond undefined: no limit. @param nowMs monotonic clock in milliseconds, for tests. */
  constructor(bytesPerSecond: number | undefined, nowMs: () => number = () => performance.now()) {
    this.#bytesPerSecond = bytesPerSecond;
    this.#nowMs = nowMs;
    this.#paidAtMs = nowMs();
  }

  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** Takes effect with the next {@link spend}. */
  change(bytesPerSecond: number | undefined): void {
    this.#bytesPerSecond = bytesPerSecond;
    this.#paidAtMs = this.#nowMs();
  }

  /** Spends bytes. Returns how long to wait before the next ones, in milliseconds. */
  spend(bytes: number): number {
    const rate = this.#bytesPerSecond;
    if (rate === undefined) return 0;
    const now = this.#nowMs();
    this.#paidAtMs = Math.max(this.#paidAtMs, now - BURST_MS) + (bytes * 1000) / rate;
    return Math.max(0, this.#paidAtMs - now);
  }
}
