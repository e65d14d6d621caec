/**
 * What issue 5 promises of the relay.
 *
 * @module
 */
import type { Path } from '../results.js';
import { median, RATE, rowOf } from './figures.js';
import { limit, ratio, type Promised } from './promise.js';

const SOURCE = 'issue 5';
const MIB = 2 ** 20;
const FAR: Path = { rttMs: 50, megabitsPerSecond: 1000, lossPercent: 0 };
const ROUND_TRIPS = 3;

const half = (['down', 'up'] as const).map((direction) =>
  ratio({
    source: SOURCE,
    text: `one file, ours ${direction} through a relay: at least 0.5x ours directly`,
    own: { scenario: 'one-file', id: 'native-relay', direction },
    others: [{ scenario: 'one-file', id: 'native', direction }],
    atLeast: 0.5,
    kind: RATE,
  }),
);

const memory = limit({
  source: SOURCE,
  text: 'memory, a relay with 2,000 idle rooms and 50 pairs, half of them stalled: under 200 MiB resident',
  below: 200 * MIB,
  figure(rows) {
    const peak = rowOf(rows, { scenario: 'relay-load', id: 'relay-load' })?.summary.peakRss.server;
    return peak === undefined ? ['relay-load'] : { value: peak };
  },
  show: (value) => `${(value / MIB).toFixed(0)} MiB`,
});

const firstData = limit({
  source: SOURCE,
  text: `50 ms, 1 Gbit/s: no more than ${ROUND_TRIPS} round trips more before the first data through a relay than directly`,
  below: ROUND_TRIPS,
  figure(rows) {
    const of = (id: string) => median(rowOf(rows, { scenario: 'wide-area', id, path: FAR, direction: 'down' })?.summary, { of: 'firstDataSeconds', unit: 's' });
    const [relayed, direct] = [of('native-relay'), of('native')];
    if (relayed === undefined || direct === undefined) return ['native-relay', 'native'];
    return { value: ((relayed - direct) * 1000) / FAR.rttMs, note: `${(relayed * 1000).toFixed(0)} ms, directly ${(direct * 1000).toFixed(0)} ms` };
  },
  show: (value) => value.toFixed(1),
});

/** The promises. */
export const RELAY: readonly Promised[] = [...half, memory, firstData];
