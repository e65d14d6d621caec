/**
 * What a hostile peer says: an entry and its data as they should be, and everything that is wrong with them.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { fileDigest, loadChecksum } from '../../src/crypto/checksum.js';
import { encodeFrame } from '../../src/wire/encode.js';
import type { DataFrame, FileFrame, Frame, ManifestEntry, OfferFrame, WholePart } from '../../src/wire/frame.js';
import type { HostilePeer } from './hostile-peer.js';
import { KIB } from './moving.js';

export const CHUNK = 64 * KIB;
/** Three chunks and a bit. */
export const SIZE = 3 * CHUNK + 100;
export const content = Buffer.alloc(SIZE, 'content');
const checksum = await loadChecksum();

/** What a sender offers: one file, unless it is told otherwise. */
export const offer = (changes: Partial<OfferFrame> = {}): OfferFrame => ({
  type: 'offer',
  root: 'file',
  name: 'data.bin',
  checksum: false,
  dryRun: false,
  delete: false,
  sha256: false,
  rules: [],
  ...changes,
});

/** A manifest's entry: a file of {@link SIZE} bytes, unless it is told otherwise. */
export const entry = (changes: Partial<ManifestEntry> = {}): ManifestEntry => ({ id: 0, kind: 'file', path: 'data.bin', size: SIZE, mode: 0o644, mtimeNs: 1_000_000_000n, ...changes });
export const entries = (...some: readonly Partial<ManifestEntry>[]): Frame => ({ type: 'entries', entries: some.map(entry) });
export const manifestEnd = (count = 1): Frame => ({ type: 'manifestEnd', entries: count, complete: true });
/** The file frame of a chunked file. */
export const file = (changes: Partial<FileFrame> = {}): FileFrame => ({ type: 'file', id: 0, chunkSize: CHUNK, identity: Buffer.alloc(32, 7), ...changes });

/** The data frame of a chunk. */
export function data(index: number, changes: Partial<DataFrame> = {}): DataFrame {
  const payload = content.subarray(index * CHUNK, (index + 1) * CHUNK);
  return { type: 'data', id: 0, offset: index * CHUNK, length: payload.length, hash: checksum.xxh64(payload), payload: [payload], ...changes };
}

const hashes = Buffer.alloc(4 * 8);
for (let index = 0; index < 4; index += 1) hashes.writeBigUInt64BE(data(index).hash, index * 8);
export const digest = fileDigest(SIZE, CHUNK, hashes);
export const fileEnd = (changes: { digest?: Uint8Array; id?: number; size?: number } = {}): Frame => ({ type: 'fileEnd', id: 0, size: SIZE, digest, ...changes });
/** A small file, whole. */
export function whole(id: number, bytes: Buffer, changes: Partial<WholePart> = {}): Frame {
  return { type: 'whole', parts: [{ id, length: bytes.length, hash: checksum.xxh64(bytes), ...changes }], payload: [bytes], length: bytes.length };
}

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

/** Everything that comes before the content of one file. */
export const HEAD: readonly Frame[] = [offer(), entries({}), manifestEnd(), file()];

/** Offers the file, waits until it is open, and then says what is wrong. */
const afterReady = (say: (peer: HostilePeer) => void): Offence['say'] => async (peer) => {
  for (const frame of HEAD) peer.send(frame);
  await peer.until('ready');
  say(peer);
};
const saysAfterReady = (...frames: readonly Frame[]): Offence => violation(afterReady((peer) => frames.forEach((frame) => peer.send(frame))));
/** Offers a tree of one small file, waits until it is wanted, and then says what is wrong. */
const afterWant = (...frames: readonly Frame[]): Offence['say'] => async (peer) => {
  const manifest = [{ kind: 'directory', path: '', size: 0, mode: 0o755 }, { id: 1, path: 'small', size: 5 }] as const;
  for (const frame of [offer({ root: 'tree' }), entries(...manifest), manifestEnd(2)]) peer.send(frame);
  await peer.verdictOn(1);
  for (const frame of frames) peer.send(frame);
};
const small = Buffer.from('small');
const HELLO: Frame = { type: 'hello', client: Buffer.alloc(16), stream: 0, action: 'send', received: 0, agent: 'x' };
const WELCOME: Frame = { type: 'welcome', action: 'receive', received: 0, streams: 1, agent: 'x' };
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
  'hello again': says(HELLO),
  'a welcome out of turn': says(WELCOME),
  'a failure with a code that nobody knows': says({ type: 'failure', code: 'no-such-code', message: 'x' }),
  'an ack of what was never sent': says({ type: 'ack', received: 1000 }),
  'that something arrived broken': { say: (peer) => peer.send({ type: 'failure', code: 'integrity-checksum', message: 'x' }), exitCode: 7, code: 'integrity-checksum' },
  'a record of another key': {
    say: (peer) => void peer.connection.send([randomBytes(100)], 'binary'),
    exitCode: 7,
    code: 'integrity-tag',
  },
  'a record that is shorter than its tag': { say: (peer) => void peer.connection.send([randomBytes(3)], 'binary'), exitCode: 7, code: 'integrity-tag' },
  'a message of 5 MiB': { say: (peer) => void peer.connection.send([randomBytes(5 * KIB * KIB)], 'binary'), exitCode: 9, code: 'limit-frame' },
};

