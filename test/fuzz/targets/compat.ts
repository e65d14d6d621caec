/**
 * Messages of the reference's wire into the machine that receives them, cut as the input says, and close frames: only our
 * errors come of it, and exactly the announced bytes are written.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { buildEof, buildInit, errorFromClose, isEof, parseEof, parseInit } from '../../../src/compat/messages.js';
import { CompatReceiverMachine } from '../../../src/compat/receiver-machine.js';
import { ProtocolError, StreamerError } from '../../../src/errors.js';
import { headed, orRefused, type FuzzTarget } from '../target.js';

const LIMIT = 1000;
const isRefusal = (error: unknown) => error instanceof ProtocolError;

function receive(bytes: Buffer): void {
  const hash = createHash('sha256');
  const machine = new CompatReceiverMachine(LIMIT, { update: (some) => void hash.update(some), hex: () => hash.copy().digest('hex') });
  let [written, announced] = [0, 0];
  for (let at = 0; at + 2 <= bytes.length; ) {
    const head = bytes.readUInt16BE(at);
    const length = head & 0x3ff;
    const piece = bytes.subarray(at + 2, at + 2 + length);
    at += 2 + length;
    for (const effect of machine.handle({ kind: 'piece', bytes: piece, last: (head & 0x400) !== 0, text: (head & 0x800) !== 0 })) {
      if (effect.kind === 'started') announced = effect.size;
      if (effect.kind === 'write') {
        assert.equal(effect.offset, written, 'in order');
        written += effect.bytes.length;
        assert.ok(written <= announced && written <= LIMIT);
      }
      if (effect.kind === 'commit') {
        assert.equal(written, announced);
        machine.handle({ kind: 'committed' });
      }
      if (effect.kind === 'fail') {
        assert.ok(effect.error instanceof StreamerError);
        assert.ok(!/[\n\r]/u.test(effect.error.message));
      }
    }
  }
}

function piece(bytes: Buffer, flags: number): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(bytes.length | (flags << 10));
  return Buffer.concat([head, bytes]);
}

const EMPTY_SHA256 = createHash('sha256').digest('hex');
const ABC_SHA256 = createHash('sha256').update('abc').digest('hex');

export const target: FuzzTarget = {
  maxBytes: 2048,
  seeds: () => [
    Buffer.concat([Buffer.of(0), buildInit(5)]),
    Buffer.concat([Buffer.of(0), buildEof(EMPTY_SHA256)]),
    Buffer.concat([Buffer.of(1), piece(buildInit(0), 1), piece(buildEof(EMPTY_SHA256), 3)]),
    Buffer.concat([Buffer.of(1), piece(buildInit(3), 1), piece(Buffer.from('ab'), 0), piece(Buffer.from('c'), 1), piece(buildEof(ABC_SHA256), 1)]),
    ...[
      '{"type":"error","error":"FileNotFoundError"}',
      '{"type":"error","error":"Checksum mismatch","code":"integrity-digest"}',
    ].flatMap((reason) => [1000, 1011, 3003, 1009].map((code) => Buffer.concat([Buffer.of(2, code >> 8, code & 255), Buffer.from(reason)]))),
  ],
  fuzz: (data) => {
    const [head, rest] = headed(data);
    if (head % 3 === 0) {
      orRefused(() => parseInit(rest), isRefusal);
      const eof = orRefused(() => parseEof(rest), isRefusal);
      if (eof !== undefined) assert.ok(isEof(rest) && /^[0-9a-f]{64}$/u.test(eof));
    } else if (head % 3 === 1) receive(rest);
    else {
      const code = rest.length < 2 ? 0 : rest.readUInt16BE(0);
      for (const peerIs of ['sender', 'receiver'] as const) {
        const error = errorFromClose(code, rest.subarray(2).toString('utf8'), peerIs);
        assert.ok(error === undefined || (error instanceof StreamerError && !/[\n\r]/u.test(error.message)));
      }
    }
  },
};
