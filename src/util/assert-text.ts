/**
 * Arguments that are text: types keep only those who compile with them from a slip.
 *
 * @module
 */
import { UsageError } from '../errors.js';

/** @param what in the words of the message: 'an identity'. @throws UsageError that quotes nothing */
export function assertText(value: unknown, what: string): void {
  if (typeof value !== 'string') throw new UsageError(`${what} is given as text`);
}

/** @throws UsageError for what is no list */
export function assertList(value: unknown, what: string): void {
  if (!Array.isArray(value)) throw new UsageError(`${what} are given as a list`);
}
