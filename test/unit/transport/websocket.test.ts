import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { LimitError, ProtocolError, TimeoutError } from '../../../src/errors.js';
import type { CloseInfo } from '../../../src/transport/connection.js';
import { WebSocketConnection, type WebSocketOptions } from '../../../src/transport/websocket.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns, until } from '../../support/fake-events.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { framedByWs, readByWs } from '../../support/fake-ws.js';

interface Opened {
  readonly socket: FakeSocket;
  readonly connection: WebSocketConnection;
  readonly messages: string[];
  readonly closes: CloseInfo[];
  attach(): void;
  /** What the connection has written, as ws reads it. */
  wrote(): string[];
}

/** A server's end: what arrives must be masked. */
function open(t: TestContext, options: Partial<WebSocketOptions> = {}, head = ''): Opened {
  const socket = new FakeSocket();
  const connection = new WebSocketConnection(socket, Buffer.from(head, 'latin1'), { masking: 'none', maxMessageBytes: 1000, ...options });
  const messages: string[] = [];
  const closes: CloseInfo[] = [];
  t.after(() => connection.destroy());
  return {
    socket,
    connection,
    messages,
    closes,
    attach: () => connection.attach({ piece: (bytes) => messages.push(bytes.toString('latin1')), closed: (info) => closes.push(info) }),
    wrote: () => readByWs([socket.bytes], { isServer: options.masking !== undefined, maxPayload: 2 ** 30 }).read,
  };
}

const binary = (text: string) => framedByWs([{ what: 'binary', fragments: [Buffer.from(text)] }], true);
const control = (what: 'ping' | 'pong', text: string) => framedByWs([{ what, payload: Buffer.from(text) }], true);
const close = (code: number, reason: string) => framedByWs([{ what: 'close', code, reason }], true);
const hex = (text: string) => Buffer.from(text).toString('hex');

describe('liveness', () => {
  it('sends a ping every 15 s, and counts a peer as dead after 45 s of silence, no sooner', async (t) => {
    const clock = fakeClock(t);
    const opened = open(t);
    opened.attach();
    clock.advance(14_999);
    assert.deepEqual(opened.wrote(), []);
    clock.advance(5_001);
    assert.deepEqual(opened.wrote(), ['ping ']);
    clock.advance(25_000);
    assert.equal(opened.socket.destroyed, false);
    clock.advance(5_000);
    assert.equal(opened.socket.destroyed, true);
    await turns();
    const [info] = opened.closes;
    assert.deepEqual([info?.by, info?.code], ['link', 1006]);
    assert.ok(info?.cause instanceof TimeoutError && info.cause.code === 'timeout-idle');
    assert.match(info.cause.message, /silent for 45 s/u);
  });

  it('keeps a peer that answers, or sends anything', async (t) => {
    const clock = fakeClock(t);
    const opened = open(t);
    opened.attach();
    for (let minute = 0; minute < 10; minute += 1) {
      clock.advance(40_000);
      opened.socket.arrive(control('pong', ''));
      await turns(2);
    }
    assert.equal(opened.socket.destroyed, false);
    assert.ok(opened.wrote().length >= 20);
  });

  it('keeps a peer that is slow but takes what we send, and drops one that takes nothing', async (t) => {
    const clock = fakeClock(t);
    const opened = open(t);
    opened.attach();
    opened.socket.stall();
    for (let i = 0; i < 100; i += 1) opened.connection.send([Buffer.alloc(10_000)], 'binary');
    for (let i = 0; i < 10; i += 1) {
      clock.advance(40_000);
      opened.socket.flow();
      opened.socket.stall();
      await turns(2);
      opened.connection.send([Buffer.alloc(10_000)], 'binary');
    }
    assert.equal(opened.socket.destroyed, false);
    clock.advance(55_000);
    assert.equal(opened.socket.destroyed, true);
  });

  it('does not blame the peer for time in which this end did not listen, or slept', async (t) => {
    const clock = fakeClock(t);
    const opened = open(t);
    opened.attach();
    opened.connection.pause();
    clock.advance(300_000);
    opened.connection.resume();
    clock.advance(44_000);
    assert.equal(opened.socket.destroyed, false);
    // One tick that comes ten minutes late.
    clock.sleep(600_000);
    assert.equal(opened.socket.destroyed, false);
    clock.advance(55_000);
    assert.equal(opened.socket.destroyed, true);
    await turns();
    assert.equal(opened.closes.length, 1);
  });

  it('takes the idle limit that it is given', (t) => {
    const clock = fakeClock(t);
    const opened = open(t, { idleLimitMs: 8_000 });
    opened.attach();
    clock.advance(5_000);
    assert.equal(opened.socket.destroyed, false);
    clock.advance(5_000);
    assert.equal(opened.socket.destroyed, true);
  });

  it('leaves no timer behind, whether it is attached before or after the end', async (t) => {
    const clock = fakeClock(t);
    for (const late of [false, true]) {
      const opened = open(t);
      if (!late) opened.attach();
      opened.connection.destroy();
      await turns();
      if (late) opened.attach();
      await turns();
      assert.equal(opened.closes.length, 1);
      assert.equal(clock.timers, 0);
      assert.deepEqual(opened.wrote(), []);
    }
  });
});

