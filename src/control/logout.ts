/**
 * Signing out: the refresh token is revoked (RFC 7009) where the provider can, and what signing in has left is removed.
 *
 * @module
 */
import { StreamerError } from '../errors.js';
import type { AuthenticatorContext } from './auth/authenticator.js';
import { FileStore } from './auth/file-store.js';
import { atProvider } from './auth/provider.js';
import { settingsOfProfile, type SignInSettings } from './auth/settings.js';
import { SUBJECT_KEY } from './auth/token-exchange.js';
import { parseTokens } from './auth/tokens.js';
import { createFetch } from './fetch.js';
import { readAuthorities } from './pem-file.js';
import { removeProfile, tokenDirectory, type NamedProfile } from './profile-files.js';

/** What is to go. */
export interface LogoutRequest {
  readonly named: NamedProfile;
  /** The profile, too. @default it stays */
  readonly remove?: boolean | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
}

/** @returns why the provider could not be told, if so: what was here is gone all the same. @throws StorageError */
export async function logout({ named, remove, env, signal }: LogoutRequest): Promise<string | undefined> {
  const store = new FileStore(tokenDirectory(env, named.name));
  const untold = await revoke(named, env, store, signal);
  await store.clear();
  if (remove === true) await removeProfile(env, named.name);
  return untold;
}

async function revoke(named: NamedProfile, env: NodeJS.ProcessEnv, store: FileStore, signal: AbortSignal | undefined): Promise<string | undefined> {
  const settings = settingsOfProfile(named, env);
  const text = (await store.get(SUBJECT_KEY)) ?? (await store.get('tokens'));
  if (settings === undefined || text === undefined) return undefined;
  try {
    const { refreshToken } = parseTokens(text, '');
    if (refreshToken === undefined) return undefined;
    const { ca } = named.profile;
    const fetch = createFetch({ ca: ca === undefined ? undefined : await readAuthorities(ca) });
    await tell(settings, refreshToken, { store, fetch, signal });
    return undefined;
  } catch (error) {
    if (error instanceof StreamerError) return error.message;
    throw error;
  }
}

function tell(settings: SignInSettings, refreshToken: string, context: AuthenticatorContext): Promise<void> {
  return atProvider(settings, context, 'end the sign-in', async ({ library, configuration }) => {
    if (configuration.serverMetadata().revocation_endpoint === undefined) return;
    await library.tokenRevocation(configuration, refreshToken, { token_type_hint: 'refresh_token' });
  });
}
