/**
 * The listening end: the first free port of a range, admission of each request, and the upgrade. What admits is passed
 * in; nothing here knows a secret.
 *
 * @module
 */
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';
import { ConnectError } from '../errors.js';
import { CrowdLimit } from './crowd-limit.js';
import { ServerHandshake } from './opening-handshake.js';
import type { WebSocketConnection, WebSocketOptions } from './websocket.js';

/** What a request shows of itself before it is admitted. */
export interface Knock {
  readonly path: string;
  readonly authorization: string | undefined;
  /** The `Streamer-Protocol` header (src/wire/PROTOCOL.md, "Choosing the wire"). */
  readonly protocol: string | undefined;
  /** The `Streamer-Handshake` header. */
  readonly handshake: string | undefined;
}

/** What goes with an upgrade: more response headers, and whatever whoever takes the connection wants of it. */
export interface Prepared {
  readonly headers: readonly string[];
  readonly context: unknown;
}

/** Admitted with options and response headers, or refused with a status and a body of one line. */
export type Admission =
  | { readonly admitted: true; readonly headers: readonly string[]; readonly options: WebSocketOptions; readonly tag: string }
  | { readonly admitted: false; readonly status: number; readonly text: string };

/** Options of {@link listen}. */
export interface ListenOptions {
  /** Interface to bind: a host name or an address. */
  readonly host: string;
  /** First and last port to try, in order; `[0, 0]` takes any free one. */
  readonly ports: readonly [first: number, last: number];
  /** Certificate chain and private key, PEM: TLS is spoken, and nothing else. */
  readonly tls?: TlsIdentity | undefined;
  readonly admit: (knock: Knock) => Admission;
  /** Called for an upgrade that was admitted, before it is answered. */
  readonly prepare?: (knock: Knock, tag: string) => Prepared | undefined;
  /** An upgraded connection, with the tag that its admission carried, and what was prepared for it. */
  readonly connected: (connection: WebSocketConnection, tag: string, context: unknown) => void;
  /** Told of each port that is taken. */
  readonly portTaken?: (port: number) => void;
}

/** What a server shows over TLS. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** A listening end. */
export interface Listener {
  readonly port: number;
  /** Stops listening and destroys what has not been upgraded. Upgraded connections live on. */
  close(): Promise<void>;
}

/** Sockets that may be in the opening handshake at once. */
const PENDING_MAX = 256;
/** Time for a request's headers to come, in milliseconds. */
const HEADERS_TIMEOUT_MS = 10_000;

/**
 * Starts listening on the first free port of the range.
 * @throws ConnectError 'connect-listen' when no port of the range can be bound.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1000 });
  const pending = new CrowdLimit<Duplex>(PENDING_MAX, (socket) => socket.destroy());
  const handshake = new ServerHandshake();
  const front = options.tls === undefined ? server : frontOf(server, options.tls, pending);
  server.on('connection', (socket) => {
    pending.add(socket, socket.remoteAddress ?? '');
    socket.once('close', () => pending.delete(socket));
  });
  server.on('request', (request, response) => {
    const admission = options.admit(knockOf(request));
    const status = admission.admitted ? 426 : admission.status;
    const text = admission.admitted ? 'This is a websocket server: use `streamer` to connect' : admission.text;
    response.writeHead(status, { 'content-type': 'text/plain', connection: 'close', ...(status === 426 ? { upgrade: 'websocket' } : {}) });
    response.end(`${text}\n`);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const knock = knockOf(request);
    const admission = options.admit(knock);
    if (!admission.admitted) {
      refuse(socket, admission.status, admission.text);
      return;
    }
    const prepared = options.prepare?.(knock, admission.tag);
    const connection = handshake.upgrade(request, socket, head, admission.options, [...admission.headers, ...(prepared?.headers ?? [])]);
    pending.delete(socket);
    if (connection !== undefined) options.connected(connection, admission.tag, prepared?.context);
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  const port = await bind(front, options);
  return {
    port,
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve());
        if (front !== server) server.close();
        pending.dropAll();
      }),
  };
}

/** @throws Error with OpenSSL's reason when they are no certificate and key, or not of each other. */
export function checkTlsIdentity(tls: TlsIdentity): void {
  createSecureContext({ cert: tls.cert, key: tls.key });
}

/**
 * A server that does TLS and hands on what is within. Sockets count as pending from their first byte: who begins a handshake
 * and does not end it must not keep others out.
 */
function frontOf(server: Server, tls: TlsIdentity, pending: CrowdLimit<Duplex>): NetServer {
  const handshakes = new Map<string, Socket>();
  const front = createTlsServer({ ...tls, ALPNProtocols: ['http/1.1'], handshakeTimeout: HEADERS_TIMEOUT_MS });
  front.on('connection', (socket: Socket) => {
    const peer = peerOf(socket);
    handshakes.set(peer, socket);
    pending.add(socket, socket.remoteAddress ?? '');
    socket.once('close', () => {
      handshakes.delete(peer);
      pending.delete(socket);
    });
  });
  front.on('secureConnection', (socket) => {
    const raw = handshakes.get(peerOf(socket));
    if (raw !== undefined) pending.delete(raw);
    server.emit('connection', socket);
  });
  front.on('tlsClientError', (_error, socket) => socket.destroy());
  return front;
}

function peerOf({ remoteAddress = '', remotePort = 0 }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

function knockOf(request: IncomingMessage): Knock {
  const one = (name: string) => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    path: request.url ?? '/',
    authorization: request.headers.authorization,
    protocol: one('streamer-protocol'),
    handshake: one('streamer-handshake'),
  };
}

function refuse(socket: Duplex, status: number, text: string): void {
  const body = `${text}\n`;
  socket.on('error', () => undefined);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: text/plain\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

async function bind(server: NetServer, options: ListenOptions): Promise<number> {
  const [first, last] = options.ports;
  let lastError: unknown;
  for (let port = first; port <= last; port += 1) {
    try {
      return await bindOne(server, options.host, port);
    } catch (error) {
      lastError = error;
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' && code !== 'EACCES') break;
      options.portTaken?.(port);
    }
  }
  const range = first === last ? `port ${first}` : `a port of ${first}-${last}`;
  const why = lastError instanceof Error ? lastError.message : 'unknown';
  throw new ConnectError('connect-listen', `cannot listen on ${options.host}, ${range}: ${why}; choose another --host or --port-range`, {
    cause: lastError,
    retryable: false,
  });
}

function bindOne(server: NetServer, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