describe('answers to pings', () => {
  it('carry the payload of each', async (t) => {
    const opened = open(t);
    opened.attach();
    for (const text of ['one', '', 'two']) opened.socket.arrive(control('ping', text));
    await turns();
    assert.deepEqual(opened.wrote(), [`pong ${hex('one')}`, 'pong ', `pong ${hex('two')}`]);
  });

  it('do not pile up behind a peer that pings and never reads; the latest ping is answered', async (t) => {
    const opened = open(t);
    opened.attach();
    opened.socket.stall();
    for (let i = 0; i < 5_000; i += 1) opened.socket.arrive(control('ping', `${i}`.padStart(125)));
    await turns(20);
    assert.ok(opened.connection.buffered < 100 * 127, `${opened.connection.buffered} bytes of answers wait`);
    for (let i = 0; i < 400; i += 1) {
      opened.socket.flow();
      await turns(1);
    }
    assert.equal(opened.wrote().at(-1), `pong ${hex('4999'.padStart(125))}`);
  });
});

describe('the closing handshake', () => {
  it('answers a close with its code, delivers nothing after it, and ends', async (t) => {
    const opened = open(t);
    opened.attach();
    opened.socket.arrive(Buffer.concat([binary('before'), close(4007, 'why'), binary('after')]));
    await turns();
    assert.deepEqual(opened.wrote(), ['close 4007 ']);
    assert.ok(opened.socket.writableEnded);
    opened.socket.push(null);
    await until(() => opened.closes.length > 0);
    assert.deepEqual(opened.closes, [{ by: 'peer', code: 4007, reason: 'why' }]);
    assert.deepEqual(opened.messages, ['before']);
  });

  it('answers a close without a code in kind', async (t) => {
    const opened = open(t);
    opened.attach();
    opened.socket.arrive(Buffer.from('888000000000', 'hex'));
    await turns();
    assert.deepEqual(opened.wrote(), ['close 1005 ']);
    opened.socket.push(null);
    await until(() => opened.closes.length > 0);
    assert.equal(opened.closes[0]?.code, 1005);
  });

  it('waits two seconds for the answer, and no longer for a peer that takes nothing', async (t) => {
    const clock = fakeClock(t);
    for (const stalled of [false, true]) {
      const opened = open(t);
      opened.attach();
      if (stalled) opened.socket.stall();
      opened.connection.send([Buffer.alloc(100)], 'binary');
      opened.connection.close(1000, '');
      clock.advance(1_999);
      assert.equal(opened.socket.destroyed, false);
      assert.equal(opened.wrote().includes('close 1000 '), !stalled);
      clock.advance(1);
      assert.equal(opened.socket.destroyed, true);
      await turns();
      assert.deepEqual(opened.closes.map(({ by, code }) => [by, code]), [['us', 1000]]);
      assert.equal(clock.timers, 0);
    }
  });

  it('cuts a reason to what a control frame holds, between characters', (t) => {
    for (const reason of ['x'.repeat(500), 'ü'.repeat(100), '€'.repeat(60), '𝄞'.repeat(40)]) {
      const opened = open(t);
      opened.attach();
      opened.connection.close(1011, reason);
      const [line = ''] = opened.wrote();
      const [, code, text = ''] = line.split(' ');
      assert.equal(code, '1011');
      assert.ok(text.length > 0 && reason.startsWith(text));
      assert.ok(Buffer.byteLength(text) > 119 && Buffer.byteLength(text) <= 123, `${Buffer.byteLength(text)} bytes`);
    }
  });
});

