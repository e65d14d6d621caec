/**
 * Values held against schemas of an OpenAPI 3.1 document: the part of JSON Schema that FirecREST's document uses, and an error
 * for any other, so that nothing is passed over unnoticed.
 *
 * @module
 */

/** A document: schemas by reference, and operations. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** A method of a path. */
export interface Operation {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Schema }>> }>>;
}

/** A schema. What describes only, and what is checked, is listed below. */
export type Schema = Readonly<Record<string, unknown>>;

/** Keywords that say nothing about what is valid. `nullable` is of OpenAPI 3.0; the document has `anyOf` with null besides it. */
const DESCRIBING = new Set(['title', 'description', 'default', 'example', 'examples', 'nullable', 'discriminator', 'deprecated']);
const CHECKED = new Set(['$ref', 'type', 'properties', 'required', 'propertyNames', 'additionalProperties', 'items', 'prefixItems', 'minItems', 'maxItems', 'anyOf', 'oneOf', 'allOf', 'enum', 'const', 'format', 'pattern', 'exclusiveMinimum', 'minimum', 'maximum']);

/** @returns what does not fit, each with its place; none when all does */
export function misfits(document: ApiDocument, schema: Schema, value: unknown, at = '$'): string[] {
  const unknown = Object.keys(schema).filter((word) => !DESCRIBING.has(word) && !CHECKED.has(word));
  if (unknown.length > 0) throw new Error(`${at}: the checker does not know ${unknown.join(', ')}`);
  const check = (one: unknown, part: unknown, place = at) => misfits(document, one as Schema, part, place);
  const found: string[] = [];
  if (typeof schema['$ref'] === 'string') found.push(...check(resolve(document, schema['$ref']), value));
  for (const word of ['anyOf', 'oneOf'] as const) found.push(...alternatives(schema[word], word, at, (one) => check(one, value)));
  if (Array.isArray(schema['allOf'])) found.push(...schema['allOf'].flatMap((one) => check(one, value)));
  if ('type' in schema && !hasType(value, schema['type'])) return [...found, `${at}: ${JSON.stringify(value)} is no ${String(schema['type'])}`];
  if (Array.isArray(schema['enum']) && !schema['enum'].includes(value)) found.push(`${at}: ${JSON.stringify(value)} is none of ${JSON.stringify(schema['enum'])}`);
  if ('const' in schema && schema['const'] !== value) found.push(`${at}: ${JSON.stringify(value)} is not ${JSON.stringify(schema['const'])}`);
  if (typeof value === 'string') found.push(...ofText(schema, value, at));
  if (typeof value === 'number') found.push(...ofNumber(schema, value, at));
  if (Array.isArray(value)) found.push(...ofArray(schema, value, at, check));
  else if (typeof value === 'object' && value !== null) found.push(...ofObject(schema, value as Readonly<Record<string, unknown>>, at, check));
  return found;
}

function resolve({ components }: ApiDocument, reference: string): Schema {
  const schema = components.schemas[reference.replace('#/components/schemas/', '')];
  if (schema === undefined) throw new Error(`there is no ${reference}`);
  return schema;
}

/** Of alternatives the one that fits best says why it does not; of `oneOf`, only one may fit. */
function alternatives(schemas: unknown, word: 'anyOf' | 'oneOf', at: string, check: (schema: unknown) => string[]): string[] {
  if (!Array.isArray(schemas)) return [];
  const results = schemas.map(check);
  const fitting = results.filter((one) => one.length === 0).length;
  if (fitting === 1 || (fitting > 1 && word === 'anyOf')) return [];
  if (fitting > 1) return [`${at}: fits ${fitting} of its alternatives`];
  return results.reduce((best, one) => (one.length < best.length ? one : best));
}

function hasType(value: unknown, type: unknown): boolean {
  const actual = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  return actual === type || (type === 'integer' && Number.isInteger(value));
}

type Check = (schema: unknown, value: unknown, at: string) => string[];

function ofObject(schema: Schema, value: Readonly<Record<string, unknown>>, at: string, check: Check): string[] {
  const properties = (schema['properties'] ?? {}) as Readonly<Record<string, unknown>>;
  const required = (schema['required'] ?? []) as readonly string[];
  const missing = required.filter((name) => !(name in value)).map((name) => `${at}: no ${name}`);
  const more = schema['additionalProperties'];
  const parts = Object.entries(value).flatMap(([name, part]) => {
    const place = `${at}.${name}`;
    if (properties[name] !== undefined) return check(properties[name], part, place);
    if (more === false) return [`${place}: may not be there`];
    return typeof more === 'object' ? check(more, part, place) : [];
  });
  const names = schema['propertyNames'] === undefined ? [] : Object.keys(value).flatMap((name) => check(schema['propertyNames'], name, `${at}, a name`));
  return [...missing, ...names, ...parts];
}

function ofArray(schema: Schema, value: readonly unknown[], at: string, check: Check): string[] {
  const { minItems, maxItems, items, prefixItems } = schema as { readonly minItems?: number; readonly maxItems?: number; readonly items?: unknown; readonly prefixItems?: readonly unknown[] };
  const found = value.length < (minItems ?? 0) || value.length > (maxItems ?? Infinity) ? [`${at}: ${value.length} items`] : [];
  return [...found, ...value.flatMap((one, index) => {
    const schemaOf = prefixItems?.[index] ?? items;
    return schemaOf === undefined ? [] : check(schemaOf, one, `${at}[${index}]`);
  })];
}

function ofText({ format, pattern }: Schema, value: string, at: string): string[] {
  const found: string[] = [];
  if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(value)) found.push(`${at}: ${value} does not match ${pattern}`);
  if (format === 'date-time' && Number.isNaN(Date.parse(value))) found.push(`${at}: ${value} is no time`);
  return found;
}

function ofNumber({ minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity }: Schema, value: number, at: string): string[] {
  return value < Number(minimum) || value > Number(maximum) || value <= Number(exclusiveMinimum) ? [`${at}: ${value} is out of bounds`] : [];
}
