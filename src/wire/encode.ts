/**
 * Frames to bytes: bodies as msgpack maps, the headers of data and whole frames by hand so that no payload is copied.
 *
 * @module
 */
import { Packr } from 'msgpackr';
import { writeUint64 } from '../util/bytes.js';
import { DATA_HEADER_BYTES, WHOLE_HEADER_BYTES, WHOLE_PART_BYTES } from './constants.js';
import { ANSWERS, FRAME_TYPE, type ControlFrame, type DataFrame, type Frame, type HoleFrame, type LinkFrame, type ManifestEntry, type WholeFrame } from './frame.js';

/** Plain maps with string keys: no record extension, so that any msgpack library reads them. */
const packr = new Packr({ useRecords: false, variableMapSize: true, mapsAsObjects: true });

/** Kinds of entries by their code on the wire. */
export const ENTRY_KINDS = ['file', 'directory', 'symlink', 'hardlink'] as const;
/** Bits of a file's flags. */
export const ENTRY_SPARSE = 1;
export const ENTRY_LINKED = 2;

/** msgpackr writes a number past 32 bits as a float, which a strict reader does not take for an integer. */
function uint(value: number): number | bigint {
  return value < 2 ** 32 ? value : BigInt(value);
}

/** The frame's bytes, in parts that are joined in order; a payload is passed on as it is. */
export function encodeFrame(frame: Frame): readonly Uint8Array[] {
  switch (frame.type) {
    case 'data':
      return [dataHeader(frame), ...frame.payload];
    case 'whole':
      return [wholeHeader(frame), ...frame.payload];
    default:
      return [encodeBody(frame)];
  }
}

/** What a content frame costs of its stream's credit, in bytes. A hole costs none: it is bounded by the file. */
export function costOf(frame: { readonly length: number; readonly parts?: readonly unknown[] }): number {
  return frame.length + (frame.parts?.length ?? 0) * WHOLE_PART_BYTES;
}

function dataHeader(frame: DataFrame): Buffer {
  const header = Buffer.alloc(DATA_HEADER_BYTES);
  header[0] = FRAME_TYPE.data;
  header.writeUInt32BE(frame.id, 4);
  writeUint64(header, 8, frame.offset);
  header.writeUInt32BE(frame.length, 16);
  header.writeBigUInt64BE(frame.hash, 20);
  return header;
}

function wholeHeader({ parts }: WholeFrame): Buffer {
  const header = Buffer.alloc(WHOLE_HEADER_BYTES + parts.length * WHOLE_PART_BYTES);
  header[0] = FRAME_TYPE.whole;
  header.writeUInt32BE(parts.length, 4);
  parts.forEach(({ id, length, hash }, index) => {
    const at = WHOLE_HEADER_BYTES + index * WHOLE_PART_BYTES;
    header.writeUInt32BE(id, at);
    header.writeUInt32BE(length, at + 4);
    header.writeBigUInt64BE(hash, at + 8);
  });
  return header;
}

function encodeBody(frame: LinkFrame | ControlFrame | HoleFrame): Buffer {
  const body = packr.pack(bodyOf(frame));
  return Buffer.concat([Buffer.of(FRAME_TYPE[frame.type]), body]);
}

function alive(frame: { readonly alive?: boolean }): { alive?: boolean } {
  return frame.alive === undefined ? {} : { alive: frame.alive };
}

/** The body's map. Byte strings go as Buffers, which msgpackr writes as `bin`. */
function bodyOf(frame: LinkFrame | ControlFrame | HoleFrame): Record<string, unknown> {
  switch (frame.type) {
    case 'hello':
      return { client: Buffer.from(frame.client), stream: frame.stream, action: frame.action, received: uint(frame.received), agent: frame.agent, ...alive(frame) };
    case 'welcome':
      return { action: frame.action, received: uint(frame.received), streams: frame.streams, agent: frame.agent, ...alive(frame) };
    case 'failure':
      return { code: frame.code, message: frame.message };
    case 'credit':
      return { limit: uint(frame.limit), acked: uint(frame.acked) };
    case 'ack':
      return { received: uint(frame.received) };
    case 'offer': {
      const { root, name, existing, checksum, dryRun, delete: remove, sha256, rules } = frame;
      return { root, name, ...(existing === undefined ? {} : { existing }), checksum, dryRun, delete: remove, sha256, rules };
    }
    case 'entries':
      return { entries: frame.entries.map(entryItem) };
    case 'answers':
      return { first: frame.first, answers: Buffer.from(frame.answers.map((answer) => ANSWERS.indexOf(answer))) };
    case 'file':
      return { id: frame.id, chunkSize: frame.chunkSize, identity: Buffer.from(frame.identity) };
    case 'have':
      return { id: frame.id, first: frame.first, hashes: Buffer.from(frame.hashes) };
    case 'ready':
      return { id: frame.id };
    case 'fileEnd': {
      const { id, size, digest, sha256 } = frame;
      return { id, size: uint(size), digest: Buffer.from(digest), ...(sha256 === undefined ? {} : { sha256: Buffer.from(sha256) }) };
    }
    case 'done':
      return { ids: idList(frame.ids) };
    case 'trouble':
      return { id: frame.id, code: frame.code, message: frame.message };
    case 'compare':
      return { id: frame.id, chunkSize: frame.chunkSize, digest: Buffer.from(frame.digest) };
    case 'manifestEnd':
      return { entries: uint(frame.entries), complete: frame.complete };
    case 'extras':
      return { paths: frame.paths };
    case 'finished':
      return { removed: uint(frame.removed), failed: uint(frame.failed) };
    case 'alive':
    case 'bye':
      return {};
    case 'hole':
      return { id: frame.id, first: frame.first, count: frame.count };
  }
}

function entryItem(entry: ManifestEntry): unknown[] {
  const mtime = Buffer.alloc(8);
  mtime.writeBigInt64BE(entry.mtimeNs);
  const common = [entry.id, ENTRY_KINDS.indexOf(entry.kind), entry.path, uint(entry.size), entry.mode, mtime];
  switch (entry.kind) {
    case 'file':
      return [...common, flagsOf(entry)];
    case 'directory':
      return common;
    case 'symlink':
      return [...common, entry.target ?? ''];
    case 'hardlink':
      return [...common, entry.linkTo ?? 0, ...(entry.sparse === true ? [flagsOf(entry)] : [])];
  }
}

function flagsOf({ sparse, linked }: ManifestEntry): number {
  return (sparse === true ? ENTRY_SPARSE : 0) | (linked === true ? ENTRY_LINKED : 0);
}

function idList(ids: readonly number[]): Buffer {
  const bytes = Buffer.alloc(ids.length * 4);
  ids.forEach((id, index) => bytes.writeUInt32BE(id, index * 4));
  return bytes;
}
