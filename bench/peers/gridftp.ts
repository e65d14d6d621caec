/**
 * GridFTP: globus-url-copy from and to a globus-gridftp-server that takes anonymous clients. In the clear: nothing is
 * encrypted or checked.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { missingProgram, needProgram, versionOf } from '../programs.js';
import { unprivileged, unprivilegedObstacle } from '../unprivileged.js';
import type { Direction, Peer, Place } from './peer.js';

/** URLs of both ends. A tree's end in a slash, and its root must be there. */
function urls(direction: Direction, place: Place): readonly [string, string] {
  const end = place.kind === 'tree' ? '/' : '';
  if (place.kind === 'tree') mkdirSync(place.target);
  const local = (file: string) => `file://${file}${end}`;
  const remote = (file: string) => `ftp://${place.serverIp}:${place.port}${file}${end}`;
  return direction === 'down' ? [remote(place.source), local(place.target)] : [local(place.source), remote(place.target)];
}

/** The client looks its own host's name up unless it is told one. It only dials, so any name does. */
const CLIENT_NAME = { GLOBUS_HOSTNAME: '127.0.0.1' };

function words({ kind }: Place, streams: number): readonly string[] {
  return ['-p', String(streams), '-fast', ...(kind === 'tree' ? ['-r', '-cd', '-pp'] : [])];
}

/**
 * The server wants a name for its address, and the namespaces have nobody to ask: it gets a hosts file of its own, in a
 * mount namespace of its own, so that the machine's stays as it is. Without root, the address is loopback's or one that podman names.
 */
function withHosts({ folder, serverIp }: Place): readonly string[] {
  if (process.getuid?.() !== 0) return [];
  const hosts = path.join(folder, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost\n127.0.0.1 ${os.hostname()}\n${serverIp} server\n`);
  return [needProgram('unshare'), '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', hosts];
}

/** GridFTP over so many data connections. */
export function gridftp(streams: number): Peer {
  return {
    id: `gridftp-p${streams}`,
    name: `GridFTP -p ${streams}`,
    flags: `in the clear, anonymous (-aa), nothing checked; -p ${streams} -fast; -r -cd -pp for a tree`,
    directions: ['down', 'up'],
    ours: [],
    moves: 'file',
    available: async () => missingProgram('globus-url-copy', 'globus-gridftp-server') ?? (await unprivilegedObstacle()),
    version: async () => (await Promise.all(['globus-gridftp-server', 'globus-url-copy'].map((name) => versionOf([needProgram(name), '-version'])))).join(', '),
    trial: (direction, place) => ({
      server: {
        argv: [
          ...withHosts(place),
          ...unprivileged(),
          ...[needProgram('globus-gridftp-server'), '-no-detach', '-aa', '-p', String(place.port)],
          ...['-control-interface', place.serverIp, '-data-interface', place.serverIp],
        ] as [string, ...string[]],
      },
      // It prints nothing when it is given its port.
      ready: 'listens',
      client: () => ({
        argv: [needProgram('globus-url-copy'), ...words(place, streams), ...urls(direction, place)],
        env: CLIENT_NAME,
      }),
      serverEnds: 'when stopped',
    }),
  };
}
