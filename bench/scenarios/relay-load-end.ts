/**
 * All ends of `relay-load.ts`: `<ip> <port> <idle rooms> <pairs> <seconds>`. Each pair's server sends messages of 1 MiB for
 * as long as its socket takes them; every second client reads none.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { WebSocket } from 'ws';

const MESSAGE = 2 ** 20;
/** Bytes that a server has with its socket at once. */
const AHEAD = 4 * MESSAGE;
/** Websockets that are opened at once. */
const AT_ONCE = 50;
const [ip = '', port = '', idle = '', pairs = '', seconds = ''] = process.argv.slice(2);
const url = `ws://${ip}:${port}`;
const block = randomBytes(MESSAGE);
const totals = { carried: 0, wrong: 0 };

function opened(socket: WebSocket): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => reject(new Error(`HTTP ${response.statusCode ?? 0}`)));
  });
}

/** A server's connection in a room of its own. */
async function wait(): Promise<{ readonly server: WebSocket; readonly room: string }> {
  const key = randomBytes(32);
  const server = await opened(new WebSocket(`${url}/wait`, { headers: { 'Streamer-Host': key.toString('base64url') }, perMessageDeflate: false }));
  return { server, room: createHash('sha256').update(key).digest('base64url') };
}

async function pair(stalls: boolean): Promise<WebSocket> {
  const { server, room } = await wait();
  const client = await opened(new WebSocket(`${url}/join`, { headers: { 'Streamer-Room': room, 'Streamer-Handshake': 'AAAA' }, perMessageDeflate: false }));
  const fill = () => {
    while (server.readyState === WebSocket.OPEN && server.bufferedAmount < AHEAD) server.send(Buffer.from(block), { binary: true }, fill);
  };
  client.on('message', (data: Buffer) => {
    totals.carried += data.length;
    if (!data.equals(block)) totals.wrong += 1;
  });
  if (stalls) client.pause();
  fill();
  return server;
}

const rooms: WebSocket[] = [];
for (let made = 0; made < Number(idle); made += AT_ONCE) {
  const batch = Array.from({ length: Math.min(AT_ONCE, Number(idle) - made) }, wait);
  for (const { server } of await Promise.all(batch)) rooms.push(server);
}
const servers: WebSocket[] = [];
for (let made = 0; made < Number(pairs); made += 1) servers.push(await pair(made % 2 === 1));
await new Promise((resolve) => setTimeout(resolve, Number(seconds) * 1000));
const stalled = servers.filter((server, index) => index % 2 === 1 && server.readyState === WebSocket.OPEN && server.bufferedAmount > 0).length;
const idling = rooms.filter(({ readyState }) => readyState === WebSocket.OPEN).length;
if (idling < Number(idle)) throw new Error(`only ${idling} of ${idle} idle rooms are left`);
process.stdout.write(`carried ${totals.carried} stalled ${stalled} wrong ${totals.wrong}\n`, () => process.exit());
