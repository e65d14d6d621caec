/**
 * The address on this machine to which the provider sends the browser back (RFC 8252 section 7.3), for one answer.
 *
 * It has a second address, which can be asked for once and leads to the provider: that is what the browser is started with, so that
 * the state of the sign-in is in no process list, where another user could see it and answer first.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { ConnectError, TimeoutError, UsageError } from '../../errors.js';
import { equalConstantTime } from '../../util/bytes.js';
import { PAGE_HEADERS, pageHtml, type RedirectPage } from './redirect-page.js';

/** How the sign-in is going. */
export interface RedirectOptions {
  /** Where the browser comes back to, such as http://127.0.0.1:8888/callback; port 0 takes any free one. */
  readonly redirectUrl: URL;
  /** An answer with another state is none to this sign-in. */
  readonly state: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer that came, for which a browser waits. */
export interface RedirectAnswer {
  /** As the provider made it. */
  readonly url: URL;
  /** Shows a page, and ends the connection. */
  show(page: RedirectPage): Promise<void>;
}

/** A listener. */
export interface RedirectListener {
  /** With the port that it has. */
  readonly redirectUrl: URL;
  /** An address that leads to another one, once. It must be told before it is opened. */
  leadTo(address: string): string;
  /** The one answer. @throws TimeoutError when none comes */
  readonly answer: Promise<RedirectAnswer>;
  close(): Promise<void>;
}

const NOT_THIS: RedirectPage = { status: 400, title: 'Not this sign-in', text: 'This page belongs to another sign-in than the one that streamer waits for, perhaps an earlier one. Use the link that it has printed last.' };
const ANSWERED: RedirectPage = { status: 410, title: 'Already answered', text: 'streamer has had its answer. You can close this page.' };
const NOTHING: RedirectPage = { status: 404, title: 'Nothing here', text: 'streamer waits for a sign-in, at another address.' };

/** Listens. @throws ConnectError `connect-listen` for a port that is taken; UsageError for an address that is not this machine's */
export async function listenForRedirect(options: RedirectOptions): Promise<RedirectListener> {
  const listener = new Listener(options);
  await listener.listen();
  return listener;
}

class Listener implements RedirectListener {
  readonly #options: RedirectOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #start = `/start-${randomBytes(16).toString('base64url')}`;
  #leadsTo: string | undefined;
  #answered = false;
  #settle: { resolve: (answer: RedirectAnswer) => void; reject: (error: Error) => void } | undefined;
  readonly answer: Promise<RedirectAnswer>;

  constructor(options: RedirectOptions) {
    this.#options = options;
    this.answer = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Who closes it early does not wait for an answer.
    this.answer.catch(() => undefined);
    this.#server = createServer((request, response) => void this.#take(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  get redirectUrl(): URL {
    const url = new URL(this.#options.redirectUrl.href);
    url.port = String((this.#server.address() as AddressInfo).port);
    return url;
  }

  async listen(): Promise<void> {
    const { redirectUrl, timeoutMs, signal } = this.#options;
    // By name, a browser tries both addresses of this machine.
    const host = redirectUrl.hostname === 'localhost' ? '127.0.0.1' : redirectUrl.hostname.replace(/^\[|\]$/gu, '');
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (cause: NodeJS.ErrnoException) => reject(listenError(cause, redirectUrl)));
      this.#server.listen({ host, port: redirectUrl.port === '' ? 80 : Number(redirectUrl.port), exclusive: true }, resolve);
    });
    const timer = setTimeout(() => this.#settle?.reject(new TimeoutError('timeout-wait', `nobody has signed in within ${Math.round(timeoutMs / 60_000)} minutes: run "streamer login" again, or with \`flow\` device`)), timeoutMs);
    const abort = () => this.#settle?.reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted === true) abort();
    this.#server.once('close', () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    });
  }

  leadTo(address: string): string {
    this.#leadsTo = address;
    return new URL(this.#start, this.redirectUrl).href;
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      // A browser keeps connections in reserve.
      for (const socket of this.#sockets) socket.destroy();
    });
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    const url = URL.canParse(target, this.redirectUrl.href) ? new URL(target, this.redirectUrl) : undefined;
    if (request.method !== 'GET') return show(response, { status: 405, title: 'Not so', text: 'Only a browser that comes back from signing in is expected here.' });
    if (url?.pathname === this.#start && this.#leadsTo !== undefined) return lead(response, this.#takeLead());
    if (url?.pathname !== this.#options.redirectUrl.pathname) return show(response, NOTHING);
    if (this.#answered) return show(response, ANSWERED);
    if (!equalConstantTime(Buffer.from(url.searchParams.get('state') ?? ''), Buffer.from(this.#options.state))) return show(response, NOT_THIS);
    this.#answered = true;
    this.#settle?.resolve({ url, show: (page) => show(response, page) });
  }

  /** Once. */
  #takeLead(): string {
    const address = this.#leadsTo ?? '/';
    this.#leadsTo = undefined;
    return address;
  }
}

function lead(response: ServerResponse, address: string): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.writeHead(302, { ...PAGE_HEADERS, location: address }).end();
  });
}

function show(response: ServerResponse, page: RedirectPage): Promise<void> {
  return new Promise((resolve) => {
    response.once('close', resolve);
    response.writeHead(page.status, { ...PAGE_HEADERS, connection: 'close' }).end(pageHtml(page));
  });
}

function listenError(cause: NodeJS.ErrnoException, { host, port }: URL): Error {
  if (cause.code === 'EADDRINUSE') return new ConnectError('connect-listen', `port ${port} of this machine is taken, perhaps by another sign-in: end that, or choose another \`redirectPort\` that the provider allows this client`, { retryable: false, cause });
  if (cause.code === 'EACCES') return new ConnectError('connect-listen', `port ${port} of this machine is only for its administrator: choose another \`redirectPort\``, { retryable: false, cause });
  return new UsageError(`cannot listen at ${host} for the browser's return (${cause.code ?? cause.message}): the \`redirectUrl\` must be on this machine`, { cause });
}
