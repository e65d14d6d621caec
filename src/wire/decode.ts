/**
 * Bytes to frames. Throws nothing but {@link ProtocolError}, whatever the bytes; unknown map keys are passed over, so
 * that a later minor version can add some.
 *
 * @module
 */
import { Unpackr } from 'msgpackr';
import { ProtocolError } from '../errors.js';
import { readSafeUint64 } from '../util/bytes.js';
import { checkMsgpack } from '../util/msgpack-bounds.js';
import {
  BODY_DEPTH_MAX,
  BODY_ITEMS_MAX,
  CHUNK_SIZE_MAX,
  CHUNK_SIZE_MIN,
  CHUNKS_MAX,
  CLIENT_ID_BYTES,
  CONTROL_FRAME_MAX,
  DATA_HEADER_BYTES,
  DIGEST_BYTES,
  HAVE_HASHES_MAX,
  IDENTITY_BYTES,
  NAME_BYTES_MAX,
  TEXT_MAX,
} from './constants.js';
import { FRAME_TYPE, type Action, type ControlFrame, type DataFrame, type EntryFrame, type Frame } from './frame.js';

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

/** Reads one frame from the pieces of an opened record. A data frame's payload is views of the pieces. */
export function decodeFrame(pieces: readonly Uint8Array[]): Frame {
  const type = pieces.find((piece) => piece.length > 0)?.[0];
  if (type === undefined) throw new ProtocolError('protocol-violation', 'the other end sent an empty frame');
  return type === FRAME_TYPE.data ? decodeData(pieces) : decodeControl(type, pieces);
}

function decodeData(pieces: readonly Uint8Array[]): DataFrame {
  const [header, payload] = splitHeader(pieces);
  if (header === undefined) throw bad('data', 'shorter than its header');
  const view = Buffer.from(header.buffer, header.byteOffset, header.length);
  if (view.readUIntBE(1, 3) !== 0) throw bad('data', 'with reserved bytes that are not zero');
  const offset = readSafeUint64(view, 8);
  const length = view.readUInt32BE(16);
  if (offset === undefined || !Number.isSafeInteger(offset + length)) throw bad('data', 'with an offset past 2^53');
  if (length === 0 || length > CHUNK_SIZE_MAX) throw bad('data', `with a length of ${length}`);
  const arrived = payload.reduce((sum, piece) => sum + piece.length, 0);
  if (arrived !== length) throw bad('data', `of ${arrived} payload bytes whose header says ${length}`);
  return { type: 'data', id: view.readUInt32BE(4), offset, hash: view.readBigUInt64BE(20), length, payload };
}

/** Takes the header off the front, without copying what follows it. */
function splitHeader(pieces: readonly Uint8Array[]): [header: Uint8Array | undefined, rest: Uint8Array[]] {
  const header = Buffer.alloc(DATA_HEADER_BYTES);
  const rest: Uint8Array[] = [];
  let filled = 0;
  for (const piece of pieces) {
    const take = Math.min(DATA_HEADER_BYTES - filled, piece.length);
    header.set(piece.subarray(0, take), filled);
    filled += take;
    if (piece.length > take) rest.push(piece.subarray(take));
  }
  return [filled === DATA_HEADER_BYTES ? header : undefined, rest];
}

type ControlType = ControlFrame['type'];
const CONTROL_TYPES = new Map(
  Object.entries(FRAME_TYPE)
    .filter(([name]) => name !== 'data')
    .map(([name, byte]) => [byte as number, name as ControlType]),
);

function decodeControl(typeByte: number, pieces: readonly Uint8Array[]): ControlFrame {
  const type = CONTROL_TYPES.get(typeByte);
  if (type === undefined) throw new ProtocolError('protocol-violation', `the other end sent a frame of the unknown type ${typeByte}`);
  const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (size > CONTROL_FRAME_MAX) throw bad(type, `of ${size} bytes`);
  const bytes = Buffer.concat(pieces).subarray(1);
  const refused = checkMsgpack(bytes, { maxDepth: BODY_DEPTH_MAX, maxItems: BODY_ITEMS_MAX });
  if (refused !== undefined) throw bad(type, `whose body cannot be read: ${refused}`);
  const body: unknown = unpackr.unpack(bytes);
  if (typeof body !== 'object' || body === null || Array.isArray(body) || body instanceof Uint8Array) throw bad(type, 'whose body is no map');
  return parseBody(type, new Fields(type, body as Record<string, unknown>));
}

