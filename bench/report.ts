/**
 * Results as Markdown, for people. The JSON is the results themselves.
 *
 * @module
 */
import { formatSize } from '../src/util/units.js';
import type { Side } from './network.js';
import type { Results, Row, Target } from './results.js';
import type { Summary } from './statistics.js';

const HEADINGS = [
  'scenario',
  'peer',
  'direction',
  'MB/s median [min-max] n',
  'files/s',
  'CPU s/GiB client / server (/ relay)',
  'peak RSS MiB client / server (/ relay)',
  'share of raw TCP',
  'others, cores',
  'bytes verified',
];

/** The whole report; a brief one leaves out the promises that this bench has not looked at. */
export function toMarkdown(results: Results, { brief = false } = {}): string {
  const parts = [
    `## Bench of ${results.startedAt}, ${results.seconds.toFixed(0)} s`,
    list(Object.entries(results.machine).map(([name, value]) => `${name}: ${value}`)),
    targets(results.targets.filter(({ outcome }) => !brief || outcome !== 'not measured')),
    table(HEADINGS, results.rows.map((row) => cells(row, ceiling(results.rows, row)))),
    list(versions(results.rows)),
    list(results.skipped.map(({ peer, reason }) => `skipped: ${peer}: ${reason}`)),
    list(results.rows.flatMap((row) => row.failures.map((reason) => `FAILED: ${row.title}: ${row.peer} ${row.direction}: ${reason}`))),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function targets(all: readonly Target[]): string {
  if (all.length === 0) return '';
  return table(['target', 'asked by', 'outcome', 'figures'], all.map(({ text, source, outcome, figures }) => [text, source, outcome, figures]));
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function table(headings: readonly string[], lines: readonly (readonly string[])[]): string {
  const escape = (cell: string) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ');
  return [headings, headings.map(() => '---'), ...lines].map((line) => `| ${line.map(escape).join(' | ')} |`).join('\n');
}

/** Each peer's version and flags, once. */
export function versions(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.map(({ peer, version, flags }) => `${peer}: ${version}; ${flags}`))];
}

/** What raw TCP moved in the same circumstances, MB/s. */
export function ceiling(rows: readonly Row[], { scenario, title, direction }: Row): number | undefined {
  const raw = rows.find((row) => row.id === 'raw-tcp' && row.scenario === scenario && row.title === title && row.direction === direction);
  return raw?.summary.megabytesPerSecond?.median;
}

function cells(row: Row, ceilingRate: number | undefined): readonly string[] {
  const { megabytesPerSecond: rate, filesPerSecond, seconds, cpuSecondsPerGiB, peakRss, otherCores } = row.summary;
  const share = rate === undefined || ceilingRate === undefined ? undefined : rate.median / ceilingRate;
  const inMs = rate === undefined && seconds !== undefined ? `${(seconds.median * 1000).toFixed(0)} ms [${(seconds.min * 1000).toFixed(0)}-${(seconds.max * 1000).toFixed(0)}] ${seconds.n}` : undefined;
  return [
    row.title === 'start-up' || row.title.includes('iB') ? row.title : `${row.title}, ${formatSize(row.size)}`,
    row.peer,
    row.direction,
    inMs ?? formatSpread(rate),
    filesPerSecond?.median.toFixed(0) ?? '-',
    both(cpuSecondsPerGiB, row.summary.between?.cpuSecondsPerGiB, (value) => value.toFixed(2)),
    both(peakRss, row.summary.between?.peakRss, (value) => (value / 2 ** 20).toFixed(0)),
    share?.toFixed(2) ?? '-',
    otherCores?.toFixed(1) ?? '-',
    verified(row),
  ];
}

/** What is said of a row's bytes. */
export function verified({ runs, failures, summary }: Row): string {
  if (runs.length === 0) return 'FAILED';
  const text = summary.verified ?? 'nothing stored';
  return failures.length > 0 ? `${text}; ${failures.length} FAILED` : text;
}

/** A rate with its spread: `612 [590-640] 3`. */
export function formatSpread(rate: Summary | undefined): string {
  if (rate === undefined) return '-';
  const digits = rate.median < 10 ? 1 : 0;
  return `${rate.median.toFixed(digits)} [${rate.min.toFixed(digits)}-${rate.max.toFixed(digits)}] ${rate.n}`;
}

/** Of client and server, and of what stands between them, where something does. */
function both(values: Readonly<Record<Side, number | undefined>>, between: number | undefined, format: (value: number) => string): string {
  return [values.client, values.server, ...(between === undefined ? [] : [between])].map((value) => (value === undefined ? '-' : format(value))).join(' / ');
}
