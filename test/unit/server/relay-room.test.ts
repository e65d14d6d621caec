import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { AuthError, ConnectError, LimitError, ProtocolError, type StreamerError } from '../../../src/errors.js';
import { RelayRoom } from '../../../src/server/relay-room.js';
import { listen, type Admission } from '../../../src/transport/listen.js';
import { roomOf, roomOfHeader, writePairedNotice } from '../../../src/transport/rendezvous.js';
import type { WebSocketConnection } from '../../../src/transport/websocket.js';
import { Recorder } from '../../conformance/connection.js';
import { turns, until } from '../../support/fake-events.js';

const HOST = '127.0.0.1';
const KEY = Buffer.alloc(32, 7);
const ADMITTED: Admission = { admitted: true, headers: ['Streamer-Protocol: 2'], tag: '', options: { masking: 'none', maxMessageBytes: 1000 } };
const refused = (status: number, text = 'because'): Admission => ({ admitted: false, status, text });

interface FakeRelay {
  readonly port: number;
  /** Connections that were let in, in order. */
  readonly waiting: WebSocketConnection[];
  readonly asked: { readonly room: string | undefined; readonly authorization: string | undefined; readonly path: string }[];
  /** What the next requests get. */
  answer: () => Admission;
}

/** A relay that answers as the test says, and says what the test says. */
async function fakeRelay(t: TestContext, said: (connection: WebSocketConnection) => void = () => undefined): Promise<FakeRelay> {
  const waiting: WebSocketConnection[] = [];
  const asked: FakeRelay['asked'] = [];
  const relay = { port: 0, waiting, asked, answer: () => ADMITTED };
  const listener = await listen({
    host: HOST,
    ports: [0, 0],
    admit: ({ authorization, path }, caller) => {
      asked.push({ room: roomOfHeader(caller.header('Streamer-Host')), authorization, path });
      return relay.answer();
    },
    connected: (connection) => {
      waiting.push(connection);
      said(connection);
    },
  });
  relay.port = listener.port;
  t.after(async () => {
    for (const connection of waiting) connection.destroy();
    await listener.close();
  });
  return relay;
}

interface Room {
  readonly room: RelayRoom;
  /** What each client says, from its first message on. */
  readonly joined: { readonly client: Recorder; readonly remote: string }[];
  readonly notices: string[];
  readonly refusals: StreamerError[];
}

function roomAt(t: TestContext, port: number, token?: string): Room {
  const joined: Room['joined'] = [];
  const notices: string[] = [];
  const refusals: StreamerError[] = [];
  const room = new RelayRoom({
    url: `ws://${HOST}:${port}/below`,
    token,
    hostKey: KEY,
    ca: undefined,
    joined: (connection, remote) => joined.push({ client: new Recorder(connection), remote }),
    notice: (message) => notices.push(message),
    refused: (error) => refusals.push(error),
  });
  t.after(() => {
    room.close();
    for (const { client } of joined) client.connection.destroy();
  });
  return { room, joined, notices, refusals };
}

const pair = (connection: WebSocketConnection | undefined, waiting = 0) => void connection?.send([writePairedNotice({ remote: '192.0.2.7:4711', waiting })], 'text');
const hear = (connection: WebSocketConnection | undefined) => new Recorder(connection ?? assert.fail());

describe('a place at a relay', () => {
  it('is opened by the key of its room, with the token where there is one, at /wait below the URL', async (t) => {
    const relay = await fakeRelay(t);
    await roomAt(t, relay.port).room.open(undefined);
    await roomAt(t, relay.port, 'the-token').room.open(undefined);
    assert.deepEqual(relay.asked, [undefined, 'Bearer the-token'].map((authorization) => ({ room: roomOf(KEY), authorization, path: '/below/wait' })));
  });

  it('has one connection wait; when a client joins it, that is handed on and another takes its place', async (t) => {
    const relay = await fakeRelay(t);
    const { room, joined } = roomAt(t, relay.port);
    await room.open(undefined);
    for (let i = 0; i < 3; i += 1) {
      await until(() => relay.waiting.length === i + 1);
      pair(relay.waiting[i]);
      relay.waiting[i]?.send([Buffer.from('first message')], 'binary');
      await until(() => joined.length === i + 1);
      assert.equal(joined[i]?.remote, '192.0.2.7:4711');
      assert.deepEqual((await joined[i]?.client.arrived(1))?.map(String), ['first message']);
    }
    await until(() => relay.waiting.length === 4);
    await turns(50);
    assert.equal(relay.waiting.length, 4);
  });

  it('has as many more wait as clients are in line, and never more than 64, without a word on standard error', async (t) => {
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    t.after(() => process.off('warning', note));
    const relay = await fakeRelay(t);
    const { room } = roomAt(t, relay.port);
    await room.open(undefined);
    pair(relay.waiting[0], 2);
    await until(() => relay.waiting.length === 4);
    await sleep(50);
    assert.equal(relay.waiting.length, 4);
    pair(relay.waiting[1], 1e9);
    await until(() => relay.waiting.length === 2 + 64);
    await sleep(100);
    assert.equal(relay.waiting.length, 2 + 64);
    assert.deepEqual(warnings, []);
  });

  it('has another take its place even when a client comes with the answer', async (t) => {
    const relay = await fakeRelay(t, (connection) => {
      if (relay.waiting.length <= 4) pair(connection);
    });
    const { room, joined } = roomAt(t, relay.port);
    await room.open(undefined);
    await until(() => joined.length === 4 && relay.waiting.length === 5);
  });

  it('hands on what comes in one read with the notice', async (t) => {
    const relay = await fakeRelay(t);
    const { room, joined } = roomAt(t, relay.port);
    await room.open(undefined);
    const [connection] = relay.waiting;
    pair(connection);
    for (let i = 0; i < 5; i += 1) connection?.send([Buffer.of(i)], 'binary');
    await until(() => joined.length === 1);
    assert.deepEqual(Buffer.concat((await joined[0]?.client.arrived(5)) ?? []), Buffer.from([0, 1, 2, 3, 4]));
  });

  it('dials again when a connection is lost, and is left for good', async (t) => {
    const relay = await fakeRelay(t);
    const { room } = roomAt(t, relay.port);
    await room.open(undefined);
    relay.waiting[0]?.destroy();
    await until(() => relay.waiting.length === 2);
    const left = hear(relay.waiting[1]);
    // So that it knows that it is let in.
    await sleep(50);
    room.close();
    assert.equal((await left.closed()).code, 1000);
    await sleep(400);
    assert.equal(relay.asked.length, 2);
  });

  it('leaves pairs alone when it is left', async (t) => {
    const relay = await fakeRelay(t);
    const { room, joined } = roomAt(t, relay.port);
    await room.open(undefined);
    pair(relay.waiting[0]);
    await until(() => joined.length === 1);
    room.close();
    relay.waiting[0]?.send([Buffer.from('x')], 'binary');
    await joined[0]?.client.arrived(1);
  });
});

