/**
 * From how to sign in to what signs. What a way needs is loaded when it is the one.
 *
 * @module
 */
import { UsageError } from '../../errors.js';
import type { Authenticator } from './authenticator.js';
import type { SignInSettings } from './settings.js';
import { BearerAuthenticator, type TokenSource } from './token-source.js';

/** @throws UsageError for settings that lack what the way needs */
export async function authenticatorOf(settings: SignInSettings): Promise<Authenticator> {
  const { flow, from, profile } = settings;
  if (flow !== 'custom') return new BearerAuthenticator(await tokenSourceOf(settings));
  const { loadAuthenticator } = await import('./custom.js');
  return loadAuthenticator(needed(profile.authenticator, 'authenticator', from));
}

async function tokenSourceOf({ flow, from, profile, given }: SignInSettings): Promise<TokenSource> {
  switch (flow) {
    case 'token': {
      const { givenToken, tokenFile } = await import('./given-token.js');
      return given.token === undefined ? tokenFile(needed(profile.tokenFile, 'tokenFile', from)) : givenToken(given.token, from);
    }
    case 'token-command': {
      const { tokenCommand } = await import('./token-command.js');
      return tokenCommand(needed(profile.tokenCommand, 'tokenCommand', from), from);
    }
    default:
      throw new UsageError(`${from}: signing in by ${flow} is not there yet`);
  }
}

/** @throws UsageError that names the option */
export function needed<T>(value: T | undefined, option: string, from: string): T {
  if (value === undefined) throw new UsageError(`${from} does not say \`${option}\``);
  return value;
}
