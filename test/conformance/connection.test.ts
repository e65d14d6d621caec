import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { it, type TestContext } from 'node:test';
import tls, { type PSKCallbackNegotation } from 'node:tls';
import { connectTo } from '../../src/transport/dial.js';
import { listen } from '../../src/transport/listen.js';
import { openAsClient } from '../../src/transport/opening-handshake.js';
import { readPairedNotice, roomOf } from '../../src/transport/rendezvous.js';
import { WebSocketConnection, type Masking } from '../../src/transport/websocket.js';
import { deferred, turns } from '../support/fake-events.js';
import { memoryPair, type MemoryLink } from '../support/memory-pair.js';
import { askToJoin, askToWait, granted, relayHere } from '../support/relay-ends.js';
import { connectionConformance, Recorder, type ConnectionPair } from './connection.js';

const MAX = 6 * 1024 * 1024;
const HOST = '127.0.0.1';

function overMemory(options: MemoryLink): Promise<ConnectionPair> {
  const { a, b } = memoryPair(options);
  return Promise.resolve({ client: a, server: b });
}

/** Both ends as the program makes them: a listener, a dialled socket, the opening handshake. */
async function overWebSocket(t: TestContext, masking: Masking): Promise<ConnectionPair> {
  const arrived = deferred<WebSocketConnection>();
  const listener = await listen({
    host: HOST,
    ports: [0, 0],
    admit: () => ({ admitted: true, headers: [], tag: '', options: { masking: 'none', maxMessageBytes: MAX } }),
    connected: arrived.resolve,
  });
  const socket = await connectTo({ host: HOST, port: listener.port }, { timeoutMs: 5_000 });
  const url = `ws://${HOST}:${listener.port}/`;
  const opening = await openAsClient({ url, headers: {}, socket, timeoutMs: 5_000, connection: () => ({ masking, maxMessageBytes: MAX }) });
  assert.ok(opening.upgraded);
  const server = await arrived.promise;
  t.after(async () => {
    opening.connection.destroy();
    server.destroy();
    await listener.close();
  });
  return { client: opening.connection, server };
}

/** Websocket ends on sockets that are no plain sockets, so that the handle cannot be taken over. */
function pairOf(t: TestContext, client: Duplex, server: Duplex): ConnectionPair {
  t.after(() => {
    client.destroy();
    server.destroy();
  });
  return {
    client: new WebSocketConnection(client, Buffer.alloc(0), { masking: 'random', maxMessageBytes: MAX }),
    server: new WebSocketConnection(server, Buffer.alloc(0), { masking: 'none', maxMessageBytes: MAX }),
  };
}

/** A stream that is not a socket, over one. */
class Wrapped extends Duplex {
  readonly #socket: Socket;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => {
      if (!this.push(bytes)) socket.pause();
    });
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes, done);
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}

async function overDuplex(t: TestContext): Promise<ConnectionPair> {
  const listener = createServer({ allowHalfOpen: true, pauseOnConnect: false }).listen(0, HOST);
  await once(listener, 'listening');
  const client = connect({ port: (listener.address() as AddressInfo).port, host: HOST, allowHalfOpen: true });
  const [server] = (await once(listener, 'connection')) as [Socket];
  t.after(() => listener.close());
  return pairOf(t, new Wrapped(client), new Wrapped(server));
}

/** TLS with a pre-shared key, which needs no certificate. */
async function overTls(t: TestContext): Promise<ConnectionPair> {
  const psk = Buffer.alloc(32, 7);
  const options = { ciphers: 'PSK-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' as const };
  const listener = tls.createServer({ ...options, pskCallback: () => psk }).listen(0, HOST);
  await once(listener, 'listening');
  const accepted = once(listener, 'secureConnection') as Promise<[tls.TLSSocket]>;
  const pskCallback = (): PSKCallbackNegotation => ({ psk, identity: 'test' });
  const client = tls.connect({ ...options, port: (listener.address() as AddressInfo).port, host: HOST, pskCallback, checkServerIdentity: () => undefined });
  await once(client, 'secureConnect');
  const [server] = await accepted;
  t.after(() => listener.close());
  return pairOf(t, client, server);
}

/**
 * Through a relay. Nothing is read of the server's end until it is attached, as of others: here somebody has been, for the
 * relay's notice.
 */
async function overRelay(t: TestContext): Promise<ConnectionPair> {
  const { port } = await relayHere(t, { limits: { handshakeMs: 60_000 } });
  const key = randomBytes(32);
  const server = await granted(askToWait(t, port, key));
  const joined = deferred<string>();
  server.attach({
    piece: (bytes) => {
      server.pause();
      joined.resolve(String(bytes));
    },
    closed: () => joined.resolve('closed'),
  });
  const client = await granted(askToJoin(t, port, roomOf(key)));
  assert.ok(readPairedNotice(await joined.promise) !== undefined);
  const attach = server.attach.bind(server);
  let held = true;
  server.attach = (handler) => {
    attach(handler);
    if (held) server.resume();
    held = false;
  };
  return { client, server };
}

connectionConformance('memory', () => overMemory({}));
connectionConformance('memory, in pieces, with latency', () => overMemory({ pieceBytes: 40_000, latencyMs: 2 }));
connectionConformance('a websocket', (t) => overWebSocket(t, 'zero'));
connectionConformance('a websocket with random masks', (t) => overWebSocket(t, 'random'));
connectionConformance('a stream that is no socket', overDuplex);
connectionConformance('TLS', overTls);
// Text is the relay's own word, and it is there to say that an end has gone (src/relay/PROTOCOL.md, section 5).
connectionConformance('a relay', overRelay, { text: false, lost: { by: 'peer', code: 4005 } });

it('a ping over a relay is answered by the other end, and not before that reads', async (t) => {
  const ends = await overRelay(t);
  const [client, server] = [new Recorder(ends.client), new Recorder(ends.server)];
  for (const [from, to] of [[client, server], [server, client]] as const) {
    to.connection.pause();
    let answered = false;
    const ping = from.connection.ping().then(() => (answered = true));
    await turns(200);
    assert.equal(answered, false);
    to.connection.resume();
    await ping;
  }
});

it('the memory pair cuts after so many messages, or within one', async () => {
  const count = memoryPair({ cutAfterMessages: 3 });
  const [a, b] = [new Recorder(count.a), new Recorder(count.b)];
  for (let i = 0; i < 9; i += 1) count.a.send([Buffer.of(i)], 'binary');
  const infos = await Promise.all([a.closed(), b.closed()]);
  assert.equal(b.messages.length, 3);
  for (const info of infos) assert.deepEqual([info.by, info.code], ['link', 1006]);
  const bytes = memoryPair({ cutAfterBytes: 15, pieceBytes: 4 });
  const [c, d] = [new Recorder(bytes.a), new Recorder(bytes.b)];
  for (let i = 0; i < 9; i += 1) bytes.a.send([Buffer.alloc(10)], 'binary');
  await Promise.all([c.closed(), d.closed()]);
  assert.equal(d.messages.length, 1);
  assert.equal(bytes.b.wireBytes.received, 15);
});