/** What a sender may say wrongly to a receiver. */
export const SENDER_OFFENCES: Readonly<Record<string, Offence>> = {
  'data before its offer': says(data(0)),
  'the end before its offer': says(fileEnd()),
  'entries before their offer': says(entries({})),
  'the end of a manifest before its offer': says(manifestEnd(0)),
  'a file that was not announced': says(offer(), file()),
  'bye before anything': says({ type: 'bye' }),
  'bye before the confirmation': saysAfterReady(data(0), { type: 'bye' }),
  'two offers': says(offer(), offer()),
  'two files in the offer of one': says(offer(), entries({}, { id: 1 })),
  'a directory in the offer of a file': says(offer(), entries({ kind: 'directory' })),
  'entries out of order': says(offer({ root: 'tree' }), entries({ id: 1 })),
  'an entry twice': says(offer({ root: 'tree' }), entries({}, {})),
  'entries after the end of the manifest': says(offer({ root: 'tree' }), manifestEnd(0), entries({})),
  'a manifest of fewer entries than it says': says(offer({ root: 'tree' }), entries({}), manifestEnd(2)),
  'a hard link to what comes later': says(offer({ root: 'tree' }), entries({ kind: 'hardlink', linkTo: 1 })),
  'credit, which is the receiver\'s to give': says({ type: 'credit', limit: 1, acked: 0 }),
  'answers, which are the receiver\'s to give': says({ type: 'answers', first: 0, answers: ['want'] }),
  'ready, which is the receiver\'s to say': saysAfterReady({ type: 'ready', id: 0 }),
  'finished, which is the receiver\'s to say': saysAfterReady({ type: 'finished', removed: 0, failed: 0 }),
  'done, which is the receiver\'s to say': saysAfterReady({ type: 'done', ids: [0] }),
  'a comparison that nobody asked for': says(offer(), entries({}), { type: 'compare', id: 0, chunkSize: CHUNK, digest }),
  'a file frame twice': saysAfterReady(file()),
  'a chunk size that is no power of two': says(offer(), entries({}), file({ chunkSize: CHUNK + 1 })),
  'a chunk size of 32 KiB': says(offer(), entries({}), file({ chunkSize: 32 * KIB })),
  'a name of 300 bytes': says(offer({ name: 'x'.repeat(300) })),
  'an identity of 31 bytes': says(offer(), entries({}), file({ identity: Buffer.alloc(31) })),
  'entries that are cut': saysBytes(bytesOf(offer()), bytesOf(entries({})).subarray(0, 30)),
  'entries that go on': saysBytes(bytesOf(offer()), Buffer.concat([bytesOf(entries({})), Buffer.of(0)])),
  'data before the file is ready': says(offer(), entries({}), manifestEnd(), data(0)),
  'a hole before the file is ready': says(offer(), entries({}), manifestEnd(), { type: 'hole', id: 0, first: 0, count: 1 }),
  'a hole outside the file': saysAfterReady({ type: 'hole', id: 0, first: 3, count: 2 }),
  'a hole of no chunks': saysAfterReady({ type: 'hole', id: 0, first: 0, count: 0 }),
  'data shorter than its header': violation(afterReady((peer) => peer.sendBytes(headerOf(27)))),
  'data of a header alone': violation(afterReady((peer) => peer.sendBytes(headerOf(28)))),
  'data of one byte less than it says': violation(afterReady((peer) => peer.sendBytes(bytesOf(data(0)).subarray(0, -1)))),
  'data of one byte more than it says': violation(afterReady((peer) => peer.sendBytes(bytesOf(data(0)), Buffer.of(0)))),
  'data with reserved bytes that are not zero': violation(
    afterReady((peer) => {
      const bytes = bytesOf(data(0));
      bytes[2] = 1;
      peer.sendBytes(bytes);
    }),
  ),
  'data of another file': saysAfterReady(data(0, { id: 1 })),
  'data beside the chunks': saysAfterReady(data(0, { offset: 5 })),
  'data past the end': saysAfterReady(data(0, { offset: 4 * CHUNK })),
  'data past 2^53': saysAfterReady(data(0, { offset: 2 ** 53 - CHUNK })),
  'a chunk that is too short': saysAfterReady({ ...data(3), offset: 0 }),
  'an end of another size': saysAfterReady(fileEnd({ size: SIZE - 1 })),
  'the end twice': saysAfterReady(fileEnd(), fileEnd()),
  'a whole file outside a tree': saysAfterReady(whole(0, small)),
  'a whole file of another size': violation(afterWant(whole(1, Buffer.from('four')))),
  'a whole file that was not announced': violation(afterWant(whole(2, small))),
  'a whole file with a wrong hash': { say: afterWant(whole(1, small, { hash: 1n })), exitCode: 7, code: 'integrity-checksum' },
  'a chunk with a wrong checksum': { say: afterReady((peer) => peer.send(data(0, { hash: 1n }))), exitCode: 7, code: 'integrity-checksum' },
  'an end with a wrong digest': {
    say: afterReady((peer) => [data(0), data(1), data(2), data(3), fileEnd({ digest: Buffer.alloc(32) })].forEach((frame) => peer.send(frame))),
    exitCode: 7,
    code: 'integrity-digest',
  },
};

