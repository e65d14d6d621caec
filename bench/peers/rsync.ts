/**
 * rsync over ssh. What is to be received does not exist yet, so its delta algorithm has nothing to save: it is told to
 * send whole files, and to write them where they belong.
 *
 * @module
 */
import { missingProgram, needProgram, versionOf } from '../programs.js';
import type { Peer } from './peer.js';
import { CIPHER, sshAvailable, sshOptions, sshServer, sshVersion, userAt } from './ssh.js';

/** rsync, a file or a tree, both directions. */
export const rsync: Peer = {
  id: 'rsync',
  name: 'rsync over ssh',
  flags: `${CIPHER}, no compression; -a --whole-file --inplace`,
  directions: ['down', 'up'],
  ours: [],
  moves: 'file',
  available: async (setting) => missingProgram('rsync') ?? (await sshAvailable(setting)),
  version: async () => `${(await versionOf([needProgram('rsync'), '--version'])).replace(/ +protocol.*/, '')}, ${await sshVersion()}`,
  trial(direction, place) {
    const end = place.kind === 'tree' ? '/' : '';
    const remote = (file: string) => `${userAt(place)}:${file}${end}`;
    const local = (file: string) => `${file}${end}`;
    const [from, to] =
      direction === 'down' ? [remote(place.source), local(place.target)] : [local(place.source), remote(place.target)];
    const shell = [needProgram('ssh'), '-p', String(place.port), ...sshOptions(place)].join(' ');
    return {
      ...sshServer(place),
      client: () => ({ argv: [needProgram('rsync'), '-a', '--whole-file', '--inplace', '-e', shell, from, to] }),
    };
  },
};
