/**
 * The client for itself, as robots sign in: client credentials (RFC 6749 section 4.4). There is no refresh token; a new one is asked for.
 *
 * @module
 */
import type { AuthenticatorContext } from './authenticator.js';
import { atProvider, grantParameters } from './provider.js';
import { RenewedToken } from './renewed-token.js';
import type { SignInSettings } from './settings.js';
import type { TokenSource } from './token-source.js';
import { tokensOf, type Tokens } from './tokens.js';

/** A new token whenever the one before is about to end. */
export function clientCredentials(settings: SignInSettings): TokenSource {
  return new RenewedToken({ again: settings.again, renew: (_before, context) => requestToken(settings, context) });
}

function requestToken(settings: SignInSettings, context: AuthenticatorContext): Promise<Tokens> {
  return atProvider(settings, context, 'give a token', async ({ library, configuration }) => {
    const askedAtMs = Date.now();
    return tokensOf(await library.clientCredentialsGrant(configuration, grantParameters(settings.profile)), askedAtMs);
  });
}
