import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, Socket, type AddressInfo } from 'node:net';
import { Duplex } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { ConnectError, ProtocolError } from '../../../src/errors.js';
import { connectTo } from '../../../src/transport/dial.js';
import { listen } from '../../../src/transport/listen.js';
import { openAsClient, type Opening } from '../../../src/transport/opening-handshake.js';
import { takeOverSocket } from '../../../src/transport/socket-takeover.js';
import type { WebSocketConnection } from '../../../src/transport/websocket.js';
import { Recorder } from '../../conformance/connection.js';
import { deferred, turns, until } from '../../support/fake-events.js';
import { framedByWs } from '../../support/fake-ws.js';

const HOST = '127.0.0.1';
const OPTIONS = { masking: 'zero', maxMessageBytes: 1000 } as const;

/** A server that answers the first request with whatever `answer` makes of it. */
async function rawServer(t: TestContext, answer: (request: string, socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => answer(bytes.toString('latin1'), socket));
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function openTo(t: TestContext, port: number, headers: Record<string, string> = {}, timeoutMs = 5_000): Promise<Opening> {
  const socket = await connectTo({ host: HOST, port }, { timeoutMs: 5_000 });
  t.after(() => socket.destroy());
  const opening = await openAsClient({ url: `ws://${HOST}:${port}/path`, headers, socket, timeoutMs, connection: () => OPTIONS });
  if (opening.upgraded) t.after(() => opening.connection.destroy());
  return opening;
}

function acceptOf(request: string): string {
  const key = /^sec-websocket-key: (.+)\r$/imu.exec(request)?.[1] ?? '';
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

const upgrade = (request: string, more = '') =>
  `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${acceptOf(request)}\r\n${more}\r\n`;

describe('the client', () => {
  it('reads what comes in one packet with the answer', async (t) => {
    const frames = framedByWs([{ what: 'binary', fragments: [Buffer.from('early')] }, { what: 'text', fragments: [Buffer.from('bird')] }], false);
    const port = await rawServer(t, (request, socket) => socket.write(Buffer.concat([Buffer.from(upgrade(request, 'Streamer-Protocol: 2\r\n')), frames])));
    const opening = await openTo(t, port);
    assert.ok(opening.upgraded);
    assert.equal(opening.headers['streamer-protocol'], '2');
    await turns();
    const recorder = new Recorder(opening.connection);
    assert.deepEqual((await recorder.arrived(2)).map(String), ['early', 'bird']);
  });

  it('sends its headers, offers no extension, and asks for the path', async (t) => {
    let asked = '';
    const port = await rawServer(t, (request, socket) => {
      asked = request;
      socket.write(upgrade(request));
    });
    await openTo(t, port, { 'Streamer-Protocol': '2', Authorization: 'Bearer xyz' });
    assert.match(asked, /^GET \/path HTTP\/1\.1\r$/mu);
    assert.match(asked, /^Streamer-Protocol: 2\r$/mu);
    assert.match(asked, /^Authorization: Bearer xyz\r$/mu);
    assert.match(asked, /^Sec-WebSocket-Version: 13\r$/mu);
    assert.doesNotMatch(asked, /extensions/iu);
  });

  it('answers a refusal with its status and the first line of its body, fit for a terminal', async (t) => {
    for (const [body, text] of [['no\nmore', 'no'], ['\u001b[31mred', '[31mred'], ['', ''], ['x'.repeat(5_000), `${'x'.repeat(300)}…`]] as const) {
      const port = await rawServer(t, (_request, socket) => socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
      const opening = await openTo(t, port);
      assert.deepEqual(opening, { upgraded: false, refusal: { status: 403, text } });
    }
  });

  it('does not follow a redirect, nor wait for a body that never ends', async (t) => {
    const port = await rawServer(t, (_request, socket) => socket.write(`HTTP/1.1 302 Found\r\nLocation: ws://${HOST}:1/\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nmoved\r\n5\r\n on\r\n\r\n`));
    const opening = await openTo(t, port);
    assert.deepEqual(opening, { upgraded: false, refusal: { status: 302, text: 'moved on' } });
  });

  for (const [what, answer] of [
    ['no HTTP', () => 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['a wrong accept key', (request: string) => upgrade(request).replace(/Accept: .*/u, 'Accept: AAAA')],
    ['another upgrade', (request: string) => upgrade(request).replace('Upgrade: websocket', 'Upgrade: h2c')],
    ['an extension that nobody asked for', (request: string) => upgrade(request, 'Sec-WebSocket-Extensions: permessage-deflate\r\n')],
    ['a subprotocol that nobody asked for', (request: string) => upgrade(request, 'Sec-WebSocket-Protocol: chat\r\n')],
  ] as const) {
    it(`refuses an answer with ${what}: ProtocolError, and the socket is destroyed`, async (t) => {
      const port = await rawServer(t, (request, socket) => socket.write(answer(request)));
      const socket = await connectTo({ host: HOST, port }, { timeoutMs: 5_000 });
      await assert.rejects(openAsClient({ url: `ws://${HOST}:${port}/`, headers: {}, socket, timeoutMs: 5_000, connection: () => OPTIONS }), (error: unknown) => error instanceof ProtocolError && !error.message.includes('\n'));
      await until(() => socket.destroyed);
    });
  }

  it('gives up on a server that says nothing, or goes: ConnectError', async (t) => {
    const silent = await rawServer(t, () => undefined);
    await assert.rejects(openTo(t, silent, {}, 50), (error: unknown) => error instanceof ConnectError && error.message.includes('timed out after 0.05 s'));
    const slow = await rawServer(t, (_request, socket) => socket.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 10\r\n\r\nhalf'));
    assert.deepEqual(await openTo(t, slow, {}, 50), { upgraded: false, refusal: { status: 401, text: 'half' } });
    const goes = await rawServer(t, (_request, socket) => socket.destroy());
    await assert.rejects(openTo(t, goes), ConnectError);
  });
});

it('the client stops when it is told to, while the server is silent, and not after', async (t) => {
  for (const silent of [true, false]) {
    const port = await rawServer(t, (request, socket) => (silent ? undefined : socket.write(upgrade(request))));
    const socket = await connectTo({ host: HOST, port }, { timeoutMs: 5_000 });
    const stop = new AbortController();
    const opening = openAsClient({ url: `ws://${HOST}:${port}/`, headers: {}, socket, timeoutMs: 5_000, signal: stop.signal, connection: () => OPTIONS });
    if (silent) {
      await turns();
      stop.abort();
      await assert.rejects(opening, ConnectError);
      assert.ok(socket.destroyed);
    } else {
      const opened = await opening;
      stop.abort();
      assert.ok(opened.upgraded);
      await opened.connection.drained();
      assert.ok(opened.connection.send([Buffer.from('x')], 'binary'));
      opened.connection.destroy();
    }
  }
});

describe('the server', () => {
  it('reads what came in one packet with the request', async (t) => {
    const arrived = deferred<WebSocketConnection>();
    const listener = await listen({
      host: HOST,
      ports: [0, 0],
      admit: () => ({ admitted: true, headers: ['X-Test: yes'], tag: 'a', options: { masking: 'none', maxMessageBytes: 1000 } }),
      connected: arrived.resolve,
    });
    t.after(() => listener.close());
    const socket = connect(listener.port, HOST);
    t.after(() => socket.destroy());
    const request = ['GET / HTTP/1.1', 'Host: x', 'Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', '', ''].join('\r\n');
    socket.write(Buffer.concat([Buffer.from(request), framedByWs([{ what: 'binary', fragments: [Buffer.from('early')] }], true)]));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 101 [^]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n[^]*X-Test: yes\r\n/u);
    const connection = await arrived.promise;
    t.after(() => connection.destroy());
    const recorder = new Recorder(connection);
    assert.deepEqual((await recorder.arrived(1)).map(String), ['early']);
  });
});

describe('taking a socket over', () => {
  it('moves the handle of a plain socket, so that one buffer serves every read', async (t) => {
    const port = await rawServer(t, (_request, socket) => socket.write('answer'));
    const socket = await connectTo({ host: HOST, port }, { timeoutMs: 5_000 });
    const buffers = new Set<ArrayBufferLike>();
    let text = '';
    const moved = takeOverSocket(socket, (bytes) => {
      buffers.add(bytes.buffer);
      text += bytes.toString();
    });
    t.after(() => moved.destroy());
    assert.notEqual(moved, socket, 'where it is the same object, the measured gain is gone: see the module');
    assert.ok(moved instanceof Socket && socket.destroyed);
    moved.resume();
    for (let i = 0; i < 3; i += 1) {
      moved.write('x');
      await turns();
    }
    await until(() => text.length > 0);
    assert.equal(text, 'answer');
    assert.equal(buffers.size, 1);
  });

  it('reads by events where that cannot be done, and starts paused', async () => {
    const stream = new Duplex({ read: () => undefined, write: (_chunk, _encoding, done) => done() });
    stream.on('data', () => assert.fail('the listeners of before are gone'));
    let text = '';
    const same = takeOverSocket(stream, (bytes) => (text += bytes.toString()));
    assert.equal(same, stream);
    stream.push('abc');
    await turns(20);
    assert.equal(text, '');
    same.resume();
    await turns();
    assert.equal(text, 'abc');
    same.destroy();
  });

  it('leaves a socket alone that holds bytes, either way', async (t) => {
    const port = await rawServer(t, (_request, socket) => socket.write('answer'));
    const socket = await connectTo({ host: HOST, port }, { timeoutMs: 5_000 });
    t.after(() => socket.destroy());
    socket.unshift(Buffer.from('held '));
    let text = '';
    assert.equal(takeOverSocket(socket, (bytes) => (text += bytes.toString())), socket);
    socket.resume();
    socket.write('x');
    await until(() => text.length > 5);
    assert.equal(text, 'held answer');
  });
});
