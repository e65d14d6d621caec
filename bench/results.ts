/**
 * What a bench found: the shape of its JSON, and how runs are summed up into a row.
 *
 * @module
 */
import os from 'node:os';
import { rateAfter } from './flow.js';
import type { Run } from './measure.js';
import type { Side } from './network.js';
import type { Direction } from './peers/peer.js';
import type { ScenarioName } from './scenarios/names.js';
import { largest, summarise, type Summary } from './statistics.js';
import type { Usage } from './usage.js';

/** Raised when a field of {@link Results} changes its meaning or goes. */
export const RESULTS_VERSION = 2;

/** Seconds after which a transfer is to be at its full rate. */
export const RAMP_SECONDS = 5;

/** An emulated path. */
export interface Path {
  readonly rttMs: number;
  readonly megabitsPerSecond: number;
  /** Share of packets lost each way, in percent. */
  readonly lossPercent: number;
}

/** One line of the table: a scenario with a peer in a direction, all its runs. */
export interface Row {
  readonly scenario: ScenarioName;
  /** The scenario's circumstances, for people. */
  readonly title: string;
  readonly path?: Path;
  readonly id: string;
  readonly peer: string;
  readonly version: string;
  readonly flags: string;
  readonly direction: Direction;
  /** Bytes of content. */
  readonly size: number;
  /** Files, where a tree is moved. */
  readonly files?: number;
  readonly ours: readonly Side[];
  /** The rate was held down on purpose: it is not to be compared. */
  readonly throttled?: boolean;
  readonly runs: readonly Run[];
  /** Runs that came to no figure, each with its reason. */
  readonly failures: readonly string[];
  readonly summary: RowSummary;
}

/** The figures of a row. */
export interface RowSummary {
  /** 10^6 bytes per second. */
  readonly megabytesPerSecond: Summary | undefined;
  readonly filesPerSecond: Summary | undefined;
  /** The client's wall clock. */
  readonly seconds: Summary | undefined;
  /** 10^6 bytes per second that arrived after the first {@link RAMP_SECONDS}, headers included. */
  readonly steadyMegabytesPerSecond: Summary | undefined;
  /** From the client's first packet until data has come in. */
  readonly firstDataSeconds: Summary | undefined;
  /** User and system seconds per GiB moved, median. */
  readonly cpuSecondsPerGiB: Readonly<Record<Side, number | undefined>>;
  /** Bytes, the largest of all runs. */
  readonly peakRss: Readonly<Record<Side, number | undefined>>;
  /** The same of what stands between the two, where something does. */
  readonly between?: { readonly cpuSecondsPerGiB: number | undefined; readonly peakRss: number | undefined };
  /** Processors kept busy by others, median. */
  readonly otherCores: number | undefined;
  /** What the check of each run's bytes said, joined when runs differ. Undefined when nothing is stored. */
  readonly verified: string | undefined;
  /** Every run came to a figure, and its bytes were right, a peer's known defect aside. */
  readonly right: boolean;
}

/** A peer that was not measured. */
export interface Skipped {
  readonly peer: string;
  readonly reason: string;
}

/** A figure that has been promised. */
export interface Target {
  /** Where it is asked for: `issue 4`. */
  readonly source: string;
  readonly text: string;
  readonly outcome: 'reached' | 'not reached' | 'not measured';
  /** The figures behind the outcome, or why there are none. */
  readonly figures: string;
}

/** All of it. */
export interface Results {
  readonly version: typeof RESULTS_VERSION;
  readonly startedAt: string;
  readonly seconds: number;
  readonly machine: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly skipped: readonly Skipped[];
  readonly targets: readonly Target[];
}

/** A row before it is summed up. */
export type RowStart = Omit<Row, 'summary'> & { /** Bytes past the end that are a known defect. */ readonly appends: number };

/** Sums up a row's runs. */
export function finish({ appends, ...row }: RowStart): Row {
  const { runs, failures, size, files } = row;
  const checks = runs.map((run) => run.check).filter((found) => found !== undefined);
  const bytesRight = checks.every(({ right, extra }) => right && (extra === 0 || extra === appends));
  const rss = (side: Side) => largest(runs.map((run) => run[side].peakRss));
  const summary: RowSummary = {
    megabytesPerSecond: over(runs, (run) => millions(run.bytesPerSecond)),
    filesPerSecond: over(runs, (run) => (files === undefined ? undefined : files / run.seconds)),
    seconds: over(runs, (run) => run.seconds),
    steadyMegabytesPerSecond: over(runs, (run) => millions(run.flow === undefined ? undefined : rateAfter(run.flow.rate, RAMP_SECONDS))),
    firstDataSeconds: over(runs, (run) => run.flow?.firstDataSeconds),
    cpuSecondsPerGiB: { client: cpuPerGiB(runs, ({ client }) => client, size), server: cpuPerGiB(runs, ({ server }) => server, size) },
    peakRss: { client: rss('client'), server: rss('server') },
    ...(runs.some(({ between }) => between !== undefined) ? { between: { cpuSecondsPerGiB: cpuPerGiB(runs, ({ between }) => between, size), peakRss: largest(runs.map(({ between }) => between?.peakRss)) } } : {}),
    otherCores: over(runs, (run) => run.otherCores)?.median,
    verified: checks.length === 0 ? undefined : [...new Set(checks.map(({ text }) => text))].join('; '),
    right: bytesRight && failures.length === 0 && runs.length > 0,
  };
  return { ...row, summary };
}

function over(runs: readonly Run[], figure: (run: Run) => number | undefined): Summary | undefined {
  return summarise(runs.map(figure).filter((value) => value !== undefined));
}

function millions(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value / 1e6;
}

function cpuPerGiB(runs: readonly Run[], of: (run: Run) => Usage | undefined, size: number): number | undefined {
  const seconds = over(runs, (run) => of(run)?.cpuSeconds)?.median;
  const moved = over(runs, (run) => run.moved ?? size)?.median;
  return seconds === undefined || moved === undefined || moved === 0 ? undefined : (seconds * 2 ** 30) / moved;
}

/** What the figures were measured on. Names no host and no path. */
export function describeMachine(): Record<string, string> {
  const cpus = os.cpus();
  return {
    processors: `${cpus.length} x ${cpus[0]?.model.trim() ?? 'unknown'}`,
    memory: `${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`,
    system: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.version,
    'load at start': os.loadavg().map((load) => load.toFixed(2)).join(' '),
  };
}
