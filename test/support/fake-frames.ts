/**
 * Frames for tests: those of the vectors, and small valid ones of each type.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { DataFrame, EntryFrame, Frame } from '../../src/wire/frame.js';

/** One frame of test/vectors/frames.json: byte strings in hex, 64-bit integers in decimal or hex. */
export interface FrameVector {
  readonly name: string;
  readonly type: Frame['type'];
  readonly fields: Readonly<Record<string, string | number>>;
  readonly hex: string;
}

export function frameVectors(): readonly FrameVector[] {
  return (JSON.parse(readFileSync('test/vectors/frames.json', 'utf8')) as { frames: FrameVector[] }).frames;
}

/** The frame that a vector describes. */
export function frameOf({ type, fields }: FrameVector): Frame {
  const bytes = (name: string) => Buffer.from(String(fields[name]), 'hex');
  const number = (name: string) => Number(fields[name]);
  const text = (name: string) => String(fields[name]);
  const action = () => (fields['action'] === 'send' ? 'send' : 'receive');
  switch (type) {
    case 'hello':
      return { type, client: bytes('client'), action: action(), agent: text('agent') };
    case 'welcome':
      return { type, action: action(), agent: text('agent') };
    case 'failure':
      return { type, code: text('code'), message: text('message') };
    case 'entry':
      return {
        type,
        id: number('id'),
        name: text('name'),
        size: number('size'),
        mode: number('mode'),
        mtimeNs: BigInt(text('mtimeNs')),
        chunkSize: number('chunkSize'),
        identity: bytes('identity'),
      };
    case 'have':
      return { type, id: number('id'), first: number('first'), hashes: bytes('hashes') };
    case 'want':
      return { type, id: number('id'), limit: number('limit') };
    case 'data':
      return { type, id: number('id'), offset: number('offset'), hash: BigInt(`0x${text('hash')}`), length: bytes('payload').length, payload: [bytes('payload')] };
    case 'credit':
      return { type, limit: number('limit') };
    case 'fileEnd':
    case 'fileDone':
      return { type, id: number('id'), digest: bytes('digest') };
    case 'bye':
      return { type };
  }
}

/** A frame as values that compare: a data frame's payload joined, byte strings as hex. */
export function plain(frame: Frame): Record<string, unknown> {
  const shown = (value: unknown) => (value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value);
  const fields = Object.entries(frame).map(([name, value]) => [name, name === 'payload' ? Buffer.concat(value as Uint8Array[]).toString('hex') : shown(value)]);
  return Object.fromEntries(fields) as Record<string, unknown>;
}

/** An entry whose chunks may be far smaller than the wire's smallest, so that a test needs few bytes. */
export function entryFrame(size: number, chunkSize: number, more: Partial<EntryFrame> = {}): EntryFrame {
  return { type: 'entry', id: 0, name: 'a file', size, mode: 0o640, mtimeNs: 0n, chunkSize, identity: Buffer.alloc(32, 1), ...more };
}

/** The data frame of one chunk of a file. */
export function dataFrame(file: Uint8Array, index: number, chunkSize: number, hash: (bytes: Uint8Array) => bigint, more: Partial<DataFrame> = {}): DataFrame {
  const payload = file.subarray(index * chunkSize, (index + 1) * chunkSize);
  return { type: 'data', id: 0, offset: index * chunkSize, length: payload.length, hash: hash(payload), payload: [payload], ...more };
}
