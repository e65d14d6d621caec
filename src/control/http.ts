/**
 * One request to FirecREST: signed, with a deadline, repeated where that is safe, and answered by a value or a typed error.
 *
 * What is repeated: a GET whose connection was lost (once) or that was answered 429, 502, 503 or 504 with a time to wait; any
 * request that was answered 401, once, where the authenticator has something fresher, for it was not acted on. No other POST or
 * DELETE is: one that was answered 500 may have done its work.
 *
 * @module
 */
import { setTimeout as delay } from 'node:timers/promises';
import { AbortError, ControlError } from '../errors.js';
import type { Authenticator, AuthenticatorContext, AuthenticatorStore } from './auth/authenticator.js';
import { connectionError, isConnectionLoss, tooLate } from './firecrest/failure.js';

/** What a {@link SignedHttp} is made of. */
export interface SignedHttpOptions {
  /** FirecREST's address; paths are below it. */
  readonly url: string;
  readonly authenticator: Authenticator;
  readonly store: AuthenticatorStore;
  readonly fetch: typeof globalThis.fetch;
  /** For each attempt, milliseconds. */
  readonly timeoutMs: number;
}

/** A whole answer, of bounded size. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Most bytes of an answer: more than any site lets through. */
const ANSWER_MAX = 256 * 1024 ** 2;
/** Most attempts where the server asks for patience. */
const ATTEMPTS_MAX = 4;
/** Longest that a Retry-After is followed, milliseconds. */
const PATIENCE_MS = 30_000;

/** Sends requests; see the module's head. */
export class SignedHttp {
  readonly #options: SignedHttpOptions;
  readonly #origin: string;

  constructor(options: SignedHttpOptions) {
    this.#options = options;
    this.#origin = new URL(options.url).origin;
  }

  /** For openapi-fetch: the answer is whole, and never one that another attempt could still mend. @throws StreamerError */
  readonly fetch = async (request: Request): Promise<Response> => {
    const { status, headers, body } = await this.send(request);
    const empty = status === 204 || status === 205 || status === 304;
    return new Response(empty ? null : body, { status, headers });
  };

  /** @throws AuthError, ConnectError, ControlError, TimeoutError, AbortError */
  async send(request: Request): Promise<Answer> {
    const safe = request.method === 'GET';
    const body = request.body === null ? undefined : await request.arrayBuffer();
    let lost = false;
    let refused = false;
    for (let attempt = 1; ; attempt += 1) {
      let answer: Answer;
      try {
        answer = await this.#attempt(request, body);
      } catch (error) {
        if (!safe || lost || !isConnectionLoss(error)) throw this.#explained(error, request.signal);
        lost = true;
        continue;
      }
      if (answer.status === 401 && !refused && (await this.#renewed(request.signal))) {
        refused = true;
        continue;
      }
      const wait = safe && attempt < ATTEMPTS_MAX ? waitOf(answer) : undefined;
      if (wait === undefined) return answer;
      await delay(wait, undefined, { signal: request.signal }).catch((error: unknown) => {
        throw this.#explained(error, request.signal);
      });
    }
  }

  async #attempt(request: Request, body: ArrayBuffer | undefined): Promise<Answer> {
    const deadline = AbortSignal.timeout(this.#options.timeoutMs);
    const signal = AbortSignal.any([deadline, request.signal]);
    try {
      let url = new URL(request.url);
      for (let hop = 0; ; hop += 1) {
        const signed = { method: request.method, url, headers: new Headers(request.headers) };
        await this.#options.authenticator.sign(signed, this.#context(signal));
        if (signed.url.origin !== this.#origin) throw new ControlError('control-not-firecrest', 'the authenticator has changed where the request goes to, which it must not');
        const response = await this.#options.fetch(signed.url.href, { method: signed.method, headers: signed.headers, redirect: 'manual', signal, ...(body === undefined ? {} : { body }) });
        const next = hop === 0 ? this.#sameSite(response, url) : undefined;
        if (next === undefined) return await wholeAnswer(response);
        await response.body?.cancel();
        url = next;
      }
    } catch (error) {
      if (deadline.aborted && !request.signal.aborted) throw tooLate(new URL(this.#origin).host, this.#options.timeoutMs);
      throw error;
    }
  }

  /**
   * FirecREST answers 307 for a slash too many or too few, with a location that it makes of the Host header: behind a proxy its
   * scheme may be wrong. What leads elsewhere is not followed, for the token is not for others.
   */
  #sameSite(response: Response, from: URL): URL | undefined {
    if (response.status !== 307 && response.status !== 308) return undefined;
    const location = response.headers.get('location') ?? '';
    const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    if (to === undefined || to.hostname !== from.hostname) return undefined;
    return new URL(`${to.pathname}${to.search}`, from);
  }

  #renewed(signal: AbortSignal): Promise<boolean> {
    return this.#options.authenticator.refused?.(this.#context(signal)) ?? Promise.resolve(false);
  }

  #context(signal: AbortSignal): AuthenticatorContext {
    return { store: this.#options.store, fetch: this.#options.fetch, signal };
  }

  #explained(error: unknown, signal: AbortSignal): Error {
    if (signal.aborted) return signal.reason instanceof Error && 'exitCode' in signal.reason ? signal.reason : new AbortError('stopped while FirecREST was asked');
    // Ours already: an authenticator's, or a deadline's.
    if (error instanceof Error && 'exitCode' in error) return error;
    return connectionError(error, new URL(this.#origin).host);
  }
}

async function wholeAnswer(response: Response): Promise<Answer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += piece.byteLength;
    if (size > ANSWER_MAX) throw new ControlError('control-not-firecrest', `FirecREST's answer is longer than ${ANSWER_MAX} bytes`);
    pieces.push(piece);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.byteLength;
  }
  return { status: response.status, headers: response.headers, body };
}

/** How long an answer asks to wait, milliseconds; undefined for one that is final. RFC 9110 section 10.2.3. */
export function waitOf({ status, headers }: Pick<Answer, 'status' | 'headers'>, now = Date.now()): number | undefined {
  const after = headers.get('retry-after')?.trim();
  if (after === undefined || ![429, 502, 503, 504].includes(status)) return undefined;
  const wait = /^\d{1,9}$/u.test(after) ? Number(after) * 1000 : Date.parse(after) - now;
  return wait >= 0 && wait <= PATIENCE_MS ? wait : undefined;
}
