/**
 * What FirecREST's client is made of, and what each of its calls takes: apart, since the library's types must not need those of
 * the packages that it is made with.
 *
 * @module
 */
import type { Authenticator, AuthenticatorStore } from '../auth/authenticator.js';
import type { HttpOptions } from '../http.js';

/** What a client is made of. */
export interface FirecrestClientOptions {
  /** Where the API is, such as `https://api.example.org/hpc/firecrest/v2`. `http:` only to this machine itself. */
  readonly url: string;
  readonly authenticator: Authenticator;
  readonly store: AuthenticatorStore;
  /** @default node's own authorities, and the proxy that HTTPS_PROXY names */
  readonly fetch?: typeof globalThis.fetch;
  /** Longest silence of FirecREST's, milliseconds. @default 60000: its own commands have 5 to 10 s each */
  readonly timeoutMs?: number;
  /** Lets a token go out in the clear, to a URL of `http:` that is another machine's. @default false */
  readonly insecure?: boolean;
  /** For tests: waits before another attempt. @internal */
  readonly pause?: HttpOptions['pause'];
}

/** A call's own options. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}
