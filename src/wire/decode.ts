/**
 * Bytes to frames. Throws nothing but {@link ProtocolError}, whatever the bytes; unknown map keys are passed over, so
 * that a later minor version can add some.
 *
 * @module
 */
import { Unpackr } from 'msgpackr';
import { ProtocolError } from '../errors.js';
import { checkMsgpack } from '../util/msgpack-bounds.js';
import { lengthOf } from '../util/bytes.js';
import { badFrame, Fields } from './body-fields.js';
import {
  BODY_DEPTH_MAX,
  BODY_ITEMS_MAX,
  CHUNK_SIZE_MAX,
  CHUNK_SIZE_MIN,
  CHUNKS_MAX,
  CLIENT_ID_BYTES,
  CONTROL_FRAME_MAX,
  DIGEST_BYTES,
  DONE_IDS_MAX,
  ENTRIES_MAX,
  ENTRIES_PER_FRAME,
  EXTRAS_PER_FRAME,
  HAVE_HASHES_MAX,
  IDENTITY_BYTES,
  LIST_ITEMS_MAX,
  NAME_BYTES_MAX,
  PATH_BYTES_MAX,
  RULES_MAX,
  STREAMS_MAX,
  TEXT_MAX,
} from './constants.js';
import { decodeData, decodeWhole } from './decode-content.js';
import { decodeEntry } from './decode-entry.js';
import { ANSWERS, FRAME_TYPE, type ControlFrame, type Frame, type HoleFrame, type LinkFrame, type OfferFrame } from './frame.js';

const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' });

type BodyFrame = LinkFrame | ControlFrame | HoleFrame;
type BodyType = BodyFrame['type'];

/** Frames whose bodies hold lists. */
const LISTS: ReadonlySet<BodyType> = new Set<BodyType>(['entries', 'extras', 'offer']);
const BODY_TYPES = new Map(
  Object.entries(FRAME_TYPE)
    .filter(([name]) => name !== 'data' && name !== 'whole')
    .map(([name, byte]) => [byte as number, name as BodyType]),
);

/** Reads one frame from the pieces of an opened record. A payload is views of the pieces. */
export function decodeFrame(pieces: readonly Uint8Array[]): Frame {
  const type = pieces.find((piece) => piece.length > 0)?.[0];
  if (type === undefined) throw new ProtocolError('protocol-violation', 'the other end sent an empty frame');
  if (type === FRAME_TYPE.data) return decodeData(pieces);
  return type === FRAME_TYPE.whole ? decodeWhole(pieces) : decodeBody(type, pieces);
}

function decodeBody(typeByte: number, pieces: readonly Uint8Array[]): BodyFrame {
  const type = BODY_TYPES.get(typeByte);
  if (type === undefined) throw new ProtocolError('protocol-violation', `the other end sent a frame of the unknown type ${typeByte}`);
  const size = lengthOf(pieces);
  if (size > CONTROL_FRAME_MAX) throw badFrame(type, `of ${size} bytes`);
  const bytes = Buffer.concat(pieces).subarray(1);
  const refused = checkMsgpack(bytes, { maxDepth: BODY_DEPTH_MAX, maxItems: LISTS.has(type) ? LIST_ITEMS_MAX : BODY_ITEMS_MAX });
  if (refused !== undefined) throw badFrame(type, `whose body cannot be read: ${refused}`);
  const body: unknown = unpackr.unpack(bytes);
  if (typeof body !== 'object' || body === null || Array.isArray(body) || body instanceof Uint8Array) throw badFrame(type, 'whose body is no map');
  return parseBody(type, new Fields(type, body as Record<string, unknown>));
}

