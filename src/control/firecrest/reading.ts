/**
 * Reads what FirecREST answers: `unknown` in, our own shapes out, and one error for everything else.
 *
 * @module
 */
import { ControlError } from '../../errors.js';

/** An answer is read by these. Each throws where what is there is not what its contract says. */
export type Fields = Readonly<Record<string, unknown>>;

/** An answer that is none of FirecREST's. */
export function strange(where: string): ControlError {
  return new ControlError('control-not-firecrest', `FirecREST's answer is not what its version 2 gives (${where}): is the \`url\` right, and the site's version one that is known?`);
}

/** An object. */
export function fieldsOf(value: unknown, where: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw strange(where);
  return value as Fields;
}

/** A list, each item read. */
export function listOf<T>(value: unknown, where: string, read: (item: unknown, where: string) => T): readonly T[] {
  if (!Array.isArray(value)) throw strange(where);
  return value.map((item: unknown, at) => read(item, `${where}[${at}]`));
}

/** Text that must be there. */
export function textOf(value: unknown, where: string): string {
  if (typeof value !== 'string') throw strange(where);
  return value;
}

/** A whole number that must be there; ls gives sizes as text. */
export function wholeOf(value: unknown, where: string): number {
  const number = typeof value === 'string' && /^\d{1,16}$/u.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw strange(where);
  return number;
}

/** Text, or undefined for what is absent, null, or nothing else of use. */
export function textIfAny(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A number, or undefined. */
export function numberIfAny(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The texts of a list; none, where there is no list. */
export function textsIfAny(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** `{ key: value }`, or nothing where there is no value: for fields that may be absent. */
export function field<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: T };
}
