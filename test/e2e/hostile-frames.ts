/**
 * What a hostile peer says: an entry and its data as they should be, and everything that is wrong with them.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { fileDigest, loadChecksum } from '../../src/crypto/checksum.js';
import { encodeFrame } from '../../src/wire/encode.js';
import type { DataFrame, EntryFrame, Frame } from '../../src/wire/frame.js';
import type { HostilePeer } from './hostile-peer.js';
import { KIB } from './moving.js';

export const CHUNK = 64 * KIB;
/** Three chunks and a bit. */
export const SIZE = 3 * CHUNK + 100;
export const content = Buffer.alloc(SIZE, 'content');
const checksum = await loadChecksum();

/** An entry for {@link SIZE} bytes, as a sender announces it. */
export const entry = (changes: Partial<EntryFrame> = {}): EntryFrame => ({
  type: 'entry',
  id: 0,
  name: 'data.bin',
  size: SIZE,
  mode: 0o644,
  mtimeNs: 1_000_000_000n,
  chunkSize: CHUNK,
  identity: Buffer.alloc(32, 7),
  ...changes,
});

/** The data frame of a chunk. */
export function data(index: number, changes: Partial<DataFrame> = {}): DataFrame {
  const payload = content.subarray(index * CHUNK, (index + 1) * CHUNK);
  return { type: 'data', id: 0, offset: index * CHUNK, length: payload.length, hash: checksum.xxh64(payload), payload: [payload], ...changes };
}

const hashes = Buffer.alloc(4 * 8);
for (let index = 0; index < 4; index += 1) hashes.writeBigUInt64BE(data(index).hash, index * 8);
export const digest = fileDigest(SIZE, CHUNK, hashes);
export const fileEnd = (changes: { digest?: Uint8Array; id?: number } = {}): Frame => ({ type: 'fileEnd', id: 0, digest, ...changes });

/** A frame's bytes in one piece. */
export const bytesOf = (frame: Frame): Buffer => Buffer.concat(encodeFrame(frame));

/** A case: what is said, and how the end that hears it must end. */
export interface Offence {
  /** Said after the greeting; a receiver has then not been told of a file yet, a sender has told of it. */
  readonly say: (peer: HostilePeer) => void | Promise<void>;
  readonly exitCode: number;
  readonly code: string;
}

const violation = (say: Offence['say']): Offence => ({ say, exitCode: 6, code: 'protocol-violation' });
const says = (...frames: readonly Frame[]): Offence => violation((peer) => frames.forEach((frame) => peer.send(frame)));
const saysBytes = (...records: readonly Uint8Array[]): Offence => violation((peer) => records.forEach((bytes) => peer.sendBytes(bytes)));

/** Announces the file, waits until it is wanted, and then says what is wrong. */
const afterWant = (say: (peer: HostilePeer) => void): Offence['say'] => async (peer) => {
  peer.send(entry());
  await peer.receive();
  say(peer);
};
const saysAfterWant = (...frames: readonly Frame[]): Offence => violation(afterWant((peer) => frames.forEach((frame) => peer.send(frame))));
const headerOf = (length: number): Buffer => bytesOf(data(0)).subarray(0, length);

/** A deep array: `[[[[…]]]]`. */
const nested = (depth: number): Buffer => Buffer.concat([Buffer.of(0x10), Buffer.alloc(depth, 0x91), Buffer.of(0xc0)]);

/** What both kinds of peer may say wrongly. */
export const ANY_OFFENCES: Readonly<Record<string, Offence>> = {
  'an empty frame': saysBytes(Buffer.alloc(0)),
  'a frame of an unknown type': saysBytes(Buffer.of(0x7f, 0x80)),
  'random bytes': saysBytes(Buffer.concat([Buffer.of(0xff), randomBytes(1000)])),
  'a type without a body': saysBytes(Buffer.of(0x10)),
  'a body that is nested a thousand deep': saysBytes(nested(1000)),
  'a body that says it has four thousand million items': saysBytes(Buffer.of(0x10, 0xdf, 0xff, 0xff, 0xff, 0xff)),
  'a body of 300 KiB': saysBytes(Buffer.concat([Buffer.of(0x03), Buffer.alloc(300 * KIB, 0xc0)])),
  'hello again': says({ type: 'hello', client: Buffer.alloc(16), action: 'send', agent: 'x' }),
  'a welcome out of turn': says({ type: 'welcome', action: 'receive', agent: 'x' }),
  'a failure with a code that nobody knows': says({ type: 'failure', code: 'no-such-code', message: 'x' }),
  'that something arrived broken': { say: (peer) => peer.send({ type: 'failure', code: 'integrity-checksum', message: 'x' }), exitCode: 7, code: 'integrity-checksum' },
  'a record of another key': {
    say: (peer) => void peer.connection.send([randomBytes(100)], 'binary'),
    exitCode: 7,
    code: 'integrity-tag',
  },
  'a record that is shorter than its tag': { say: (peer) => void peer.connection.send([randomBytes(3)], 'binary'), exitCode: 7, code: 'integrity-tag' },
  'a message of 5 MiB': { say: (peer) => void peer.connection.send([randomBytes(5 * KIB * KIB)], 'binary'), exitCode: 9, code: 'limit-frame' },
  'text': { say: (peer) => void peer.connection.send([Buffer.from('hello')], 'text'), exitCode: 4, code: 'auth-handshake' },
};

