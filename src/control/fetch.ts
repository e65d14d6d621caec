/**
 * `fetch` as a user's network wants it: through the proxy that HTTPS_PROXY names, as transport/proxy.ts reads it (so loopback
 * never goes through one), and trusting the user's own authorities besides those that node knows.
 *
 * It is undici's, the package that node's own fetch is made of: node's takes neither a proxy nor an authority. It begins with the
 * first request. In the bundle it costs `streamer --version` nothing that can be measured (55 ms of CPU time with and without it), and a
 * command that asks FirecREST takes 194 ms with it and 226 when it is found in node_modules.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import type { Agent, buildConnector, fetch as undiciFetch } from 'undici';
import { connectByProxy, proxyFor } from '../transport/proxy.js';

type Fetch = typeof globalThis.fetch;
type Connector = buildConnector.connector;

/** How long to wait for a connection, milliseconds. */
const CONNECT_MS = 15_000;

/**
 * Where an answer has the Requests that it is the answer to. A Request's signal follows the caller's for as long as the Request is there:
 * once the garbage collector had it, nothing aborted what waited for its answer, and it took five minutes.
 */
const ASKED_BY = Symbol('asked by');

/** Why there is no connection: nothing of the request was sent. Its cause says more. */
export class NoConnection extends Error {
  override readonly name = 'NoConnection';
}

/** What {@link createFetch} is given. */
export interface FetchOptions {
  /** Certificates of authorities to trust besides those that node knows, PEM. */
  readonly ca?: string | undefined;
}

interface Engine {
  readonly fetch: typeof undiciFetch;
  /** Keeps connections for the next request. */
  readonly kept: Agent;
  /** A connection for each request. */
  readonly fresh: Agent;
}

/**
 * Makes one. What may be repeated goes over connections that are kept. All else has a new one each: FirecREST drops connections
 * that it has kept, and of a POST that was lost with one nobody knows whether it was heard.
 */
export function createFetch({ ca }: FetchOptions = {}): Fetch {
  let engine: Promise<Engine> | undefined;
  return async (input, init) => {
    engine ??= startEngine(ca);
    const { fetch, kept, fresh } = await engine;
    const [url, given, request] = await plain(input, init);
    const dispatcher = /^(?:GET|HEAD)$/iu.test(given?.method ?? 'GET') ? kept : fresh;
    // The package's types and node's are two copies of the same.
    const { status, statusText, headers, body } = await fetch(url, { ...(given as Parameters<typeof undiciFetch>[1]), dispatcher });
    // One of node's own, which is what callers may look for.
    const response = new Response(body as ReadableStream<Uint8Array> | null, { status, statusText, headers: [...headers] });
    return Object.defineProperty(response, ASKED_BY, { value: [input, request] });
  };
}

/** The package takes no Request or FormData but its own: these become their bytes. @returns the Request as well, if there was one */
async function plain(input: Parameters<Fetch>[0], init: RequestInit | undefined): Promise<[string, RequestInit | undefined, Request?]> {
  const ofOurs = init?.body === undefined || init.body === null || typeof init.body === 'string' || init.body instanceof URLSearchParams || init.body instanceof Uint8Array;
  if (!(input instanceof Request) && ofOurs) return [String(input), init];
  const request = new Request(input, init);
  const { method, headers, redirect, signal } = request;
  const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
  return [request.url, { method, headers: [...headers], redirect, signal, ...(body === undefined ? {} : { body }) }, request];
}

async function startEngine(ca: string | undefined): Promise<Engine> {
  const { Agent, buildConnector, fetch } = await import('undici');
  const secureContext = ca === undefined ? undefined : trusting(ca);
  const direct = buildConnector({ timeout: CONNECT_MS, ...(secureContext === undefined ? {} : { secureContext }) });
  const connect = marked(connector(direct));
  return { fetch, kept: new Agent({ connect }), fresh: new Agent({ connect, pipelining: 0 }) };
}

/** Made once: parsing all of node's authorities takes milliseconds. */
function trusting(ca: string): SecureContext {
  const file = process.env['NODE_EXTRA_CA_CERTS'];
  // node has warned of one that it cannot read.
  const extra = file === undefined || file === '' ? [] : [readQuietly(file)].filter((pem) => pem !== undefined);
  return createSecureContext({ ca: [...rootCertificates, ...extra, ca] });
}

function readQuietly(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Through a proxy where there is one. */
function connector(direct: Connector): Connector {
  return (options, callback) => {
    const { hostname, protocol } = options;
    const host = hostname.replace(/^\[|\]$/gu, '');
    const port = options.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(options.port);
    let proxy: URL | undefined;
    try {
      proxy = proxyFor({ host, port });
    } catch (error) {
      callback(error as Error, null);
      return;
    }
    if (proxy === undefined) {
      direct(options, callback);
      return;
    }
    connectByProxy(proxy, { host, port }, { timeoutMs: CONNECT_MS }).then(
      (socket) => (protocol === 'https:' ? direct({ ...options, httpSocket: socket }, callback) : callback(null, socket)),
      (error: unknown) => callback(error as Error, null),
    );
  };
}

/** Makes failures to connect known as such: later ones may have the same codes. */
function marked(connect: Connector): Connector {
  return (options, callback) => {
    connect(options, (...[error, socket]) => {
      if (error === null) callback(null, socket);
      else callback(new NoConnection(error.message, { cause: error }), null);
    });
  };
}
