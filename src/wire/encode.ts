/**
 * Frames to bytes: control bodies as msgpack maps, data headers by hand so that the payload is never copied.
 *
 * @module
 */
import { Packr } from 'msgpackr';
import { writeUint64 } from '../util/bytes.js';
import { DATA_HEADER_BYTES } from './constants.js';
import { FRAME_TYPE, type ControlFrame, type DataFrame, type Frame } from './frame.js';

/** Plain maps with string keys: no record extension, so that any msgpack library reads them. */
const packr = new Packr({ useRecords: false, variableMapSize: true, mapsAsObjects: true });

/** msgpackr writes a number past 32 bits as a float, which a strict reader does not take for an integer. */
function uint(value: number): number | bigint {
  return value < 2 ** 32 ? value : BigInt(value);
}

/** The frame's bytes, in parts that are joined in order; a data frame's payload is passed on as it is. */
export function encodeFrame(frame: Frame): readonly Uint8Array[] {
  return frame.type === 'data' ? [dataHeader(frame), ...frame.payload] : [encodeControl(frame)];
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

function encodeControl(frame: ControlFrame): Buffer {
  const body = packr.pack(bodyOf(frame));
  return Buffer.concat([Buffer.of(FRAME_TYPE[frame.type]), body]);
}

/** The body's map. Byte strings go as Buffers, which msgpackr writes as `bin`. */
function bodyOf(frame: ControlFrame): Record<string, unknown> {
  switch (frame.type) {
    case 'hello':
      return { client: Buffer.from(frame.client), action: frame.action, agent: frame.agent };
    case 'welcome':
      return { action: frame.action, agent: frame.agent };
    case 'failure':
      return { code: frame.code, message: frame.message };
    case 'entry': {
      const mtime = Buffer.alloc(8);
      mtime.writeBigInt64BE(frame.mtimeNs);
      const { id, name, size, mode, chunkSize } = frame;
      return { id, name, size: uint(size), mode, mtime, chunkSize, identity: Buffer.from(frame.identity) };
    }
    case 'have':
      return { id: frame.id, first: frame.first, hashes: Buffer.from(frame.hashes) };
    case 'want':
      return { id: frame.id, limit: uint(frame.limit) };
    case 'credit':
      return { limit: uint(frame.limit) };
    case 'fileEnd':
    case 'fileDone':
      return { id: frame.id, digest: Buffer.from(frame.digest) };
    case 'bye':
      return {};
  }
}
