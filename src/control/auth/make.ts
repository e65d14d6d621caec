/**
 * From how to sign in to what signs. What a way needs is loaded when it is the one.
 *
 * @module
 */
import { UsageError } from '../../errors.js';
import type { Authenticator } from './authenticator.js';
import type { Flow } from './flows.js';
import type { SignInSettings } from './settings.js';
import { BearerAuthenticator, type TokenSource } from './token-source.js';

/** @throws UsageError for settings that lack what the way needs */
export async function authenticatorOf(settings: SignInSettings): Promise<Authenticator> {
  const { flow, from, profile } = settings;
  switch (flow) {
    case 'custom': {
      const { loadAuthenticator } = await import('./custom.js');
      return loadAuthenticator(needed(profile.authenticator, 'authenticator', from));
    }
    case 'api-key': {
      const { apiKeyAuthenticator } = await import('./api-key.js');
      return apiKeyAuthenticator(settings);
    }
    default:
      return new BearerAuthenticator(await tokenSourceOf(flow, settings));
  }
}

/** @param key where the store has what a user's sign-in has left */
async function tokenSourceOf(flow: Exclude<Flow, 'custom' | 'api-key'>, settings: SignInSettings, key = 'tokens'): Promise<TokenSource> {
  const { from, profile, given } = settings;
  switch (flow) {
    case 'browser':
    case 'device':
      return (await import('./refresh.js')).refreshedToken(settings, key);
    case 'client-credentials':
      return (await import('./client-credentials.js')).clientCredentials(settings);
    case 'token-exchange':
      return exchanged(settings);
    case 'token': {
      const { givenToken, tokenFile } = await import('./given-token.js');
      return given.token === undefined ? tokenFile(needed(profile.tokenFile, 'tokenFile', from)) : givenToken(given.token, from);
    }
    case 'token-command':
      return (await import('./token-command.js')).tokenCommand(needed(profile.tokenCommand, 'tokenCommand', from), from);
    case 'jupyterhub':
      return (await import('./jupyterhub.js')).hubToken(settings);
  }
}

async function exchanged(settings: SignInSettings): Promise<TokenSource> {
  const { exchangedToken, SUBJECT_KEY } = await import('./token-exchange.js');
  const subject = await tokenSourceOf(needed(settings.profile.subjectFlow, 'subjectFlow', settings.from), settings, SUBJECT_KEY);
  needed(settings.profile.audience, 'audience', settings.from);
  return exchangedToken(settings, subject);
}

/** @throws UsageError that names the option */
export function needed<T>(value: T | undefined, option: string, from: string): T {
  if (value === undefined) throw new UsageError(`${from} does not say \`${option}\``);
  return value;
}
