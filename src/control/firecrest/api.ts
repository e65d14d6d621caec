/**
 * Calls by FirecREST's own document (openapi.ts), each one request as http.ts makes it, and each answer as what it is: unknown.
 *
 * @module
 */
import createClient, { type Client } from 'openapi-fetch';
import { ControlError, type StreamerError, UsageError } from '../../errors.js';
import { isLoopbackUrl } from '../../transport/proxy.js';
import { createFetch } from '../fetch.js';
import { exchange } from '../http.js';
import { Unanswered } from '../network-failure.js';
import { answerFailure, kindOf } from './answer-failure.js';
import type { CallOptions, FirecrestClientOptions } from './client-options.js';
import type { paths } from './openapi.js';

export type { CallOptions, FirecrestClientOptions } from './client-options.js';

/** What a call is besides. */
interface Extra extends CallOptions {
  /** Doing it twice is the same as once. */
  readonly repeatable?: boolean;
  readonly maxBytes?: number;
}

/** What is asked of the typed client. `init` goes into each call, whatever else it is given. */
export type Ask = (client: Client<paths>, init: { readonly parseAs: 'stream'; readonly signal?: AbortSignal; readonly fetch: (request: Request) => Promise<Response> }) => Promise<{ readonly response: Response; readonly error?: unknown }>;

/** How a call that changes something has ended: done, or with an error after which it may be done all the same. */
export type Outcome = { readonly answer: unknown } | { readonly error: StreamerError; readonly mayBeDone: boolean };

const DEFAULT_TIMEOUT_MS = 60_000;
const ANSWER_MOST_BYTES = 64 * 2 ** 20;

/** See the module's head. */
export class FirecrestApi {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #options: FirecrestClientOptions;
  readonly #fetch: typeof globalThis.fetch;
  readonly #client: Client<paths>;
  #clockAheadMs: number | undefined;

  /** @throws UsageError for a URL that is none, or that would have a token go out in the clear */
  constructor(options: FirecrestClientOptions) {
    this.url = checkedUrl(options);
    this.#options = options;
    this.#fetch = options.fetch ?? createFetch();
    this.#client = createClient<paths>({ baseUrl: this.url });
  }

  /** A call that answers with JSON. @throws StreamerError */
  async json(ask: Ask, extra: Extra = {}): Promise<unknown> {
    return jsonOf(await this.bytes(ask, extra), this.#origin);
  }

  /** A call whose answer is taken as it is. @throws StreamerError */
  async bytes(ask: Ask, extra: Extra = {}): Promise<Uint8Array> {
    try {
      return await this.#call(ask, extra);
    } catch (error) {
      throw error instanceof Unanswered ? error.error : error;
    }
  }

  /** A call that must not be made twice. @throws StreamerError where nothing was done for certain, before it was asked */
  async once(ask: Ask, extra: Extra = {}): Promise<Outcome> {
    try {
      return { answer: jsonOf(await this.#call(ask, extra), this.#origin) };
    } catch (error) {
      if (error instanceof Unanswered) return { error: error.error, mayBeDone: error.mayBeDone };
      if (error instanceof ControlError) return { error, mayBeDone: mayBeDone(error) };
      throw error;
    }
  }

  /** How far FirecREST's clock was ahead of ours, by its last answer, milliseconds; undefined where it has not said. */
  get clockAheadMs(): number | undefined {
    return this.#clockAheadMs;
  }

  get #origin(): string {
    return new URL(this.url).origin;
  }

  async #call(ask: Ask, { signal, ...extra }: Extra): Promise<Uint8Array> {
    const send = (request: Request) => this.#send(request, { signal, ...extra });
    const { response, error } = await ask(this.#client, { parseAs: 'stream', fetch: send, ...(signal === undefined ? {} : { signal }) });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    const text = typeof error === 'string' ? error : error === undefined ? '' : JSON.stringify(error);
    throw answerFailure({ status: response.status, text, origin: this.#origin, clockAheadMs: this.#clockAheadMs });
  }

  async #send(request: Request, { signal, repeatable, maxBytes = ANSWER_MOST_BYTES }: Extra): Promise<Response> {
    const { authenticator, store, timeoutMs = DEFAULT_TIMEOUT_MS, pause } = this.#options;
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
    const answer = await exchange(
      { method: request.method, url: new URL(request.url), headers: request.headers, body, repeatable },
      { authenticator, context: { store, fetch: this.#fetch, ...(signal === undefined ? {} : { signal }) }, timeoutMs, maxBytes, signal, pause },
    );
    this.#clockAheadMs = answer.clockAheadMs;
    const { status } = answer;
    const failed = status < 200 || status > 299;
    const content = failed ? new TextEncoder().encode(answer.hide(new TextDecoder().decode(answer.body))) : answer.body;
    return new Response(content.byteLength === 0 || status === 204 || status === 304 ? null : content, { status });
  }
}

/**
 * After which answers a job may be in the queue all the same. FirecREST's refusals are certain; what it says while its scheduler
 * does not answer is not: `sbatch` may wait on, and queue the job when the scheduler is back (recorded).
 */
function mayBeDone({ status = 0, message }: ControlError): boolean {
  if (status < 500 && status !== 408) return status === 0 || (status >= 200 && status <= 299);
  if (status === 503 && /is unhealthy/u.test(message)) return false;
  if (/has no attribute|No SSH credentials/u.test(message)) return false;
  return !/sbatch: error:/u.test(message) || /timed out|Unable to contact|Zero Bytes/iu.test(message);
}

function jsonOf(bytes: Uint8Array, origin: string): unknown {
  const text = new TextDecoder().decode(bytes);
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ControlError('control-not-firecrest', `${origin} answers with ${/^\s*[[{]/u.test(text) ? 'broken JSON' : kindOf(text)} where FirecREST answers with JSON: is \`url\` that of the API, with its whole path?`, { status: 200 });
  }
}

function checkedUrl({ url: text, insecure = false }: FirecrestClientOptions): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/u.test(url.protocol)) throw new UsageError('FirecREST\'s `url` is an address such as https://firecrest.example.org');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') throw new UsageError('FirecREST\'s `url` is an origin and a path, and nothing more: no password, query or fragment');
  if (url.protocol === 'http:' && !insecure && !isLoopbackUrl(url)) throw new UsageError(`to ${url.host} the token would go out in the clear: give a \`url\` of https:`);
  return url.href.replace(/\/+$/u, '');
}
