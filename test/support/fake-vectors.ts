/**
 * The vectors of the native wire, and the frames that they describe.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import type { Answer, Frame, ManifestEntry, RootKind } from '../../src/wire/frame.js';

type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: Value };

/** One frame of test/vectors/frames.json: byte strings in hex, 64-bit times in decimal. */
export interface FrameVector {
  readonly name: string;
  readonly type: Frame['type'];
  readonly fields: Readonly<Record<string, Value>>;
  readonly hex: string;
}

export function frameVectors(): readonly FrameVector[] {
  return (JSON.parse(readFileSync('test/vectors/frames.json', 'utf8')) as { frames: FrameVector[] }).frames;
}

/** test/vectors/session.json. */
export interface SessionVectors {
  readonly secret: string;
  readonly psk: string;
  readonly prologue: string;
  readonly clientEphemeral: string;
  readonly serverEphemeral: string;
  readonly message1: string;
  readonly message2: string;
  readonly handshakeHash: string;
  readonly clientKey: string;
  readonly serverKey: string;
  readonly file: string;
  readonly digest: string;
  readonly records: readonly { readonly name: string; readonly from: 'client' | 'server'; readonly counter: number; readonly frame: string; readonly record: string }[];
}

export function sessionVectors(): SessionVectors {
  return JSON.parse(readFileSync('test/vectors/session.json', 'utf8')) as SessionVectors;
}

/** The frame that a vector describes. */
export function frameOf({ type, fields }: FrameVector): Frame {
  const bytes = (name: string) => Buffer.from(text(name), 'hex');
  const number = (name: string) => Number(fields[name]);
  const text = (name: string) => fields[name] as string;
  const flag = (name: string) => fields[name] === true;
  const texts = (name: string) => fields[name] as readonly string[];
  const action = () => (fields['action'] === 'send' ? 'send' : 'receive');
  const alive = () => (fields['alive'] === undefined ? {} : { alive: flag('alive') });
  switch (type) {
    case 'hello':
      return { type, client: bytes('client'), stream: number('stream'), action: action(), received: number('received'), agent: text('agent'), ...alive() };
    case 'welcome':
      return { type, action: action(), received: number('received'), streams: number('streams'), agent: text('agent'), ...alive() };
    case 'failure':
      return { type, code: text('code'), message: text('message') };
    case 'credit':
      return { type, limit: number('limit'), acked: number('acked') };
    case 'ack':
      return { type, received: number('received') };
    case 'offer': {
      const existing = fields['existing'] as 'update' | undefined;
      return { type, root: text('root') as RootKind, name: text('name'), existing, checksum: flag('checksum'), dryRun: flag('dryRun'), delete: flag('delete'), sha256: flag('sha256'), rules: texts('rules') };
    }
    case 'entries':
      return { type, entries: (fields['entries'] as readonly Record<string, Value>[]).map(entryOf) };
    case 'answers':
      return { type, first: number('first'), answers: texts('answers') as readonly Answer[] };
    case 'file':
      return { type, id: number('id'), chunkSize: number('chunkSize'), identity: bytes('identity') };
    case 'have':
      return { type, id: number('id'), first: number('first'), hashes: bytes('hashes') };
    case 'ready':
      return { type, id: number('id') };
    case 'fileEnd':
      return { type, id: number('id'), size: number('size'), digest: bytes('digest'), ...('sha256' in fields ? { sha256: bytes('sha256') } : {}) };
    case 'done':
      return { type, ids: fields['ids'] as readonly number[] };
    case 'trouble':
      return { type, id: number('id'), code: text('code'), message: text('message') };
    case 'compare':
      return { type, id: number('id'), chunkSize: number('chunkSize'), digest: bytes('digest') };
    case 'manifestEnd':
      return { type, entries: number('entries'), complete: flag('complete') };
    case 'extras':
      return { type, paths: texts('paths') };
    case 'finished':
      return { type, removed: number('removed'), failed: number('failed') };
    case 'alive':
    case 'bye':
      return { type };
    case 'data':
      return { type, id: number('id'), offset: number('offset'), hash: BigInt(`0x${text('hash')}`), length: bytes('payload').length, payload: [bytes('payload')] };
    case 'whole': {
      const parts = (fields['parts'] as readonly { id: number; length: number; hash: string }[]).map(({ id, length, hash }) => ({ id, length, hash: BigInt(`0x${hash}`) }));
      return { type, parts, length: bytes('payload').length, payload: [bytes('payload')] };
    }
    case 'hole':
      return { type, id: number('id'), first: number('first'), count: number('count') };
  }
}

function entryOf({ mtimeNs, ...rest }: Readonly<Record<string, Value>>): ManifestEntry {
  return { ...rest, mtimeNs: BigInt(mtimeNs as string) } as unknown as ManifestEntry;
}
