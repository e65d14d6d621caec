/**
 * Strangers at a server's port: raw TCP connections that say nothing, too little, too slowly, or the wrong thing.
 *
 * @module
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** A connected socket, destroyed when the test is over. Errors after the connect are the test's to see, by 'close'. */
export function connectRaw(t: TestContext, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port });
    t.after(() => socket.destroy());
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.removeListener('error', reject);
      socket.on('error', () => undefined);
      resolve(socket);
    });
  });
}

/** What a port scan does: connects, says nothing and goes. */
export async function scanPort(t: TestContext, port: number): Promise<void> {
  const socket = await connectRaw(t, port);
  socket.resetAndDestroy();
}

/** Sends one byte at a time until all are sent or the other end has had enough. */
export function drip(socket: Socket, bytes: Uint8Array, everyMs: number): void {
  let next = 0;
  const timer = setInterval(() => {
    if (next >= bytes.length || socket.destroyed) clearInterval(timer);
    else socket.write(bytes.subarray(next, (next += 1)));
  }, everyMs);
  socket.once('close', () => clearInterval(timer));
}

/** Sends a text and returns all that comes back until the other end closes. */
export async function exchange(t: TestContext, port: number, text: string | Uint8Array): Promise<string> {
  const socket = await connectRaw(t, port);
  socket.write(text);
  let answer = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
  await new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  return answer;
}

/** The request of a websocket client, whole. */
export function upgradeRequest(port: number, path: string, headers: Readonly<Record<string, string>> = {}): string {
  const lines = [
    `GET ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}

/** A proxy that keeps all that crosses it, both ways. */
export async function listenIn(t: TestContext, targetPort: number): Promise<{ readonly port: number; readonly seen: () => Buffer }> {
  const pieces: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect({ host: '127.0.0.1', port: targetPort });
    for (const [from, to] of [[near, far], [far, near]] as const) {
      from.on('data', (bytes: Buffer) => pieces.push(bytes)).on('error', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, seen: () => Buffer.concat(pieces) };
}
