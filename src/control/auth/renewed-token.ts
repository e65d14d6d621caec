/**
 * A token that is renewed ahead of its end: when it is wanted and not before, once for all who want it, in this process and in
 * others that share its store.
 *
 * @module
 */
import { AuthError, StreamerError } from '../../errors.js';
import type { AuthenticatorContext } from './authenticator.js';
import { isFresh, isUsable } from './freshness.js';
import type { TokenSource } from './token-source.js';
import { formatTokens, parseTokens, type Tokens } from './tokens.js';

/** How it is renewed. */
export interface Renewal {
  /** Where the store has it. @default tokens */
  readonly key?: string;
  /** What to do when it has ended: goes on after "sign in again:". */
  readonly again: string;
  /** Gets a new one. `before` is what the store has. @throws AuthError when that is not possible any more */
  readonly renew: (before: Tokens | undefined, context: AuthenticatorContext) => Promise<Tokens>;
}

/** See the module. */
export class RenewedToken implements TokenSource {
  readonly #renewal: Renewal;
  #tokens: Tokens | undefined;
  #pending: Promise<Tokens> | undefined;
  /** What each request was signed with: by the time that one of many is refused, there may be another token already. */
  readonly #given = new WeakMap<AuthenticatorContext, string>();
  /** One that FirecREST has refused is not fresh, whatever its end. */
  #refused: string | undefined;

  constructor(renewal: Renewal) {
    this.#renewal = renewal;
  }

  async token(context: AuthenticatorContext): Promise<string> {
    if (this.#tokens === undefined || !this.#isFresh(this.#tokens)) this.#tokens = await this.#renewed(context);
    this.#given.set(context, this.#tokens.accessToken);
    return this.#tokens.accessToken;
  }

  async refused(context: AuthenticatorContext): Promise<boolean> {
    const used = this.#given.get(context);
    if (used === undefined) return false;
    if (this.#tokens?.accessToken === used) this.#refused = used;
    return (await this.token(context)) !== used;
  }

  #isFresh(tokens: Tokens): boolean {
    return tokens.accessToken !== this.#refused && isFresh(tokens, Date.now());
  }

  /** All who ask meanwhile wait for the same one. None of them can stop it for the others, only its own waiting. */
  #renewed({ store, fetch, signal }: AuthenticatorContext): Promise<Tokens> {
    this.#pending ??= store.exclusively(() => this.#renewAlone({ store, fetch })).finally(() => (this.#pending = undefined));
    return orAborted(this.#pending, signal);
  }

  async #renewAlone(context: AuthenticatorContext): Promise<Tokens> {
    const { key = 'tokens', again, renew } = this.#renewal;
    const text = await context.store.get(key);
    const before = text === undefined ? undefined : parseTokens(text, again);
    // Another process, or another caller, has renewed it meanwhile.
    if (before !== undefined && this.#isFresh(before)) return before;
    // A disk that is full is found now, and not when the refresh token is spent and its successor has no place.
    if (text !== undefined && before?.refreshToken !== undefined) await context.store.set(key, text);
    let tokens: Tokens;
    try {
      tokens = await renew(before, context);
    } catch (error) {
      const stillGood = before !== undefined && before.accessToken !== this.#refused && isUsable(before, Date.now());
      if (stillGood && error instanceof StreamerError && !(error instanceof AuthError)) return before;
      throw error;
    }
    // Also when it cannot be kept, this process has it: the refresh token that it came with is the only good one.
    this.#tokens = tokens;
    await context.store.set(key, formatTokens(tokens));
    return tokens;
  }
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