describe('a peer that breaks the protocol', () => {
  const cases = [
    ['an unmasked frame', Buffer.from('8200', 'hex'), 1002, ProtocolError],
    ['a reserved bit', Buffer.from('c28000000000', 'hex'), 1002, ProtocolError],
    ['a message over the limit', Buffer.from('82fe03e9', 'hex'), 1009, LimitError],
  ] as const;
  for (const [what, bytes, code, type] of cases) {
    it(`is told ${code} for ${what}; nothing more is read`, async (t) => {
      const opened = open(t);
      opened.attach();
      opened.socket.arrive(Buffer.concat([binary('good'), bytes.subarray(0, 4), Buffer.alloc(4), binary('after')]));
      await turns();
      opened.socket.arrive(binary('later'));
      await turns();
      assert.match(opened.wrote()[0] ?? '', new RegExp(`^close ${code} the other end`, 'u'));
      opened.socket.push(null);
      await until(() => opened.closes.length > 0);
      assert.deepEqual(opened.messages, ['good']);
      const [info] = opened.closes;
      assert.deepEqual([info?.by, info?.code], ['us', code]);
      assert.ok(info?.cause instanceof type);
    });
  }

  it('an exception of the handler closes with 1011', async (t) => {
    const opened = open(t);
    opened.connection.attach({
      piece: () => {
        throw new Error('a bug');
      },
      closed: (info) => opened.closes.push(info),
    });
    opened.socket.arrive(binary('x'));
    await turns();
    opened.socket.push(null);
    await until(() => opened.closes.length > 0);
    assert.match(opened.wrote()[0] ?? '', /^close 1011/u);
    assert.match(String(opened.closes[0]?.cause), /a bug/u);
  });
});

it('reads the head first, and not before it is attached or while it is paused', async (t) => {
  const opened = open(t, {}, binary('head').toString('latin1'));
  opened.socket.arrive(binary('next'));
  await turns();
  opened.connection.pause();
  opened.attach();
  await turns();
  assert.deepEqual(opened.messages, []);
  opened.connection.resume();
  await turns();
  assert.deepEqual(opened.messages, ['head', 'next']);
});

it('masks with a key of zeros, or another for every frame, as it is told', (t) => {
  const zero = open(t, { masking: 'zero' });
  zero.connection.send([Buffer.from('abc')], 'binary');
  assert.equal(zero.socket.bytes.toString('hex'), '828300000000616263');
  const random = open(t, { masking: 'random' });
  for (let i = 0; i < 20; i += 1) random.connection.send([Buffer.from('abc')], 'binary');
  const keys = new Set(Array.from({ length: 20 }, (_, index) => random.socket.bytes.subarray(index * 9 + 2, index * 9 + 6).toString('hex')));
  assert.ok(keys.size >= 19 && !keys.has('00000000'));
  assert.deepEqual(random.wrote(), Array.from({ length: 20 }, () => `binary ${hex('abc')}`));
});
