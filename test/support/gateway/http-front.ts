/**
 * The gateway's HTTP: from a request to a route, and from what it says to an answer, with the habits of FirecREST's server.
 *
 * @module
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { COMPUTE_ROUTES } from './compute-routes.js';
import { ApiError, misfit } from './errors.js';
import type { Faults, Mishap } from './faults.js';
import { OPS_ROUTES } from './ops-routes.js';
import type { PythonValue } from './python-text.js';
import { liveness, STATUS_ROUTES } from './status-routes.js';
import { TRANSFER_ROUTES } from './transfer-routes.js';
import type { Answer, Route, World } from './world.js';

/** A request that came, and what was answered. */
export interface SeenRequest {
  readonly method: string;
  /** In lower case, without the query. */
  readonly path: string;
  readonly query: string;
  readonly atMs: number;
  /** Undefined as long as there is no answer, or when the connection was dropped instead. */
  status: number | undefined;
}

const ROUTES = [...STATUS_ROUTES, ...COMPUTE_ROUTES, ...TRANSFER_ROUTES, ...OPS_ROUTES].map((route) => ({ route, pattern: patternOf(route.path) }));
const LIVENESS = '/status/liveness/';

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replace(/\{(\w+)\}/gu, '(?<$1>[^/]+)')}$`, 'u');
}

/** Answers requests. */
export class HttpFront {
  readonly seen: SeenRequest[] = [];
  readonly #world: World;
  readonly #faults: Faults;
  /** Connections that the server has given up; their clients find that out with their next request. */
  readonly #dropped = new WeakSet<Socket>();

  constructor(world: World, faults: Faults) {
    this.#world = world;
    this.#faults = faults;
  }

  readonly handle = (request: IncomingMessage, response: ServerResponse): void => {
    // Whoever ends the connection in between is no concern of the gateway's.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    void this.#take(request, response);
  };

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    if (this.#dropped.has(socket)) {
      socket.resetAndDestroy();
      return;
    }
    const url = new URL(request.url ?? '/', 'http://gateway');
    const path = decodeURIComponent(url.pathname).toLowerCase();
    const method = request.method ?? 'GET';
    const seen: SeenRequest = { method, path, query: url.search, atMs: Date.now(), status: undefined };
    this.seen.push(seen);
    const body = await bodyOf(request).catch(() => undefined);
    if (body === undefined) return;
    const mishap = this.#faults.next(method, path);
    const outcome = () => this.#answer(request, method, path, url, body);
    const answer = mishap === undefined ? await outcome() : await befall(mishap, response, outcome);
    if (answer === undefined) return;
    seen.status = answer.status;
    if (answer.drops === true) this.#dropped.add(socket);
    // Whoever names the request finds the name again in the answer.
    write(response, answer, (header) => String(request.headers[header] ?? randomUUID().replaceAll('-', '')));
  }

  /** Never throws. */
  async #answer(request: IncomingMessage, method: string, path: string, url: URL, body: Buffer): Promise<Written> {
    let user: string | null = null;
    try {
      if (method === 'GET' && path === LIVENESS) return { status: 200, json: liveness(this.#world) };
      const matches = ROUTES.flatMap(({ route, pattern }) => {
        const match = pattern.exec(path);
        return match === null ? [] : [{ route, parameters: { ...match.groups } }];
      });
      const [first] = matches;
      if (first === undefined) return redirect(path, url, request.headers.host ?? '');
      const { route, parameters } = matches.find((match) => match.route.method === method) ?? fail(new ApiError(405, 'Method Not Allowed', { headers: { allow: first.route.method } }));
      const handler = { ...route.handler, route: `${method} ${route.path}` };
      const content = route.takesJson === true ? parseBody(request, body, handler) : null;
      user = this.#world.tokens.check(request.headers.authorization);
      return await route.run({ world: this.#world, user, parameters, query: url.searchParams, headers: request.headers, body, content, handler });
    } catch (error) {
      const api = error instanceof ApiError ? error : new ApiError(500, `('${String(error)}',)`, { unhandled: true });
      return { status: api.status, json: api.body(user), headers: api.details.headers, drops: api.drops };
    }
  }
}

/** An answer on its way out. */
interface Written extends Answer {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly drops?: boolean;
}

function fail(error: Error): never {
  throw error;
}

/** FastAPI sends whoever has a slash too many, or too few, to where there is something. */
function redirect(path: string, url: URL, host: string): Written {
  const other = path.endsWith('/') ? path.slice(0, -1) : `${path}/`;
  if (other !== LIVENESS && !ROUTES.some(({ pattern }) => pattern.test(other))) throw new ApiError(404, 'Not Found');
  return { status: 307, bytes: new Uint8Array(0), headers: { location: `http://${host}${other}${url.search}` } };
}

