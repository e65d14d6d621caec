/**
 * Where what `streamer` keeps for a user lies: `streamer` in $XDG_CONFIG_HOME or in ~/.config (XDG Base Directory).
 *
 *     identity             the identity for sealed coordinates
 *     profiles/NAME.json   a profile: see profile.ts
 *     tokens/NAME/KEY      what signing in with it left behind: see auth/file-store.ts
 *
 * @module
 */
import os from 'node:os';
import path from 'node:path';
import { UsageError } from '../errors.js';

/** That directory, absolute. It need not be there. @throws UsageError when nobody knows where the user's files are */
export function configurationDirectory(env: NodeJS.ProcessEnv): string {
  const given = env['XDG_CONFIG_HOME'] ?? '';
  return path.join(path.isAbsolute(given) ? given : path.join(homeDirectory(env), '.config'), 'streamer');
}

/** Never a relative one: tokens would be left wherever the command is run. */
function homeDirectory(env: NodeJS.ProcessEnv): string {
  let home = env['HOME'] ?? '';
  try {
    home = home === '' ? os.homedir() : home;
  } catch {
    // The system does not know this user, as in a container.
  }
  if (!path.isAbsolute(home)) throw new UsageError('there is no home directory to keep a sign-in in: set HOME or XDG_CONFIG_HOME, or give a token in FIRECREST_TOKEN');
  return home;
}
