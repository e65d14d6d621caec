import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LimitError, ProtocolError, type StreamerError } from '../../../src/errors.js';
import { FrameParser, type FrameParserOptions } from '../../../src/transport/frame-parser.js';
import { frameHeader, OPCODE, type Opcode } from '../../../src/transport/frame-header.js';

/** What came out, in order, as text that is easy to compare. */
function parse(bytes: Uint8Array, options: Partial<FrameParserOptions> = {}, pieces = [bytes.length]): string[] {
  const events: string[] = [];
  const parser = new FrameParser(
    {
      piece: (piece, last, kind) => events.push(`${kind} ${piece.toString('latin1')}${last ? '.' : ''}`),
      ping: (payload) => events.push(`ping ${payload.toString('latin1')}`),
      pong: (payload) => events.push(`pong ${payload.toString('latin1')}`),
      close: (code, reason) => events.push(`close ${code} ${reason}`),
    },
    { expectMasked: false, maxMessageBytes: 1000, ...options },
  );
  let at = 0;
  for (const length of pieces) parser.push(Buffer.from(bytes.subarray(at, (at += length))));
  return events;
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const frame = (opcode: Opcode, payload = '', fin = true) => {
  const header = frameHeader(opcode, Buffer.byteLength(payload));
  if (!fin) header[0] = (header[0] ?? 0) & 0x7f;
  return Buffer.concat([header, Buffer.from(payload)]);
};

function refused(bytes: Uint8Array, type: new (...given: never[]) => StreamerError, text: RegExp, options: Partial<FrameParserOptions> = {}): void {
  assert.throws(() => parse(bytes, options), (error: unknown) => error instanceof type && text.test(error.message), `${bytes.toString()} is not refused`);
  // The same where every byte comes alone.
  assert.throws(() => parse(bytes, options, Array.from({ length: bytes.length }, () => 1)), (error: unknown) => error instanceof type && text.test(error.message));
}

describe('frames', () => {
  it('reads the examples of RFC 6455 section 5.7', () => {
    assert.deepEqual(parse(hex('81 05 48 65 6c 6c 6f')), ['text Hello.']);
    assert.deepEqual(parse(hex('81 85 37 fa 21 3d 7f 9f 4d 51 58'), { expectMasked: true }), ['text Hello.']);
    assert.deepEqual(parse(hex('01 03 48 65 6c 80 02 6c 6f')), ['text Hel', 'text lo.']);
    assert.deepEqual(parse(hex('89 05 48 65 6c 6c 6f')), ['ping Hello']);
    assert.deepEqual(parse(hex('8a 85 37 fa 21 3d 7f 9f 4d 51 58'), { expectMasked: true }), ['pong Hello']);
    const binary = Buffer.concat([hex('82 7e 01 00'), Buffer.alloc(256, 'x')]);
    assert.deepEqual(parse(binary), [`binary ${'x'.repeat(256)}.`]);
    const long = Buffer.concat([hex('82 7f 00 00 00 00 00 01 00 00'), Buffer.alloc(65_536, 'x')]);
    assert.deepEqual(parse(long, { maxMessageBytes: 65_536 }), [`binary ${'x'.repeat(65_536)}.`]);
  });

  it('hands on each piece as it arrives, masked or not, with zero masks and others', () => {
    assert.deepEqual(parse(frame(OPCODE.binary, 'abcdef'), {}, [3, 1, 4]), ['binary a', 'binary b', 'binary cdef.']);
    const masked = hex('82 86 01 02 03 04 60 60 60 60 64 64');
    assert.deepEqual(parse(masked, { expectMasked: true }, [7, 2, 3]), ['binary a', 'binary bc', 'binary def.']);
    assert.deepEqual(parse(hex('82 83 00 00 00 00 61 62 63'), { expectMasked: true }), ['binary abc.']);
  });

  it('stops before a frame where it is told to, whatever that is, and goes on from there', () => {
    const bytes = Buffer.concat([frame(OPCODE.binary, 'ab', false), frame(OPCODE.ping, 'p'), frame(OPCODE.continuation, ''), frame(OPCODE.binary, ''), frame(OPCODE.binary, 'cd')]);
    const whole = parse(bytes);
    // With each read so long, and a stop after each event.
    for (let length = 1; length <= bytes.length; length += 1) {
      const events: string[] = [];
      let stopped = false;
      const told = (event: string) => {
        events.push(event);
        stopped = true;
      };
      const parser = new FrameParser(
        { piece: (piece, last, kind) => told(`${kind} ${piece.toString('latin1')}${last ? '.' : ''}`), ping: (payload) => told(`ping ${payload.toString('latin1')}`), pong: () => assert.fail(), close: () => assert.fail() },
        { expectMasked: false, maxMessageBytes: 1000 },
      );
      for (let at = 0; at < bytes.length; ) {
        const read = Buffer.from(bytes.subarray(at, at + length));
        for (let from = 0; from < read.length; ) {
          const before = events.length;
          stopped = false;
          from += parser.push(read.subarray(from), () => stopped);
          assert.ok(events.length <= before + 1);
        }
        at += read.length;
      }
      if (length === bytes.length) assert.deepEqual(events, whole);
      assert.equal(events.join('').replaceAll(/binary |ping /gu, ''), whole.join('').replaceAll(/binary |ping /gu, ''));
    }
  });

  it('gives an empty message as one empty piece, and no empty pieces otherwise', () => {
    assert.deepEqual(parse(hex('82 00')), ['binary .']);
    assert.deepEqual(parse(hex('81 80 01 02 03 04'), { expectMasked: true }), ['text .']);
    assert.deepEqual(parse(Buffer.concat([frame(OPCODE.binary, '', false), frame(OPCODE.continuation, 'ab', false), frame(OPCODE.continuation, '')])), ['binary ab', 'binary .']);
    assert.deepEqual(parse(hex('82 00 82 00'), {}, [1, 1, 1, 1]), ['binary .', 'binary .']);
  });

  it('takes control frames between the fragments of a message', () => {
    const bytes = Buffer.concat([frame(OPCODE.text, 'a', false), frame(OPCODE.ping, 'p'), frame(OPCODE.continuation, 'b', false), frame(OPCODE.pong, ''), frame(OPCODE.continuation, 'c')]);
    const events = ['text a', 'ping p', 'text b', 'pong ', 'text c.'];
    assert.deepEqual(parse(bytes), events);
    assert.deepEqual(parse(bytes, {}, Array.from({ length: bytes.length }, () => 1)), events);
  });

  it('keeps a control payload that comes in pieces, and gives memory that stays as it is', () => {
    const bytes = Buffer.concat([frame(OPCODE.ping, 'x'.repeat(125)), frame(OPCODE.ping, 'y')]);
    const seen: Buffer[] = [];
    const ignore = () => undefined;
    const parser = new FrameParser({ piece: ignore, ping: (payload) => seen.push(payload), pong: ignore, close: ignore }, { expectMasked: false, maxMessageBytes: 0 });
    for (const byte of bytes) parser.push(Buffer.of(byte));
    assert.deepEqual(seen.map(String), ['x'.repeat(125), 'y']);
  });

  it('reads close frames: none, code alone, code and text', () => {
    assert.deepEqual(parse(frame(OPCODE.close)), ['close 1005 ']);
    assert.deepEqual(parse(hex('88 02 03 e8')), ['close 1000 ']);
    assert.deepEqual(parse(Buffer.concat([hex('88 04 0f a7'), Buffer.from('ok')])), ['close 4007 ok']);
    for (const code of [1000, 1003, 1007, 1011, 1012, 1014, 3000, 4999]) {
      const bytes = Buffer.concat([hex('88 02'), Buffer.of(code >> 8, code & 255)]);
      assert.deepEqual(parse(bytes), [`close ${code} `]);
    }
  });

  it('takes a message of exactly the limit, in as many fragments as are allowed', () => {
    assert.deepEqual(parse(frame(OPCODE.binary, 'abcd'), { maxMessageBytes: 4 }), ['binary abcd.']);
    const fragments = Buffer.concat([frame(OPCODE.binary, 'ab', false), frame(OPCODE.continuation, '', false), frame(OPCODE.continuation, 'cd')]);
    assert.deepEqual(parse(fragments, { maxMessageBytes: 4, maxFragments: 3 }), ['binary ab', 'binary cd.']);
    // The count starts anew with each message.
    assert.equal(parse(Buffer.concat([fragments, fragments]), { maxMessageBytes: 4, maxFragments: 3 }).length, 4);
  });
});

describe('violations', () => {
  it('of the first byte: reserved bits and unknown opcodes', () => {
    for (const bit of ['c2', 'a2', '92']) refused(hex(`${bit} 00`), ProtocolError, /reserved bit/u);
    for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) refused(Buffer.of(0x80 | opcode, 0), ProtocolError, /unknown opcode/u);
  });

  it('of masking, both ways', () => {
    refused(hex('82 80 00 00 00 00'), ProtocolError, /a server frame is masked/u);
    refused(hex('82 00'), ProtocolError, /a client frame is not masked/u, { expectMasked: true });
    refused(hex('89 00'), ProtocolError, /a client frame is not masked/u, { expectMasked: true });
  });

  it('of length: not the shortest form, or past 63 bits', () => {
    refused(hex('82 7e 00 7d'), ProtocolError, /shortest form/u);
    refused(hex('82 7f 00 00 00 00 00 00 ff ff'), ProtocolError, /shortest form/u);
    refused(hex('82 7f 80 00 00 00 00 00 00 01'), ProtocolError, /highest bit/u);
    refused(hex('82 7f ff ff ff ff ff ff ff ff'), ProtocolError, /highest bit/u);
  });

  it('of control frames: fragmented, or longer than 125 bytes', () => {
    for (const opcode of [OPCODE.close, OPCODE.ping, OPCODE.pong]) {
      refused(frame(opcode, '', false), ProtocolError, /fragmented/u);
      refused(hex(`8${opcode.toString(16)} 7e 00 7e`), ProtocolError, /longer than 125/u);
    }
  });

  it('of fragments: a continuation of nothing, a message inside another', () => {
    refused(frame(OPCODE.continuation, 'x'), ProtocolError, /without a message/u);
    refused(Buffer.concat([frame(OPCODE.binary, 'x'), frame(OPCODE.continuation, 'x')]), ProtocolError, /without a message/u);
    for (const opcode of [OPCODE.text, OPCODE.binary]) {
      refused(Buffer.concat([frame(OPCODE.binary, 'x', false), frame(opcode, 'y')]), ProtocolError, /inside another/u);
    }
  });

  it('of close frames: one byte, codes that may not be sent, a reason that is not UTF-8', () => {
    refused(hex('88 01 03'), ProtocolError, /one byte/u);
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535]) {
      refused(Buffer.concat([hex('88 02'), Buffer.of(code >> 8, code & 255)]), ProtocolError, new RegExp(`code ${code}`, 'u'));
    }
    refused(hex('88 04 03 e8 ff fe'), ProtocolError, /not UTF-8/u);
  });

  it('of size: a frame or a sum of fragments over the limit, before its payload comes', () => {
    refused(hex('82 05'), LimitError, /over 4 bytes/u, { maxMessageBytes: 4 });
    refused(hex('82 7f 7f ff ff ff ff ff ff ff'), LimitError, /over 1000 bytes/u);
    refused(Buffer.concat([frame(OPCODE.binary, 'abc', false), hex('80 02')]), LimitError, /over 4 bytes/u, { maxMessageBytes: 4 });
  });

  it('of count: too many fragments, though they are empty', () => {
    const fragments = [frame(OPCODE.binary, '', false), ...Array.from({ length: 3 }, () => frame(OPCODE.continuation, '', false))];
    refused(Buffer.concat(fragments), LimitError, /too many fragments/u, { maxFragments: 3 });
    const many = Buffer.concat([frame(OPCODE.binary, '', false), Buffer.alloc(2 * 16_384)]);
    assert.throws(() => parse(many), LimitError, 'there is a limit where none is given');
  });

  it('say what went wrong in one line, with the close code to send', () => {
    assert.throws(() => parse(hex('c2 00')), { closeCode: 1002, message: /^the other end broke the websocket protocol: [^\n]+$/u });
    assert.throws(() => parse(hex('82 05'), { maxMessageBytes: 4 }), { closeCode: 1009 });
  });
});
