import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LimitError, ProtocolError } from '../../src/errors.js';
import { WebSocketConnection, type Masking } from '../../src/transport/websocket.js';
import { turns } from '../support/fake-events.js';
import { describeItem, framedByWs, readByWs, type Item } from '../support/fake-ws.js';
import { readByUs as readFrames } from '../support/read-frames.js';

const MAX = 512 * 1024;
/** Ends whatever header has begun. */
const HEADER_REST = Buffer.alloc(12);

const readByUs = (chunks: readonly Buffer[], expectMasked: boolean) => readFrames(chunks, expectMasked, MAX);

function split(whole: Buffer, at: readonly number[]): Buffer[] {
  const places = [0, ...at.map((place) => place % (whole.length + 1)).sort((a, b) => a - b), whole.length];
  return places.slice(1).map((end, index) => whole.subarray(places[index], end));
}

// Sizes around the three forms of a length, besides small ones.
const size = fc.oneof({ weight: 6, arbitrary: fc.nat(40) }, { weight: 2, arbitrary: fc.constantFrom(125, 126, 127) }, { weight: 1, arbitrary: fc.constantFrom(65_535, 65_536, 70_001) });
const bytes = fc.tuple(size, fc.nat(255)).map(([length, first]) => Buffer.from(Array.from({ length }, (_, index) => (first + index * 31) & 0xff)));
const ascii = fc.tuple(size, fc.nat(90)).map(([length, first]) => Buffer.alloc(length, String.fromCharCode(32 + first)));
const message = fc.oneof(
  fc.record({ what: fc.constant('binary' as const), fragments: fc.array(bytes, { minLength: 1, maxLength: 4 }) }),
  fc.record({ what: fc.constant('text' as const), fragments: fc.array(ascii, { minLength: 1, maxLength: 4 }) }),
);
const control = fc.record({ what: fc.constantFrom('ping' as const, 'pong' as const), payload: fc.uint8Array({ maxLength: 125 }).map((some) => Buffer.from(some)) });
const close = fc.record({ what: fc.constant('close' as const), code: fc.constantFrom(1000, 1001, 1008, 3003, 4007), reason: fc.string({ maxLength: 30, unit: 'grapheme-ascii' }) });
const items: fc.Arbitrary<Item[]> = fc.tuple(fc.array(fc.oneof(message, control), { maxLength: 8 }), fc.option(close, { nil: undefined })).map(([some, last]) => (last === undefined ? some : [...some, last]));
const cuts = fc.array(fc.nat(500_000), { maxLength: 40 });

describe('our framing and that of ws', () => {
  it('what ws writes, masked or not, in fragments, we read, however it is cut', () => {
    fc.assert(
      fc.property(items, fc.boolean(), cuts, (sent, masked, at) => {
        const { read, error } = readByUs(split(framedByWs(sent, masked), at), masked);
        assert.equal(error, undefined);
        assert.deepEqual(read, sent.map(describeItem));
      }),
      { numRuns: 150 },
    );
  });

  it('what we write, with every kind of mask, ws reads, however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(items, fc.constantFrom<Masking>('none', 'zero', 'random'), cuts, async (sent, masking, at) => {
        const { wrote, expected } = await writtenByUs(sent, masking);
        const { read, error } = readByWs(split(wrote, at), { isServer: masking !== 'none', maxPayload: MAX * 4 });
        assert.equal(error, undefined);
        assert.deepEqual(read, expected);
      }),
      { numRuns: 100 },
    );
  });

  it('what ws refuses, we refuse: any byte of a good stream changed', () => {
    fc.assert(
      fc.property(items, fc.boolean(), fc.nat(), fc.integer({ min: 1, max: 255 }), (sent, masked, where, flip) => {
        const stream = framedByWs(sent, masked);
        fc.pre(stream.length > 0);
        // Most of a long message is payload, where a change means nothing: the first kilobyte has the headers.
        const at = where % Math.min(stream.length, 1024);
        stream[at] = (stream[at] as number) ^ flip;
        const theirs = readByWs([stream], { isServer: masked, maxPayload: MAX, skipUTF8Validation: true });
        const known = readByUs([stream], masked);
        // ws refuses at the first two bytes of a header, ours when it has all of them.
        const ours = theirs.error !== undefined && known.error === undefined ? readByUs([stream, HEADER_REST], masked) : known;
        if (theirs.error !== undefined) assert.ok(ours.error !== undefined, `ws says: ${theirs.error.message}`);
        // Up to the error both read the same. Ours looks at sizes before the payload comes, so it may stop earlier.
        if (ours.error === undefined) assert.deepEqual(ours.read, theirs.read);
        else assert.deepEqual(ours.read, theirs.read.slice(0, ours.read.length));
      }),
      {
        numRuns: 300,
        // Both are refused though the rest of their headers never comes: a control frame of 127 bytes, a mask of a server's.
        examples: [
          [[{ what: 'close', code: 1000, reason: '' }], false, 1, 125],
          [[{ what: 'close', code: 1000, reason: '' }], false, 1, 0x80],
        ],
      },
    );
  });
});

/** The bytes that a connection of ours puts on its socket. It sends no pongs unasked, and each message in one frame. */
async function writtenByUs(sent: readonly Item[], masking: Masking): Promise<{ wrote: Buffer; expected: string[] }> {
  const chunks: Buffer[] = [];
  const socket = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  const connection = new WebSocketConnection(socket, Buffer.alloc(0), { masking, maxMessageBytes: MAX });
  const expected: string[] = [];
  let pings = 0;
  for (const item of sent) {
    if (item.what === 'pong') continue;
    if (item.what === 'close') connection.close(item.code, item.reason);
    else if ('fragments' in item) connection.send(item.fragments.map((fragment) => Buffer.from(fragment)), item.what);
    else {
      connection.ping().catch(() => undefined);
      pings += 1;
    }
    expected.push(item.what === 'ping' ? `ping ${Buffer.from(String(pings)).toString('hex')}` : describeItem(item));
  }
  await turns(1);
  connection.destroy();
  return { wrote: Buffer.concat(chunks), expected };
}

describe('any bytes at all', () => {
  const noise = fc.uint8Array({ maxLength: 400 }).map((some) => Buffer.from(some));

  it('are frames, or a ProtocolError or LimitError, and nothing else', () => {
    fc.assert(
      fc.property(noise, fc.boolean(), (stream, masked) => {
        const { error } = readByUs([stream], masked);
        assert.ok(error === undefined || error instanceof ProtocolError || error instanceof LimitError, String(error));
      }),
      { numRuns: 1_000 },
    );
  });

  it('mean the same however they are cut', () => {
    fc.assert(
      fc.property(fc.oneof(noise, items.map((sent) => framedByWs(sent, true).subarray(0, 3_000))), cuts, (stream, at) => {
        const whole = readByUs([stream], true);
        const pieces = readByUs(split(stream, at), true);
        assert.deepEqual(pieces.read, whole.read);
        assert.equal(String(pieces.error), String(whole.error));
      }),
      { numRuns: 300 },
    );
  });
});
