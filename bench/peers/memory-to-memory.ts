/**
 * `streamer bench` against `streamer server bench`: ours without files, as a user measures a path of their own.
 *
 * @module
 */
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { OWN_NODE } from '../nodes.js';
import { ownVersion } from '../programs.js';
import type { Peer } from './peer.js';
import { COORDINATES, serverOptions } from './python.js';
import { hasCommand, obstacle, streamer } from './streamer.js';

/** The rate out of what `--json` prints at the end, bytes per second. */
export function ownRate(output: string): number | undefined {
  const digits = /"event":"bench","bytesPerSecond":([\d.]+)/.exec(output)?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** Ours, memory to memory. */
export const nativeMemory: Peer = {
  id: 'native-memory',
  name: 'ours, memory to memory',
  flags: 'encrypted, verified; `streamer bench`, its own figure',
  directions: ['down'],
  ours: ['client', 'server'],
  moves: 'memory',
  available: async () => (await obstacle({ wire: 'native' })) ?? ((await hasCommand('bench')) ? undefined : 'this build has no bench command'),
  version: () => Promise.resolve(`streamer ${ownVersion()}, node ${OWN_NODE.version}`),
  trial(_direction, place) {
    const folder = path.dirname(place.target);
    const secret = path.join(folder, 'secret');
    writeFileSync(secret, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
    return {
      server: streamer(OWN_NODE, 'server', '--secret-file', secret, ...serverOptions(place), 'bench', '--size', String(place.size)),
      ready: COORDINATES,
      client([, coordinates = '']) {
        const at = path.join(folder, 'client-coordinates');
        writeFileSync(at, `${coordinates}\n`, { mode: 0o600 });
        return streamer(OWN_NODE, 'bench', `@${at}`, '--json');
      },
      serverEnds: 'by itself',
    };
  },
  ownFigure: ownRate,
};
