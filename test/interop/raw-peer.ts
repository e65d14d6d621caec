/**
 * A peer of the tests' own, on bare `ws`, that says whatever a test wants it to say.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { SECRET } from './pairing.js';

/** How the other end closed. 1006 when it did not. */
export interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** What a server answered to a raw client's request. */
export type Answer =
  | { readonly upgraded: true; readonly socket: WebSocket; readonly headers: IncomingHttpHeaders; readonly closed: Promise<Closed> }
  | { readonly upgraded: false; readonly status: number; readonly body: string };

/** What a raw client asks. */
export interface Ask {
  /** @default `Bearer` and the tests' secret; null leaves the header out */
  readonly authorization?: string | null;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Offers permessage-deflate, as the Python client does. @default false */
  readonly offerDeflate?: boolean;
}

/** Asks a server of either make for a websocket. */
export function askServer(t: TestContext, port: number, ask: Ask = {}): Promise<Answer> {
  const { authorization = `Bearer ${SECRET}`, path = '/', offerDeflate = false } = ask;
  const headers = { ...ask.headers, ...(authorization === null ? {} : { Authorization: authorization }) };
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers, perMessageDeflate: offerDeflate, maxPayload: 2 ** 27 });
  t.after(() => socket.terminate());
  const closed = closeOf(socket);
  return new Promise((resolve, reject) => {
    let answered: IncomingHttpHeaders = {};
    socket.once('upgrade', (response: IncomingMessage) => (answered = response.headers));
    socket.once('open', () => {
      // What comes at once must find whoever waits for this promise listening.
      socket.pause();
      setImmediate(() => socket.resume());
      resolve({ upgraded: true, socket, headers: answered, closed });
    });
    socket.once('unexpected-response', (_request, response) => {
      void bodyOf(response).then((body) => resolve({ upgraded: false, status: response.statusCode ?? 0, body }));
    });
    socket.on('error', reject);
  });
}

/** {@link askServer}, where the answer must be an upgrade. */
export async function connectRaw(t: TestContext, port: number, ask: Ask = {}): Promise<Extract<Answer, { upgraded: true }>> {
  const answer = await askServer(t, port, ask);
  if (!answer.upgraded) throw new Error(`the server answers ${answer.status}: ${answer.body}`);
  return answer;
}

/** A plain GET, which asks for no upgrade; resolves with the status. */
export function getPlain(port: number, authorization?: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, headers: authorization === undefined ? {} : { authorization } }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    asking.on('error', reject).end();
  });
}

async function bodyOf(response: IncomingMessage): Promise<string> {
  let body = '';
  for await (const piece of response) body += String(piece);
  return body;
}

function closeOf(socket: WebSocket): Promise<Closed> {
  return new Promise((resolve) => socket.once('close', (code, reason) => resolve({ code, reason: reason.toString() })));
}

/** A server that answers as the reference's, and then does what it is told. */
export interface RawServer {
  readonly coordinates: string;
  readonly port: number;
  /** Requests that came, with the headers that each had. */
  readonly requests: readonly IncomingMessage[];
  /** How the first client that got in closed. */
  readonly closed: Promise<Closed>;
}

/** Starts a raw server. `serve` has the first client that brought the secret. */
export async function startRawServer(t: TestContext, serve: (socket: WebSocket) => void | Promise<void>): Promise<RawServer> {
  const requests: IncomingMessage[] = [];
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    perMessageDeflate: false,
    maxPayload: 2 ** 27,
    verifyClient: ({ req }, decide) => {
      requests.push(req);
      const given = req.headers.authorization;
      if (given === undefined) decide(false, 401, 'Missing Authorization header');
      else decide(given === `Bearer ${SECRET}`, 403, 'Invalid secret');
    },
  });
  const closed = new Promise<Closed>((resolve) => {
    server.once('connection', (socket) => {
      void closeOf(socket).then(resolve);
      socket.on('error', () => undefined);
      // A script that goes on talking to an end that has gone is no failure of the test.
      Promise.resolve(serve(socket)).catch(() => undefined);
    });
  });
  t.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { coordinates: coordinatesFor(port), port, requests, closed };
}

/** Coordinates as the Python server writes them. */
export function coordinatesFor(port: number, secret = SECRET): string {
  const text = `{"ports": [${port}, ${port}], "ips": ["127.0.0.1"], "secret": ${JSON.stringify(secret)}}`;
  return Buffer.from(text).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}

/** What raw senders say. Built here once more, by hand, and not by the code under test. */
export const say = {
  init: (size: unknown, chunks: unknown = 1): Buffer => Buffer.from(`{"type": "init", "num_chunks": ${JSON.stringify(chunks)}, "file_size": ${JSON.stringify(size)}}`),
  eof: (hash: string): string => `{"type":"eof","sha256_hash":"${hash}"}`,
  /** As the Python sender has it, which sends it as binary. */
  pythonEof: (hash: string): Buffer => Buffer.from(`{"type": "eof", "sha256_hash": "${hash}"}`),
};

/** Sends one message and waits until it is written. */
export function send(socket: WebSocket, message: string | Buffer, options: { readonly fin?: boolean } = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const binary = typeof message !== 'string';
    socket.send(message, { binary, fin: options.fin ?? true }, (error) => (error ? reject(error) : resolve()));
  });
}

/** Random content, and its SHA-256 in hex. */
export function content(size: number): { bytes: Buffer; hash: string } {
  const bytes = randomBytes(size);
  return { bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}
