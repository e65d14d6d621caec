/**
 * What issues 3 and 4 promise of resident memory.
 *
 * @module
 */
import type { Row } from '../results.js';
import { peakOf, rowOf, type Which } from './figures.js';
import { limit, type Promised } from './promise.js';

const MIB = 2 ** 20;
/** A sender may be this much fatter with a slow receiver and count as no fatter: what runs differ by. */
const NO_FATTER = 1.1;

function mebibytes(value: number): string {
  return `${(value / MIB).toFixed(0)} MiB`;
}

function under(source: string, what: string, limitMiB: number, which: Which): Promised {
  return limit({
    source,
    text: `memory, ${what}: under ${limitMiB} MiB resident a side`,
    below: limitMiB * MIB,
    figure(rows) {
      const row = rowOf(rows, which);
      const peak = row === undefined ? undefined : peakOf(row);
      return peak === undefined ? [`${which.scenario} ${which.id}`] : { value: peak.bytes, note: `the ${peak.side}` };
    },
    show: mebibytes,
  });
}

/** Issue 3: whatever the scenario. */
function everywhere(throttled: boolean): Promised {
  return limit({
    source: 'issue 3',
    text: `memory, ${throttled ? 'receiver throttled' : 'full speed'}: under 250 MiB resident on each of our sides, one connection`,
    below: 250 * MIB,
    figure: (rows) => largestOf(rows.filter((row) => (row.throttled ?? false) === throttled && /^(native|compat|slow-receiver-(native|compat))$/.test(row.id))),
    show: mebibytes,
  });
}

function largestOf(rows: readonly Row[]): { readonly value: number; readonly note: string } | readonly string[] {
  const worst = rows
    .flatMap((row) => {
      const peak = peakOf(row);
      return peak === undefined ? [] : [{ row, peak }];
    })
    .toSorted((a, b) => b.peak.bytes - a.peak.bytes)[0];
  if (worst === undefined) return ['any row of ours'];
  return { value: worst.peak.bytes, note: `${worst.row.title}, ${worst.row.id} ${worst.row.direction}, the ${worst.peak.side}` };
}

const noFatter: Promised = limit({
  source: 'issue 4',
  text: 'memory: a receiver at 5 MB/s makes the sender no fatter (within 10 % of the same sender at full speed)',
  below: NO_FATTER,
  figure(rows) {
    const slow = rowOf(rows, { scenario: 'slow-receiver', id: 'slow-receiver-native' })?.summary.peakRss.server;
    const fast = rowOf(rows, { scenario: 'one-file', id: 'native', direction: 'down' })?.summary.peakRss.server;
    if (slow === undefined || fast === undefined) return ['slow-receiver-native', 'native'];
    return { value: slow / fast, note: `${mebibytes(slow)} over ${mebibytes(fast)}` };
  },
  show: (value) => `${value.toFixed(2)}x`,
});

/** The promises. */
export const MEMORY: readonly Promised[] = [
  under('issue 4', 'one stream', 150, { scenario: 'memory', id: 'native-s1', title: 'memory, 1' }),
  under('issue 4', 'sixteen streams', 300, { scenario: 'memory', id: 'native-s16' }),
  under('issue 4', 'a 20 GiB sparse file, one stream', 150, { scenario: 'memory', id: 'native-s1', title: 'sparse' }),
  under('issue 4', 'a million-entry tree, one stream', 150, { scenario: 'memory', id: 'native-s1', title: 'million' }),
  noFatter,
  ...[false, true].map(everywhere),
];
