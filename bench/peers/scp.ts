/**
 * scp, a file or a tree.
 *
 * @module
 */
import { missingProgram, needProgram } from '../programs.js';
import type { Peer } from './peer.js';
import { CIPHER, sshAvailable, sshOptions, sshServer, sshVersion, userAt } from './ssh.js';

/** scp, both directions. */
export const scp: Peer = {
  id: 'scp',
  name: 'scp',
  flags: `${CIPHER}, no compression, the program's default protocol (SFTP since 9.0); -r for a tree`,
  directions: ['down', 'up'],
  ours: [],
  moves: 'file',
  available: async (setting) => missingProgram('scp') ?? (await sshAvailable(setting)),
  version: sshVersion,
  trial(direction, place) {
    const remote = (file: string) => `${userAt(place)}:${file}`;
    const [from, to] = direction === 'down' ? [remote(place.source), place.target] : [place.source, remote(place.target)];
    const recursive = place.kind === 'tree' ? ['-r'] : [];
    return {
      ...sshServer(place),
      client: () => ({ argv: [needProgram('scp'), '-q', ...recursive, '-P', String(place.port), ...sshOptions(place), from, to] }),
    };
  },
};
