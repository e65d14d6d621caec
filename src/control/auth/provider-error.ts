/**
 * What went wrong at a provider, in one line, and what to do about it. The library's own errors hold whole answers, tokens and all,
 * in their causes: none of them is passed on.
 *
 * @module
 */
import type * as OpenidClient from 'openid-client';
import { AbortError, AuthError, ConnectError, StreamerError, UsageError, peerText } from '../../errors.js';

/** What the words depend on. */
export interface ProviderCall {
  /** What was asked, such as "renew the token". */
  readonly doing: string;
  /** The provider's host, for messages. */
  readonly host: string;
  /** What to do when a sign-in has ended: goes on after "sign in again:". */
  readonly again: string;
  /** Takes what was sent out of a text that repeats it. */
  readonly hide: (text: string) => string;
}

/** An OAuth error code (RFC 6749 section 5.2, RFC 8628 section 3.5) to the error's code and advice. */
const REFUSALS: Readonly<Record<string, readonly [code: 'auth-refused' | 'auth-sign-in', advice: string]>> = {
  invalid_client: ['auth-refused', 'check `clientId`, its secret or key, and `clientAuthMethod`'],
  unauthorized_client: ['auth-refused', 'this client may not sign in this way: ask who registered it, or choose another `flow`'],
  unsupported_grant_type: ['auth-refused', 'the provider does not know this way: choose another `flow`'],
  invalid_scope: ['auth-refused', 'check `scope`'],
  invalid_target: ['auth-refused', 'check `audience`'],
  access_denied: ['auth-refused', 'it was denied; sign in again, and allow it'],
  login_required: ['auth-sign-in', ''],
  expired_token: ['auth-sign-in', ''],
  invalid_grant: ['auth-sign-in', ''],
};

/** @param error what openid-client, or a fetch that it was given, has thrown */
export function providerError(library: typeof OpenidClient, error: unknown, call: ProviderCall): StreamerError {
  if (error instanceof StreamerError) return error;
  if (error instanceof library.ResponseBodyError) return refusal(error.error, error.error_description, error.status, call);
  if (error instanceof library.AuthorizationResponseError) return refusal(error.error, error.error_description, 400, call);
  if (error instanceof library.WWWAuthenticateChallengeError) {
    const parameters = error.cause[0]?.parameters;
    return refusal(parameters?.error ?? 'invalid_client', parameters?.error_description, error.status, call);
  }
  if (!(error instanceof library.ClientError)) return unreachable(error, call);
  // What our own fetch has thrown on the way.
  if (error.cause instanceof StreamerError) return error.cause;
  return clientError(error, call);
}

function refusal(error: string, description: string | undefined, status: number, { doing, host, again, hide }: ProviderCall): StreamerError {
  const said = description === undefined ? '' : `: ${quotable(hide(description))}`;
  const what = `${host} refuses to ${doing} (${quotable(hide(error)).slice(0, 60)}${said})`;
  if (status >= 500 || error === 'temporarily_unavailable' || error === 'server_error') return new ConnectError('connect-failed', `${what}: it has a fault of its own; try again later`);
  const [code, advice] = (Object.hasOwn(REFUSALS, error) ? REFUSALS[error] : undefined) ?? ['auth-refused', 'check what it was asked'];
  return new AuthError(code, `${what}; ${code === 'auth-sign-in' ? `sign in again: ${again}` : advice}`);
}

/** A description may quote what it was sent: nothing in it that could be a secret is shown. */
function quotable(text: string): string {
  return peerText(text.replace(/[\w.~+/=-]{32,}/gu, '…'));
}