function parseBody(type: ControlType, fields: Fields): ControlFrame {
  switch (type) {
    case 'hello':
      return { type, client: fields.bytes('client', CLIENT_ID_BYTES), action: fields.action(), agent: fields.text('agent', TEXT_MAX) };
    case 'welcome':
      return { type, action: fields.action(), agent: fields.text('agent', TEXT_MAX) };
    case 'failure':
      return { type, code: fields.text('code', TEXT_MAX), message: fields.text('message', TEXT_MAX) };
    case 'entry':
      return parseEntry(fields);
    case 'have': {
      const hashes = fields.bytes('hashes');
      const count = hashes.length / 8;
      if (!Number.isInteger(count) || count < 1 || count > HAVE_HASHES_MAX) throw bad(type, `with ${hashes.length} bytes of hashes`);
      return { type, id: fields.uint('id', 2 ** 32 - 1), first: fields.uint('first', CHUNKS_MAX - count), hashes };
    }
    case 'want':
      return { type, id: fields.uint('id', 2 ** 32 - 1), limit: fields.uint('limit') };
    case 'credit':
      return { type, limit: fields.uint('limit') };
    case 'fileEnd':
    case 'fileDone':
      return { type, id: fields.uint('id', 2 ** 32 - 1), digest: fields.bytes('digest', DIGEST_BYTES) };
    case 'bye':
      return { type };
  }
}

function parseEntry(fields: Fields): EntryFrame {
  const chunkSize = fields.uint('chunkSize', CHUNK_SIZE_MAX);
  if (chunkSize < CHUNK_SIZE_MIN || (chunkSize & (chunkSize - 1)) !== 0) throw bad('entry', `with a chunk size of ${chunkSize}`);
  const size = fields.uint('size');
  if (Math.ceil(size / chunkSize) > CHUNKS_MAX) throw bad('entry', `of ${size} bytes in chunks of ${chunkSize}: too many chunks`);
  return {
    type: 'entry',
    id: fields.uint('id', 2 ** 32 - 1),
    name: fields.text('name', NAME_BYTES_MAX),
    size,
    mode: fields.uint('mode', 0o7777),
    mtimeNs: fields.bytes('mtime', 8).readBigInt64BE(),
    chunkSize,
    identity: fields.bytes('identity', IDENTITY_BYTES),
  };
}

/** Typed reading of a body's own keys. */
class Fields {
  readonly #type: ControlType;
  readonly #body: Record<string, unknown>;

  constructor(type: ControlType, body: Record<string, unknown>) {
    this.#type = type;
    this.#body = body;
  }

  #value(key: string): unknown {
    return Object.hasOwn(this.#body, key) ? this.#body[key] : undefined;
  }

  uint(key: string, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.#value(key);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || Object.is(value, -0) || value > max) {
      throw bad(this.#type, `whose ${key} is no whole number up to ${max}`);
    }
    return value;
  }

  /** @param maxBytes of UTF-8. */
  text(key: string, maxBytes: number): string {
    const value = this.#value(key);
    if (typeof value !== 'string' || Buffer.byteLength(value) > maxBytes) throw bad(this.#type, `whose ${key} is no text of up to ${maxBytes} bytes`);
    return value;
  }

  bytes(key: string, length?: number): Buffer {
    const value = this.#value(key);
    if (!(value instanceof Uint8Array) || (length !== undefined && value.length !== length)) {
      throw bad(this.#type, `whose ${key} is no byte string${length === undefined ? '' : ` of ${length} bytes`}`);
    }
    return Buffer.from(value);
  }

  action(): Action {
    const value = this.#value('action');
    if (value !== 'send' && value !== 'receive') throw bad(this.#type, 'whose action is neither send nor receive');
    return value;
  }
}

function bad(type: Frame['type'], what: string): ProtocolError {
  return new ProtocolError('protocol-violation', `the other end sent a frame '${type}' ${what}`);
}
