/**
 * A request with what proves who asks, and the means to keep that out of every message.
 *
 * @module
 */
import { AuthError, StreamerError, UsageError } from '../errors.js';
import type { Authenticator, AuthenticatorContext } from './auth/authenticator.js';

/** Ready to be sent. */
export interface SignedRequest {
  readonly url: URL;
  readonly headers: Headers;
  /** Takes out of a text what was added, should the other end repeat it. */
  readonly hide: (text: string) => string;
}

/** Shorter ones are words, and not secrets. */
const SECRET_CHARACTERS = 8;

/** Has the authenticator sign. @throws StreamerError: its own, or what its failure means */
export async function signed(method: string, url: URL, headers: Headers, authenticator: Authenticator, context: AuthenticatorContext): Promise<SignedRequest> {
  const request = { method, url: new URL(url), headers: new Headers(headers) };
  try {
    await authenticator.sign(request, context);
  } catch (error) {
    if (error instanceof StreamerError || context.signal?.aborted === true) throw error;
    throw new AuthError('auth-sign-in', `the authenticator failed: ${wordsOf(error)}`);
  }
  if (request.url.origin !== url.origin || request.url.pathname !== url.pathname) throw new UsageError('an `authenticator` may change the query of a request, but not where it goes');
  const secrets = [...added(headers, request.headers), ...added(url.searchParams, request.url.searchParams)];
  return { url: request.url, headers: request.headers, hide: (text) => hideSecrets(text, secrets) };
}

/** Headers quotes a value that it does not take, and that is a token. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'with something that is no Error';
  if (/header value/iu.test(error.message)) return 'its token is no text for a header; is there a line break in it?';
  return error.message.replace(/"[^"]*"/gu, '"…"').split('\n')[0] ?? '';
}

interface Pairs {
  entries(): Iterable<[string, string]>;
}

/** Each value that is new, and its words: `Bearer abc` holds `abc`. */
function* added(before: Pairs, after: Pairs): Generator<string> {
  const known = new Set([...before.entries()].map(([name, value]) => `${name}: ${value}`));
  for (const [name, value] of after.entries()) {
    if (known.has(`${name}: ${value}`)) continue;
    for (const word of [value, ...value.split(/[\s,;="]+/u)]) yield word;
  }
}

/** Takes secrets out of a text that the other end has written. */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  let hidden = text;
  for (const secret of secrets.filter(({ length }) => length >= SECRET_CHARACTERS)) hidden = hidden.replaceAll(secret, '<secret>').replaceAll(encodeURIComponent(secret), '<secret>');
  return hidden;
}
