/**
 * The figures that the project has promised, held against what was measured. Nothing here fails a bench.
 *
 * @module
 */
import type { Direction } from './peers/peer.js';
import type { Row, Target } from './results.js';

/** Largest resident memory of either of our sides, in bytes. */
export const RSS_LIMIT = 250 * 2 ** 20;

/** One promise: a peer of ours against another, each named by id. A direction left out is the row's own. */
interface Ratio {
  readonly of: string;
  readonly over: string;
  readonly overDirection?: Direction;
  readonly atLeast: number;
}

const RATIOS: readonly Ratio[] = [
  // nginx serves downloads only, so both directions are held against that.
  { of: 'native', over: 'https', overDirection: 'down', atLeast: 0.65 },
  { of: 'compat', over: 'python-pair', atLeast: 20 },
  { of: 'our-client-python-server', over: 'python-pair', atLeast: 12 },
  { of: 'python-client-our-server', over: 'python-pair', atLeast: 12 },
];

/** Judges every promise. */
export function judge(rows: readonly Row[]): readonly Target[] {
  const ratios = RATIOS.flatMap((ratio) => (['down', 'up'] as const).map((direction) => judgeRatio(rows, ratio, direction)));
  return [...ratios, ...judgeMemory(rows)];
}

function judgeRatio(rows: readonly Row[], { of, over, overDirection, atLeast }: Ratio, direction: Direction): Target {
  const otherDirection = overDirection ?? direction;
  const text = `${of} ${direction} at least ${atLeast}x ${over} ${otherDirection}`;
  const own = rate(rows, of, direction);
  const other = rate(rows, over, otherDirection);
  if (own === undefined || other === undefined) {
    const missing = [own === undefined ? of : undefined, other === undefined ? over : undefined].filter((id) => id !== undefined);
    return { text, outcome: 'not measured', figures: `no figure with right bytes for ${missing.join(' and ')}` };
  }
  const ratio = own / other;
  const figures = `${ratio.toFixed(2)}x (${own.toFixed(0)} over ${other.toFixed(0)} MB/s)`;
  return { text, outcome: ratio >= atLeast ? 'reached' : 'not reached', figures };
}

function rate(rows: readonly Row[], id: string, direction: Direction): number | undefined {
  const row = rows.find((candidate) => candidate.id === id && candidate.direction === direction && candidate.throttled !== true);
  return row?.summary.right === true ? row.summary.megabytesPerSecond?.median : undefined;
}

function judgeMemory(rows: readonly Row[]): readonly Target[] {
  const limit = `under ${RSS_LIMIT / 2 ** 20} MiB resident on each of our sides`;
  return [true, false].map((throttled): Target => {
    const text = `${limit}, ${throttled ? 'receiver throttled' : 'full speed'}`;
    const peaks = rows
      .filter((row) => (row.throttled ?? false) === throttled)
      .flatMap((row) => row.ours.map((side) => ({ row, side, peak: row.summary.peakRss[side] })))
      .flatMap(({ row, side, peak }) => (peak === undefined ? [] : [{ row, side, peak }]));
    const worst = peaks.toSorted((a, b) => b.peak - a.peak)[0];
    if (worst === undefined) return { text, outcome: 'not measured', figures: 'no row has a figure' };
    const { row, side, peak } = worst;
    const figures = `at most ${(peak / 2 ** 20).toFixed(0)} MiB (${row.peer} ${row.direction}, ${side})`;
    return { text, outcome: peak < RSS_LIMIT ? 'reached' : 'not reached', figures };
  });
}
