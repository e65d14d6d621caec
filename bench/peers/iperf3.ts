/**
 * iperf3: one TCP stream or several, memory to memory, no file at either end.
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

/** iperf3, memory to memory, over so many connections. */
export function iperf3(streams: number): Peer {
  return {
    id: streams === 1 ? 'iperf3' : `iperf3-p${streams}`,
    name: streams === 1 ? 'iperf3' : `iperf3 -P ${streams}`,
    flags: `${streams === 1 ? 'one stream' : `${streams} streams`}, memory to memory, its own figure at the receiver`,
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
          ...['-c', serverIp, '-p', String(port), '-n', String(size), '-P', String(streams), '-J'],
          ...(direction === 'down' ? ['-R'] : []),
        ],
      }),
      serverEnds: 'by itself',
    }),
    ownFigure: received,
  };
}