function parseBody(request: IncomingMessage, body: Buffer, handler: Route['handler'] & { readonly route: string }): PythonValue {
  if (body.length === 0) return null;
  if (!/^application\/(?:json|.*\+json)/iu.test(request.headers['content-type'] ?? '')) return body;
  try {
    return JSON.parse(body.toString()) as PythonValue;
  } catch (error) {
    const { message } = error as Error;
    const position = Number(/position (\d+)/u.exec(message)?.[1] ?? body.length);
    const why = message.startsWith('Expected property name') ? 'Expecting property name enclosed in double quotes' : 'Expecting value';
    throw misfit([{ type: 'json_invalid', place: ['body', position], message: 'JSON decode error', input: {}, context: { error: why } }], handler);
  }
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

const PAGE = '<!DOCTYPE html><html><head><title>Service</title></head><body><h1>Under maintenance</h1></body></html>\n';

/** What happens instead. @returns what is to be answered, if anything is */
async function befall(mishap: Mishap, response: ServerResponse, outcome: () => Promise<Written>): Promise<Written | undefined> {
  switch (mishap.kind) {
    case 'status': {
      const { status, message = 'Fault', retryAfter } = mishap;
      return { status, json: new ApiError(status, message).body(null), headers: retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) } };
    }
    case 'html':
      return { status: mishap.status ?? 200, bytes: Buffer.from(PAGE), contentType: 'text/html; charset=utf-8' };
    case 'text':
      return { status: mishap.status ?? 200, bytes: Buffer.from(mishap.text), contentType: mishap.contentType ?? 'text/plain' };
    case 'hang':
      return undefined;
    case 'late':
      await delay(mishap.delayMs);
      return outcome();
    case 'drop':
      response.socket?.resetAndDestroy();
      return undefined;
    case 'cut': {
      const { status, json } = await outcome();
      const text = JSON.stringify(json ?? null);
      response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
      response.write(text.slice(0, Math.ceil(text.length / 2)), () => response.socket?.destroy());
      return undefined;
    }
    case 'done-but':
      await outcome();
      return { status: mishap.status ?? 500, json: new ApiError(500, mishap.message ?? "('Channel not open for sending',)").body(null), drops: true };
    case 'done-but-dropped':
      await outcome();
      response.socket?.resetAndDestroy();
      return undefined;
  }
}

function write(response: ServerResponse, { status, json, bytes, contentType, headers = {} }: Written, nameOf: (header: string) => string): void {
  const content = bytes ?? (json === undefined ? undefined : Buffer.from(JSON.stringify(json)));
  // An answer of nothing says that it is JSON, too.
  const type = contentType ?? (json === undefined && status !== 204 ? undefined : 'application/json');
  response.writeHead(status, {
    ...(type === undefined ? {} : { 'content-type': type }),
    ...(content === undefined ? {} : { 'content-length': content.length }),
    'f7t-appversion': '2.x.x',
    'f7t-timestamp': new Date().toISOString(),
    'x-request-id': nameOf('x-request-id'),
    'x-correlation-id': nameOf('x-correlation-id'),
    ...headers,
  });
  response.end(content);
}
