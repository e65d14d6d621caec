/**
 * The cases of the Autobahn test suite that our parser answers for, by its numbers, each against ours and against `ws`. The
 * suite itself runs by `npm run soak -- autobahn`, where there is a Python 2.7.
 *
 * Not here: 6 (text is handed on as bytes, and whoever decodes it looks whether it is UTF-8), 10 (whole messages again), and 12
 * and 13 (compression, which is not negotiated).
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LimitError, ProtocolError } from '../../../src/errors.js';
import { readByWs } from '../../support/fake-ws.js';
import { readByUs } from '../../support/read-frames.js';

const MAX = 70_000;
const KEY = Buffer.of(0x37, 0xfa, 0x21, 0x3d);

/** One frame, by RFC 6455 section 5.2 and not by our code. */
interface Raw {
  readonly op: number;
  readonly payload?: Buffer;
  readonly fin?: boolean;
  /** The three reserved bits. */
  readonly rsv?: number;
  /** Bytes that the length takes, where it is not the fewest: 2 or 8. */
  readonly lengthIn?: 2 | 8;
}

function bytesOf({ op, payload = Buffer.alloc(0), fin = true, rsv = 0, lengthIn }: Raw, mask: boolean): Buffer {
  const wide = lengthIn ?? (payload.length < 126 ? 0 : payload.length < 65_536 ? 2 : 8);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | op, (mask ? 0x80 : 0) | (wide === 0 ? payload.length : wide === 2 ? 126 : 127)];
  for (let at = wide - 1; at >= 0; at -= 1) head.push(Number((BigInt(payload.length) >> BigInt(8 * at)) & 255n));
  if (!mask) return Buffer.concat([Buffer.from(head), payload]);
  return Buffer.concat([Buffer.from(head), KEY, payload.map((byte, at) => byte ^ (KEY[at % 4] ?? 0))]);
}

/** What is read, and whether that is followed by a refusal. */
interface Case {
  readonly id: string;
  readonly name: string;
  readonly frames: readonly Raw[];
  readonly read: readonly string[];
  readonly refused?: RegExp;
  /** `ws` takes what we refuse. */
  readonly takenByWs?: readonly string[];
}

const filled = (length: number) => Buffer.alloc(length, 'x');
const text = (words: string) => Buffer.from(words);
const hex = (words: string) => text(words).toString('hex');
const closing = (code: number, reason = '') => Buffer.concat([Buffer.of(code >> 8, code & 255), text(reason)]);
const one = (id: string, name: string, frame: Raw, read: readonly string[], refused?: RegExp): Case => ({ id, name, frames: [frame], read, ...(refused === undefined ? {} : { refused }) });

const SIZES = [0, 125, 126, 127, 128, 65_535, 65_536];
const VALID = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const INVALID = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535];
const PING: Raw = { op: 9, payload: text('p') };
const PINGED = `ping ${hex('p')}`;
const FIRST: Raw = { op: 1, payload: text('ab'), fin: false };
const LAST: Raw = { op: 0, payload: text('cd') };
const WHOLE = `text ${hex('abcd')}`;