const WANT: Frame = { type: 'answers', first: 0, answers: ['want'] };
const READY: Frame = { type: 'ready', id: 0 };
const have = (first: number, bytes: number): Frame => ({ type: 'have', id: 0, first, hashes: Buffer.alloc(bytes) });

/** What a receiver may say wrongly to a sender, whose file it has been told of. */
export const RECEIVER_OFFENCES: Readonly<Record<string, Offence>> = {
  'data, which is the sender\'s to give': says(data(0)),
  'an offer of its own': says(offer()),
  'bye, which is the sender\'s to say': says({ type: 'bye' }),
  'an answer to what was not announced': says({ type: 'answers', first: 1, answers: ['want'] }),
  'an answer twice': says(WANT, WANT),
  'to compare, twice': says({ type: 'answers', first: 0, answers: ['compare'] }, { type: 'answers', first: 0, answers: ['compare'] }),
  'an answer that nobody knows': saysBytes(Buffer.concat([Buffer.of(0x12, 0x82, 0xa5), Buffer.from('first'), Buffer.of(0, 0xa7), Buffer.from('answers'), Buffer.of(0xc4, 1, 99)])),
  'credit that shrinks': says({ type: 'credit', limit: 1000, acked: 0 }, { type: 'credit', limit: 999, acked: 0 }),
  'an ack of content that was never sent': says({ type: 'credit', limit: 0, acked: 1 }),
  'ready, twice': says(WANT, READY, READY),
  'ready for another file': says(WANT, { type: 'ready', id: 1 }),
  'chunks that it has, past the end': says(WANT, have(1000, 8)),
  'chunks that it has, after it was ready': says(WANT, READY, have(0, 8)),
  'hashes of seven bytes': says(have(0, 7)),
  'no hashes': says(have(0, 0)),
  'that it is done, before anything was sent': says(WANT, READY, { type: 'done', ids: [0] }),
  'that it is done with what was not announced': says({ type: 'done', ids: [1] }),
  'that all is finished, too early': says(WANT, READY, { type: 'finished', removed: 0, failed: 0 }),
};
