/**
 * The opening handshake of RFC 6455 section 4, both ends, by `ws`, which validates every header; the upgraded socket is
 * then taken over by {@link WebSocketConnection}.
 *
 * The seam is ws's documented `WebSocket` server option ("the class to be used; must be extended from the original"):
 * a class whose `setSocket`, the step in which ws would start its own framing, hands the socket on instead. ws is
 * pinned to an exact version, and test/conformance runs both ends through this, so a change there cannot pass unseen.
 *
 * @module
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer, type ClientOptions } from 'ws';
import { ConnectError, peerText, ProtocolError } from '../errors.js';
import { WebSocketConnection, type WebSocketOptions } from './websocket.js';

/** ws up to the end of the opening handshake. */
class HandshakeOnly extends WebSocket {
  taken: { readonly socket: Duplex; readonly head: Buffer } | undefined;

  /** Called by ws, at both ends, with the upgraded socket. */
  setSocket(socket: Duplex, head: Buffer): void {
    this.taken = { socket, head };
    this.emit('taken', this.taken);
  }
}

/** An answer that was not an upgrade: the HTTP status and the first line of its body. */
export interface Refusal {
  readonly status: number;
  readonly text: string;
}

/** The outcome of a client's opening handshake. */
export type Opening =
  | { readonly upgraded: true; readonly connection: WebSocketConnection; readonly headers: IncomingMessage['headers'] }
  | { readonly upgraded: false; readonly refusal: Refusal };

/** What a client asks for. */
export interface OpeningRequest {
  /** `ws://host:port/path`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** A connected TCP socket to use. It is destroyed when the handshake fails. */
  readonly socket: Socket;
  readonly timeoutMs: number;
  /** Breaks the handshake off; without effect when it is done. */
  readonly signal?: AbortSignal;
  /** Options of the connection, by what the server answered. */
  readonly connection: (headers: IncomingMessage['headers']) => WebSocketOptions;
}

/** Most bytes of a refusal's body that are read: enough for its first line. */
const REFUSAL_BYTES = 1024;

/**
 * The client's side. An HTTP refusal is an outcome, not an error.
 * @throws ConnectError when the link breaks or the time is over; ProtocolError when the answer is no valid upgrade.
 */
export function openAsClient(request: OpeningRequest): Promise<Opening> {
  return new Promise((resolve, reject) => {
    const options: ClientOptions & { createConnection: () => Socket } = {
      headers: { ...request.headers },
      // Deflate makes random data slower by ten times, and no one's file smaller on the way than its own format does.
      perMessageDeflate: false,
      createConnection: () => request.socket,
    };
    const handshake = new HandshakeOnly(request.url, options);
    // ws's own `handshakeTimeout` would be set on a socket that http makes, and has no effect on one that is given.
    let expire = () => {
      const late = new Error(`timed out after ${request.timeoutMs / 1000} s`);
      request.socket.destroy(late);
      // A socket that has ended already tells nobody of another error.
      reject(openingError(late));
    };
    const timer = setTimeout(() => expire(), request.timeoutMs);
    const stopped = () => void request.socket.destroy(new Error('stopped'));
    const settled = () => {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', stopped);
    };
    request.signal?.addEventListener('abort', stopped, { once: true });
    let headers: IncomingMessage['headers'] = {};
    handshake.on('upgrade', (response) => (headers = response.headers));
    handshake.on('taken', ({ socket, head }: NonNullable<HandshakeOnly['taken']>) => {
      settled();
      const connection = new WebSocketConnection(socket, head, request.connection(headers));
      resolve({ upgraded: true, connection, headers });
    });
    handshake.on('unexpected-response', (_request, response) => {
      expire = () => void response.destroy();
      void readFirstLine(response).then((text) => {
        settled();
        request.socket.destroy();
        resolve({ upgraded: false, refusal: { status: response.statusCode ?? 0, text } });
      });
    });
    handshake.on('error', (error) => {
      settled();
      request.socket.destroy();
      reject(openingError(error));
    });
  });
}

function openingError(error: Error & { code?: string }): Error {
  const network = error.code?.startsWith('E') === true || /hang up|timed out|stopped/i.test(error.message);
  if (network) return new ConnectError('connect-failed', `the opening handshake broke off: ${error.message}`, { cause: error });
  return new ProtocolError('protocol-violation', `the other end is no websocket server: ${peerText(error.message)}`, { cause: error });
}

async function readFirstLine(response: IncomingMessage): Promise<string> {
  let text = '';
  try {
    for await (const chunk of response) {
      text += String(chunk);
      if (text.length > REFUSAL_BYTES || text.includes('\n')) break;
    }
  } catch {
    // A body that breaks off says no less than its status.
  }
  return peerText(text.split('\n')[0] ?? '');
}

/** The server's side: upgrades requests that were already admitted. */
export class ServerHandshake {
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // ws would agree to the first that is offered, and the wire has none.
    handleProtocols: () => false,
    WebSocket: HandshakeOnly,
  });

  readonly #extraHeaders = new WeakMap<IncomingMessage, readonly string[]>();

  constructor() {
    this.#server.on('headers', (headers, request) => {
      headers.push(...(this.#extraHeaders.get(request) ?? []));
    });
  }

  /** Answers 101 with `extraHeaders` (whole lines), or an HTTP error when the request is no valid upgrade. */
  upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    options: WebSocketOptions,
    extraHeaders: readonly string[],
  ): WebSocketConnection | undefined {
    let connection: WebSocketConnection | undefined;
    this.#extraHeaders.set(request, extraHeaders);
    // ws calls back in the same turn, after setSocket; or never, having answered with an HTTP error itself.
    this.#server.handleUpgrade(request, socket, head, (client) => {
      const { taken } = client;
      if (taken !== undefined) connection = new WebSocketConnection(taken.socket, taken.head, options);
    });
    return connection;
  }
}
