/**
 * When a token is renewed: ahead of its end, since FirecREST refuses one with less than 30 s left, and a request takes its time.
 *
 * @module
 */

/** From when to when a token is good, by this machine's clock, milliseconds since 1970. */
export interface Lifetime {
  readonly obtainedAtMs: number;
  readonly expiresAtMs: number;
}

/** What FirecREST wants a token to have left, milliseconds (measured; a site may set another limit), and a little for the way. */
const REFUSED_MS = 35_000;
/** As long before its end as makes no difference, milliseconds. */
const EARLY_MS = 60_000;

/**
 * How long before its end a token that lives for so long is renewed: 60 s, of one under three minutes a third of its life, but
 * not less than what FirecREST wants; of one that lives hardly longer than that, two thirds, or every request would want a new one.
 */
export function renewalMarginMs(lifeMs: number): number {
  return Math.min(EARLY_MS, Math.max(lifeMs / 3, Math.min(REFUSED_MS, (lifeMs * 2) / 3)));
}

/** Whether a token may be used without looking for a newer one. */
export function isFresh({ obtainedAtMs, expiresAtMs }: Lifetime, nowMs: number): boolean {
  // A clock that was set back would make an old token look young.
  return nowMs >= obtainedAtMs - EARLY_MS && expiresAtMs - nowMs > renewalMarginMs(expiresAtMs - obtainedAtMs);
}

/** Whether FirecREST would take a token that is no longer fresh: where no newer one can be had just now. */
export function isUsable({ expiresAtMs }: Lifetime, nowMs: number): boolean {
  return expiresAtMs - nowMs > REFUSED_MS;
}
