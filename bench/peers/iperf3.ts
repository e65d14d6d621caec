/**
 * iperf3: one TCP stream, memory to memory, no file at either end.
 *
 * @module
 */
import { missingProgram, needProgram, versionOf } from '../programs.js';
import type { Peer } from './peer.js';

/** Bytes per second that arrived, out of the report that `iperf3 -J` prints. */
function received(output: string): number | undefined {
  const section = /"sum_received":\s*\{([^}]*)\}/.exec(output)?.[1];
  const bits = Number(/"bits_per_second":\s*([\d.e+]+)/.exec(section ?? '')?.[1]);
  return bits > 0 ? bits / 8 : undefined;
}

/** iperf3, memory to memory. */
export const iperf3: Peer = {
  id: 'iperf3',
  name: 'iperf3',
  flags: 'one stream, memory to memory, its own figure at the receiver',
  directions: ['down', 'up'],
  ours: [],
  moves: 'memory',
  available: () => Promise.resolve(missingProgram('iperf3')),
  version: () => versionOf([needProgram('iperf3'), '--version']),
  trial: (direction, { serverIp, port, size }) => ({
    server: { argv: [needProgram('iperf3'), '-s', '-1', '-B', serverIp, '-p', String(port), '--forceflush'] },
    ready: /Server listening on/,
    client: () => ({
      argv: [
        needProgram('iperf3'),
        ...['-c', serverIp, '-p', String(port), '-n', String(size), '-J'],
        ...(direction === 'down' ? ['-R'] : []),
      ],
    }),
    serverEnds: 'by itself',
  }),
  ownFigure: received,
};
