/**
 * One file: every peer, both directions, each size; ours on both wires, through a relay, with more connections, and on
 * other nodes.
 *
 * @module
 */
import { formatSize } from '../../src/util/units.js';
import { hold } from '../contest.js';
import { bareWs } from '../peers/bare-ws.js';
import { gridftp } from '../peers/gridftp.js';
import { httpsCurl } from '../peers/https-curl.js';
import { iperf3 } from '../peers/iperf3.js';
import { nativeMemory } from '../peers/memory-to-memory.js';
import type { Peer } from '../peers/peer.js';
import { pythonPair } from '../peers/python.js';
import { rawTcp } from '../peers/raw-tcp.js';
import { rsync } from '../peers/rsync.js';
import { scp } from '../peers/scp.js';
import { ours, ourClientPythonServer, pythonClientOurServer } from '../peers/streamer.js';
import { magicWormhole } from '../peers/wormhole.js';
import { xrdcp } from '../peers/xrootd.js';
import type { Context, Outcome, Scenario } from './scenario.js';

function peers({ options, nodes }: Context): readonly Peer[] {
  return [
    ...[rawTcp, bareWs, iperf3(1)],
    ...[gridftp(1), gridftp(8), httpsCurl, scp, rsync, xrdcp, magicWormhole],
    ...nodes.flatMap((node) => (['native', 'compat'] as const).map((wire) => ours({ wire, node }))),
    ours({ wire: 'native', relay: true }),
    ...options.streams.map((streams) => ours({ wire: 'native', streams })),
    nativeMemory,
    ...[ourClientPythonServer, pythonClientOurServer, pythonPair],
  ];
}

/** One file, all peers. */
export const oneFile: Scenario = {
  name: 'one-file',
  async run(context) {
    const outcomes: Outcome[] = [];
    for (const size of context.options.sizes) {
      const payload = await context.file(size);
      const contenders = peers(context).map((peer) => ({ peer, payload }));
      const title = `one file of ${formatSize(size)}`;
      outcomes.push(await hold(context, { scenario: 'one-file', title, network: context.network, contenders }));
    }
    return { rows: outcomes.flatMap(({ rows }) => rows), skipped: outcomes.flatMap(({ skipped }) => skipped) };
  },
};
