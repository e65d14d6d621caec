import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { it, type TestContext } from 'node:test';
import tls from 'node:tls';
import { connectTcp } from '../../src/transport/dial.js';
import { listen } from '../../src/transport/listen.js';
import { openAsClient } from '../../src/transport/opening-handshake.js';
import { WebSocketConnection, type Masking } from '../../src/transport/websocket.js';
import { memoryPair, type MemoryLink } from '../support/memory-pair.js';
import { connectionConformance, Recorder, type ConnectionPair } from './connection.js';

const MAX = 6 * 1024 * 1024;
const HOST = '127.0.0.1';

function overMemory(options: MemoryLink): Promise<ConnectionPair> {
  const { a, b } = memoryPair(options);
  return Promise.resolve({ client: a, server: b });
}

/** Both ends as the program makes them: a listener, a dialled socket, the opening handshake. */
async function overWebSocket(t: TestContext, masking: Masking): Promise<ConnectionPair> {
  const arrived = Promise.withResolvers !== undefined ? Promise.withResolvers<WebSocketConnection>() : deferred<WebSocketConnection>();
  const listener = await listen({
    host: HOST,
    ports: [0, 0],
    admit: () => ({ admitted: true, headers: [], tag: '', options: { masking: 'none', maxMessageBytes: MAX } }),
    connected: arrived.resolve,
  });
  const socket = await connectTcp({ host: HOST, port: listener.port }, 5_000);
  const opening = await openAsClient({ url: `ws://${HOST}:${listener.port}/`, headers: {}, socket, timeoutMs: 5_000, connection: () => ({ masking, maxMessageBytes: MAX }) });
  assert.ok(opening.upgraded);
  const server = await arrived.promise;
  t.after(async () => {
    opening.connection.destroy();
    server.destroy();
    await listener.close();
  });
  return { client: opening.connection, server };
}
