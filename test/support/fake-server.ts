/**
 * Servers that answer a client's opening request as the test says, and note what they were asked.
 *
 * @module
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { listen, type Knock } from '../../src/transport/listen.js';
import type { WebSocketConnection } from '../../src/transport/websocket.js';
import { openChannel, type Channel } from '../../src/transfer/channel.js';
import { awaitHello } from '../../src/transfer/greeting.js';
import type { HelloFrame } from '../../src/wire/frame.js';
import { COMPAT_MESSAGE_MAX } from '../../src/compat/messages.js';

const HOST = '127.0.0.1';

/** What a request gets: an upgrade with or without the echo, or a status. */
export type FakeAnswer = 'native' | 'compat' | number;

/** See {@link fakeServer}. */
export interface FakeServer {
  readonly port: number;
  /** Every request, in order. */
  readonly knocks: Knock[];
  readonly hellos: HelloFrame[];
  readonly channels: Channel[];
  readonly connections: WebSocketConnection[];
  /** Those of the compat wire that are closed. */
  readonly closed: WebSocketConnection[];
  readonly close: () => Promise<void>;
}

/** How a server is. */
export interface FakeServerOptions {
  readonly answer: (knock: Knock) => FakeAnswer;
  /** Key material for the handshake. */
  readonly secret?: Uint8Array;
  /** What it does with a client that has greeted. Default: takes it. */
  readonly welcome?: (channel: Channel, hello: HelloFrame) => void;
  readonly port?: number;
  /** What an upgrade without the echo has beside it. */
  readonly headers?: readonly string[];
}

/** See the module's head. */
export async function fakeServer(t: TestContext, options: FakeServerOptions): Promise<FakeServer> {
  const knocks: Knock[] = [];
  const hellos: HelloFrame[] = [];
  const channels: Channel[] = [];
  const connections: WebSocketConnection[] = [];
  const closed: WebSocketConnection[] = [];
  const greet = async (connection: WebSocketConnection): Promise<void> => {
    const channel = await openChannel(connection, { role: 'server', secret: options.secret ?? Buffer.alloc(0) });
    const hello = await awaitHello(channel, 5_000);
    hellos.push(hello);
    channels.push(channel);
    if (options.welcome !== undefined) options.welcome(channel, hello);
    else channel.send({ type: 'welcome', action: hello.action === 'send' ? 'receive' : 'send', received: 0, streams: 64, agent: 'fake' });
  };
  const listener = await listen({
    host: HOST,
    ports: [options.port ?? 0, options.port ?? 0],
    admit: (knock) => {
      knocks.push(knock);
      const answer = options.answer(knock);
      if (typeof answer === 'number') return { admitted: false, status: answer, text: 'because' };
      return { admitted: true, tag: answer, headers: answer === 'native' ? ['Streamer-Protocol: 2'] : [...(options.headers ?? [])], options: { masking: 'none', maxMessageBytes: COMPAT_MESSAGE_MAX } };
    },
    connected: (connection, tag) => {
      connections.push(connection);
      if (tag === 'native') greet(connection).catch(() => undefined);
      else connection.attach({ piece: () => undefined, closed: () => closed.push(connection) });
    },
  });
  const close = async () => {
    for (const connection of connections) connection.destroy();
    await listener.close();
  };
  t.after(close);
  return { port: listener.port, knocks, hellos, channels, connections, closed, close };
}

/** A place that takes connections and says nothing. */
export async function silentServer(t: TestContext): Promise<{ readonly port: number; readonly sockets: readonly Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    sockets.push(socket.resume());
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
}
