/**
 * Our websockets as the two programs that Autobahn wants: one that listens, and one that dials, each of which sends every
 * message back as it came.
 *
 * @module
 */
import { listen, type Listener } from '../../src/transport/listen.js';
import { connectTo } from '../../src/transport/dial.js';
import { openAsClient } from '../../src/transport/opening-handshake.js';
import type { Masking, WebSocketConnection } from '../../src/transport/websocket.js';

/** Autobahn's longest message has 16 MiB. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

/** Sends back what comes. Resolves with the last message when the connection is over. */
function echo(connection: WebSocketConnection, back: boolean): Promise<string> {
  let pieces: Buffer[] = [];
  let last = '';
  return new Promise((resolve) => {
    connection.attach({
      piece: (bytes, ends, kind) => {
        pieces.push(Buffer.from(bytes));
        if (!ends) return;
        const message = Buffer.concat(pieces);
        pieces = [];
        last = message.subarray(0, 100).toString();
        if (back) connection.send([message], kind);
      },
      closed: () => resolve(last),
    });
  });
}

/** Listens on a free port of 127.0.0.1, as a server of ours does. */
export function echoServer(): Promise<Listener> {
  return listen({
    host: '127.0.0.1',
    ports: [0, 0],
    admit: () => ({ admitted: true, headers: [], options: { masking: 'none', maxMessageBytes: MAX_MESSAGE_BYTES }, tag: '' }),
    connected: (connection) => void echo(connection, true),
  });
}

/** Dials `path`, as a client of ours does, and sends back what comes. @returns the last message. */
export async function echoClient(port: number, path: string, masking: Masking, back = true): Promise<string> {
  const socket = await connectTo({ host: '127.0.0.1', port }, {});
  const opening = await openAsClient({
    url: `ws://127.0.0.1:${port}${path}`,
    headers: {},
    socket,
    timeoutMs: TIMEOUT_MS,
    connection: () => ({ masking, maxMessageBytes: MAX_MESSAGE_BYTES }),
  });
  if (!opening.upgraded) throw new Error(`Autobahn answers ${opening.refusal.status}`);
  return echo(opening.connection, back);
}
