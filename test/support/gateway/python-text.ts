/**
 * Values as Python's `repr` writes them: FirecREST's messages are full of them.
 *
 * @module
 */

/** What JSON can hold, and bytes. */
export type PythonValue = string | number | boolean | null | Uint8Array | readonly PythonValue[] | { readonly [name: string]: PythonValue };

/** `repr(value)`. */
export function pythonRepr(value: PythonValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'number') return String(value);
  if (typeof value === 'string') return quoted(value);
  if (value instanceof Uint8Array) return `b${quoted(Buffer.from(value).toString('latin1'))}`;
  if (isList(value)) return `[${value.map(pythonRepr).join(', ')}]`;
  return `{${Object.entries(value).map(([name, one]) => `${quoted(name)}: ${pythonRepr(one)}`).join(', ')}}`;
}

// Array.isArray does not narrow a readonly array away.
const isList = (value: PythonValue): value is readonly PythonValue[] => Array.isArray(value);

const ESCAPES: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function quoted(text: string): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  return `${mark}${text.replace(/[\\\n\r\t']/gu, (found) => ESCAPES[found] ?? (mark === "'" ? "\\'" : found))}${mark}`;
}
