/**
 * What every way of signing in looks like to the rest of the control plane, and what a user's own module implements.
 *
 * @module
 */

/** A request that is about to be sent. What an authenticator changes in it is what is sent. */
export interface RequestToSign {
  readonly method: string;
  /** Its query may be changed; another origin is refused. */
  readonly url: URL;
  readonly headers: Headers;
}

/** Small texts that survive between runs, apart for each profile: 0600, changed atomically, locked against concurrent runs. */
export interface AuthenticatorStore {
  get(key: string): Promise<string | undefined>;
  /** `undefined` removes it. */
  set(key: string, value: string | undefined): Promise<void>;
  /** Runs while no other run of any process is between the same two braces. */
  exclusively<T>(run: () => Promise<T>): Promise<T>;
}

/** What an authenticator may use. */
export interface AuthenticatorContext {
  readonly store: AuthenticatorStore;
  /** Follows the proxy and the authorities that the user named. */
  readonly fetch: typeof globalThis.fetch;
  readonly signal?: AbortSignal | undefined;
}

/** Signs requests to FirecREST. */
export interface Authenticator {
  /**
   * Adds what proves who asks, such as `Authorization: Bearer …` with a token that FirecREST will not find too old.
   * @throws AuthError that says what to do when there is nothing to sign with.
   */
  sign(request: RequestToSign, context: AuthenticatorContext): Promise<void>;
  /**
   * FirecREST answered 401 to what was signed, with this very `context`. Whether another attempt with something fresh is worthwhile.
   * @default not
   */
  refused?(context: AuthenticatorContext): Promise<boolean>;
}