/** What a sender may say wrongly to a receiver. */
export const SENDER_OFFENCES: Readonly<Record<string, Offence>> = {
  'data before its file': says(data(0)),
  'the end before its file': says(fileEnd()),
  'bye before anything': says({ type: 'bye' }),
  'two files': says(entry(), entry()),
  'credit, which is the receiver\'s to give': says({ type: 'credit', limit: 1 }),
  'a file that is wanted, which is the receiver\'s to say': says({ type: 'want', id: 0, limit: 1 }),
  'a chunk size that is no power of two': says(entry({ chunkSize: CHUNK + 1 })),
  'a chunk size of 32 KiB': says(entry({ chunkSize: 32 * KIB })),
  'a file of more chunks than there may be': says(entry({ size: 2 ** 52 })),
  'a name of 300 bytes': says(entry({ name: 'x'.repeat(300) })),
  'an identity of 31 bytes': says(entry({ identity: Buffer.alloc(31) })),
  'an entry that is cut': saysBytes(bytesOf(entry()).subarray(0, 40)),
  'an entry that goes on': saysBytes(Buffer.concat([bytesOf(entry()), Buffer.of(0)])),
  'data shorter than its header': violation(afterWant((peer) => peer.sendBytes(headerOf(27)))),
  'data of a header alone': violation(afterWant((peer) => peer.sendBytes(headerOf(28)))),
  'data of one byte less than it says': violation(afterWant((peer) => peer.sendBytes(bytesOf(data(0)).subarray(0, -1)))),
  'data of one byte more than it says': violation(afterWant((peer) => peer.sendBytes(bytesOf(data(0)), Buffer.of(0)))),
  'data with reserved bytes that are not zero': violation(
    afterWant((peer) => {
      const bytes = bytesOf(data(0));
      bytes[2] = 1;
      peer.sendBytes(bytes);
    }),
  ),
  'data of another file': saysAfterWant(data(0, { id: 1 })),
  'data beside the chunks': saysAfterWant(data(0, { offset: 5 })),
  'data past the end': saysAfterWant(data(0, { offset: 4 * CHUNK })),
  'data past 2^53': saysAfterWant(data(0, { offset: 2 ** 53 - CHUNK })),
  'a chunk twice': saysAfterWant(data(0), data(0)),
  'a chunk that is too short': saysAfterWant({ ...data(3), offset: 0 }),
  'the end with chunks missing': saysAfterWant(data(0), fileEnd()),
  'the end with no chunk at all': saysAfterWant(fileEnd()),
  'bye before the confirmation': saysAfterWant(data(0), { type: 'bye' }),
  'a chunk with a wrong checksum': { say: afterWant((peer) => peer.send(data(0, { hash: 1n }))), exitCode: 7, code: 'integrity-checksum' },
  'an end with a wrong digest': {
    say: afterWant((peer) => [data(0), data(1), data(2), data(3), fileEnd({ digest: Buffer.alloc(32) })].forEach((frame) => peer.send(frame))),
    exitCode: 7,
    code: 'integrity-digest',
  },
};

/** What a receiver may say wrongly to a sender, whose entry it has been told of. */
export const RECEIVER_OFFENCES: Readonly<Record<string, Offence>> = {
  'data, which is the sender\'s to give': says(data(0)),
  'a file of its own': says(entry()),
  'credit before it wants the file': says({ type: 'credit', limit: 1 }),
  'another file that it wants': says({ type: 'want', id: 1, limit: 0 }),
  'the file, twice': says({ type: 'want', id: 0, limit: 0 }, { type: 'want', id: 0, limit: 0 }),
  'credit that shrinks': says({ type: 'want', id: 0, limit: 1000 }, { type: 'credit', limit: 999 }),
  'chunks that it has, past the end': says({ type: 'have', id: 0, first: 1000, hashes: Buffer.alloc(8) }),
  'chunks that it has, after it wanted the rest': says({ type: 'want', id: 0, limit: 0 }, { type: 'have', id: 0, first: 0, hashes: Buffer.alloc(8) }),
  'hashes of seven bytes': says({ type: 'have', id: 0, first: 0, hashes: Buffer.alloc(7) }),
  'no hashes': says({ type: 'have', id: 0, first: 0, hashes: Buffer.alloc(0) }),
  'that it is done, before it is': says({ type: 'want', id: 0, limit: 0 }, { type: 'fileDone', id: 0, digest: Buffer.alloc(32) }),
  'that it is done, with another digest': {
    say: async (peer) => {
      peer.send({ type: 'want', id: 0, limit: 2 ** 40 });
      for (let frame = await peer.receive(); frame.type !== 'fileEnd'; frame = await peer.receive());
      peer.send({ type: 'fileDone', id: 0, digest: Buffer.alloc(32) });
    },
    exitCode: 7,
    code: 'integrity-digest',
  },
};
