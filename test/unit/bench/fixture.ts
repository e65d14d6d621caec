/** Rows and results as a bench would write them, for tests of what is made of them. */
import { finish, RESULTS_VERSION, type Results, type Row, type RowStart } from '../../../bench/results.js';
import type { Run } from '../../../bench/measure.js';

const MIB = 2 ** 20;

/** A run of a GiB at a rate, in MB/s. */
export function run(megabytesPerSecond: number, more: Partial<Run> = {}): Run {
  return {
    seconds: 2 ** 30 / 1e6 / megabytesPerSecond,
    bytesPerSecond: megabytesPerSecond * 1e6,
    client: { cpuSeconds: 1, peakRss: 90 * MIB },
    server: { cpuSeconds: 1.5, peakRss: 95 * MIB },
    otherCores: 0.1,
    check: { right: true, extra: 0, text: 'yes' },
    ...more,
  };
}

/** A row of some peer. */
export function row(id: string, rates: readonly number[], more: Partial<RowStart> = {}): Row {
  return finish({
    scenario: 'one-file',
    title: 'one file of 1.00 GiB',
    id,
    peer: `the ${id}`,
    version: '1',
    flags: 'none',
    direction: 'down',
    size: 2 ** 30,
    ours: id.startsWith('native') ? ['client', 'server'] : [],
    runs: rates.map((rate) => run(rate)),
    failures: [],
    appends: 0,
    ...more,
  });
}

/** Results of rows. */
export function results(rows: readonly Row[], more: Partial<Results> = {}): Results {
  return {
    version: RESULTS_VERSION,
    startedAt: '2026-01-02T03:04:05.678Z',
    seconds: 61,
    machine: { processors: '2 x test' },
    rows,
    skipped: [],
    targets: [],
    ...more,
  };
}
