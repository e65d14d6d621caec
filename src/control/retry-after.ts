/**
 * When to ask again, as an answer's `Retry-After` has it (RFC 9110 section 10.2.3): seconds, or a date.
 *
 * @module
 */

/** Longest that one answer can have us wait, milliseconds. */
export const RETRY_AFTER_MOST_MS = 60_000;

/**
 * @param date the answer's own `Date`: a date is meant by the server's clock, and ours may be another
 * @returns milliseconds from 0 to {@link RETRY_AFTER_MOST_MS}; undefined for none, and for what is neither
 */
export function retryAfterMs(value: string | null, date: string | null, nowMs: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/u.test(text)) return bounded(Number(text) * 1000);
  // Date.parse takes much that is no date of HTTP's, such as "-5".
  const at = /^[A-Za-z]{3}/u.test(text) ? Date.parse(text) : NaN;
  if (Number.isNaN(at)) return undefined;
  const serverNow = date === null ? NaN : Date.parse(date);
  return bounded(at - (Number.isNaN(serverNow) ? nowMs : serverNow));
}

function bounded(ms: number): number {
  return Math.min(RETRY_AFTER_MOST_MS, Math.max(0, ms));
}
