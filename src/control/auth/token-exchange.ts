/**
 * Token exchange (RFC 8693): the token that a public client has got for its user, for one of an audience that FirecREST trusts. Both
 * are renewed ahead of their end: the first by its refresh token, the second by another exchange.
 *
 * What comes back is looked at before it is used: that it has not expired, is for the audience, and was issued to whom it should be.
 *
 * @module
 */
import { AuthError, peerText } from '../../errors.js';
import type { AuthenticatorContext } from './authenticator.js';
import { readClaims } from './claims.js';
import { atProvider, grantParameters } from './provider.js';
import { RenewedToken } from './renewed-token.js';
import type { SignInSettings } from './settings.js';
import type { TokenSource } from './token-source.js';
import { tokensOf, type Tokens } from './tokens.js';

/** Where the store has the token that is exchanged. */
export const SUBJECT_KEY = 'subject';

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** @param subject gives the token that is exchanged */
export function exchangedToken(settings: SignInSettings, subject: TokenSource): TokenSource {
  return new RenewedToken({
    again: settings.again,
    renew: async (_before, context) => exchange(settings, await subject.token(context), context),
  });
}

function exchange(settings: SignInSettings, subjectToken: string, context: AuthenticatorContext): Promise<Tokens> {
  const { profile } = settings;
  return atProvider(settings, context, 'exchange the token', async ({ library, configuration }) => {
    const askedAtMs = Date.now();
    const answer = await library.genericGrantRequest(configuration, GRANT, {
      subject_token: subjectToken,
      subject_token_type: ACCESS_TOKEN,
      requested_token_type: ACCESS_TOKEN,
      // Without `scope`: that is the user's sign-in's.
      ...grantParameters(profile.audience === undefined ? {} : { audience: profile.audience }),
    });
    const { refresh_token: _ofTheExchange, ...kept } = answer;
    const tokens = tokensOf(kept, askedAtMs);
    assertExchanged(tokens.accessToken, settings);
    return tokens;
  });
}

/**
 * Whom it is issued to, some providers say to be the client that asked, and others the audience: either is right.
 * @throws AuthError `auth-token`
 */
export function assertExchanged(token: string, { profile, from }: SignInSettings, nowMs: number = Date.now()): void {
  const claims = readClaims(token);
  const refuse = (what: string): never => {
    throw new AuthError('auth-token', `the token that came back from the exchange of ${from} ${what}`);
  };
  if (claims === undefined) return refuse('is not a JWT, and FirecREST takes no other: ask the provider');
  const { audience, authorizedParty, expiresAt, issuedAt } = claims;
  if (expiresAt === undefined) return refuse('does not say when it expires: ask the provider');
  // Between the provider's own two times there is no clock that could be wrong; against ours five minutes are allowed for.
  if (expiresAt <= (issuedAt ?? 0) || expiresAt * 1000 <= nowMs - 5 * 60_000) return refuse('has expired already: compare this machine\'s clock with the provider\'s');
  if (profile.audience !== undefined && !audience.includes(profile.audience)) {
    return refuse(`is for ${audience.length === 0 ? 'nobody' : peerText(audience.join(', '))} and not for ${profile.audience}: check \`audience\``);
  }
  if (authorizedParty !== undefined && authorizedParty !== profile.clientId && authorizedParty !== profile.audience) {
    return refuse(`was issued to ${peerText(authorizedParty)}, who is neither this client nor the audience: check \`clientId\` and \`audience\``);
  }
}
