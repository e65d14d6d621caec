/**
 * One request to FirecREST and its answer, whatever its status: with a deadline, and repeated where that is safe.
 *
 * Repeated is
 * - what reads (GET), and what the caller calls repeatable, when its connection broke, at most twice, each time on another
 *   connection; and when a gateway says 502, 503 with Retry-After, or 504;
 * - anything that was refused before it was done: 401 once, when the authenticator has something fresh, and 429.
 *
 * Nothing else is: of a POST that got no answer, or 500, nobody knows whether it was done (see {@link Unanswered}).
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ControlError, StreamerError } from '../errors.js';
import { backoff } from '../transport/backoff.js';
import { abortReason } from '../transfer/outcome.js';
import { readBody } from './answer-body.js';
import type { Authenticator, AuthenticatorContext } from './auth/authenticator.js';
import { Unanswered, unanswered } from './network-failure.js';
import { isRedirect, redirectTarget } from './redirect.js';
import { retryAfterMs } from './retry-after.js';
import { signed, type SignedRequest } from './signed.js';

/** What is asked. */
export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body?: Uint8Array<ArrayBuffer> | undefined;
  /** Doing it twice is the same as once. @default as the method has it: GET and HEAD */
  readonly repeatable?: boolean | undefined;
}

/** How it is asked. */
export interface HttpOptions {
  readonly authenticator: Authenticator;
  readonly context: AuthenticatorContext;
  /** Longest silence before the answer and within it, milliseconds. What is sent has its time besides. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
  /** @default the system's */
  readonly now?: (() => number) | undefined;
  /** Waits before another attempt. @default as long as it says */
  readonly pause?: ((ms: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
}

/** What was answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** Takes what signed the request out of a text. */
  readonly hide: (text: string) => string;
  /** How far the server's clock is ahead of ours, by its `Date` header, milliseconds; undefined without one. */
  readonly clockAheadMs: number | undefined;
}

const DROPPED_MOST = 2;
const WAITS_MOST = 4;
const REDIRECTS_MOST = 3;
/** What a slow line sends at least, bytes per millisecond: the deadline waits that much longer. */
const SENT_BYTES_PER_MS = 32;

/** Asks. @throws Unanswered; StreamerError of the authenticator's, or for a redirect that is not followed */
export async function exchange(request: HttpRequest, options: HttpOptions): Promise<HttpAnswer> {
  const repeatable = request.repeatable ?? /^(?:GET|HEAD)$/u.test(request.method);
  const count = { dropped: 0, waits: 0, redirects: 0, refused: 0 };
  let { url } = request;
  for (;;) {
    const answer = await attempt({ ...request, url }, options).catch((error: unknown) => {
      if (error instanceof Unanswered && error.dropped && repeatable && count.dropped < DROPPED_MOST) return undefined;
      throw error;
    });
    if (answer === undefined) {
      count.dropped += 1;
      continue;
    }
    if (isRedirect(answer.status) && count.redirects < REDIRECTS_MOST) {
      count.redirects += 1;
      url = redirectTarget(url, answer.status, answer.headers.get('location'), repeatable);
      continue;
    }
    if (answer.status === 401 && count.refused === 0) {
      count.refused += 1;
      if ((await options.authenticator.refused?.(options.context)) === true) continue;
    }
    const waitMs = count.waits < WAITS_MOST ? waitBeforeAnother(answer, repeatable, count.waits + 1, (options.now ?? Date.now)()) : undefined;
    if (waitMs === undefined) return answer;
    count.waits += 1;
    await (options.pause ?? pause)(waitMs, options.signal);
  }
}

/** @returns milliseconds; undefined where the answer is the last word */
function waitBeforeAnother({ status, headers }: HttpAnswer, repeatable: boolean, attempt: number, nowMs: number): number | undefined {
  const asked = retryAfterMs(headers.get('retry-after'), headers.get('date'), nowMs);
  if (status === 429) return asked ?? backoff(attempt + 1);
  if (!repeatable) return undefined;
  // FirecREST's own 503 is that of a service which is down until its next look, minutes later: it has no Retry-After.
  if (status === 503) return asked;
  return status === 502 || status === 504 ? (asked ?? backoff(attempt + 1)) : undefined;
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
    throw signal?.aborted === true ? abortReason(signal) : error;
  });
}

async function attempt(request: HttpRequest, options: HttpOptions): Promise<HttpAnswer> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted === true) throw new Unanswered(abortReason(signal), { mayBeDone: false });
  const ready = await signed(request.method, request.url, request.headers, options.authenticator, options.context);
  const deadline = new Deadline(timeoutMs + (request.body?.byteLength ?? 0) / SENT_BYTES_PER_MS, timeoutMs, signal);
  try {
    return await ask(request, ready, deadline, options);
  } catch (error) {
    if (error instanceof StreamerError) throw new Unanswered(error, { mayBeDone: true });
    throw unanswered(error, { origin: request.url.origin, signal, deadlineMs: deadline.expiredMs });
  } finally {
    deadline.clear();
  }
}

async function ask(request: HttpRequest, { url, headers, hide }: SignedRequest, deadline: Deadline, { context, maxBytes, now = Date.now }: HttpOptions): Promise<HttpAnswer> {
  const { method, body } = request;
  const response = await context.fetch(url.href, { method, headers, redirect: 'manual', signal: deadline.signal, ...(body === undefined ? {} : { body }) });
  deadline.extend();
  const date = Date.parse(response.headers.get('date') ?? '');
  const clockAheadMs = Number.isNaN(date) ? undefined : date - now();
  const tooLong = () => new ControlError('control-answer', `FirecREST's answer is longer than the ${maxBytes} bytes that are read of one: ask for less`);
  return { status: response.status, headers: response.headers, hide, clockAheadMs, body: await readBody(response, { maxBytes, tooLong, onPiece: () => deadline.extend() }) };
}

/** Ends an attempt by the caller's signal, or after a silence. */
class Deadline {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #silenceMs: number;
  readonly #stopped = () => this.#controller.abort();
  #timer: NodeJS.Timeout;
  /** Which silence ended it, milliseconds. */
  expiredMs: number | undefined;

  constructor(firstMs: number, silenceMs: number, caller: AbortSignal | undefined) {
    this.#silenceMs = silenceMs;
    this.#caller = caller;
    caller?.addEventListener('abort', this.#stopped, { once: true });
    this.#timer = this.#start(firstMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  extend(): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start(this.#silenceMs);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#caller?.removeEventListener('abort', this.#stopped);
  }

  #start(ms: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.expiredMs = Math.round(ms);
      this.#controller.abort();
    }, ms);
  }
}