function parseBody(type: BodyType, fields: Fields): BodyFrame {
  const id = () => fields.uint('id', ENTRIES_MAX);
  switch (type) {
    case 'hello':
      return {
        type,
        client: fields.bytes('client', CLIENT_ID_BYTES),
        stream: fields.uint('stream', STREAMS_MAX - 1),
        action: fields.action(),
        received: fields.uint('received'),
        agent: fields.text('agent', TEXT_MAX),
        ...alive(fields),
      };
    case 'welcome':
      return { type, action: fields.action(), received: fields.uint('received'), streams: fields.uint('streams'), agent: fields.text('agent', TEXT_MAX), ...alive(fields) };
    case 'failure':
      return { type, code: fields.text('code', TEXT_MAX), message: fields.text('message', TEXT_MAX) };
    case 'credit':
      return { type, limit: fields.uint('limit'), acked: fields.uint('acked') };
    case 'ack':
      return { type, received: fields.uint('received') };
    case 'offer':
      return parseOffer(fields);
    case 'entries':
      return { type, entries: fields.list('entries', ENTRIES_PER_FRAME).map(decodeEntry) };
    case 'answers':
      return { type, first: id0(fields, 'first'), answers: parseAnswers(fields) };
    case 'file':
      return { type, id: id(), chunkSize: chunkSize(type, fields), identity: fields.bytes('identity', IDENTITY_BYTES) };
    case 'have': {
      const hashes = fields.bytes('hashes');
      const count = hashes.length / 8;
      if (!Number.isInteger(count) || count < 1 || count > HAVE_HASHES_MAX) throw badFrame(type, `with ${hashes.length} bytes of hashes`);
      return { type, id: id(), first: fields.uint('first', CHUNKS_MAX - count), hashes };
    }
    case 'ready':
      return { type, id: id() };
    case 'fileEnd': {
      const sha256 = fields.has('sha256') ? { sha256: fields.bytes('sha256', DIGEST_BYTES) } : {};
      return { type, id: id(), size: fields.uint('size'), digest: fields.bytes('digest', DIGEST_BYTES), ...sha256 };
    }
    case 'done':
      return { type, ids: parseIds(fields) };
    case 'trouble':
      return { type, id: id(), code: fields.text('code', TEXT_MAX), message: fields.text('message', TEXT_MAX) };
    case 'compare':
      return { type, id: id(), chunkSize: chunkSize(type, fields), digest: fields.bytes('digest', DIGEST_BYTES) };
    case 'manifestEnd':
      return { type, entries: fields.uint('entries', ENTRIES_MAX), complete: fields.bool('complete') };
    case 'extras':
      return { type, paths: fields.texts('paths', EXTRAS_PER_FRAME, PATH_BYTES_MAX) };
    case 'finished':
      return { type, removed: fields.uint('removed'), failed: fields.uint('failed') };
    case 'alive':
    case 'bye':
      return { type };
    case 'hole': {
      const first = fields.uint('first', CHUNKS_MAX - 1);
      const count = fields.uint('count', CHUNKS_MAX - first);
      if (count === 0) throw badFrame(type, 'of no chunks');
      return { type, id: id(), first, count };
    }
  }
}

function alive(fields: Fields): { alive?: boolean } {
  return fields.has('alive') ? { alive: fields.bool('alive') } : {};
}

function id0(fields: Fields, key: string): number {
  return fields.uint(key, ENTRIES_MAX);
}

function parseOffer(fields: Fields): OfferFrame {
  return {
    type: 'offer',
    root: fields.oneOf('root', ['file', 'tree', 'pipe']),
    name: fields.text('name', NAME_BYTES_MAX),
    existing: fields.has('existing') ? fields.oneOf('existing', ['refuse', 'overwrite', 'skip', 'update']) : undefined,
    checksum: fields.bool('checksum'),
    dryRun: fields.bool('dryRun'),
    delete: fields.bool('delete'),
    sha256: fields.bool('sha256'),
    rules: fields.texts('rules', RULES_MAX, TEXT_MAX),
  };
}

function parseAnswers(fields: Fields) {
  const codes = fields.bytes('answers');
  if (codes.length > ENTRIES_PER_FRAME) throw badFrame('answers', `with ${codes.length} answers`);
  return [...codes].map((code) => {
    const answer = ANSWERS[code];
    if (answer === undefined) throw badFrame('answers', `with the unknown answer ${code}`);
    return answer;
  });
}

function parseIds(fields: Fields): number[] {
  const bytes = fields.bytes('ids');
  const count = bytes.length / 4;
  if (!Number.isInteger(count) || count < 1 || count > DONE_IDS_MAX) throw badFrame('done', `with ${bytes.length} bytes of ids`);
  return Array.from({ length: count }, (_, index) => bytes.readUInt32BE(index * 4));
}

function chunkSize(type: BodyType, fields: Fields): number {
  const size = fields.uint('chunkSize', CHUNK_SIZE_MAX);
  if (size < CHUNK_SIZE_MIN || (size & (size - 1)) !== 0) throw badFrame(type, `with a chunk size of ${size}`);
  return size;
}
