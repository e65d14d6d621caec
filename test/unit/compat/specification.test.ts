// PROTOCOL.md is a promise to others: its hex and its tables are held against the vectors and the code.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { buildEof, buildInit, closeForError, COMPAT_CHUNK_BYTES, COMPAT_MESSAGE_MAX, CONTROL_MESSAGE_MAX, errorFromClose, parseEof, parseInit } from '../../../src/compat/messages.js';
import { CompatReceiverMachine } from '../../../src/compat/receiver-machine.js';
import { sha256 } from '../../../src/crypto/checksum.js';
import { errorFromPeer, LimitError } from '../../../src/errors.js';
import { closePayload, frameHeader, OPCODE } from '../../../src/transport/frame-header.js';
import { FrameParser } from '../../../src/transport/frame-parser.js';
import { RECEIVER_CLOSE_MS } from '../../../src/transfer/send-compat.js';
import { hexBlock, table, VECTORS } from './specification.js';

const hashOf = (hex = '') => createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex');

describe('the hex of PROTOCOL.md', () => {
  for (const [heading, vectors] of [['Messages', VECTORS.messages], ['Payloads of close frames', VECTORS.closes], ['A session', VECTORS.session]] as const) {
    it(`under "${heading}" is that of compat.json, no more and no less`, () => {
      assert.ok(vectors.length > 0);
      assert.deepEqual(hexBlock(heading), new Map(vectors.map(({ name, hex }) => [name, hex])));
    });
  }
});

describe('the vectors', () => {
  for (const { name, of, by, size = 0, content, hex } of VECTORS.messages) {
    const bytes = Buffer.from(hex, 'hex');
    it(`${name} is read${by === 'ours' ? ', and written' : ''}`, () => {
      if (of === 'init') assert.deepEqual(parseInit(bytes), { size });
      else assert.equal(parseEof(bytes), hashOf(content));
      const written = of === 'init' ? buildInit(size) : buildEof(hashOf(content));
      assert.equal(written.equals(bytes), by === 'ours');
    });
  }

  for (const { name, by, means, peerIs = 'sender', hex } of VECTORS.closes) {
    const payload = Buffer.from(hex, 'hex');
    const [code, reason] = [payload.readUInt16BE(0), payload.subarray(2).toString()];
    it(`close "${name}" means ${means ?? 'a good end'}${by === 'ours' ? ', and is written' : ''}`, () => {
      assert.equal(errorFromClose(code, reason, peerIs)?.code ?? null, means);
      if (by !== 'ours' || means === null) return;
      const limit = new LimitError('limit-inbound', reason);
      const close = closeForError(means === 'limit-inbound' ? limit : errorFromPeer(means, 'x'));
      assert.deepEqual(closePayload(close.code, close.reason).toString('hex'), hex);
    });
  }

  it('of a limit have the words of the receiver', () => {
    const machine = new CompatReceiverMachine(999, sha256());
    const [effect] = machine.handle({ kind: 'piece', bytes: buildInit(1000), last: true, text: false });
    assert.ok(effect?.kind === 'fail');
    const { code, reason } = closeForError(effect.error);
    assert.equal(closePayload(code, reason).toString('hex'), VECTORS.closes.find(({ name }) => name.startsWith('1000 bytes'))?.hex);
  });

  it('of a session are the frames of its messages, and are received', () => {
    const messages = [buildInit(3), Buffer.from('abc'), buildEof(hashOf('616263'))];
    const machine = new CompatReceiverMachine(1000, sha256());
    const wishes: string[] = [];
    const parser = new FrameParser(
      {
        piece: (bytes, last, kind) => wishes.push(...machine.handle({ kind: 'piece', bytes, last, text: kind === 'text' }).map((effect) => effect.kind)),
        ping: () => wishes.push('ping'),
        pong: () => wishes.push('pong'),
        close: () => wishes.push('close'),
      },
      { expectMasked: false, maxMessageBytes: COMPAT_MESSAGE_MAX },
    );
    VECTORS.session.forEach(({ opcode, hex }, index) => {
      const message = messages[index] ?? Buffer.alloc(0);
      assert.equal(Buffer.concat([frameHeader(OPCODE[opcode], message.length), message]).toString('hex'), hex);
      parser.push(Buffer.from(hex, 'hex'));
    });
    assert.deepEqual(wishes, ['started', 'write', 'commit']);
  });
});

describe('the tables of PROTOCOL.md', () => {
  it('have the numbers of the code', () => {
    const said = Object.fromEntries(table('name', 'value', 'what').map(([name = '', value = '']) => [name, Number(value.replaceAll(',', ''))] as const));
    assert.deepEqual(said, { COMPAT_CHUNK_BYTES, COMPAT_MESSAGE_MAX, CONTROL_MESSAGE_MAX, RECEIVER_CLOSE_MS });
  });

  it('say what the code makes of every close', () => {
    const rows = table('close', 'reason says');
    assert.ok(rows.length > 8);
    for (const [close = '', says = '', fromSender = '', fromReceiver = ''] of rows) {
      const code = close === 'any other' ? 4000 : parseInt(close, 10);
      const peerCode = /^code of (\S+)$/.exec(says)?.[1];
      const names = peerCode === undefined ? says.split(', ') : ['x'];
      for (const name of names) {
        const reason = name === '' || name === 'text' ? name : JSON.stringify({ type: 'error', error: name, ...(peerCode === undefined ? {} : { code: peerCode }) });
        for (const [peerIs, expected] of [['sender', fromSender], ['receiver', fromReceiver]] as const) {
          assert.equal(errorFromClose(code, reason, peerIs)?.code, expected.startsWith('good end') ? undefined : expected, `${close} ${says} by the ${peerIs}`);
        }
      }
    }
  });
});
