/**
 * Answers are unknown until they are read: field by field, by these. What is missing or null is undefined; what is of another
 * kind than it should be is an error that says where.
 *
 * @module
 */
import { ControlError } from '../../errors.js';
import { isTime } from '../../util/units.js';

/** An object whose fields are not known. */
export type Fields = Readonly<Record<string, unknown>>;

/** @param where in the answer, such as `systems[0].name` @throws ControlError */
export function unexpected(where: string, wanted: string): ControlError {
  return new ControlError('control-answer', `FirecREST's answer is not understood: ${where} is not ${wanted}; is it a version that this one does not know?`);
}

/** @throws ControlError for what is no object */
export function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unexpected(where, 'an object');
  return value as Fields;
}

/** As {@link fieldsOf}; undefined for what is missing. */
export function optionalFields(value: unknown, where: string): Fields | undefined {
  return value === undefined || value === null ? undefined : fieldsOf(value, where);
}

/** Each element read by a function. What is missing is an empty list. @throws ControlError */
export function listOf<T>(value: unknown, where: string, read: (element: unknown, where: string) => T): T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw unexpected(where, 'a list');
  return value.map((element, index) => read(element, `${where}[${index}]`));
}

/** @throws ControlError unless it is there */
export function requiredList<T>(value: unknown, where: string, read: (element: unknown, where: string) => T): T[] {
  if (!Array.isArray(value)) throw unexpected(where, 'a list');
  return listOf(value, where, read);
}

/** @throws ControlError */
export function textOf(value: unknown, where: string): string {
  if (typeof value !== 'string') throw unexpected(where, 'text');
  return value;
}

/** @throws ControlError */
export function optionalText(value: unknown, where: string): string | undefined {
  return value === undefined || value === null ? undefined : textOf(value, where);
}

/** A whole number from 0 on; as text, too, as `ls` has its sizes. @throws ControlError */
export function countOf(value: unknown, where: string): number {
  const count = typeof value === 'string' && /^\d+$/u.test(value) ? Number(value) : value;
  if (typeof count !== 'number' || !Number.isSafeInteger(count) || count < 0) throw unexpected(where, 'a whole number');
  return count;
}

/** @throws ControlError */
export function optionalCount(value: unknown, where: string): number | undefined {
  return value === undefined || value === null ? undefined : countOf(value, where);
}

/** A number of any sign; undefined for what is none. */
export function integerOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

/** Whole seconds since 1970; undefined for what is none, or no time. */
export function timeOf(value: unknown): number | undefined {
  const seconds = integerOf(value);
  return seconds !== undefined && isTime(seconds) ? seconds : undefined;
}
