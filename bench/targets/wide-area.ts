/**
 * What issue 4 promises of wide-area paths.
 *
 * @module
 */
import type { Path } from '../results.js';
import { median, RATE, rowOf, STEADY, type Kind, type Which } from './figures.js';
import { limit, ratio, type Promised } from './promise.js';

const CLEAN: Path = { rttMs: 50, megabitsPerSecond: 1000, lossPercent: 0 };
const LONG: Path = { rttMs: 100, megabitsPerSecond: 200, lossPercent: 0 };
const SOURCE = 'issue 4';
/** Round trips before the first byte of data. */
const ROUND_TRIPS = 3;
/** The counters are read every 5 ms, and the emulator and two starts of a process take their time: a fifth of a round trip. */
const SLACK = 0.2;

const NAMES: Readonly<Record<string, string>> = { 'iperf3-p8': 'iperf3 -P 8', 'gridftp-p8': 'GridFTP -p 8' };

function which(id: string, path: Path, direction: 'down' | 'up' = 'down'): Which {
  return { scenario: 'wide-area', id, path, direction };
}

function over(name: string, path: Path, id: string, atLeast: number, than: string, kind: Kind): readonly Promised[] {
  return (['down', 'up'] as const).map((direction) =>
    ratio({ source: SOURCE, text: `${name}, ours ${direction}: at least ${atLeast}x ${NAMES[than] ?? than}`, own: which(id, path, direction), others: [which(than, path)], atLeast, kind }),
  );
}

const firstData = limit({
  source: SOURCE,
  text: `100 ms, 200 Mbit/s: no more than ${ROUND_TRIPS} round trips before the first data (measured to ${SLACK} of one)`,
  below: ROUND_TRIPS + SLACK,
  figure(rows) {
    const seconds = median(rowOf(rows, which('native', LONG))?.summary, { of: 'firstDataSeconds', unit: 's' });
    return seconds === undefined ? ['native'] : { value: (seconds * 1000) / LONG.rttMs, note: `${(seconds * 1000).toFixed(0)} ms` };
  },
  show: (value) => `${value.toFixed(2)} round trips`,
});

const lineRate = limit({
  source: SOURCE,
  text: '100 ms, 200 Mbit/s: 95 % of the line (1448 of each 1500 bytes are data), after 5 s',
  below: 1 / 0.95,
  figure(rows) {
    const steady = median(rowOf(rows, which('native', LONG))?.summary, STEADY);
    const line = LONG.megabitsPerSecond / 8;
    return steady === undefined ? ['native'] : { value: line / steady, note: `${steady.toFixed(1)} MB/s, headers included, of ${line}` };
  },
  show: (value) => `${(100 / value).toFixed(0)} % of the line`,
});

/** The promises. */
export const WIDE_AREA: readonly Promised[] = [
  ...over('50 ms, 1 Gbit/s, no loss, 5 s after the start', CLEAN, 'native', 0.95, 'iperf3-p8', STEADY),
  ...over('50 ms, 1 Gbit/s, 0.01 % loss', { ...CLEAN, lossPercent: 0.01 }, 'native', 1, 'gridftp-p8', RATE),
  ...over('50 ms, 1 Gbit/s, 0.1 % loss', { ...CLEAN, lossPercent: 0.1 }, 'native', 2, 'gridftp-p8', RATE),
  lineRate,
  firstData,
];