const CASES: readonly Case[] = [
  ...SIZES.map((size) => one('1.1', `a text of ${size} bytes`, { op: 1, payload: filled(size) }, [`text ${filled(size).toString('hex')}`])),
  ...SIZES.map((size) => one('1.2', `a binary message of ${size} bytes`, { op: 2, payload: filled(size) }, [`binary ${filled(size).toString('hex')}`])),
  ...[0, 1, 124, 125].map((size) => one('2.1 to 2.4', `a ping of ${size} bytes`, { op: 9, payload: filled(size) }, [`ping ${filled(size).toString('hex')}`])),
  one('2.5', 'a ping of 126 bytes', { op: 9, payload: filled(126) }, [], /longer than 125/u),
  ...[0, 125].map((size) => one('2.7 to 2.9', `an unsolicited pong of ${size} bytes`, { op: 10, payload: filled(size) }, [`pong ${filled(size).toString('hex')}`])),
  { id: '2.10', name: 'ten pings', frames: Array.from({ length: 10 }, () => PING), read: Array.from({ length: 10 }, () => PINGED) },
  ...[1, 2, 3, 4, 5, 6, 7].flatMap((rsv) => [1, 2, 8, 9, 10].map((op) => one('3', `reserved bits ${rsv} in a frame of opcode ${op}`, { op, rsv }, [], /reserved bit/u))),
  { id: '3.2', name: 'a good message before reserved bits', frames: [{ op: 1, payload: text('a') }, { op: 1, rsv: 2 }, PING], read: [`text ${hex('a')}`], refused: /reserved bit/u },
  ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((op) => one('4', `the reserved opcode ${op}`, { op, payload: text('x') }, [], /unknown opcode/u)),
  one('5.1', 'a ping in two fragments', { ...PING, fin: false }, [], /fragmented/u),
  one('5.2', 'a pong in two fragments', { op: 10, fin: false }, [], /fragmented/u),
  { id: '5.3', name: 'a text in two fragments', frames: [FIRST, LAST], read: [WHOLE] },
  { id: '5.6', name: 'a ping between fragments', frames: [FIRST, PING, LAST], read: [PINGED, WHOLE] },
  { id: '5.9 to 5.14', name: 'a continuation of nothing', frames: [LAST, { op: 1, payload: text('x') }], read: [], refused: /without a message/u },
  { id: '5.15', name: 'a continuation of a message that has ended', frames: [FIRST, LAST, { ...LAST, fin: false }], read: [WHOLE], refused: /without a message/u },
  { id: '5.18', name: 'a message inside another', frames: [FIRST, { op: 1, payload: text('x') }], read: [], refused: /inside another/u },
  { id: '5.19', name: 'five fragments, and pings between', frames: [FIRST, { ...LAST, fin: false }, PING, { ...LAST, fin: false }, { ...LAST, fin: false }, PING, LAST], read: [PINGED, PINGED, `text ${hex('abcdcdcdcd')}`] },
  { id: '5', name: 'empty fragments around a ping', frames: [{ op: 2, fin: false }, { op: 0, fin: false }, PING, { op: 0 }], read: [PINGED, 'binary '] },
  one('7.1.1', 'a close without a code', { op: 8 }, ['close 1005 ']),
  one('7.3.2', 'a close of one byte', { op: 8, payload: Buffer.of(3) }, [], /one byte/u),
  one('7.3.5', 'a close of 125 bytes', { op: 8, payload: closing(1000, 'x'.repeat(123)) }, [`close 1000 ${'x'.repeat(123)}`]),
  one('7.3.6', 'a close of 126 bytes', { op: 8, payload: closing(1000, 'x'.repeat(124)) }, [], /longer than 125/u),
  one('7.5.1', 'a close whose reason is not UTF-8', { op: 8, payload: Buffer.concat([closing(1000), Buffer.of(0xce, 0xba, 0xed, 0xa0, 0x80)]) }, [], /not UTF-8/u),
  ...VALID.map((code) => one('7.7', `a close with ${code}`, { op: 8, payload: closing(code) }, [`close ${code} `])),
  ...INVALID.map((code) => one('7.9 and 7.13', `a close with ${code}`, { op: 8, payload: closing(code) }, [], /may not be sent/u)),
  one('9', 'a message over the limit', { op: 2, payload: filled(MAX + 1) }, [], /over 70000 bytes/u),
  { id: '9', name: 'fragments that are over the limit together', frames: [{ op: 2, payload: filled(MAX), fin: false }, { op: 0, payload: filled(1) }], read: [], refused: /over 70000 bytes/u },
  // Section 5.2 wants the fewest bytes of a length. Autobahn does not ask, and ws does not look.
  { id: 'RFC 5.2', name: 'a length of 125 in two bytes', frames: [{ op: 2, payload: filled(125), lengthIn: 2 }], read: [], refused: /shortest form/u, takenByWs: [`binary ${filled(125).toString('hex')}`] },
  { id: 'RFC 5.2', name: 'a length of 65535 in eight bytes', frames: [{ op: 2, payload: filled(65_535), lengthIn: 8 }], read: [], refused: /shortest form/u, takenByWs: [`binary ${filled(65_535).toString('hex')}`] },
];

/** In one piece, and in as many as there are bytes: Autobahn's "octet-wise chops". */
const chopped = (bytes: Buffer): Buffer[] => Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));

describe("Autobahn's cases", () => {
  for (const { id, name, frames, read, refused, takenByWs } of CASES) {
    it(`${id}: ${name}`, () => {
      for (const mask of [true, false]) {
        const bytes = Buffer.concat(frames.map((frame) => bytesOf(frame, mask)));
        for (const chunks of [[bytes], chopped(bytes)]) {
          const ours = readByUs(chunks, mask, MAX);
          assert.deepEqual(ours.read, read);
          assert.equal(ours.error === undefined, refused === undefined, String(ours.error));
          if (refused !== undefined) {
            assert.ok(ours.error instanceof ProtocolError || ours.error instanceof LimitError);
            assert.match(ours.error.message, refused);
          }
        }
        const theirs = readByWs([bytes], { isServer: mask, maxPayload: MAX });
        assert.deepEqual({ read: theirs.read, refused: theirs.error !== undefined }, { read: takenByWs ?? read, refused: takenByWs === undefined && refused !== undefined }, 'ws');
      }
    });
  }

  it('1 and 2: a server takes no frame without a mask, and a client none with one (section 5.1)', () => {
    for (const mask of [true, false]) {
      const bytes = bytesOf({ op: 2, payload: text('x') }, mask);
      assert.match(String(readByUs([bytes], !mask, MAX).error), /masked/u);
      assert.ok(readByWs([bytes], { isServer: !mask, maxPayload: MAX }).error !== undefined);
    }
  });
});
