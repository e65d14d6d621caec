/**
 * A limit on bytes per second that can be changed while it is in force.
 *
 * @module
 */

import { UsageError } from '../errors.js';

/** Credit that may build up while nothing is sent, as time: a short pause may be made up for, a long one not. */
const BURST_MS = 250;
/** The longest that a timer can wait; past it, it would not wait at all. */
const WAIT_MAX_MS = 2 ** 31 - 1;

/**
 * Most bytes per second of a transfer, over all its connections. It can be changed while the transfer runs. A receiver holds
 * its sender back by credit: what a second brings at the limit that there is when it begins, and at least 5.3 MB for each
 * connection, comes before that is felt.
 *
 * ```ts
 * import { RateLimit, receive, serve } from 'firecrest-streamer-ts';
 *
 * const rate = new RateLimit(50e6);
 * const server = await serve({ action: 'send', path: 'results.h5', portRange: [0, 0] });
 * const receiving = receive({ coordinates: server.coordinates, path: 'copy.h5', rate });
 * // The night has come: as fast as it goes.
 * rate.change(undefined);
 * console.log((await receiving).bytesPerSecond);
 * ```
 */
export class RateLimit {
  #bytesPerSecond: number | undefined;
  readonly #nowMs: () => number;
  /** When what was spent so far is paid for. */
  #paidAtMs: number;
  /** What waits for its turn, in order, and how it asks again. */
  readonly #held = new Set<{ readonly again: () => void; readonly timer: NodeJS.Timeout }>();

  /** @param bytesPerSecond undefined: no limit. @throws UsageError when it is not above 0. @param nowMs monotonic clock in milliseconds, for tests. */
  constructor(bytesPerSecond: number | undefined, nowMs: () => number = () => performance.now()) {
    this.#bytesPerSecond = checked(bytesPerSecond);
    this.#nowMs = nowMs;
    this.#paidAtMs = nowMs();
  }

  get bytesPerSecond(): number | undefined {
    return this.#bytesPerSecond;
  }

  /** Whether it holds the transfer back at present: what was spent is not paid for yet. @internal */
  get holding(): boolean {
    return this.#bytesPerSecond !== undefined && this.#paidAtMs > this.#nowMs();
  }

  /** Takes effect at once. @throws UsageError as the constructor does; the limit stays. */
  change(bytesPerSecond: number | undefined): void {
    this.#bytesPerSecond = checked(bytesPerSecond);
    this.#paidAtMs = this.#nowMs();
    const held = [...this.#held];
    this.#held.clear();
    for (const { again, timer } of held) {
      clearTimeout(timer);
      again();
    }
  }

  /** Spends bytes, and runs `go` when they may be sent: at once, or when what was spent before is paid for. @internal */
  pace(bytes: number, go: () => void): void {
    const now = this.#nowMs();
    const waitMs = this.#bytesPerSecond === undefined ? 0 : Math.min(WAIT_MAX_MS, this.#paidAtMs - now);
    this.spend(bytes);
    this.#hold(waitMs, go, () => this.pace(bytes, go));
  }

  /** Spends bytes, and runs `go` when they are paid for. @internal */
  pay(bytes: number, go: () => void): void {
    this.#hold(this.spend(bytes), go, () => this.pay(bytes, go));
  }

  #hold(waitMs: number, go: () => void, again: () => void): void {
    if (waitMs <= 1) {
      go();
      return;
    }
    // Unreferenced: the connections keep the process.
    const timer = setTimeout(() => {
      this.#held.delete(held);
      go();
    }, waitMs).unref();
    const held = { again, timer };
    this.#held.add(held);
  }

  /** Gives back what was spent on something that was not sent. @internal */
  refund(bytes: number): void {
    if (this.#bytesPerSecond !== undefined) this.#paidAtMs -= (bytes * 1000) / this.#bytesPerSecond;
  }

  /** Spends bytes. Returns how long to wait before the next ones, in milliseconds. @internal */
  spend(bytes: number): number {
    const rate = this.#bytesPerSecond;
    if (rate === undefined) return 0;
    const now = this.#nowMs();
    this.#paidAtMs = Math.max(this.#paidAtMs, now - BURST_MS) + (bytes * 1000) / rate;
    return Math.min(WAIT_MAX_MS, Math.max(0, this.#paidAtMs - now));
  }
}

function checked(bytesPerSecond: unknown): number | undefined {
  if (bytesPerSecond === undefined || (typeof bytesPerSecond === 'number' && bytesPerSecond > 0)) return bytesPerSecond;
  throw new UsageError('a limit on the rate is a number of bytes per second above 0, or undefined');
}
