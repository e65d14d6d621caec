/**
 * `streamer logout`: wiring only.
 *
 * @module
 */
import { logout } from '../../control/logout.js';
import { chooseProfile, profileNames } from '../../control/profile-files.js';
import { UsageError } from '../../errors.js';
import type { Context } from '../action.js';

/** Options as commander gives them. */
export interface LogoutCommandOptions {
  readonly profile?: string;
  readonly remove?: boolean;
}

/** @throws StreamerError */
export async function runLogout({ profile, remove }: LogoutCommandOptions, { renderer, stopSignal }: Context): Promise<void> {
  const named = await chooseProfile(process.env, profile);
  if (named === undefined) {
    const names = await profileNames(process.env);
    throw new UsageError(names.length === 0 ? 'there is no profile to sign out of' : `which \`profile\`: ${names.join(', ')}?`);
  }
  const untold = await logout({ named, remove, env: process.env, signal: stopSignal() });
  if (untold !== undefined) renderer.onProgress({ type: 'notice', message: `the provider could not be told: ${untold}` });
  renderer.print(`Signed out (profile ${named.name}${remove === true ? ', which is removed' : ''})`, { event: 'signed-out', profile: named.name, removed: remove === true });
}
