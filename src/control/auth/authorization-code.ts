/**
 * Signing in with the user's browser: authorization code (RFC 6749 section 4.1) with PKCE, S256 (RFC 7636), and a redirection to
 * this machine (RFC 8252). Checked of the answer are its state, its issuer (RFC 9207) where the provider gives it, and of the ID
 * token its nonce, issuer, audience and times.
 *
 * @module
 */
import { UsageError } from '../../errors.js';
import { isLoopbackUrl } from '../../transport/proxy.js';
import type { Profile } from '../profile.js';
import type { AuthenticatorContext } from './authenticator.js';
import type { SignInPrompts } from './prompts.js';
import { atProvider, grantParameters, type Grant } from './provider.js';
import { listenForRedirect, type RedirectListener } from './redirect-listener.js';
import type { SignInSettings } from './settings.js';
import { tokensOf, type Tokens } from './tokens.js';

/** Registered at the provider for this client, unless `redirectPort` or `redirectUrl` says otherwise. */
export const DEFAULT_REDIRECT_PORT = 8888;
/** How long a user may take, milliseconds. */
export const SIGN_IN_TIMEOUT_MS = 5 * 60_000;
/** Without one no ID token would come, and with it nothing to check the answer by. */
const DEFAULT_SCOPE = 'openid';

/** Signs in. @throws AuthError, TimeoutError, ConnectError, UsageError */
export function signInWithBrowser(settings: SignInSettings, context: AuthenticatorContext, prompts: SignInPrompts, timeoutMs = SIGN_IN_TIMEOUT_MS): Promise<Tokens> {
  return atProvider(settings, context, 'sign you in', async (grant) => {
    const state = grant.library.randomState();
    const listener = await listenForRedirect({ redirectUrl: redirectUrlOf(settings.profile), state, timeoutMs, signal: context.signal });
    try {
      return await signInAt(listener, state, grant, settings, prompts);
    } finally {
      await listener.close();
    }
  });
}

async function signInAt(listener: RedirectListener, state: string, { library, configuration, failure }: Grant, { profile, flow }: SignInSettings, prompts: SignInPrompts): Promise<Tokens> {
  const [verifier, nonce, scope] = [library.randomPKCECodeVerifier(), library.randomNonce(), profile.scope ?? DEFAULT_SCOPE];
  const wantsIdToken = scope.split(/\s+/u).includes('openid');
  const { audience } = profile;
  const link = library.buildAuthorizationUrl(configuration, {
    redirect_uri: listener.redirectUrl.href,
    ...grantParameters(audience === undefined || flow === 'token-exchange' ? { scope } : { scope, audience }),
    // Without it, a provider of OpenID Connect gives no refresh token (Core section 11).
    ...(scope.includes('offline_access') ? { prompt: 'consent' } : {}),
    code_challenge: await library.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    ...(wantsIdToken ? { nonce } : {}),
  });
  prompts.link(link.href);
  const opened = await prompts.openBrowser(listener.leadTo(link.href));
  if (!opened) prompts.notice('no browser could be opened: open the link in one on this machine');
  const answer = await listener.answer;
  const askedAtMs = Date.now();
  const checks = { expectedState: state, pkceCodeVerifier: verifier, ...(wantsIdToken ? { expectedNonce: nonce } : {}) };
  try {
    const tokens = tokensOf(await library.authorizationCodeGrant(configuration, answer.url, checks), askedAtMs);
    await answer.show({ status: 200, title: 'Signed in', text: 'streamer goes on in its terminal. You can close this page.' });
    return tokens;
  } catch (error) {
    const told = failure(error);
    await answer.show({ status: 400, title: 'Not signed in', text: `${told.message.replaceAll('`', '')}. You can close this page.` });
    throw told;
  }
}

/** @throws UsageError for an address elsewhere: the code would go there */
export function redirectUrlOf({ redirectUrl, redirectPort }: Profile): URL {
  const url = new URL(redirectUrl ?? `http://127.0.0.1:${redirectPort ?? DEFAULT_REDIRECT_PORT}/callback`);
  if (url.protocol !== 'http:' || !isLoopbackUrl(url) || url.search !== '' || url.hash !== '') throw new UsageError('`redirectUrl` is an address of this machine, such as http://localhost:8888/callback');
  return url;
}
