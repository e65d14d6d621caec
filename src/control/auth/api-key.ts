/**
 * An API key, or an application's secret, with which a program signs in.
 *
 * Where the site has an endpoint that issues tokens for it (`tokenUrl`), it is traded there for a short-lived one, and again when
 * that ends. What is asked and answered, for who wants to run such an endpoint:
 *
 *     POST /token HTTP/1.1
 *     X-API-Key: <the key>                       the header's name can be chosen; or the key is a field of a form
 *     Accept: application/json
 *     Content-Type: application/x-www-form-urlencoded
 *
 *     scope=…&audience=…                          as the profile has them; a URI as `resource`
 *
 *     HTTP/1.1 200 OK
 *     {"access_token": "…", "expires_in": 300}    expires_in in seconds; without it, the token's own exp and iat
 *
 * 401 and 403 mean that the key is not good; 429 and 5xx, that it may be later.
 *
 * Where there is none, the key itself goes with every request, in its header: what pyfirecrest does with FIRECREST_API_KEY.
 *
 * @module
 */
import { AuthError, ConnectError, StreamerError } from '../../errors.js';
import type { Authenticator, AuthenticatorContext } from './authenticator.js';
import { boundedText } from './bounded-answer.js';
import { keptSecret } from './client-authentication.js';
import { codeOf } from './provider-error.js';
import { grantParameters, secureUrl } from './provider.js';
import { RenewedToken } from './renewed-token.js';
import type { SignInSettings } from './settings.js';
import { BearerAuthenticator } from './token-source.js';
import { parseObject, tokensOf, type Tokens } from './tokens.js';

const DEFAULT_HEADER = 'X-API-Key';
/** How long the endpoint may take, milliseconds. */
const ANSWER_MS = 30_000;

/** Signs with the token that the key is traded for, or with the key. */
export function apiKeyAuthenticator(settings: SignInSettings): Authenticator {
  const { profile, again } = settings;
  if (profile.tokenUrl !== undefined) {
    const endpoint = secureUrl(profile.tokenUrl, 'tokenUrl');
    return new BearerAuthenticator(new RenewedToken({ again, renew: (_before, context) => trade(endpoint, settings, context) }));
  }
  return {
    sign: async ({ headers }, context) => {
      headers.set(profile.apiKeyHeader ?? DEFAULT_HEADER, await keyOf(settings, context));
    },
  };
}

async function keyOf(settings: SignInSettings, context: AuthenticatorContext): Promise<string> {
  const key = await keptSecret('apiKey', settings, context);
  if (key === undefined) throw new AuthError('auth-missing', `${settings.from} has no API key: give \`apiKeyFile\`, or FIRECREST_API_KEY`);
  // Node would refuse it as a header's value, and quote it.
  if (!/^[\x21-\x7e]+$/u.test(key)) throw new AuthError('auth-missing', `the API key of ${settings.from} holds more than one word of plain characters: it must be that and nothing else`);
  return key;
}

async function trade(endpoint: URL, settings: SignInSettings, context: AuthenticatorContext): Promise<Tokens> {
  const key = await keyOf(settings, context);
  const { profile } = settings;
  const form = new URLSearchParams(grantParameters(profile));
  const headers = new Headers({ accept: 'application/json' });
  if (profile.apiKeyField === undefined) headers.set(profile.apiKeyHeader ?? DEFAULT_HEADER, key);
  else form.set(profile.apiKeyField, key);
  const askedAtMs = Date.now();
  const { status, text } = await post(endpoint, { headers, body: form }, context);
  if (status !== 200 && status !== 201) throw refusal(status, endpoint, settings);
  const answer = parseObject(text);
  const token = answer?.['access_token'];
  if (typeof token !== 'string' || token === '') throw new AuthError('auth-refused', `${endpoint.host} does not answer an API key with a JSON object that has an access_token: check \`tokenUrl\``);
  // Some write the number as text.
  const life = Number(answer?.['expires_in']);
  return tokensOf({ access_token: token, ...(Number.isFinite(life) && life > 0 ? { expires_in: life } : {}) }, askedAtMs);
}

async function post(endpoint: URL, { headers, body }: { readonly headers: Headers; readonly body: URLSearchParams }, { fetch, signal }: AuthenticatorContext): Promise<{ readonly status: number; readonly text: string }> {
  const signals = [AbortSignal.timeout(ANSWER_MS), ...(signal === undefined ? [] : [signal])];
  try {
    // A redirection would carry the key to who knows where.
    const response = await fetch(endpoint.href, { method: 'POST', headers, body, redirect: 'manual', signal: AbortSignal.any(signals) });
    return { status: response.status, text: await boundedText(response, endpoint.host) };
  } catch (error) {
    if (error instanceof StreamerError) throw error;
    if (signal?.aborted === true && signal.reason instanceof StreamerError) throw signal.reason;
    throw new ConnectError('connect-failed', `cannot trade the API key at ${endpoint.host} (${codeOf(error) ?? 'no answer'}): check \`tokenUrl\` and the network`);
  }
}

function refusal(status: number, { host }: URL, { from, again }: SignInSettings): StreamerError {
  if (status === 401 || status === 403) return new AuthError('auth-refused', `${host} does not take the API key of ${from} (HTTP ${status}); sign in again: ${again}`);
  if (status >= 500 || status === 429) return new ConnectError('connect-failed', `${host} cannot trade the API key now (HTTP ${status}): try again later`);
  return new AuthError('auth-refused', `${host} answers an API key with HTTP ${status}: check \`tokenUrl\`, \`apiKeyHeader\` and \`apiKeyField\``);
}
