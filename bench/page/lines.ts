/**
 * Plots of lines: rate over loss, and quantities over time.
 *
 * @module
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Row } from '../results.js';
import type { Curve } from '../usage.js';
import { LINES, standIn } from './palette.js';

const WIDTH = 400;
/** Points of a curve that a plot shows; more would only make the page heavier. */
const POINTS = 150;

/** A scale that gives each name its own colour, in the order of their appearance. */
function colour(names: readonly string[]) {
  const domain = [...new Set(names)];
  const range = domain.map((_, index) => standIn(LINES[index % LINES.length] ?? 'line0'));
  return { type: 'nominal', title: null, scale: { domain, range }, legend: { orient: 'bottom', columns: 3 } } as const;
}

/** MB/s over the share of packets lost, by peer, on the paths that differ in nothing else. */
export function overLoss(rows: readonly Row[]): TopLevelSpec | undefined {
  const most = rows.find(({ path }) => path !== undefined && path.lossPercent > 0)?.path;
  if (most === undefined) return undefined;
  const values = rows
    .filter(({ path, direction }) => direction === 'down' && path?.rttMs === most.rttMs && path.megabitsPerSecond === most.megabitsPerSecond)
    .flatMap(({ peer, path, summary: { megabytesPerSecond: rate } }) =>
      rate === undefined ? [] : [{ peer, loss: `${path?.lossPercent ?? 0} %`, median: rate.median, min: rate.min, max: rate.max }],
    );
  if (values.length === 0) return undefined;
  const x = { field: 'loss', type: 'ordinal', title: 'packets lost, each way', sort: null, axis: { labelAngle: 0 } } as const;
  const color = { field: 'peer', ...colour(values.map(({ peer }) => peer)) };
  return {
    data: { values },
    ...{ width: 860, height: 320 },
    layer: [
      { mark: { type: 'rule', strokeWidth: 1.5 }, encoding: { x, y: { field: 'min', type: 'quantitative' }, y2: { field: 'max' }, color } },
      {
        mark: { type: 'line', point: { size: 60, filled: true }, strokeWidth: 2.5 },
        encoding: { x, y: { field: 'median', type: 'quantitative', scale: { type: 'log' }, title: 'MB/s, logarithmic', axis: { tickCount: 5, format: '~g' } }, color },
      },
    ],
  };
}

/** One line of a plot over time. */
export interface TimeLine {
  /** Which plot it is in. */
  readonly facet: string;
  readonly name: string;
  readonly curve: Curve;
}

/** Lines over time, a plot for each facet. `scale` divides the values; `axis` names the unit that makes of them. */
export function overTime(lines: readonly TimeLine[], scale: number, axis: string): TopLevelSpec | undefined {
  const values = lines.flatMap(({ facet, name, curve }) =>
    thin(curve).map(([seconds, value]) => ({ facet, name, seconds, value: value / scale })),
  );
  if (values.length === 0) return undefined;
  return {
    data: { values },
    facet: { field: 'facet', type: 'nominal', title: null, sort: [...new Set(lines.map(({ facet }) => facet))] },
    columns: 2,
    resolve: { scale: { x: 'independent', y: 'independent' } },
    spec: {
      ...{ width: WIDTH, height: 190 },
      mark: { type: 'line', strokeWidth: 2, interpolate: 'monotone' },
      encoding: {
        x: { field: 'seconds', type: 'quantitative', title: 'seconds', axis: { tickCount: 6, grid: false } },
        y: { field: 'value', type: 'quantitative', title: axis, axis: { tickCount: 5 } },
        color: { field: 'name', ...colour(values.map(({ name }) => name)) },
      },
    },
  };
}

/** As many points at even distances, and the last. */
export function thin(curve: Curve): Curve {
  const step = Math.ceil(curve.length / POINTS);
  return step <= 1 ? curve : curve.filter((_, index) => index % step === 0 || index === curve.length - 1);
}