describe('the opening of a room', { concurrency: true }, () => {
  it('fails at once for what is final', async (t) => {
    for (const [status, type, code] of [[401, AuthError, 'auth-missing'], [403, AuthError, 'auth-refused'], [410, LimitError, 'limit-relay'], [400, ProtocolError, 'protocol-violation'], [200, ProtocolError, 'protocol-violation'], [301, ProtocolError, 'protocol-violation']] as const) {
      const relay = await fakeRelay(t);
      relay.answer = () => refused(status);
      await assert.rejects(roomAt(t, relay.port).room.open(undefined), (error) => error instanceof type && error.code === code, String(status));
      assert.equal(relay.asked.length, 1);
    }
  });

  it('tries again after anything else, and says so once', async (t) => {
    const relay = await fakeRelay(t);
    let left = 2;
    relay.answer = () => ((left -= 1) < 0 ? ADMITTED : refused(503, 'This relay is about to end'));
    const { room, notices } = roomAt(t, relay.port);
    await room.open(undefined);
    assert.equal(relay.asked.length, 3);
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', /trying again: .*This relay is about to end/u);
  });

  it('is given up at once when it is stopped, also between two attempts', async (t) => {
    const relay = await fakeRelay(t);
    relay.answer = () => refused(503);
    const stop = new AbortController();
    const opened = assert.rejects(roomAt(t, relay.port).room.open(stop.signal), ConnectError);
    // By then it waits for seconds.
    await until(() => relay.asked.length === 4);
    await turns(20);
    stop.abort();
    let over = false;
    void opened.then(() => (over = true));
    await turns(50);
    assert.equal(over, true);
    assert.equal(relay.asked.length, 4);
  });
});

describe('a relay that does not keep to the protocol', { concurrency: true }, () => {
  const nonsense: Readonly<Record<string, (connection: WebSocketConnection) => void>> = {
    'text that is no notice': (connection) => void connection.send([Buffer.from('{"hello":1}')], 'text'),
    'text that is no JSON': (connection) => void connection.send([Buffer.from('hello')], 'text'),
    'a notice of more than 1,024 bytes': (connection) => void connection.send([Buffer.concat([writePairedNotice({ remote: 'a:1', waiting: 0 }), Buffer.alloc(1024, ' ')])], 'text'),
    'a megabyte of text': (connection) => void connection.send([Buffer.alloc(1024 * 1024, 'x')], 'text'),
    'a binary message before the notice': (connection) => void connection.send([Buffer.from('x')], 'binary'),
    'a close with 1008 for everybody': (connection) => hear(connection).connection.close(1008, 'no'),
    'nothing, and goes': (connection) => connection.destroy(),
  };
  for (const [title, say] of Object.entries(nonsense)) {
    it(`${title}: the user is told, once, and it is asked again more and more seldom`, async (t) => {
      const relay = await fakeRelay(t, say);
      const { room, joined, notices } = roomAt(t, relay.port);
      await room.open(undefined);
      await until(() => relay.asked.length >= 3);
      // 250, 500 and 1000 ms, less up to a half of each by chance, lie between four attempts.
      await sleep(100);
      assert.ok(relay.asked.length <= 4, `${relay.asked.length} attempts`);
      assert.equal(joined.length, 0);
      assert.equal(notices.length, 1, notices.join('\n'));
      assert.match(notices[0] ?? '', /relay/u);
      assert.doesNotMatch(notices[0] ?? '', /hello|xxx/u);
    });
  }

  it('a final refusal, later on, is told, and is the end of it', async (t) => {
    for (const status of [401, 403, 410]) {
      const relay = await fakeRelay(t);
      const { room, notices, refusals } = roomAt(t, relay.port);
      await room.open(undefined);
      relay.answer = () => refused(status, 'for good');
      relay.waiting[0]?.destroy();
      await until(() => relay.asked.length === 2);
      await sleep(400);
      assert.equal(relay.asked.length, 2, String(status));
      assert.equal(notices.length, 1);
      assert.doesNotMatch(notices[0] ?? '', /trying again/u);
      assert.equal(refusals.length, 1);
    }
  });
});
