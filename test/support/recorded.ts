/**
 * A FirecREST that answers with recorded exchanges (test/vectors/firecrest-exchanges.json), on a free port of loopback, until its
 * test is over.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { ROOT } from './cli.js';

/** One of them. A token in it is `<token>`. */
export interface Exchange {
  readonly name: string;
  readonly request: { readonly method: string; readonly path: string; readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
  readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: unknown };
  /** What was seen besides, such as the files afterwards. */
  readonly observed?: Readonly<Record<string, unknown>>;
}

/** What a client has sent. */
export interface Received {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** All, in the order in which they were recorded: sessions of the streamer, too, which have a `ws:` address for a path. */
const RECORDED = JSON.parse(readFileSync(path.join(ROOT, 'test/vectors/firecrest-exchanges.json'), 'utf8')) as readonly Exchange[];

/** All that went over HTTP. */
export const EXCHANGES: readonly Exchange[] = RECORDED.filter(({ request }) => request.path.startsWith('/'));

/** By its name. */
export function exchange(name: string): Exchange {
  const found = RECORDED.find((one) => one.name === name);
  if (found === undefined) throw new Error(`there is no exchange ${name}`);
  return found;
}

/** The body as it went over the wire. Of a file's bytes the number and the first of them were kept: zeros stand for the others. */
export function bodyOf({ response: { body } }: Exchange): Buffer {
  if (body === null || body === '') return Buffer.alloc(0);
  const { bytes, base64Head } = body as { bytes?: unknown; base64Head?: unknown };
  if (typeof bytes !== 'number' || typeof base64Head !== 'string') return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const content = Buffer.alloc(bytes);
  Buffer.from(base64Head, 'base64').copy(content);
  return content;
}

/** Answers a request with an exchange. A refused token is repeated in a header, as FirecREST does. */
export function answerWith(one: Exchange, request: IncomingMessage, response: ServerResponse): void {
  const token = request.headers.authorization?.replace(/^Bearer /u, '') ?? '';
  response.writeHead(one.response.status, { ...one.response.headers, ...(one.response.status === 401 && token !== '' ? { 'auth-token': token } : {}) });
  response.end(bodyOf(one));
}

/** A server whose answers a test chooses. @returns its URL, and what it has received */
export async function startServer(t: TestContext, answer: (request: IncomingMessage, response: ServerResponse, received: Received) => void): Promise<{ readonly url: string; readonly received: readonly Received[] }> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const one = { method: request.method ?? '', path: request.url ?? '', headers: request.headers, body: Buffer.concat(pieces) };
      received.push(one);
      answer(request, response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

/** A server that gives one exchange's answer to requests of its method and route, and others what a test chooses. */
export function startRecorded(t: TestContext, one: Exchange, besides: (received: Received) => { readonly status: number; readonly body: unknown }): ReturnType<typeof startServer> {
  const route = (place: string) => place.split('?')[0]?.toLowerCase();
  return startServer(t, (request, response, received) => {
    if (received.method === one.request.method && route(received.path) === route(one.request.path)) {
      answerWith(one, request, response);
      return;
    }
    const { status, body } = besides(received);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
}
