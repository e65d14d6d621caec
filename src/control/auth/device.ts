/**
 * Signing in from a terminal without a browser: the device authorization grant (RFC 8628). The user types a code in on any other
 * device, and we ask meanwhile, as seldom as the provider wants; openid-client minds its `slow_down` and its end.
 *
 * @module
 */
import { AuthError, UsageError } from '../../errors.js';
import type { AuthenticatorContext } from './authenticator.js';
import type { SignInPrompts } from './prompts.js';
import { atProvider, grantParameters } from './provider.js';
import type { SignInSettings } from './settings.js';
import { tokensOf, type Tokens } from './tokens.js';

/** Signs in. @throws AuthError when it is denied, or nobody types the code in before it ends */
export function signInWithDevice(settings: SignInSettings, context: AuthenticatorContext, prompts: SignInPrompts): Promise<Tokens> {
  return atProvider(settings, context, 'sign you in by a code', async (grant) => {
    const { library, configuration } = grant;
    const { scope = 'openid', audience } = settings.profile;
    if (configuration.serverMetadata().device_authorization_endpoint === undefined) throw new UsageError('the provider does not know the `flow` device: choose browser, or give `issuer` in place of `tokenUrl`');
    const ask = grantParameters(audience === undefined || settings.flow === 'token-exchange' ? { scope } : { scope, audience });
    const device = await library.initiateDeviceAuthorization(configuration, ask);
    prompts.deviceCode({ address: device.verification_uri, code: device.user_code, complete: device.verification_uri_complete, expiresInSeconds: device.expires_in });
    const ended = AbortSignal.timeout(device.expires_in * 1000);
    const signal = context.signal === undefined ? ended : AbortSignal.any([context.signal, ended]);
    const resource: Record<string, string> = ask['resource'] === undefined ? {} : { resource: ask['resource'] };
    for (;;) {
      const askedAtMs = Date.now();
      try {
        return tokensOf(await library.pollDeviceAuthorizationGrant(configuration, device, resource, { signal }), askedAtMs);
      } catch (error) {
        if (ended.aborted) throw new AuthError('auth-sign-in', `the code has ended before it was typed in; sign in again: ${settings.again}`);
        // A network that was away for a moment is no reason to begin again (section 3.5).
        const told = grant.failure(error);
        if (!told.retryable || signal.aborted) throw told;
      }
    }
  });
}
