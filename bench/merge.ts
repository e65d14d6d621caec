/**
 * One results file out of two: what was measured again takes the place of what it was before.
 *
 * Whole contests are replaced, all rows of a scenario in the same circumstances, so that every ratio stays one of a single
 * run; and the machine's description says which, and when.
 *
 * @module
 */
import { RESULTS_VERSION, type Results, type Row, type Skipped } from './results.js';
import { judge } from './targets/index.js';

function contestOf({ scenario, title, path }: Row): string {
  return JSON.stringify([scenario, title, path]);
}

/** The first's rows but for the contests that the second has, and the second's. */
export function merge(first: Results, second: Results): Results {
  const again = new Set(second.rows.map(contestOf));
  const kept = first.rows.filter((row) => !again.has(contestOf(row)));
  const titles = [...new Set(second.rows.map(({ title }) => title))];
  const rows = inOrder([...kept, ...second.rows], [...first.rows, ...second.rows]);
  return {
    version: RESULTS_VERSION,
    startedAt: first.startedAt,
    seconds: first.seconds + second.seconds,
    machine: { ...first.machine, [`measured at ${second.startedAt.slice(0, 16)}`]: titles.join('; ') },
    rows,
    skipped: unique([...first.skipped, ...second.skipped]),
    targets: judge(rows),
  };
}

/** Contests in the order in which they first stand in `all`. */
function inOrder(rows: readonly Row[], all: readonly Row[]): readonly Row[] {
  const order = [...new Set(all.map(contestOf))];
  return rows.toSorted((a, b) => order.indexOf(contestOf(a)) - order.indexOf(contestOf(b)));
}

function unique(skipped: readonly Skipped[]): readonly Skipped[] {
  return [...new Map(skipped.map((one) => [`${one.peer} ${one.reason}`, one])).values()];
}
