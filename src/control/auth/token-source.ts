/**
 * A token for `Authorization: Bearer …` (RFC 6750), wherever it comes from.
 *
 * @module
 */
import { AuthError } from '../../errors.js';
import type { Authenticator, AuthenticatorContext, RequestToSign } from './authenticator.js';

/** Gives the token that is good now. */
export interface TokenSource {
  /** @throws AuthError that says what to do when there is none */
  token(context: AuthenticatorContext): Promise<string>;
  /** The token was refused: whether there is another one now. @default there is not */
  refused?(context: AuthenticatorContext): Promise<boolean>;
}

/** RFC 6750 section 2.1, `b64token`. Node would refuse a header with a line break in it, and quote it. */
const BEARER = /^[\w.~+/-]+=*$/u;
/** What servers take of a header is 8 to 64 KiB. */
const TOKEN_LENGTH_MAX = 32 * 1024;

/**
 * A token out of a text that someone wrote: without white space around it, or a `Bearer ` before it.
 * @param from names where it comes from: "FIRECREST_TOKEN"
 * @throws AuthError `auth-token` that does not quote it
 */
export function checkToken(text: string, from: string): string {
  const token = text.trim().replace(/^Bearer\s+/iu, '');
  if (token === '') throw new AuthError('auth-token', `${from} holds no token: it is empty`);
  if (token.length > TOKEN_LENGTH_MAX || !BEARER.test(token)) throw new AuthError('auth-token', `${from} does not hold a token and nothing else: a token is one word of letters, digits and -._~+/`);
  return token;
}

/** Signs with the token of a source. */
export class BearerAuthenticator implements Authenticator {
  readonly #source: TokenSource;

  constructor(source: TokenSource) {
    this.#source = source;
  }

  async sign({ headers }: RequestToSign, context: AuthenticatorContext): Promise<void> {
    headers.set('authorization', `Bearer ${await this.#source.token(context)}`);
  }

  async refused(context: AuthenticatorContext): Promise<boolean> {
    return (await this.#source.refused?.(context)) ?? false;
  }
}
