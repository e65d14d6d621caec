/**
 * Inside a notebook server: the tokens of JupyterHub's authentication state, which its administrator hands on, by variables
 *
 *     STREAMER_ACCESS_TOKEN, STREAMER_REFRESH_TOKEN
 *
 * or by a file whose name is in STREAMER_AUTH_STATE_FILE: the state as OAuthenticator has it, a JSON object with `access_token` and,
 * where it has one, `refresh_token`. In jupyterhub_config.py, for one:
 *
 *     def tokens(spawner, auth_state):
 *         spawner.environment['STREAMER_ACCESS_TOKEN'] = auth_state['access_token']
 *         spawner.environment['STREAMER_REFRESH_TOKEN'] = auth_state['refresh_token']
 *     c.Spawner.auth_state_hook = tokens
 *
 * The refresh token is used when it is there, with the provider of AUTH_TOKEN_URL and the client of FIRECREST_CLIENT_ID (or of the
 * profile); where they are not given, the issuer and the client that the access token names. Without one, the access token is used
 * for as long as it lasts, and the file read again, which a hub may have written anew.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { AuthError } from '../../errors.js';
import { visible } from '../../storage/fs-error.js';
import { readPrivateFile } from '../private-file.js';
import type { AuthenticatorContext } from './authenticator.js';
import { readClaims } from './claims.js';
import { isFresh } from './freshness.js';
import { refresh } from './refresh.js';
import { RenewedToken } from './renewed-token.js';
import type { GivenSecrets, SignInSettings } from './settings.js';
import { checkToken, type TokenSource } from './token-source.js';
import { lifetimeOf, parseObject, type Tokens } from './tokens.js';

interface HubState {
  readonly accessToken?: string;
  readonly refreshToken?: string;
}

const AGAIN = 'stop the server in JupyterHub, sign out there and in again, and start it anew';

/** See the module. */
export function hubToken(settings: SignInSettings): TokenSource {
  const hub = { ...settings, again: AGAIN };
  const sources = new Map<string, RenewedToken>();
  // Each state that a hub hands out begins a line of refresh tokens of its own.
  const current = async (): Promise<RenewedToken> => {
    const state = await readState(settings);
    const key = `hub-${createHash('sha256').update(state.refreshToken ?? state.accessToken ?? '').digest('hex').slice(0, 16)}`;
    const source = sources.get(key) ?? new RenewedToken({ key, again: AGAIN, renew: (before, context) => renew(hub, state, before, context) });
    sources.set(key, source);
    return source;
  };
  return {
    token: async (context) => (await current()).token(context),
    refused: async (context) => (await current()).refused(context),
  };
}

async function readState({ given, from }: SignInSettings): Promise<HubState> {
  const state = given.authStateFile === undefined ? given : await readStateFile(given.authStateFile);
  if (state.accessToken === undefined && state.refreshToken === undefined) throw new AuthError('auth-missing', `${from} holds neither an access_token nor a refresh_token: ${AGAIN}`);
  return {
    ...(state.accessToken === undefined ? {} : { accessToken: checkToken(state.accessToken, `the access token of ${from}`) }),
    ...(state.refreshToken === undefined ? {} : { refreshToken: state.refreshToken.trim() }),
  };
}

async function readStateFile(file: string): Promise<GivenSecrets> {
  const text = await readPrivateFile(file, "JupyterHub's authentication state");
  if (text === undefined) throw new AuthError('auth-missing', `${visible(file)} (STREAMER_AUTH_STATE_FILE) is not there: ${AGAIN}`);
  const state = parseObject(text);
  if (state === undefined) throw new AuthError('auth-missing', `${visible(file)} (STREAMER_AUTH_STATE_FILE) is not a JSON object: it should be JupyterHub's authentication state`);
  const { access_token: accessToken, refresh_token: refreshToken } = state;
  return { ...(typeof accessToken === 'string' ? { accessToken } : {}), ...(typeof refreshToken === 'string' ? { refreshToken } : {}) };
}

/** The hub's own access token first, and the refresh token when that is about to end. */
async function renew(settings: SignInSettings, state: HubState, before: Tokens | undefined, context: AuthenticatorContext): Promise<Tokens> {
  const own = ownTokens(state);
  if (before === undefined && own !== undefined && isFresh(own, Date.now())) return own;
  if (before?.refreshToken ?? state.refreshToken) {
    const known = withProvider(settings, state.accessToken);
    return refresh(known, before ?? { accessToken: '', obtainedAtMs: 0, expiresAtMs: 0, ...(state.refreshToken === undefined ? {} : { refreshToken: state.refreshToken }) }, context);
  }
  if (own !== undefined && own.expiresAtMs > Date.now()) return own;
  throw new AuthError('auth-sign-in', `the access token of ${settings.from} has expired, and there is no refresh token; sign in again: ${AGAIN}`);
}

function ownTokens({ accessToken, refreshToken }: HubState): Tokens | undefined {
  if (accessToken === undefined) return undefined;
  return { accessToken, ...lifetimeOf(accessToken, Date.now()), ...(refreshToken === undefined ? {} : { refreshToken }) };
}

/** The access token comes from the hub, which the user trusts with more than this: its issuer and its client are taken at its word. */
function withProvider(settings: SignInSettings, accessToken: string | undefined): SignInSettings {
  const { issuer, authorizedParty } = (accessToken === undefined ? undefined : readClaims(accessToken)) ?? {};
  const { profile } = settings;
  const placed = profile.issuer !== undefined || profile.tokenUrl !== undefined;
  return {
    ...settings,
    profile: {
      ...profile,
      ...(placed || issuer === undefined ? {} : { issuer }),
      ...(profile.clientId !== undefined || authorizedParty === undefined ? {} : { clientId: authorizedParty }),
    },
  };
}
