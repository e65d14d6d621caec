// What a relay needs of a websocket besides: messages in pieces, and pings that are answered further away.
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { CloseInfo } from '../../../src/transport/connection.js';
import { frameHeader, OPCODE } from '../../../src/transport/frame-header.js';
import { WebSocketConnection, type Masking, type WebSocketOptions } from '../../../src/transport/websocket.js';
import { turns, until } from '../../support/fake-events.js';
import { FakeSocket } from '../../support/fake-socket.js';
import { framedByWs, readByWs } from '../../support/fake-ws.js';

const hex = (text: string) => Buffer.from(text).toString('hex');

interface Opened {
  readonly socket: FakeSocket;
  readonly connection: WebSocketConnection;
  readonly closes: CloseInfo[];
  /** What the connection has written, as ws reads it. */
  readonly wrote: () => string[];
  /** A control frame comes from the other end. */
  readonly control: (what: 'ping' | 'pong', payload: string) => Promise<void>;
}

function open(t: TestContext | undefined, options: Partial<WebSocketOptions> = {}): Opened {
  const socket = new FakeSocket();
  const masking = options.masking ?? 'none';
  const connection = new WebSocketConnection(socket, Buffer.alloc(0), { masking, maxMessageBytes: 1000, ...options });
  const closes: CloseInfo[] = [];
  t?.after(() => connection.destroy());
  connection.attach({ piece: () => undefined, closed: (info) => closes.push(info) });
  return {
    socket,
    connection,
    closes,
    wrote: () => readByWs([socket.bytes], { isServer: masking !== 'none', maxPayload: 2 ** 30 }).read,
    control: async (what, payload) => {
      socket.arrive(framedByWs([{ what, payload: Buffer.from(payload) }], masking === 'none'));
      await turns(2);
    },
  };
}

describe('the header of a frame that is not the last of its message', () => {
  it('is as RFC 6455 section 5.2 draws it, for every form of the length', () => {
    const key = Buffer.from('01020304', 'hex');
    const cases = [
      [OPCODE.binary, 0, undefined, '0200'],
      [OPCODE.binary, 125, undefined, '027d'],
      [OPCODE.binary, 126, undefined, '027e007e'],
      [OPCODE.continuation, 65_535, undefined, '007effff'],
      [OPCODE.continuation, 65_536, undefined, '007f0000000000010000'],
      [OPCODE.text, 5, undefined, '0105'],
      [OPCODE.binary, 3, key, '028301020304'],
      [OPCODE.continuation, 300, key, '00fe012c01020304'],
    ] as const;
    for (const [opcode, length, mask, expected] of cases) {
      assert.equal(frameHeader(opcode, length, mask, false).toString('hex'), expected);
      const last = frameHeader(opcode, length, mask, true);
      assert.equal(last[0], (Number.parseInt(expected.slice(0, 2), 16)) | 0x80);
      assert.deepEqual(frameHeader(opcode, length, mask), last);
    }
  });
});

