/**
 * A FirecREST client for tests: it signs with a token that is its own, keeps nothing, and does not wait.
 *
 * @module
 */
import type { Authenticator, AuthenticatorStore } from '../../src/control/auth/authenticator.js';
import { FirecrestClient, type FirecrestClientOptions } from '../../src/control/firecrest/client.js';

/** No message may hold it. */
export const TOKEN = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ0ZXN0In0.c2VjcmV0LXNpZ25hdHVyZQ';

/** Keeps nothing. */
export const EMPTY_STORE: AuthenticatorStore = {
  get: () => Promise.resolve(undefined),
  set: () => Promise.resolve(),
  exclusively: (run) => run(),
};

/** Always the same token. */
export const BEARER: Authenticator = {
  sign({ headers }) {
    headers.set('authorization', `Bearer ${TOKEN}`);
    return Promise.resolve();
  },
};

/** See the module's head. */
export function clientFor(url: string, options: Partial<FirecrestClientOptions> = {}): FirecrestClient {
  return new FirecrestClient({ url, authenticator: BEARER, store: EMPTY_STORE, timeoutMs: 20_000, pause: () => Promise.resolve(), ...options });
}
