import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { ConnectError } from '../../../src/errors.js';
import { connectTo } from '../../../src/transport/dial.js';
import { listen, type Admission, type Knock, type Listener, type ListenOptions } from '../../../src/transport/listen.js';
import { openAsClient } from '../../../src/transport/opening-handshake.js';
import type { WebSocketConnection } from '../../../src/transport/websocket.js';
import { Recorder } from '../../conformance/connection.js';
import { turns, until } from '../../support/fake-events.js';

const HOST = '127.0.0.1';
const ADMITTED: Admission = { admitted: true, headers: [], tag: 'tag', options: { masking: 'none', maxMessageBytes: 1000 } };

async function start(t: TestContext, options: Partial<ListenOptions> = {}): Promise<Listener & { readonly connections: WebSocketConnection[]; readonly tags: string[] }> {
  const connections: WebSocketConnection[] = [];
  const tags: string[] = [];
  const connected = (connection: WebSocketConnection, tag: string) => {
    connections.push(connection);
    tags.push(tag);
  };
  const listener = await listen({ host: HOST, ports: [0, 0], admit: () => ADMITTED, connected, ...options });
  t.after(async () => {
    for (const connection of connections) connection.destroy();
    await listener.close();
  });
  return { ...listener, connections, tags };
}

/** Takes a port, so that it is taken. */
async function takePort(t: TestContext, port = 0): Promise<number> {
  const server = createServer().listen(port, HOST);
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function openClient(port: number, headers: Record<string, string> = {}) {
  const socket = await connectTo({ host: HOST, port }, { timeoutMs: 5_000 });
  return openAsClient({ url: `ws://${HOST}:${port}/some/path?x=1`, headers, socket, timeoutMs: 5_000, connection: () => ({ masking: 'zero', maxMessageBytes: 1000 }) });
}

/** A plain HTTP request. */
async function get(port: number, headers: Record<string, string> = {}): Promise<{ status: number | undefined; headers: IncomingMessage['headers']; body: string }> {
  const asked = request({ host: HOST, port, headers }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

describe('ports', () => {
  it('takes the first free one of the range, and tells of those that are taken', async (t) => {
    const first = await takePort(t);
    const taken: number[] = [];
    const listener = await start(t, { ports: [first, Math.min(first + 50, 65_535)], portTaken: (port) => taken.push(port) });
    assert.ok(listener.port > first);
    assert.deepEqual(taken, Array.from({ length: listener.port - first }, (_, index) => first + index));
  });

  it('says so when none is free, and that trying again is of no use', async (t) => {
    const port = await takePort(t);
    const isListenError = (error: unknown) =>
      error instanceof ConnectError && error.code === 'connect-listen' && !error.retryable && error.message.includes(String(port)) && /EADDRINUSE/u.test(error.message);
    await assert.rejects(start(t, { ports: [port, port] }), isListenError);
  });

  it('does not try the whole range for a host that cannot be bound', async (t) => {
    const taken: number[] = [];
    await assert.rejects(start(t, { host: '192.0.2.1', ports: [5000, 6000], portTaken: (port) => taken.push(port) }), { code: 'connect-listen' });
    assert.deepEqual(taken, []);
  });

  it('can take a port again that a failed attempt left', async (t) => {
    const port = await takePort(t);
    await assert.rejects(start(t, { ports: [port, port] }));
    const listener = await start(t);
    assert.notEqual(listener.port, port);
    assert.equal((await get(listener.port)).status, 426);
  });
});

describe('admission', () => {
  it('is asked with what the request shows, and its tag, headers and options are used', async (t) => {
    const knocks: Knock[] = [];
    const admit = (knock: Knock): Admission => {
      knocks.push(knock);
      return { admitted: true, headers: ['Streamer-Protocol: 2', 'X-Other: 1'], tag: 'native', options: { masking: 'none', maxMessageBytes: 4 } };
    };
    const listener = await start(t, { admit });
    const opening = await openClient(listener.port, { Authorization: 'Bearer s', 'Streamer-Protocol': '2' });
    assert.ok(opening.upgraded);
    assert.deepEqual(knocks, [{ path: '/some/path?x=1', authorization: 'Bearer s', protocol: '2', handshake: undefined }]);
    assert.equal(opening.headers['streamer-protocol'], '2');
    assert.equal(opening.headers['x-other'], '1');
    assert.deepEqual(listener.tags, ['native']);
    const [client, server] = [new Recorder(opening.connection), new Recorder(listener.connections[0] as WebSocketConnection)];
    client.connection.send([Buffer.alloc(5)], 'binary');
    assert.equal((await client.closed()).code, 1009);
    await server.closed();
  });

  it('shows a bare request as one', async (t) => {
    const knocks: Knock[] = [];
    const listener = await start(t, {
      admit: (knock) => {
        knocks.push(knock);
        return { admitted: false, status: 401, text: 'Missing' };
      },
    });
    await openClient(listener.port);
    assert.deepEqual(knocks, [{ path: '/some/path?x=1', authorization: undefined, protocol: undefined, handshake: undefined }]);
  });

  for (const [status, text] of [[401, 'Missing Authorization header'], [403, 'Invalid secret'], [503, 'Serving another client']] as const) {
    it(`refuses with a plain ${status}, whether an upgrade was asked for or not`, async (t) => {
      const listener = await start(t, { admit: () => ({ admitted: false, status, text }) });
      assert.deepEqual(await openClient(listener.port), { upgraded: false, refusal: { status, text } });
      const plain = await get(listener.port);
      assert.deepEqual([plain.status, plain.body, plain.headers.connection], [status, `${text}\n`, 'close']);
      assert.equal(listener.connections.length, 0);
    });
  }

  it('tells a browser, which asks for no upgrade, that this is a websocket server: 426', async (t) => {
    const listener = await start(t);
    const plain = await get(listener.port);
    assert.equal(plain.status, 426);
    assert.equal(plain.headers.upgrade, 'websocket');
    assert.match(plain.body, /websocket/u);
  });

  it('answers an upgrade that is none with 400 or less, and goes on', async (t) => {
    const listener = await start(t);
    const bad = [
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n',
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
    ];
    for (const text of bad) {
      const socket = connect(listener.port, HOST);
      socket.on('error', () => undefined);
      let answer = '';
      socket.on('data', (bytes: Buffer) => (answer += bytes.toString()));
      socket.write(text, 'latin1');
      await once(socket, 'close');
      assert.match(answer, /^(HTTP\/1\.1 4\d\d |$)/u);
    }
    assert.equal(listener.connections.length, 0);
    assert.ok((await openClient(listener.port)).upgraded);
  });
});

describe('strangers', () => {
  it('that hold sockets open and say nothing, or half, do not keep the real client out', async (t) => {
    const listener = await start(t);
    const flood: Socket[] = [];
    t.after(() => {
      for (const socket of flood) socket.destroy();
    });
    for (let i = 0; i < 400; i += 1) {
      const socket = connect(listener.port, HOST);
      socket.on('error', () => undefined);
      if (i % 2 === 0) socket.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: web');
      flood.push(socket.resume());
    }
    await until(() => flood.every((socket) => !socket.connecting));
    const opening = await openClient(listener.port);
    assert.ok(opening.upgraded);
    const [client, server] = [new Recorder(opening.connection), new Recorder(listener.connections[0] as WebSocketConnection)];
    client.connection.send([Buffer.from('here')], 'binary');
    assert.deepEqual((await server.arrived(1)).map(String), ['here']);
    // The oldest had to go: at most 256 wait.
    await until(() => flood.filter((socket) => !socket.closed).length <= 256);
    assert.ok((flood[0] as Socket).closed);
    client.connection.destroy();
    await server.closed();
  });
});

describe('close', () => {
  it('frees the port, ends those who wait, and lets upgraded connections live on', async (t) => {
    const listener = await start(t);
    const waiting = connect(listener.port, HOST);
    waiting.on('error', () => undefined);
    await once(waiting, 'connect');
    const opening = await openClient(listener.port);
    assert.ok(opening.upgraded);
    const [client, server] = [new Recorder(opening.connection), new Recorder(listener.connections[0] as WebSocketConnection)];
    const ended = once(waiting.resume(), 'close');
    await listener.close();
    await ended;
    await takePort(t, listener.port);
    client.connection.send([Buffer.from('still')], 'binary');
    assert.deepEqual((await server.arrived(1)).map(String), ['still']);
    client.connection.close(1000, '');
    await Promise.all([client.closed(), server.closed()]);
    await turns();
  });
});
