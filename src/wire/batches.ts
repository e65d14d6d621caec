/**
 * Lists cut so that each part fits into one control frame.
 *
 * @module
 */
import { CONTROL_FRAME_MAX } from './constants.js';
import type { ManifestEntry } from './frame.js';

/** What is left of a frame for its list: the rest is for the type, the map and its key. */
const LIST_BYTES_MAX = CONTROL_FRAME_MAX - 64;
/** Most bytes of an entry besides its texts: heads of the list and of each of its values, numbers and time. */
const ENTRY_BYTES = 48;
/** Most bytes of a text's head. */
const TEXT_HEAD_BYTES = 5;

/**
 * Cuts a list, in order.
 * @param most items of a part.
 * @param bytesOf most bytes that an item takes in a frame.
 */
export function batches<T>(list: readonly T[], most: number, bytesOf: (item: T) => number): T[][] {
  const parts: T[][] = [];
  let part: T[] = [];
  let bytes = 0;
  for (const item of list) {
    const size = bytesOf(item);
    if (part.length > 0 && (part.length >= most || bytes + size > LIST_BYTES_MAX)) {
      parts.push(part);
      part = [];
      bytes = 0;
    }
    part.push(item);
    bytes += size;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** Most bytes of an entry in an entries frame. */
export function entryBytes({ path, target }: ManifestEntry): number {
  return ENTRY_BYTES + Buffer.byteLength(path) + (target === undefined ? 0 : Buffer.byteLength(target));
}

/** Most bytes of a text in a list. */
export function textBytes(text: string): number {
  return TEXT_HEAD_BYTES + Buffer.byteLength(text);
}
