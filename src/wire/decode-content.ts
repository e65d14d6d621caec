/**
 * Data and whole frames from bytes: fixed headers, payloads as views.
 *
 * @module
 */
import { lengthOf, readSafeUint64 } from '../util/bytes.js';
import { badFrame } from './body-fields.js';
import { CHUNK_SIZE_MAX, DATA_HEADER_BYTES, WHOLE_FILE_MAX, WHOLE_HEADER_BYTES, WHOLE_PART_BYTES, WHOLE_PARTS_MAX } from './constants.js';
import type { DataFrame, WholeFrame, WholePart } from './frame.js';

/** Reads a data frame. @throws ProtocolError */
export function decodeData(pieces: readonly Uint8Array[]): DataFrame {
  const [view, payload] = splitHeader(pieces, DATA_HEADER_BYTES);
  if (view === undefined) throw badFrame('data', 'shorter than its header');
  if (view.readUIntBE(1, 3) !== 0) throw badFrame('data', 'with reserved bytes that are not zero');
  const offset = readSafeUint64(view, 8);
  const length = view.readUInt32BE(16);
  if (offset === undefined || !Number.isSafeInteger(offset + length)) throw badFrame('data', 'with an offset past 2^53');
  if (length === 0 || length > CHUNK_SIZE_MAX) throw badFrame('data', `with a length of ${length}`);
  const arrived = lengthOf(payload);
  if (arrived !== length) throw badFrame('data', `of ${arrived} payload bytes whose header says ${length}`);
  return { type: 'data', id: view.readUInt32BE(4), offset, hash: view.readBigUInt64BE(20), length, payload };
}

/** Reads a whole frame. @throws ProtocolError */
export function decodeWhole(pieces: readonly Uint8Array[]): WholeFrame {
  const [head, rest] = splitHeader(pieces, WHOLE_HEADER_BYTES);
  if (head === undefined || head.readUIntBE(1, 3) !== 0) throw badFrame('whole', 'with a header cut short, or reserved bytes that are not zero');
  const count = head.readUInt32BE(4);
  if (count === 0 || count > WHOLE_PARTS_MAX) throw badFrame('whole', `of ${count} files`);
  const [table, payload] = splitHeader(rest, count * WHOLE_PART_BYTES);
  if (table === undefined) throw badFrame('whole', 'shorter than its table');
  const parts: WholePart[] = [];
  let length = 0;
  for (let at = 0; at < table.length; at += WHOLE_PART_BYTES) {
    const part = { id: table.readUInt32BE(at), length: table.readUInt32BE(at + 4), hash: table.readBigUInt64BE(at + 8) };
    if (part.length > WHOLE_FILE_MAX) throw badFrame('whole', `with a file of ${part.length} bytes`);
    length += part.length;
    parts.push(part);
  }
  const arrived = lengthOf(payload);
  if (arrived !== length || length > CHUNK_SIZE_MAX) throw badFrame('whole', `of ${arrived} payload bytes whose table says ${length}`);
  return { type: 'whole', parts, payload, length };
}

/** The pieces of one part after the other, as views. `lengths` must add up to what there is. */
export function* splitPayload(payload: readonly Uint8Array[], lengths: Iterable<number>): Generator<Uint8Array[]> {
  let index = 0;
  let from = 0;
  for (const length of lengths) {
    const part: Uint8Array[] = [];
    let left = length;
    while (left > 0) {
      const piece = payload[index];
      if (piece === undefined) throw new RangeError('the parts are longer than the payload');
      const take = Math.min(left, piece.length - from);
      if (take > 0) part.push(piece.subarray(from, from + take));
      left -= take;
      from += take;
      if (from === piece.length) {
        index += 1;
        from = 0;
      }
    }
    yield part;
  }
}

/** Takes a header off the front, without copying what follows it. */
function splitHeader(pieces: readonly Uint8Array[], bytes: number): [header: Buffer | undefined, rest: Uint8Array[]] {
  const header = Buffer.alloc(bytes);
  const rest: Uint8Array[] = [];
  let filled = 0;
  for (const piece of pieces) {
    const take = Math.min(bytes - filled, piece.length);
    header.set(piece.subarray(0, take), filled);
    filled += take;
    if (piece.length > take) rest.push(piece.subarray(take));
  }
  return [filled === bytes ? header : undefined, rest];
}
