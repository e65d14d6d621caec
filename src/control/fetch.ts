/**
 * `fetch` for the control plane: by the proxy that the environment names, trusting the authorities that the user names.
 *
 * It is undici's, the one that node has built in: node's own takes neither a proxy nor an authority before node 24.
 *
 * @module
 */
import { rootCertificates } from 'node:tls';
import type { Agent, Dispatcher, ProxyAgent } from 'undici';
import { proxyFor } from '../transport/proxy.js';

interface Undici {
  readonly Agent: typeof Agent;
  readonly ProxyAgent: typeof ProxyAgent;
}

/** What {@link createFetch} is told. */
export interface FetchOptions {
  /** Certificates of authorities to trust besides node's own, PEM. */
  readonly ca?: string | undefined;
}

/**
 * Which proxy is taken is decided as for transfers: HTTPS_PROXY, ALL_PROXY, NO_PROXY; never for this machine itself.
 *
 * No connection is kept for the next request: FirecREST drops those on which it has answered 500, and the request that
 * comes meanwhile is lost with them, which a POST must not be.
 */
export function createFetch({ ca }: FetchOptions): typeof globalThis.fetch {
  const dispatchers = new Map<string, Dispatcher>();
  return async (input, init) => {
    const undici = await import('undici');
    const request = new Request(input, init);
    const url = new URL(request.url);
    const proxy = proxyFor({ host: url.hostname.replace(/^\[|\]$/gu, ''), port: portOf(url) });
    const key = proxy?.href ?? '';
    const dispatcher = dispatchers.get(key) ?? dispatcherFor(undici, proxy, ca);
    dispatchers.set(key, dispatcher);
    const body = request.body === null ? undefined : await request.arrayBuffer();
    // Its classes are not node's own, but they are the same: what reads an answer finds no difference.
    return undici.fetch(url, {
      method: request.method,
      headers: [...request.headers],
      redirect: request.redirect,
      signal: request.signal,
      dispatcher,
      ...(body === undefined ? {} : { body }),
    });
  };
}

function portOf(url: URL): number {
  return url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
}

function dispatcherFor({ Agent, ProxyAgent }: Undici, proxy: URL | undefined, ca: string | undefined): Dispatcher {
  const tls = ca === undefined ? {} : { ca: [...rootCertificates, ca] };
  if (proxy === undefined) return new Agent({ pipelining: 0, connect: tls });
  const { username, password } = proxy;
  const token = username === '' ? {} : { token: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}` };
  return new ProxyAgent({ uri: proxy.origin, pipelining: 0, requestTls: tls, ...token });
}
