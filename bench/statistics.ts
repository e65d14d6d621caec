/**
 * Few runs, honestly summed up: median, spread and how many.
 *
 * @module
 */

/** A summary of `n` measurements, all in the unit of the input. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
}

/** Sums up measurements. An even count's median is the mean of the two in the middle. Undefined for none. */
export function summarise(values: readonly number[]): Summary | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  const low = sorted[Math.floor((n - 1) / 2)];
  const high = sorted[Math.floor(n / 2)];
  const min = sorted[0];
  const max = sorted[n - 1];
  if (low === undefined || high === undefined || min === undefined || max === undefined) return undefined;
  return { median: (low + high) / 2, min, max, n };
}

/** Largest of the values, or undefined when there is none. */
export function largest(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}
