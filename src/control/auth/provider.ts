/**
 * A provider, found by its issuer (OpenID Connect Discovery, RFC 8414) or by its token endpoint alone, and asked with openid-client.
 *
 * TLS is required everywhere but on this machine itself.
 *
 * @module
 */
import type * as OpenidClient from 'openid-client';
import { UsageError, type StreamerError } from '../../errors.js';
import { isLoopbackUrl } from '../../transport/proxy.js';
import type { Profile } from '../profile.js';
import type { AuthenticatorContext } from './authenticator.js';
import { boundedAnswer } from './bounded-answer.js';
import { clientAuthentication } from './client-authentication.js';
import { providerError, type ProviderCall } from './provider-error.js';
import { SentSecrets } from './sent-secrets.js';
import type { SignInSettings } from './settings.js';
import { parseObject } from './tokens.js';

/** How long a provider may take for one answer, seconds. */
const ANSWER_SECONDS = 30;
/** By how much its clock and ours may differ in an ID token's times, seconds, when the difference could not be told. */
const CLOCK_TOLERANCE_SECONDS = 60;

/** What a grant is asked with. */
export interface Grant {
  readonly library: typeof OpenidClient;
  readonly configuration: OpenidClient.Configuration;
  /** What the library throws, as an error of ours. */
  readonly failure: (error: unknown) => StreamerError;
}

/**
 * Connects to the settings' provider and runs a grant there.
 * @param doing for messages: "renew the token"
 * @throws StreamerError in place of whatever the library throws
 */
export async function atProvider<T>(settings: SignInSettings, context: AuthenticatorContext, doing: string, run: (grant: Grant) => Promise<T>): Promise<T> {
  const library = await import('openid-client');
  const place = placeOf(settings);
  const secrets = new SentSecrets();
  const call: ProviderCall = { doing, host: place.url.host, again: settings.again, hide: secrets.hide };
  const failure = (error: unknown) => providerError(library, error, call);
  try {
    const configuration = await connect(library, settings, context, place, secrets);
    return await run({ library, configuration, failure });
  } catch (error) {
    throw failure(error);
  }
}

interface Place {
  readonly url: URL;
  readonly known: 'issuer' | 'tokenUrl';
}

function placeOf({ profile, from }: SignInSettings): Place {
  const { issuer, tokenUrl } = profile;
  const given = issuer ?? tokenUrl;
  if (given === undefined) throw new UsageError(`${from} does not say where tokens are issued: give \`issuer\` or \`tokenUrl\``);
  return { url: secureUrl(given, issuer === undefined ? 'tokenUrl' : 'issuer'), known: issuer === undefined ? 'tokenUrl' : 'issuer' };
}

/** @throws UsageError for an address to which no secret should be sent */
export function secureUrl(text: string, option: string): URL {
  if (!URL.canParse(text)) throw new UsageError(`\`${option}\` is an address such as https://auth.example.org`);
  const url = new URL(text);
  if (url.protocol !== 'https:' && !mayBePlain(url)) throw new UsageError(`\`${option}\` is not an address of https:, and secrets would be sent to it in the clear: http: is only for this machine itself`);
  if (url.username !== '' || url.password !== '') throw new UsageError(`\`${option}\` holds a name or a password: leave it out`);
  return url;
}

/** Where requests may go without TLS. */
function mayBePlain(url: URL): boolean {
  return url.protocol === 'http:' && isLoopbackUrl(url);
}

