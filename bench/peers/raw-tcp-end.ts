/**
 * One end of the raw TCP peer: `listen|dial <ip> <port> send|receive <file>`. The receiver ends its side of the
 * connection when all is written, and the sender waits for that, so that neither is done before the file is there.
 *
 * @module
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';

const PIECE = 256 * 1024;
const [how, ip, portText, what, file] = process.argv.slice(2);
if (ip === undefined || portText === undefined || file === undefined) throw new Error('listen|dial <ip> <port> send|receive <file>');
const port = Number(portText);

if (how === 'listen') {
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: what === 'receive' }, (socket) => {
    server.close();
    if (what === 'send') void send(socket, file);
    else receive(takeOver(socket, openForWrite(file)));
  });
  server.listen(port, ip, () => process.stdout.write('listening\n'));
} else if (what === 'send') {
  const socket = net.connect({ host: ip, port, allowHalfOpen: true });
  socket.once('connect', () => void send(socket, file));
} else {
  receive(net.connect({ host: ip, port, allowHalfOpen: true, onread: openForWrite(file) }));
}

/** Reads into buffers taken in turn: one is free again when the socket has taken it, which `write` tells. */
async function send(socket: net.Socket, source: string): Promise<void> {
  const descriptor = openSync(source, 'r');
  const free = Array.from({ length: 16 }, () => Buffer.allocUnsafeSlow(PIECE));
  for (;;) {
    let buffer = free.pop();
    while (buffer === undefined) {
      await once(socket, 'drained');
      buffer = free.pop();
    }
    const mine = buffer;
    const length = readSync(descriptor, mine, 0, PIECE, null);
    if (length === 0) break;
    socket.write(mine.subarray(0, length), () => {
      free.push(mine);
      socket.emit('drained');
    });
  }
  closeSync(descriptor);
  socket.end();
  socket.resume();
}

/** Writes each read of the socket as it comes, out of one buffer that is used again and again. */
function openForWrite(target: string): { buffer: Buffer; callback: (length: number, buffer: Uint8Array) => boolean } {
  const descriptor = openSync(target, 'wx', 0o600);
  return {
    buffer: Buffer.allocUnsafeSlow(PIECE),
    callback(length, buffer) {
      for (let done = 0; done < length; ) done += writeSync(descriptor, buffer, done, length - done);
      return true;
    },
  };
}

function receive(socket: net.Socket): void {
  socket.once('end', () => socket.end());
}

/**
 * Gives an accepted connection the same way of reading that a dialled one has. Node offers it only for the latter; its
 * handle is undocumented, so where it is not found, the usual events are taken, and the ceiling is somewhat lower.
 */
function takeOver(socket: net.Socket, onread: ReturnType<typeof openForWrite>): net.Socket {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly useUserBuffer?: unknown } };
  if (typeof handle?.useUserBuffer !== 'function') {
    socket.on('data', (bytes) => onread.callback(bytes.length, bytes));
    socket.resume();
    return socket;
  }
  const options = { handle, allowHalfOpen: true, onread };
  const taken = new net.Socket(options);
  taken.resume();
  return taken;
}
