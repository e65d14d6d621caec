/**
 * Bodies of requests, checked as FirecREST's models check them: several names for a field, no word about unknown ones.
 *
 * @module
 */
import type { Misfit } from './errors.js';
import type { PythonValue } from './python-text.js';

export type Fields = Readonly<Record<string, PythonValue>>;

const isFields = (value: PythonValue | undefined): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** Collects what does not fit. */
export class Check {
  readonly misfits: Misfit[] = [];

  /** The body, or one of its parts, as an object. */
  object(value: PythonValue | undefined, place: readonly (string | number)[]): Fields | undefined {
    if (isFields(value)) return value;
    const input = value ?? null;
    this.misfits.push(value === undefined || (value === null && place.length === 1) ? missing(place, input) : { type: 'model_attributes_type', place, message: 'Input should be a valid dictionary or object to extract fields from', input });
    return undefined;
  }

  /** A part that must be there. */
  part(fields: Fields, name: string, aliases: readonly string[], place: readonly (string | number)[]): Fields | undefined {
    const value = first(fields, [name, ...aliases]);
    if (value === undefined) this.misfits.push(missing([...place, name], fields));
    return value === undefined ? undefined : this.object(value, [...place, name]);
  }

  /** A text that must be there; null is one where FirecREST lets it through. */
  text(fields: Fields, name: string, aliases: readonly string[], place: readonly (string | number)[], options: { readonly nullable?: boolean; readonly optional?: boolean } = {}): string | null | undefined {
    const value = first(fields, [name, ...aliases]);
    if (value === undefined) {
      if (options.optional !== true) this.misfits.push(missing([...place, name], fields));
      return undefined;
    }
    if (typeof value === 'string' || (value === null && options.nullable === true)) return value;
    this.misfits.push({ type: 'string_type', place: [...place, name], message: 'Input should be a valid string', input: value });
    return undefined;
  }
}

const first = (fields: Fields, names: readonly string[]): PythonValue | undefined => names.map((name) => fields[name]).find((value) => value !== undefined);

export const missing = (place: readonly (string | number)[], input: PythonValue): Misfit => ({ type: 'missing', place, message: 'Field required', input });
