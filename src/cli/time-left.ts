/**
 * How long a token lasts, in words.
 *
 * @module
 */
import { formatDuration } from '../util/units.js';

/** Such as "the token lasts another 4m". */
export function timeLeft(expiresAtMs: number, nowMs: number): string {
  const seconds = Math.round((expiresAtMs - nowMs) / 1000);
  // Seconds of an hour tell nobody anything.
  const shown = seconds >= 600 ? Math.round(seconds / 60) * 60 : seconds;
  return seconds <= 0 ? 'the token has ended' : `the token lasts another ${formatDuration(shown * 1000)}`;
}
