/**
 * magic-wormhole, with a mailbox server of the bench's own: through it the two agree on a key, then the file goes
 * directly. All three from PyPI, since distributions carry old clients and no server.
 *
 * @module
 */
import path from 'node:path';
import type { Command } from '../processes.js';
import { CACHE, versionOf } from '../programs.js';
import { venv } from '../venv.js';
import type { Peer, Place } from './peer.js';

const NAME = 'magic-wormhole';
const REQUIREMENTS = ['magic-wormhole==0.24.0', 'magic-wormhole-mailbox-server==0.8.0', 'magic-wormhole-transit-relay==0.5.0'];
/** Its client may only be told of a relay, not to have none: nobody listens on this port. */
const NO_RELAY_PORT = 1;
/** Any code will do: each run has a mailbox server of its own. */
const CODE = '1-bench-run';

function program(name: string): string {
  return path.join(CACHE, NAME, 'bin', name);
}

function wormhole({ serverIp, helperPort }: Place, ...words: readonly string[]): Command {
  const addresses = ['--relay-url', `ws://${serverIp}:${helperPort}/v1`, '--transit-helper', `tcp:${serverIp}:${NO_RELAY_PORT}`];
  return { argv: [program('wormhole'), ...addresses, ...words], env: { PYTHONUNBUFFERED: '1' } };
}

function send(place: Place): Command {
  return wormhole(place, 'send', '--hide-progress', '--no-qr', '--code', CODE, place.source);
}

function receive(place: Place): Command {
  return wormhole(place, 'receive', '--hide-progress', '--accept-file', '--output-file', place.target, CODE);
}

/** magic-wormhole, one file, both directions. */
export const magicWormhole: Peer = {
  id: 'wormhole',
  name: 'magic-wormhole',
  flags: 'encrypted (NaCl SecretBox), verified, direct; its mailbox server is not counted',
  directions: ['down', 'up'],
  ours: [],
  moves: 'file',
  async available(setting) {
    const made = await venv(NAME, REQUIREMENTS, setting);
    return 'reason' in made ? made.reason : undefined;
  },
  version: () => versionOf([program('wormhole'), '--version']),
  trial: (direction, place) => ({
    helper: {
      command: {
        argv: [program('twist'), 'wormhole-mailbox', '--channel-db=:memory:', `--port=tcp:${place.helperPort}:interface=${place.serverIp}`],
      },
      ready: 'listens',
    },
    server: direction === 'down' ? send(place) : receive(place),
    // The receiver looks for the sender first, and says so after a second.
    ready: direction === 'down' ? /^Wormhole code is:/m : /^Waiting for sender/m,
    client: () => (direction === 'down' ? receive(place) : send(place)),
    serverEnds: 'by itself',
  }),
};
