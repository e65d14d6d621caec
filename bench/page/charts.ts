/**
 * Which plots the page has, each with what it says.
 *
 * @module
 */
import type { TopLevelSpec } from 'vega-lite';
import type { Results, Row } from '../results.js';
import type { ScenarioName } from '../scenarios/names.js';
import type { Summary } from '../statistics.js';
import { barChart } from './bars.js';
import { cpuBars } from './cpu-bars.js';
import { overLoss, overTime, type TimeLine } from './lines.js';

/** A plot. */
export interface Chart {
  readonly title: string;
  readonly text: string;
  readonly spec: TopLevelSpec;
}

function of(rows: readonly Row[], scenario: ScenarioName): readonly Row[] {
  return rows.filter((row) => row.scenario === scenario);
}

/** One size's rows: those of the largest file. */
function largest(rows: readonly Row[]): readonly Row[] {
  const size = Math.max(...rows.map((row) => row.size));
  return rows.filter((row) => row.size === size);
}

function scaled(summary: Summary | undefined, by: number): Summary | undefined {
  return summary === undefined ? undefined : { ...summary, median: summary.median * by, min: summary.min * by, max: summary.max * by };
}

function flows(rows: readonly Row[]): readonly TimeLine[] {
  return rows
    .filter(({ direction }) => direction === 'down')
    .flatMap(({ title, peer, runs }) => (runs[0]?.flow === undefined ? [] : [{ facet: title, name: peer, curve: runs[0].flow.rate }]));
}

function residents(rows: readonly Row[]): readonly TimeLine[] {
  return rows.flatMap(({ title, id, direction, runs }) =>
    (['client', 'server'] as const).flatMap((side) => {
      const curve = runs[0]?.[side].rss;
      const streams = /-s(\d+)/.exec(id)?.[1];
      const name = `${streams === undefined ? '' : `${streams} connection${streams === '1' ? '' : 's'}, `}${side} ${isReceiver(side, direction) ? 'receives' : 'sends'}`;
      return curve === undefined ? [] : [{ facet: title, name, curve }];
    }),
  );
}

function isReceiver(side: 'client' | 'server', direction: 'down' | 'up'): boolean {
  return (side === 'client') === (direction === 'down');
}

/** The plots for which there are figures. */
export function charts({ rows }: Results): readonly Chart[] {
  const oneFile = largest(of(rows, 'one-file'));
  const smallFiles = of(rows, 'small-files');
  const wide = of(rows, 'wide-area');
  const title = (some: readonly Row[]) => some[0]?.title ?? '';
  const all = [
    {
      title: 'One file, by peer',
      text: `Median of the runs, with their spread; ${title(oneFile)}. The grey ones encrypt nothing, or check nothing, unless their flags say so.`,
      spec: barChart({ rows: oneFile, figure: ({ summary }) => summary.megabytesPerSecond, axis: 'MB/s', decimals: 0, best: 'largest' }),
    },
    { title: 'What a GiB costs', text: 'Processor time of both ends, server to client. Less is better; it varies less with the machine than a rate does.', spec: cpuBars(oneFile) },
    {
      title: 'Small files',
      text: `${title(smallFiles)}.`,
      spec: barChart({ rows: smallFiles, figure: ({ summary }) => summary.filesPerSecond, axis: 'files per second', decimals: 0, best: 'largest' }),
    },
    { title: 'Throughput over loss', text: 'An emulated path of 50 ms and 1 Gbit/s with cubic; median and spread.', spec: overLoss(wide) },
    {
      title: 'Wide area, over time',
      text: "What arrived at the receiver's device in every half second, headers included; the first run of each.",
      spec: overTime(flows(wide), 1e6, 'MB/s'),
    },
    { title: 'Memory over time', text: 'Resident memory of each of our sides.', spec: overTime(residents(of(rows, 'memory')), 2 ** 20, 'MiB') },
    {
      title: 'Start-up',
      text: 'From the start of a command to its end, process start included; the 1 KiB file from the start of the server to the end of both.',
      spec: barChart({ rows: of(rows, 'start-up'), figure: ({ summary }) => scaled(summary.seconds, 1000), axis: 'milliseconds', decimals: 0, best: 'smallest' }),
    },
  ];
  return all.flatMap(({ spec, ...words }) => (spec === undefined ? [] : [{ ...words, spec }]));
}
