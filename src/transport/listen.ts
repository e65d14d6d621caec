/**
 * The listening end: the first free port of a range, admission of each request, and the upgrade. What admits is passed
 * in; nothing here knows a secret.
 *
 * @module
 */
import { createServer, STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { createSecureContext, createServer as createTlsServer, type Server as TlsServer } from 'node:tls';
import { bind, type BindOptions } from './bind.js';
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

/** Who knocks, and what else the request says. */
export interface Caller {
  /** IP address. */
  readonly address: string;
  /** `address:port`, for messages. */
  readonly remote: string;
  /** A header of the request, where it came once. */
  readonly header: (name: string) => string | undefined;
  /** Whether the connection has ended while the decision was made. */
  readonly gone: () => boolean;
}

/** What goes with an upgrade: more response headers, and whatever whoever takes the connection wants of it. */
export interface Prepared {
  readonly headers: readonly string[];
  readonly context: unknown;
}

/** Admitted with options and response headers, or refused with a status and a body of one line. */
export type Admission =
  | { readonly admitted: true; readonly headers: readonly string[]; readonly options: WebSocketOptions; readonly tag: string; readonly context?: unknown }
  | { readonly admitted: false; readonly status: number; readonly text: string };

/** An answer to a request that asks for no upgrade. */
export interface PlainAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Options of {@link listen}. */
export interface ListenOptions extends BindOptions {
  /** Certificate chain and private key, PEM: TLS is spoken, and nothing else. */
  readonly tls?: TlsIdentity | undefined;
  readonly admit: (knock: Knock, caller: Caller) => Admission | Promise<Admission>;
  /** Called for an upgrade that was admitted, before it is answered. */
  readonly prepare?: (knock: Knock, tag: string) => Prepared | undefined;
  /** An upgraded connection, with the tag that its admission carried, and what was prepared for it. */
  readonly connected: (connection: WebSocketConnection, tag: string, context: unknown) => void;
  /** An admitted request that turned out to be no valid upgrade, or whose connection had ended. */
  readonly abandoned?: (tag: string, context: unknown) => void;
  /** Answers requests for other things than an upgrade; undefined where there is no such thing. */
  readonly answer?: (path: string) => Promise<PlainAnswer> | undefined;
  /** Most sockets in the opening handshake at once. Default 256. */
  readonly pendingMax?: number;
  /** Time for a request's headers to come, in milliseconds. Default 10,000. */
  readonly headersTimeoutMs?: number;
}

/** What a server shows over TLS. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

/** A listening end. */
export interface Listener {
  readonly port: number;
  /** Shows another certificate from now on. @throws Error when it and its key cannot be used; the one before stays. */
  renewTls(tls: TlsIdentity): void;
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
  const headersTimeout = options.headersTimeoutMs ?? HEADERS_TIMEOUT_MS;
  const server = createServer({ headersTimeout, requestTimeout: headersTimeout, connectionsCheckingInterval: 1000 });
  const pending = new CrowdLimit<Duplex>(options.pendingMax ?? PENDING_MAX, (socket) => socket.destroy());
  const handshake = new ServerHandshake();
  const secure = options.tls === undefined ? undefined : frontOf(server, options.tls, pending, headersTimeout);
  const front = secure ?? server;
  server.on('connection', (socket) => {
    pending.add(socket, socket.remoteAddress ?? '');
    socket.once('close', () => pending.delete(socket));
  });
  server.on('request', (request, response) => {
    void answerPlainly(request, options).then(({ status, type, body }) => {
      response.writeHead(status, { 'content-type': type, connection: 'close', ...(status === 426 ? { upgrade: 'websocket' } : {}) });
      response.end(body);
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const knock = knockOf(request);
    const upgrade = (admission: Admission) => {
      if (!admission.admitted) {
        refuse(socket, admission.status, admission.text);
        return;
      }
      const prepared = options.prepare?.(knock, admission.tag);
      const context = prepared?.context ?? admission.context;
      const connection = socket.destroyed ? undefined : handshake.upgrade(request, socket, head, admission.options, [...admission.headers, ...(prepared?.headers ?? [])]);
      pending.delete(socket);
      if (connection === undefined) options.abandoned?.(admission.tag, context);
      else options.connected(connection, admission.tag, context);
    };
    const admission = options.admit(knock, callerOf(request, socket));
    if (!(admission instanceof Promise)) {
      upgrade(admission);
      return;
    }
    // http has taken its listeners away, and the socket's next owner has not come yet.
    const ignore = () => undefined;
    socket.on('error', ignore);
    void admission.then((decided) => {
      socket.off('error', ignore);
      upgrade(decided);
    });
  });
  server.on('clientError', (_error, socket) => socket.destroy());
  const port = await bind(front, options);
  return {
    port,
    renewTls: (tls) => secure?.setSecureContext({ cert: tls.cert, key: tls.key }),
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve());
        if (front !== server) server.close();
        pending.dropAll();
      }),
  };
}

async function answerPlainly(request: IncomingMessage, options: ListenOptions): Promise<PlainAnswer> {
  const special = options.answer?.(request.url ?? '/');
  if (special !== undefined) return special;
  const admission = await options.admit(knockOf(request), callerOf(request, request.socket));
  const text = admission.admitted ? 'This is a websocket server: use `streamer` to connect' : admission.text;
  return { status: admission.admitted ? 426 : admission.status, type: 'text/plain', body: `${text}\n` };
}

/** @throws Error with OpenSSL's reason when they are no certificate and key, or not of each other. */
export function checkTlsIdentity(tls: TlsIdentity): void {
  createSecureContext({ cert: tls.cert, key: tls.key });
}

/**
 * A server that does TLS and hands on what is within. Sockets count as pending from their first byte: who begins a handshake
 * and does not end it must not keep others out.
 */
function frontOf(server: Server, tls: TlsIdentity, pending: CrowdLimit<Duplex>, handshakeTimeout: number): TlsServer {
  const handshakes = new Map<string, Socket>();
  const front = createTlsServer({ ...tls, ALPNProtocols: ['http/1.1'], handshakeTimeout });
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

function callerOf(request: IncomingMessage, socket: Duplex): Caller {
  const { remoteAddress: address = '', remotePort = 0 } = request.socket;
  return {
    address,
    remote: `${address.includes(':') ? `[${address}]` : address}:${remotePort}`,
    header: (name) => {
      const value = request.headers[name.toLowerCase()];
      return typeof value === 'string' ? value : undefined;
    },
    gone: () => socket.destroyed,
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
