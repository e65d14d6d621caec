/**
 * Fields that may be undefined, as fields that may be absent.
 *
 * @module
 */

/** Its fields may be absent, and are never undefined. */
export type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The same fields without those that are undefined: where an option is given it is checked, and an empty parameter is a value. */
export function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
