/**
 * One end of the bare websocket peer: `listen|dial <ip> <port> send|receive <file>`. The receiver closes when the
 * sender's empty last message has come, and the sender waits for that.
 *
 * @module
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { WebSocket, WebSocketServer } from 'ws';

const MESSAGE = 2 ** 20;
/** Messages that may be with the socket and not yet with the kernel. */
const IN_FLIGHT = 4;
const [how, ip, port, what, file] = process.argv.slice(2);
if (ip === undefined || port === undefined || file === undefined) throw new Error('listen|dial <ip> <port> send|receive <file>');
const act = what === 'send' ? send : receive;

if (how === 'listen') {
  const server = new WebSocketServer({ host: ip, port: Number(port), perMessageDeflate: false }, () => process.stdout.write('listening\n'));
  server.once('connection', (socket) => {
    server.close();
    act(socket, file);
  });
} else {
  const socket = new WebSocket(`ws://${ip}:${port}`, { perMessageDeflate: false });
  // The first message may come with the handshake's answer: listen at once.
  if (what === 'receive') receive(socket, file);
  else socket.once('open', () => send(socket, file));
}

function send(socket: WebSocket, source: string): void {
  const descriptor = openSync(source, 'r');
  let ended = false;
  const next = (): void => {
    if (ended) return;
    // A message's buffer is the socket's until it has been sent, and a masking client writes into it.
    const buffer = Buffer.allocUnsafe(MESSAGE);
    const length = readSync(descriptor, buffer, 0, MESSAGE, null);
    socket.send(buffer.subarray(0, length), next);
    if (length > 0) return;
    ended = true;
    closeSync(descriptor);
  };
  for (let started = 0; started < IN_FLIGHT; started += 1) next();
}

function receive(socket: WebSocket, target: string): void {
  const descriptor = openSync(target, 'wx', 0o600);
  socket.on('message', (data: Buffer) => {
    for (let done = 0; done < data.length; ) done += writeSync(descriptor, data, done, data.length - done);
    if (data.length > 0) return;
    closeSync(descriptor);
    socket.close();
  });
}
