/**
 * Chance that can be had again: Tommy Ettinger's mulberry32, which is small and good enough to draw tests by.
 *
 * @module
 */

/** Numbers from 0 to below 1, the same ones each time for a seed, of which the lower 32 bits count. */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
