/**
 * What a fuzz target is: a parser of bytes from outside, and what must be true whatever the bytes are.
 *
 * @module
 */

/** One parser under test. */
export interface FuzzTarget {
  /** Most bytes of an input. */
  readonly maxBytes: number;
  /** Valid inputs, from which the search begins. */
  readonly seeds: () => readonly Uint8Array[];
  /** Must return for whatever bytes, and soon. What it throws is a finding. */
  readonly fuzz: (data: Buffer) => void;
}

/** Runs `parse`. @returns undefined when it refuses in the one way that it may. */
export function orRefused<T>(parse: () => T, isRefusal: (error: unknown) => boolean): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!isRefusal(error)) throw error;
    if (error instanceof Error && (/[\n\r]/u.test(error.message) || error.message.length > 600)) throw new Error('the message of a refusal is no line', { cause: error });
    return undefined;
  }
}

/** The words of an input that says how it is to be taken: one byte, and the rest. */
export function headed(data: Buffer): readonly [head: number, rest: Buffer] {
  return [data[0] ?? 0, data.subarray(1)];
}