describe('a message in pieces', () => {
  it('is fragments: binary, then continuations, the last of which ends it', (t) => {
    const { connection, socket } = open(t);
    connection.sendPiece(Buffer.from('a'), { first: true, last: false });
    connection.sendPiece(Buffer.from('bc'), { first: false, last: false });
    connection.sendPiece(Buffer.alloc(0), { first: false, last: true });
    connection.sendPiece(Buffer.from('d'), { first: true, last: true });
    assert.equal(socket.bytes.toString('hex'), '020161' + '00026263' + '8000' + '820164');
  });

  it('is one message to ws, however it is cut, masked or not, with pings and pongs in it', async () => {
    const piece = fc.tuple(fc.oneof(fc.nat(40), fc.constantFrom(125, 126, 65_536)), fc.nat(255)).map(([length, first]) => Buffer.from(Array.from({ length }, (_, index) => (first + index * 7) & 0xff)));
    const control = fc.option(fc.tuple(fc.constantFrom('ping' as const, 'pong' as const), fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme-ascii' })), { nil: undefined });
    const message = fc.array(fc.tuple(piece, control), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(fc.array(message, { maxLength: 4 }), fc.constantFrom<Masking>('none', 'zero', 'random'), async (messages, masking) => {
        const { connection, wrote } = open(undefined, { masking });
        const expected: string[] = [];
        let written = 0;
        for (const pieces of messages) {
          const whole = Buffer.concat(pieces.map(([bytes]) => bytes));
          pieces.forEach(([bytes, between], index) => {
            connection.sendPiece(Buffer.from(bytes), { first: index === 0, last: index === pieces.length - 1 }, () => (written += 1));
            if (between === undefined) return;
            const [what, text] = between;
            connection.sendControl(what, Buffer.from(text));
            // ws tells of a control frame within a message before the message.
            if (index < pieces.length - 1) expected.push(`${what} ${hex(text)}`);
          });
          expected.push(`binary ${whole.toString('hex')}`);
          const behind = pieces.at(-1)?.[1];
          if (behind !== undefined) expected.push(`${behind[0]} ${hex(behind[1])}`);
        }
        await turns(2);
        assert.deepEqual(wrote(), expected);
        assert.equal(written, messages.flat().length);
        connection.destroy();
      }),
      { numRuns: 100 },
    );
  });

  it('says that the socket is behind, and when it no longer is', async (t) => {
    const { connection, socket } = open(t, { highWaterBytes: 1000 });
    assert.equal(connection.sendPiece(Buffer.alloc(100), { first: true, last: false }), true);
    socket.stall();
    await turns();
    assert.equal(connection.sendPiece(Buffer.alloc(500), { first: false, last: false }), true);
    assert.equal(connection.sendPiece(Buffer.alloc(500), { first: false, last: true }), false);
    let drained = false;
    void connection.drained().then(() => (drained = true));
    await turns();
    assert.equal(drained, false);
    for (let i = 0; i < 6; i += 1) {
      socket.flow();
      await turns(1);
    }
    assert.equal(drained, true);
    assert.equal(connection.buffered, 0);
  });

  it('may be closed in the middle: nothing of it comes after the close, and all of it counts as written', async (t) => {
    const { connection, wrote, closes, socket } = open(t);
    let written = 0;
    connection.sendPiece(Buffer.from('a'), { first: true, last: false }, () => (written += 1));
    connection.close(4005, '');
    connection.sendPiece(Buffer.from('b'), { first: false, last: true }, () => (written += 1));
    connection.sendControl('ping', Buffer.from('x'));
    await turns();
    assert.deepEqual(wrote(), ['close 4005 ']);
    assert.equal(written, 2);
    connection.destroy();
    await until(() => closes.length > 0);
    connection.sendPiece(Buffer.from('c'), { first: true, last: true }, () => (written += 1));
    assert.equal(written, 3);
    assert.equal(socket.bytes.length, 3 + 4);
  });
});

describe('pings that are carried on', () => {
  const carried = (t: TestContext) => {
    const opened = open(t);
    const told: string[] = [];
    opened.connection.carryPings({ ping: (payload) => told.push(`ping ${String(payload)}`), pong: (payload) => told.push(`pong ${String(payload)}`) });
    return { ...opened, told };
  };

  it('are told of and not answered, where they have a payload', async (t) => {
    const { control, told, wrote } = carried(t);
    await control('ping', 'one');
    await control('ping', 'x'.repeat(125));
    assert.deepEqual(told, ['ping one', `ping ${'x'.repeat(125)}`]);
    assert.deepEqual(wrote(), []);
  });

  it('are answered here, where they have none: those ask for this way alone', async (t) => {
    const { control, told, wrote } = carried(t);
    await control('ping', '');
    await control('pong', '');
    assert.deepEqual([told, wrote()], [[], ['pong ']]);
  });

  it('come with the pongs to those that were passed on, and not with those to our own', async (t) => {
    const { connection, control, told, wrote } = carried(t);
    const ours = connection.ping();
    const [line = ''] = wrote();
    const payload = Buffer.from(line.replace('ping ', ''), 'hex').toString();
    await control('pong', 'of another');
    await control('pong', payload);
    assert.ok((await ours) >= 0);
    assert.deepEqual(told, ['pong of another']);
    // The second time it answers none of ours.
    await control('pong', payload);
    assert.deepEqual(told, ['pong of another', `pong ${payload}`]);
  });

  it('are answered until somebody carries them', async (t) => {
    const { connection, control, wrote } = open(t);
    await control('ping', 'one');
    const told: string[] = [];
    connection.carryPings({ ping: (payload) => told.push(String(payload)), pong: () => undefined });
    await control('ping', 'two');
    assert.deepEqual([wrote(), told], [[`pong ${hex('one')}`], ['two']]);
  });

  it('are sent with the payload of another, both kinds', (t) => {
    for (const masking of ['none', 'zero', 'random'] as const) {
      const { connection, wrote } = open(t, { masking });
      connection.sendControl('ping', Buffer.from('far'));
      connection.sendControl('pong', Buffer.from('away'));
      assert.deepEqual(wrote(), [`ping ${hex('far')}`, `pong ${hex('away')}`]);
    }
  });
});

describe('a pause in the middle of what was read', () => {
  const messages = framedByWs(['1', '2', '3', '4'].map((text) => ({ what: 'binary' as const, fragments: [Buffer.from(text)] })), true);

  /** A connection that pauses at the second message. */
  function pausing(t: TestContext, forwards: boolean, head = Buffer.alloc(0)) {
    const socket = new FakeSocket();
    const connection = new WebSocketConnection(socket, head, { masking: 'none', maxMessageBytes: 1000 });
    t.after(() => connection.destroy());
    const got: string[] = [];
    if (forwards) connection.carryPings({ ping: (payload) => got.push(`ping ${payload.toString()}`), pong: () => undefined });
    connection.attach({
      piece: (bytes) => {
        got.push(bytes.toString());
        if (got.length === 2) connection.pause();
      },
      closed: ({ code }) => got.push(`closed ${code}`),
    });
    return { socket, connection, got };
  }

  const ways = [['at once', 0], ['with the request', messages.length], ['in the request and behind it', 10]] as const;
  for (const [how, early] of ways) {
    it(`leaves the rest for later where messages are passed on (${how})`, async (t) => {
      const { socket, connection, got } = pausing(t, true, Buffer.from(messages.subarray(0, early)));
      if (early < messages.length) socket.arrive(messages.subarray(early));
      await until(() => got.length >= 2);
      await turns();
      assert.deepEqual(got, ['1', '2']);
      connection.resume();
      connection.pause();
      await turns();
      assert.deepEqual(got, ['1', '2']);
      connection.resume();
      await until(() => got.length >= 4);
      assert.deepEqual(got, ['1', '2', '3', '4']);
      assert.equal(connection.wireBytes.received, messages.length, 'each byte counts once');
      socket.arrive(framedByWs([{ what: 'ping', payload: Buffer.from('p') }], true));
      await until(() => got.length >= 5);
      assert.equal(got[4], 'ping p');
    });
  }

  it('is no pause of what has come where they are not', async (t) => {
    const { socket, got } = pausing(t, false);
    socket.arrive(Buffer.from(messages));
    await turns();
    assert.deepEqual(got, ['1', '2', '3', '4']);
  });

  it('does not keep a close from being seen by who closes, too', async (t) => {
    const { socket, connection, got } = pausing(t, true);
    socket.arrive(Buffer.concat([messages, framedByWs([{ what: 'close', code: 1000, reason: '' }], true)]));
    await turns();
    connection.close(1012, '');
    await until(() => got.some((line) => line.startsWith('closed')));
  });
});
