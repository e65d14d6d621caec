/**
 * Bars by peer, ours set off from the others, with the spread of their runs.
 *
 * @module
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Row } from '../results.js';
import type { Summary } from '../statistics.js';
import { standIn } from './palette.js';

/** What the bars show. */
export interface BarChart {
  readonly rows: readonly Row[];
  readonly figure: (row: Row) => Summary | undefined;
  readonly axis: string;
  /** Decimals of the label beside each bar. */
  readonly decimals: number;
  /** What is better comes first. */
  readonly best: 'largest' | 'smallest';
}

interface Bar {
  readonly peer: string;
  readonly direction: string;
  readonly ours: boolean;
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly label: string;
}

/** Width of one of two plots side by side, in pixels. */
const WIDTH = 340;
const NAMES = { down: 'server to client', up: 'client to server' };

/** The bars, or undefined when no row has the figure. */
export function barChart(chart: BarChart): TopLevelSpec | undefined {
  const bars = chart.rows.flatMap((row) => barOf(row, chart));
  if (bars.length === 0) return undefined;
  const order = chart.best === 'largest' ? 'descending' : 'ascending';
  const y = { field: 'peer', type: 'nominal', title: null, sort: { field: 'median', op: 'max', order } } as const;
  const columns = new Set(bars.map(({ direction }) => direction)).size;
  return {
    data: { values: bars },
    facet: { column: { field: 'direction', type: 'nominal', title: null, sort: 'descending', ...(columns === 1 ? { header: { labels: false } } : {}) } },
    spec: {
      ...{ width: columns === 1 ? 2 * WIDTH : WIDTH, height: { step: 24 } },
      encoding: { y },
      layer: [
        {
          mark: { type: 'bar', height: 14, cornerRadiusEnd: 3 },
          encoding: {
            x: { field: 'median', type: 'quantitative', title: chart.axis, axis: { tickCount: 5 } },
            color: { field: 'ours', type: 'nominal', legend: null, scale: { domain: [true, false], range: [standIn('ours'), standIn('other')] } },
          },
        },
        { mark: { type: 'rule', strokeWidth: 1.5, color: standIn('ink') }, encoding: { x: { field: 'min', type: 'quantitative' }, x2: { field: 'max' } } },
        { mark: { type: 'text', align: 'left', dx: 6, fontSize: 11, color: standIn('ink') }, encoding: { x: { field: 'max', type: 'quantitative' }, text: { field: 'label' } } },
      ],
    },
  };
}

function barOf(row: Row, { figure, decimals }: BarChart): readonly Bar[] {
  const summary = figure(row);
  if (summary === undefined) return [];
  const { median, min, max } = summary;
  const number = median.toLocaleString('en', { maximumFractionDigits: decimals, minimumFractionDigits: decimals });
  const label = row.summary.right ? number : `${number} (bytes differ)`;
  return [{ peer: row.peer, direction: NAMES[row.direction], ours: row.ours.length > 0, median, min, max, label }];
}
