/**
 * Calls typed by FirecREST's OpenAPI document; what comes back is unknown until it is read.
 *
 * `schema.ts` is made of `openapi.json` by `npm run generate`. Answers are not believed to be what it says: it is wrong in places
 * (measured against FirecREST 2.5), and what answers may be anything.
 *
 * @module
 */
import createClient, { type Client } from 'openapi-fetch';
import type { SignedHttp } from '../http.js';
import { refusalError } from './failure.js';
import { strange } from './reading.js';
import type { paths } from './schema.js';

/** FirecREST's routes. */
export type Api = Client<paths>;

/** Ends a call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** The routes below an address. */
export function createApi(url: string, http: SignedHttp): Api {
  return createClient<paths>({ baseUrl: url.replace(/\/+$/u, ''), fetch: http.fetch });
}

/** What a call of {@link Api} with `parseAs: 'arrayBuffer'` gives. */
interface Outcome {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly response: Response;
}

/** The bytes of a good answer. @throws StreamerError for any other; `what` says in it what was asked */
export async function bytesOf(what: string, call: Promise<Outcome>): Promise<Uint8Array> {
  const { data, error, response } = await call;
  if (!response.ok) throw refusalError({ status: response.status, body: error, what, serverTime: dateOf(response) });
  return data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array();
}

/** The JSON of a good answer. @throws StreamerError */
export async function jsonOf(what: string, call: Promise<Outcome>): Promise<unknown> {
  const bytes = await bytesOf(what, call);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw strange('it is not JSON');
  }
}

/** The same, or undefined where the answer is 404. */
export async function unlessMissing<T>(call: Promise<T>, isMissing: (error: unknown) => boolean): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function dateOf(response: Response): number | undefined {
  const time = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(time) ? undefined : time;
}

/** For each call: its answer is read by us, and it ends with the caller's signal. */
export function callInit({ signal }: CallOptions): { readonly parseAs: 'arrayBuffer'; readonly signal?: AbortSignal } {
  return { parseAs: 'arrayBuffer', ...(signal === undefined ? {} : { signal }) };
}