async function connect(library: typeof OpenidClient, settings: SignInSettings, context: AuthenticatorContext, { url, known }: Place, secrets: SentSecrets): Promise<OpenidClient.Configuration> {
  const { clientId } = settings.profile;
  if (clientId === undefined) throw new UsageError(`${settings.from} does not say \`clientId\`, the name that this program is registered by at the provider`);
  const clock = { skewSeconds: 0 };
  const customFetch = guardedFetch(context, clock, secrets);
  const server = known === 'tokenUrl' ? { issuer: url.href, token_endpoint: url.href } : await discover(library, url, clientId, customFetch);
  const methods = Array.isArray(server.token_endpoint_auth_methods_supported) ? server.token_endpoint_auth_methods_supported : [];
  const authentication = await clientAuthentication(library, settings, context, methods);
  const metadata = { [library.clockSkew]: clock.skewSeconds, [library.clockTolerance]: CLOCK_TOLERANCE_SECONDS };
  const configuration = new library.Configuration(server, clientId, metadata, authentication ?? library.None());
  configuration.timeout = ANSWER_SECONDS;
  configuration[library.customFetch] = known === 'tokenUrl' ? withoutIdToken(customFetch) : customFetch;
  if (mayBePlain(url)) plainRequests(library)(configuration);
  return configuration;
}

async function discover(library: typeof OpenidClient, url: URL, clientId: string, customFetch: OpenidClient.CustomFetch): Promise<OpenidClient.ServerMetadata> {
  const look = (algorithm: 'oidc' | 'oauth2') =>
    library.discovery(url, clientId, undefined, library.None(), {
      algorithm,
      timeout: ANSWER_SECONDS,
      [library.customFetch]: customFetch,
      execute: mayBePlain(url) ? [plainRequests(library)] : [],
    });
  try {
    return (await look('oidc')).serverMetadata();
  } catch (error) {
    // A server of RFC 8414 need not know the other address.
    const missing = error instanceof library.ClientError && error.code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' && error.cause instanceof Object && 'status' in error.cause && error.cause.status === 404;
    if (!missing) throw error;
    return (await look('oauth2')).serverMetadata();
  }
}

/** It is for this machine itself; {@link guardedFetch} sees to that. */
function plainRequests(library: typeof OpenidClient): (configuration: OpenidClient.Configuration) => void {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the library marks it so for it to stand out
  return library.allowInsecureRequests;
}

/**
 * Follows the user's proxy and authorities, refuses what a provider on this machine might name elsewhere without TLS, reads no answer
 * without end, and learns from the answers by how much this machine's clock is wrong.
 */
function guardedFetch({ fetch, signal }: AuthenticatorContext, clock: { skewSeconds: number }, secrets: SentSecrets): OpenidClient.CustomFetch {
  return async (address, options) => {
    const { host } = secureUrl(address, 'an address that the provider names');
    secrets.gather(options.headers, options.body);
    const signals = [options.signal, signal].filter((one) => one !== undefined);
    const response = await fetch(address, { ...options, body: options.body ?? null, ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }) });
    const date = Date.parse(response.headers.get('date') ?? '');
    // Half a second is what a header without fractions cannot tell.
    if (!Number.isNaN(date)) clock.skewSeconds = Math.round((date + 500 - Date.now()) / 1000);
    const body = await boundedAnswer(response, host);
    return new Response(body.byteLength === 0 ? null : body, { status: response.status, headers: response.headers });
  };
}

/** Where the issuer is not known, there is nothing to check an ID token against; nor is it needed. */
function withoutIdToken(fetch: OpenidClient.CustomFetch): OpenidClient.CustomFetch {
  return async (address, options) => {
    const response = await fetch(address, options);
    const text = await response.text();
    const answer = parseObject(text);
    if (answer?.['id_token'] === undefined) return new Response(text, response);
    const { id_token: _unchecked, ...others } = answer;
    return new Response(JSON.stringify(others), response);
  };
}

/** What is asked for, as parameters. A URI is a `resource` (RFC 8707), another name an `audience`, as several providers have it. */
export function grantParameters({ scope, audience }: Profile): Record<string, string> {
  return { ...(scope === undefined ? {} : { scope }), ...(audience === undefined ? {} : { [URL.canParse(audience) ? 'resource' : 'audience']: audience }) };
}
