/**
 * `tar c | ssh tar x`: how trees of small files have always been moved.
 *
 * @module
 */
import { missingProgram, needProgram, versionOf } from '../programs.js';
import type { Peer } from './peer.js';
import { CIPHER, sshAvailable, sshOptions, sshServer, sshVersion, userAt } from './ssh.js';

/** tar over ssh, a tree, both directions. Paths are the bench's own and hold nothing that a shell would touch. */
export const tarSsh: Peer = {
  id: 'tar-ssh',
  name: 'tar over ssh',
  flags: `${CIPHER}, no compression; tar c at one end, tar x at the other`,
  directions: ['down', 'up'],
  ours: [],
  moves: 'file',
  available: async (setting) => missingProgram('tar') ?? (await sshAvailable(setting)),
  version: async () => `${await versionOf([needProgram('tar'), '--version'])}, ${await sshVersion()}`,
  trial(direction, place) {
    const create = `tar -C ${place.source} -cf - .`;
    const extract = `mkdir ${place.target} && tar -C ${place.target} -xf -`;
    const ssh = [needProgram('ssh'), '-p', String(place.port), ...sshOptions(place), userAt(place)].join(' ');
    const pipe = direction === 'down' ? `${ssh} '${create}' | (${extract})` : `${create} | ${ssh} '${extract}'`;
    return { ...sshServer(place), client: () => ({ argv: ['sh', '-c', pipe] }) };
  },
};
