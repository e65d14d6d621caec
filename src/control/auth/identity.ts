/**
 * Who one is to FirecREST: by what an authenticator puts on a request, whichever it is.
 *
 * @module
 */
import type { Authenticator, AuthenticatorContext } from './authenticator.js';
import { readClaims, type Claims } from './claims.js';
import { parseTokens } from './tokens.js';

/** What is known of who signs. */
export interface Identity {
  /** Undefined for a token that does not say, or none. */
  readonly claims: Claims | undefined;
  /** When what signs now ends, milliseconds since 1970. */
  readonly expiresAtMs: number | undefined;
}

/** Signs a request that is never sent. @throws AuthError as the authenticator does */
export async function identify(authenticator: Authenticator, url: string, context: AuthenticatorContext, storeKey = 'tokens'): Promise<Identity> {
  const headers = new Headers();
  await authenticator.sign({ method: 'GET', url: new URL(url), headers }, context);
  const token = /^Bearer (.+)$/u.exec(headers.get('authorization') ?? '')?.[1];
  const claims = token === undefined ? undefined : readClaims(token);
  const text = await context.store.get(storeKey);
  const tokens = text === undefined ? undefined : parseTokens(text, '');
  const known = tokens?.accessToken === token ? tokens : undefined;
  return {
    claims: claims ?? (known?.idToken === undefined ? undefined : readClaims(known.idToken)),
    expiresAtMs: known?.expiresAtMs ?? (claims?.expiresAt === undefined ? undefined : claims.expiresAt * 1000),
  };
}
