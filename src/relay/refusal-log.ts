/**
 * Refusals in the log: the first of each reason in a minute, then how many more there were. A flood must not fill the disk; the
 * metrics count them all.
 *
 * @module
 */
import type { RelayLog } from './relay-log.js';
import type { RefusalReason } from './refusals.js';

/** Lines of one reason in one {@link INTERVAL_MS}. */
const LINES_MAX = 20;
const INTERVAL_MS = 60_000;

/** See the module's head. The clock is passed in. */
export class RefusalLog {
  readonly #log: RelayLog;
  readonly #counts = new Map<RefusalReason, number>();
  #sinceMs = -Infinity;

  constructor(log: RelayLog) {
    this.#log = log;
  }

  tell(reason: RefusalReason, fields: Readonly<Record<string, string | undefined>>, nowMs: number): void {
    this.tick(nowMs);
    const count = (this.#counts.get(reason) ?? 0) + 1;
    this.#counts.set(reason, count);
    if (count <= LINES_MAX) this.#log('refused', { ...fields, reason });
  }

  /** Looks at the clock: sums up an interval that is over. */
  tick(nowMs: number): void {
    if (nowMs - this.#sinceMs < INTERVAL_MS) return;
    this.#sinceMs = nowMs;
    for (const [reason, count] of this.#counts) if (count > LINES_MAX) this.#log('refused-more', { reason, count: count - LINES_MAX });
    this.#counts.clear();
  }
}
