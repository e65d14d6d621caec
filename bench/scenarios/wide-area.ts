/**
 * A wide-area path, emulated: delay, rate and loss; peers of one connection and of eight. Data is sized so that a run
 * takes 10 to 20 seconds, which differs a hundredfold between the clean path and one connection on a lossy one.
 *
 * @module
 */
import { hold, type Contender } from '../contest.js';
import { gridftp } from '../peers/gridftp.js';
import { iperf3 } from '../peers/iperf3.js';
import type { Direction } from '../peers/peer.js';
import { scp } from '../peers/scp.js';
import { ours } from '../peers/streamer.js';
import type { Path } from '../results.js';
import { buildEmulator, describePath, makeWideAreaNetwork } from '../wide-area-network.js';
import type { Context, Outcome, Scenario } from './scenario.js';

const MIB = 2 ** 20;

interface Cell {
  readonly path: Path;
  /** Bytes for peers of several connections. */
  readonly many: number;
  /** Bytes for peers of one. */
  readonly one: number;
}

/** The paths that the project's figures are promised for. */
const GRID: readonly Cell[] = [
  { path: { rttMs: 50, megabitsPerSecond: 1000, lossPercent: 0 }, many: 1536 * MIB, one: 1536 * MIB },
  { path: { rttMs: 50, megabitsPerSecond: 1000, lossPercent: 0.01 }, many: 1024 * MIB, one: 128 * MIB },
  { path: { rttMs: 50, megabitsPerSecond: 1000, lossPercent: 0.1 }, many: 192 * MIB, one: 24 * MIB },
  { path: { rttMs: 100, megabitsPerSecond: 200, lossPercent: 0 }, many: 320 * MIB, one: 320 * MIB },
];

const DOWN: readonly Direction[] = ['down'];

async function contenders(context: Context, { many, one }: Cell): Promise<readonly Contender[]> {
  const { options, nodes } = context;
  const size = (asked: number) => (options.sizeAsked ? (options.sizes[0] ?? asked) : asked);
  const large = await context.file(size(many));
  const small = await context.file(size(one));
  return [
    { peer: iperf3(8), directions: DOWN, payload: large },
    { peer: gridftp(8), directions: DOWN, payload: large },
    ...nodes.map((node) => ({ peer: ours({ wire: 'native', node }), payload: large })),
    { peer: ours({ wire: 'native', streams: '8' }), directions: DOWN, payload: large },
    { peer: ours({ wire: 'native', relay: true }), directions: DOWN, payload: large },
    { peer: gridftp(1), directions: DOWN, payload: small },
    { peer: scp, directions: DOWN, payload: small },
    { peer: ours({ wire: 'native', streams: '1' }), directions: DOWN, payload: small },
  ];
}

async function runCell(context: Context, program: string, cell: Cell): Promise<Outcome> {
  const network = await makeWideAreaNetwork(program, cell.path);
  try {
    const contest = { scenario: 'wide-area', title: describePath(cell.path), network, path: cell.path } as const;
    return await hold(context, { ...contest, contenders: await contenders(context, cell), curves: { flow: true } });
  } finally {
    await network.close?.();
  }
}

/** The grid. */
export const wideArea: Scenario = {
  name: 'wide-area',
  async run(context) {
    const emulator = await buildEmulator();
    if ('reason' in emulator) return { rows: [], skipped: [{ peer: 'wide-area paths', reason: emulator.reason }] };
    const outcomes: Outcome[] = [];
    for (const cell of context.options.smoke ? GRID.slice(0, 1) : GRID) outcomes.push(await runCell(context, emulator.program, cell));
    return { rows: outcomes.flatMap(({ rows }) => rows), skipped: outcomes.flatMap(({ skipped }) => skipped) };
  },
};
