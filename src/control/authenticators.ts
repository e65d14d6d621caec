/**
 * Signing in for programs that have no profile, or none on a disk.
 *
 * @module
 */
import type { Authenticator } from './auth/authenticator.js';
import type { Flow } from './auth/flows.js';
import { authenticatorOf } from './auth/make.js';
import { parseProfile, type Profile } from './profile.js';

/** How to sign in: `flow`, and of a profile's fields those that it needs; secrets, if they are not in files. */
export interface SignInOptions extends Profile {
  readonly flow: Exclude<Flow, 'browser' | 'device'>;
  /** A bearer token, in place of `tokenFile`. */
  readonly token?: string;
  /** In place of `clientSecretFile`. */
  readonly clientSecret?: string;
  /** In place of `apiKeyFile`. */
  readonly apiKey?: string;
}

/**
 * What signs requests, in any of the ways that the command knows and that need no user. A token is fetched with the first request,
 * and renewed ahead of its end, once for all requests; it lies in the client's store.
 *
 * ```ts
 * import { createAuthenticator, openFirecrest } from 'firecrest-streamer-ts';
 *
 * const authenticator = await createAuthenticator({
 *   flow: 'client-credentials',
 *   issuer: 'https://auth.example.org/realms/hpc',
 *   clientId: 'robot',
 *   clientSecretFile: '/run/secrets/robot',
 * });
 * const { client } = await openFirecrest({ url: 'https://firecrest.example.org/v2', authenticator });
 * console.log(client.url);
 * ```
 *
 * For a user who has signed in with `streamer login`, there is {@link openFirecrest} with its profile.
 * @throws UsageError for options that are wrong, or lack what the flow needs
 */
export async function createAuthenticator(options: SignInOptions): Promise<Authenticator> {
  const { token, clientSecret, apiKey, ...fields } = options;
  const profile = parseProfile(fields, 'the way of signing in');
  const given = { ...(token === undefined ? {} : { token }), ...(clientSecret === undefined ? {} : { clientSecret }), ...(apiKey === undefined ? {} : { apiKey }) };
  return await authenticatorOf({ flow: options.flow, from: 'the authenticator', again: 'begin with another one', profile, given });
}
