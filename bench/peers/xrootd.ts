/**
 * xrdcp from and to an xrootd with a configuration of the bench's own.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { missingProgram, needProgram, versionOf } from '../programs.js';
import { unprivileged, unprivilegedObstacle } from '../unprivileged.js';
import type { Peer, Place } from './peer.js';

/** Writes a configuration that exports the folders of this run and needs none of the system's files. Answers its path. */
function writeConfiguration({ folder, port, source, target }: Place): string {
  const state = path.join(path.dirname(target), 'state');
  mkdirSync(state, { recursive: true });
  const file = path.join(folder, 'xrootd.cfg');
  const lines = [
    `xrd.port ${port}`,
    // No look-up of the other side's name: there is nobody to ask.
    'xrd.network nodnr',
    ...[path.dirname(source), path.dirname(target)].map((exported) => `all.export ${exported}`),
    `all.adminpath ${state}`,
    `all.pidpath ${state}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

/** xrdcp, one file, both directions. */
export const xrdcp: Peer = {
  id: 'xrdcp',
  name: 'xrdcp',
  flags: 'in the clear, no authentication, no checksum; one stream',
  directions: ['down', 'up'],
  ours: [],
  moves: 'file',
  available: async () => missingProgram('xrdcp', 'xrootd') ?? (await unprivilegedObstacle()),
  version: async () => `xrdcp ${await versionOf([needProgram('xrdcp'), '--version'])}, xrootd ${await versionOf([needProgram('xrootd'), '-v'])}`,
  trial(direction, place) {
    const remote = (file: string) => `root://${place.serverIp}:${place.port}/${file}`;
    const [from, to] = direction === 'down' ? [remote(place.source), place.target] : [place.source, remote(place.target)];
    return {
      server: { argv: [...unprivileged(), needProgram('xrootd'), '-c', writeConfiguration(place), '-I', 'v4'] as [string, ...string[]] },
      ready: /initialization completed\.\s*$/,
      client: () => ({ argv: [needProgram('xrdcp'), '--nopbar', from, to] }),
      serverEnds: 'when stopped',
    };
  },
};
