/**
 * What a user's sign-in has left, renewed by its refresh token (RFC 6749 section 6). A provider may give a new refresh token each
 * time, and take the old one as stolen when it comes again: so it is used once, under the store's lock, and the new one is on the
 * disk before anything else is done.
 *
 * @module
 */
import { AuthError } from '../../errors.js';
import type { AuthenticatorContext } from './authenticator.js';
import { atProvider } from './provider.js';
import { RenewedToken } from './renewed-token.js';
import type { SignInSettings } from './settings.js';
import type { TokenSource } from './token-source.js';
import { tokensOf, type Tokens } from './tokens.js';

/** @param key where the store has them. @default tokens */
export function refreshedToken(settings: SignInSettings, key = 'tokens'): TokenSource {
  return new RenewedToken({ key, again: settings.again, renew: (before, context) => refresh(settings, before, context) });
}

/** @throws AuthError `auth-sign-in` when there is nothing to refresh with, or it is not taken any more */
export async function refresh(settings: SignInSettings, before: Tokens | undefined, context: AuthenticatorContext): Promise<Tokens> {
  if (before === undefined) throw new AuthError('auth-sign-in', `${settings.from} is not signed in: ${settings.again}`);
  const { refreshToken } = before;
  if (refreshToken === undefined) {
    throw new AuthError('auth-sign-in', `the sign-in of ${settings.from} has ended, and the provider gave nothing to renew it with; sign in again: ${settings.again} (some providers give it for \`scope\` "openid offline_access")`);
  }
  return atProvider(settings, context, 'renew the sign-in', async ({ library, configuration }) => {
    const askedAtMs = Date.now();
    const { audience } = settings.profile;
    const parameters: Record<string, string> = audience !== undefined && URL.canParse(audience) && settings.flow !== 'token-exchange' ? { resource: audience } : {};
    return tokensOf(await library.refreshTokenGrant(configuration, refreshToken, parameters), askedAtMs, before);
  });
}
