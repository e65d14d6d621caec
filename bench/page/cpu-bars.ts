/**
 * CPU seconds per GiB, of client and server one upon the other.
 *
 * @module
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Row } from '../results.js';
import { cpuOfBoth } from '../targets/figures.js';
import { standIn } from './palette.js';

/** The bars of downloads, or undefined when no row has figures. */
export function cpuBars(rows: readonly Row[]): TopLevelSpec | undefined {
  const values = rows
    .filter(({ direction, summary }) => direction === 'down' && cpuOfBoth(summary) !== undefined)
    .flatMap(({ peer, ours, summary }) =>
      (['client', 'server'] as const).map((side) => ({
        ...{ peer, side: `${ours.includes(side) ? 'our ' : ''}${side}` },
        seconds: summary.cpuSecondsPerGiB[side] ?? 0,
      })),
    );
  if (values.length === 0) return undefined;
  const domain = ['our client', 'our server', 'client', 'server'];
  const range = (['ours', 'ours2', 'other', 'other2'] as const).map(standIn);
  return {
    data: { values },
    ...{ width: 700, height: { step: 24 } },
    mark: { type: 'bar', height: 14 },
    encoding: {
      y: { field: 'peer', type: 'nominal', title: null, sort: { field: 'seconds', op: 'sum', order: 'ascending' } },
      x: { field: 'seconds', type: 'quantitative', title: 'CPU seconds per GiB', axis: { tickCount: 6 } },
      color: { field: 'side', type: 'nominal', title: null, scale: { domain, range }, legend: { orient: 'top' } },
      order: { field: 'side' },
    },
  };
}
