/**
 * How long to wait before another attempt.
 *
 * @module
 */

/** Back-off between attempts, in milliseconds: doubled each time from the first to the most, then lessened by up to half by chance. */
const BACKOFF_FIRST_MS = 250;
export const BACKOFF_MOST_MS = 10_000;

/** @param attempt that has failed, from 1 on. @returns milliseconds */
export function backoff(attempt: number): number {
  const full = Math.min(BACKOFF_MOST_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1));
  return full * (0.5 + Math.random() / 2);
}