function clientError(error: Error & { readonly code?: string }, call: ProviderCall): StreamerError {
  const { doing, host } = call;
  switch (error.code) {
    case 'OAUTH_RESPONSE_IS_NOT_CONFORM':
      return statusError(error.cause, call);
    case 'OAUTH_RESPONSE_IS_NOT_JSON':
    case 'OAUTH_PARSE_ERROR':
      return new AuthError('auth-refused', `${host} answers something else than JSON when asked to ${doing}: check that \`issuer\` or \`tokenUrl\` is the provider's, and not a page's`);
    case 'OAUTH_INVALID_RESPONSE':
      return new AuthError('auth-refused', `${host} gives an answer that is not one of an OpenID provider, or not one to this sign-in, when asked to ${doing}: try again; if it comes back, check \`issuer\``);
    case 'OAUTH_JWT_CLAIM_COMPARISON_FAILED':
    case 'OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED':
      return comparison(error.cause, call);
    case 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED':
      return new AuthError('auth-token', `the times in the token from ${host} are not those of this machine's clock: set the clock`);
    case 'OAUTH_HTTP_REQUEST_FORBIDDEN':
    case 'OAUTH_REQUEST_PROTOCOL_FORBIDDEN':
      return new UsageError(`${host} would be asked without TLS: only https: is allowed, but for this machine itself`);
    case 'OAUTH_MISSING_SERVER_METADATA':
      return new UsageError(`${host} does not say where to ${doing}: choose another \`flow\`, or give \`issuer\` in place of \`tokenUrl\``);
    case 'OAUTH_TIMEOUT':
      return new ConnectError('connect-failed', `${host} has not answered in time when asked to ${doing}: try again later`);
    case 'OAUTH_ABORT':
      return new AbortError('interrupted');
    default:
      return new AuthError('auth-refused', `cannot ${doing} at ${host} (${error.code ?? 'an unexpected answer'}): check \`issuer\` and \`clientId\``);
  }
}

function statusError(response: unknown, { doing, host }: ProviderCall): StreamerError {
  const status = response instanceof Object && 'status' in response ? Number(response.status) : 0;
  const what = `${host} answers HTTP ${status} when asked to ${doing}`;
  if (status >= 500 || status === 429) return new ConnectError('connect-failed', `${what}: try again later`);
  return new AuthError('auth-refused', `${what}: check \`issuer\` or \`tokenUrl\``);
}

/** An attribute or a claim that is not what was expected. Neither an issuer nor an audience is a secret; a nonce is not shown. */
function comparison(cause: unknown, { host }: ProviderCall): StreamerError {
  const facts = (cause instanceof Error ? cause.cause : cause) as { readonly expected?: unknown; readonly body?: Readonly<Record<string, unknown>>; readonly claim?: unknown; readonly attribute?: unknown } | undefined;
  const name = typeof facts?.attribute === 'string' ? facts.attribute : typeof facts?.claim === 'string' ? facts.claim : 'something';
  const found = facts?.body?.[name];
  if (name === 'issuer' && typeof found === 'string') return new UsageError(`the provider at ${host} calls itself ${peerText(found)}: give that as \`issuer\`, if it is the one that you mean`);
  return new AuthError('auth-token', `the token from ${host} is not one for this sign-in (its ${peerText(name)} is another one): try again; if it comes back, check \`issuer\` and \`clientId\``);
}

/** What fetch throws says why in its cause, or in the cause of that. */
function unreachable(error: unknown, { doing, host }: ProviderCall): StreamerError {
  const code = codeOf(error);
  if (code !== undefined && /CERT|SIGNED|SSL|TLS|ISSUER/u.test(code)) return new AuthError('auth-certificate', `the certificate of ${host} is not trusted (${code}): name its authority with \`ca\``);
  if (error instanceof TypeError || code !== undefined) return new ConnectError('connect-failed', `cannot reach ${host} to ${doing} (${code ?? 'no connection'}): check the address and the network`);
  return new AuthError('auth-refused', `cannot ${doing} at ${host}: check \`issuer\` and \`clientId\``);
}

/** The system's code of what is at the bottom of it. */
export function codeOf(error: unknown): string | undefined {
  let code: string | undefined;
  for (let [at, depth]: [unknown, number] = [error, 0]; at instanceof Error && depth < 8; depth += 1) {
    if ('code' in at && typeof at.code === 'string') code = at.code;
    at = at instanceof AggregateError && at.errors.length > 0 ? at.errors[0] : at.cause;
  }
  return code;
}
