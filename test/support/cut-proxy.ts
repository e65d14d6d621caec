/**
 * A TCP proxy that cuts a websocket connection after an exact number of bytes.
 *
 * @module
 */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Where and how to cut. */
export interface Cut {
  /** Whose bytes are counted. */
  readonly from: 'client' | 'server';
  /** Bytes that get through, from the end of the opening handshake on. */
  readonly afterBytes: number;
  /** `reset`: both ends get a TCP reset. `end`: both see the other end finish, without a close frame. */
  readonly how: 'reset' | 'end';
}

/** Time for what got through to be read before the cut: a reset may overtake it, milliseconds. */
const LINGER_MS = 50;
const HEADER_END = Buffer.from('\r\n\r\n');

/** A running proxy. */
export interface CutProxy {
  readonly port: number;
  /** Settles when the cut is made. */
  readonly cut: Promise<void>;
}

/** Starts a proxy to `port`. Connections that are not upgraded, such as one that is answered 401, pass whole. */
export async function startCutProxy(t: TestContext, port: number, cut: Cut): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let done: () => void = () => undefined;
  const made = new Promise<void>((resolve) => (done = resolve));
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket.setNoDelay(true));
      socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    }
    join(client, upstream, cut, done);
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { port: (server.address() as AddressInfo).port, cut: made };
}

function join(client: Socket, upstream: Socket, { from, afterBytes, how }: Cut, done: () => void): void {
  const [counted, other] = from === 'client' ? [client, upstream] : [upstream, client];
  let upgraded = false;
  let answer = Buffer.alloc(0);
  let header: Buffer | undefined = Buffer.alloc(0);
  let left = afterBytes;
  const finish = () => {
    for (const socket of [client, upstream]) {
      if (how === 'reset') socket.resetAndDestroy();
      else socket.destroy();
    }
    done();
  };
  const cutNow = () => {
    // Nothing more either way: the receiver's answer to an eof that got through is lost, too.
    for (const socket of [client, upstream]) socket.pause().removeAllListeners('data');
    setTimeout(finish, LINGER_MS);
  };
  const pass = (bytes: Buffer) => {
    if (bytes.length < left) {
      left -= bytes.length;
      if (!other.write(bytes)) {
        counted.pause();
        other.once('drain', () => counted.resume());
      }
    } else other.write(bytes.subarray(0, left), cutNow);
  };
  upstream.on('data', (bytes: Buffer) => {
    if (answer.length < 12) {
      answer = Buffer.concat([answer, bytes]);
      upgraded = answer.toString('latin1').startsWith('HTTP/1.1 101');
    }
    if (from === 'client') client.write(bytes);
  });
  if (from === 'server') client.on('data', (bytes: Buffer) => upstream.write(bytes));
  counted.on('data', (bytes: Buffer) => {
    if (header === undefined) {
      if (upgraded) pass(bytes);
      else other.write(bytes);
      return;
    }
    header = Buffer.concat([header, bytes]);
    const at = header.indexOf(HEADER_END);
    if (at === -1) return;
    const end = at + HEADER_END.length;
    other.write(header.subarray(0, end));
    const rest = header.subarray(end);
    header = undefined;
    // Nothing follows a client's request before it has its answer; a server's answer may bring the first frame along.
    if (upgraded && from === 'server') pass(rest);
    else if (rest.length > 0) other.write(rest);
  });
  client.on('end', () => upstream.end());
  upstream.on('end', () => client.end());
}
