/**
 * A look at the structure of msgpack bytes before a decoder may see them. It allocates nothing that the bytes ask for,
 * does not recurse, and reads each byte at most once, so a few hostile bytes can cost neither memory nor stack.
 *
 * It allows the part of msgpack that our messages use: nil, booleans, numbers, valid UTF-8 strings, byte strings, arrays,
 * and maps with string keys. Extension types are refused: a decoder gives them meanings of its own (dates, references, records).
 *
 * @see {@link https://github.com/msgpack/msgpack/blob/master/spec.md} for the formats.
 * @module
 */
import { isUtf8 } from 'node:buffer';

/** Bounds on one msgpack value. */
export interface MsgpackBounds {
  /** Most arrays and maps inside one another; a bare number has depth 0, an empty array depth 1. */
  readonly maxDepth: number;
  /** Most values in all: each container, element, map key and map value counts as one. */
  readonly maxItems: number;
}

/** What follows a type byte. `width` is the bytes of its length field, or for `fixed` of the value itself. */
type Format =
  | { readonly kind: 'fixed'; readonly width: number }
  | { readonly kind: 'text' | 'binary' | 'array' | 'map'; readonly width: 1 | 2 | 4 };

/** Type bytes 0xc0 to 0xdf that are allowed. The missing ones are 0xc1 (never used) and the extensions. */
const FORMATS: ReadonlyMap<number, Format> = new Map<number, Format>([
  [0xc0, { kind: 'fixed', width: 0 }],
  [0xc2, { kind: 'fixed', width: 0 }],
  [0xc3, { kind: 'fixed', width: 0 }],
  [0xc4, { kind: 'binary', width: 1 }],
  [0xc5, { kind: 'binary', width: 2 }],
  [0xc6, { kind: 'binary', width: 4 }],
  [0xca, { kind: 'fixed', width: 4 }],
  [0xcb, { kind: 'fixed', width: 8 }],
  [0xcc, { kind: 'fixed', width: 1 }],
  [0xcd, { kind: 'fixed', width: 2 }],
  [0xce, { kind: 'fixed', width: 4 }],
  [0xcf, { kind: 'fixed', width: 8 }],
  [0xd0, { kind: 'fixed', width: 1 }],
  [0xd1, { kind: 'fixed', width: 2 }],
  [0xd2, { kind: 'fixed', width: 4 }],
  [0xd3, { kind: 'fixed', width: 8 }],
  [0xd9, { kind: 'text', width: 1 }],
  [0xda, { kind: 'text', width: 2 }],
  [0xdb, { kind: 'text', width: 4 }],
  [0xdc, { kind: 'array', width: 2 }],
  [0xdd, { kind: 'array', width: 4 }],
  [0xde, { kind: 'map', width: 2 }],
  [0xdf, { kind: 'map', width: 4 }],
]);

/** A type byte together with its length field, read. `length` counts bytes, elements or entries; 0 for numbers. */
interface Head {
  readonly kind: Format['kind'];
  readonly length: number;
  readonly end: number;
}

/** An array or map that is not complete yet. */
interface Open {
  readonly map: boolean;
  /** Values still to come; in a map, keys and values both count. */
  left: number;
}

/**
 * Checks that `bytes` are exactly one msgpack value within `bounds`.
 * @returns undefined when they are; otherwise why not, in a few words that quote nothing of the bytes.
 */
export function checkMsgpack(bytes: Uint8Array, bounds: MsgpackBounds): string | undefined {
  const open: Open[] = [];
  let position = 0;
  let items = 0;
  do {
    items += 1;
    if (items > bounds.maxItems) return 'it holds too many values';
    const head = readHead(bytes, position);
    if (typeof head === 'string') return head;
    const parent = open.at(-1);
    if (parent !== undefined) {
      if (parent.map && parent.left % 2 === 0 && head.kind !== 'text') return 'a map key is not a string';
      parent.left -= 1;
    }
    position = head.end;
    if (head.kind === 'array' || head.kind === 'map') {
      const left = head.kind === 'map' ? head.length * 2 : head.length;
      // Each value takes a byte or more, so a count beyond what is left cannot be true.
      if (left > bytes.length - position) return 'it declares more values than it holds';
      if (open.length >= bounds.maxDepth) return 'it is nested too deeply';
      open.push({ map: head.kind === 'map', left });
    } else if (head.kind !== 'fixed') {
      if (head.length > bytes.length - position) return 'it ends early';
      const content = bytes.subarray(position, position + head.length);
      // Decoders replace invalid UTF-8 by U+FFFD, so that different bytes would become one text.
      if (head.kind === 'text' && !isUtf8(content)) return 'a string is not UTF-8';
      position += head.length;
    }
    while (open.at(-1)?.left === 0) open.pop();
  } while (open.length > 0);
  return position === bytes.length ? undefined : 'bytes follow its end';
}

/** Reads a type byte, then its length field or number. Answers a reason when it is cut short or of a refused type. */
function readHead(bytes: Uint8Array, position: number): Head | string {
  const type = bytes[position];
  if (type === undefined) return 'it ends early';
  const next = position + 1;
  if (type <= 0x7f || type >= 0xe0) return { kind: 'fixed', length: 0, end: next };
  if (type <= 0x8f) return { kind: 'map', length: type & 0x0f, end: next };
  if (type <= 0x9f) return { kind: 'array', length: type & 0x0f, end: next };
  if (type <= 0xbf) return { kind: 'text', length: type & 0x1f, end: next };
  const format = FORMATS.get(type);
  if (format === undefined) return type === 0xc1 ? 'it uses an undefined type' : 'it uses an extension type';
  const end = next + format.width;
  if (end > bytes.length) return 'it ends early';
  if (format.kind === 'fixed') return { kind: 'fixed', length: 0, end };
  let length = 0;
  for (let index = next; index < end; index += 1) length = length * 256 + (bytes[index] ?? 0);
  return { kind: format.kind, length, end };
}
