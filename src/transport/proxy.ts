/**
 * The way out of a network that has only a proxy: HTTP CONNECT (RFC 9110 section 9.3.6), by the variables HTTPS_PROXY,
 * ALL_PROXY and NO_PROXY, as curl and most others read them.
 *
 * @module
 */
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { getProxyForUrl } from 'proxy-from-env';
import type { Address } from './dial.js';

/** The proxy for an address; undefined where there is none. It may carry a password: not for messages. */
export function proxyFor({ host, port }: Address): URL | undefined {
  // A proxy's loopback is not ours; others, such as Go's programs, leave it out, too.
  if (isLoopback(host)) return undefined;
  // TLS or not: what we carry is ours to protect, and a proxy that tunnels sees no difference.
  const proxy = isExempt(host) ? '' : withScheme(getProxyForUrl(`https://${host.includes(':') ? `[${host}]` : host}:${port}/`));
  if (proxy === '') return undefined;
  // Not by URL.parse, which node 20.12 has not.
  const url = URL.canParse(proxy) ? new URL(proxy) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol)) throw new Error('HTTPS_PROXY names no http: or https: proxy');
  return url;
}

/** A domain stands for all names below it, as curl has it; the library wants a dot or an asterisk before it for that. */
function isExempt(host: string): boolean {
  const list = process.env['no_proxy'] ?? process.env['NO_PROXY'] ?? '';
  const name = host.toLowerCase();
  return list.toLowerCase().split(/[\s,]+/u).some((entry) => entry !== '' && (name === entry || name.endsWith(`.${entry.replace(/^\*?\./u, '')}`)));
}

/** A proxy without a scheme is one that is spoken to in the clear; the library gives it that of what is asked for. */
function withScheme(proxy: string): string {
  const given = ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'].map((name) => process.env[name]).find((value) => value !== undefined && value !== '');
  return given === undefined || given.includes('://') ? proxy : proxy.replace(/^https:/u, 'http:');
}

/** Whether a host is this machine itself. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Whether a URL's host is. */
export function isLoopbackUrl({ hostname }: URL): boolean {
  return isLoopback(hostname.replace(/^\[|\]$/gu, ''));
}

/** A connection to the address through the proxy. Rejects with an Error that says why not. */
export function connectByProxy(proxy: URL, { host, port }: Address, options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined }): Promise<Socket> {
  const target = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const where = proxy.host;
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? requestHttps : requestHttp)({
      host: proxy.hostname.replace(/^\[|\]$/gu, ''),
      port: proxy.port === '' ? (proxy.protocol === 'https:' ? 443 : 80) : proxy.port,
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...authorization(proxy) },
      agent: false,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const failed = (message: string, cause?: Error) => {
      clearTimeout(timer);
      request.destroy();
      reject(new Error(message, cause === undefined ? undefined : { cause }));
    };
    const timer = setTimeout(() => failed(`no answer from the proxy ${where} within ${options.timeoutMs / 1000} s`), options.timeoutMs);
    // For an answer of any status: node reads none of them as that to another request.
    request.once('connect', ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      // An error while it waits for its turn must not be thrown.
      socket.on('error', () => undefined);
      if (statusCode < 200 || statusCode > 299) {
        socket.destroy();
        failed(statusCode === 407 ? `the proxy ${where} wants a name and a password, in HTTPS_PROXY` : `the proxy ${where} answers HTTP ${statusCode} for ${target}`);
        return;
      }
      clearTimeout(timer);
      if (head.length > 0) socket.unshift(head);
      socket.setNoDelay(true);
      resolve(socket);
    });
    request.on('error', (error) => failed(`no way through the proxy ${where}: ${error.message.split('\n')[0] ?? ''}`, error));
    request.end();
  });
}

function authorization({ username, password }: URL): { readonly 'proxy-authorization'?: string } {
  if (username === '' && password === '') return {};
  const pair = `${decoded(username)}:${decoded(password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(pair).toString('base64')}` };
}

/** What is written as it is meant, with a % of its own, is not decoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
