/**
 * Results as Markdown, for people. The JSON is the results themselves.
 *
 * @module
 */
import { formatSize } from '../src/util/units.js';
import type { Side } from './network.js';
import type { Results, Row } from './results.js';
import { largest, type Summary } from './statistics.js';
import { RSS_LIMIT } from './targets.js';

const HEADINGS = [
  'scenario',
  'peer',
  'direction',
  'MB/s median [min-max] n',
  'CPU s/GiB client / server',
  'peak RSS MiB client / server',
  'share of raw TCP',
  'others, cores',
  'bytes verified',
];

/** The whole report. */
export function toMarkdown(results: Results): string {
  const parts = [
    `## Bench of ${results.startedAt}, ${results.seconds.toFixed(0)} s`,
    list(Object.entries(results.machine).map(([name, value]) => `${name}: ${value}`)),
    table(results.rows),
    list(versions(results.rows)),
    list(results.skipped.map(({ peer, reason }) => `skipped: ${peer}: ${reason}`)),
    list(results.rows.flatMap((row) => row.failures.map((reason) => `FAILED: ${row.peer} ${row.direction}: ${reason}`))),
    list(results.targets.map(({ text, outcome, figures }) => `${outcome}: ${text}: ${figures}`)),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function list(lines: readonly string[]): string {
  return lines.map((line) => `- ${line}`).join('\n');
}

function versions(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.map(({ peer, version, flags }) => `${peer}: ${version}; ${flags}`))];
}

function table(rows: readonly Row[]): string {
  const lines = rows.map((row) => cells(row, ceiling(rows, row)));
  return [HEADINGS, HEADINGS.map(() => '---'), ...lines].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

function ceiling(rows: readonly Row[], { direction, size }: Row): number | undefined {
  const raw = rows.find((row) => row.id === 'raw-tcp' && row.direction === direction && row.size === size);
  return raw?.summary.megabytesPerSecond?.median;
}

function cells(row: Row, ceilingRate: number | undefined): readonly string[] {
  const { megabytesPerSecond: rate, cpuSecondsPerGiB, peakRss, otherCores, verified, right } = row.summary;
  const share = rate === undefined || ceilingRate === undefined || row.throttled === true ? undefined : rate.median / ceilingRate;
  const unverified = rate === undefined ? 'FAILED' : right ? 'nothing stored' : 'no';
  return [
    `${row.scenario}, ${formatSize(row.size)}`,
    row.peer,
    row.direction,
    formatSpread(rate),
    both(cpuSecondsPerGiB, (value) => value.toFixed(2)),
    both(peakRss, (value) => (value / 2 ** 20).toFixed(0)) + memoryVerdict(row),
    share?.toFixed(2) ?? '-',
    otherCores?.toFixed(1) ?? '-',
    row.failures.length > 0 && verified !== undefined ? `${verified}; ${row.failures.length} FAILED` : (verified ?? unverified),
  ];
}

/** The memory scenario says in its own row whether the limit held. */
function memoryVerdict({ throttled, summary: { peakRss } }: Row): string {
  const worst = largest([peakRss.client, peakRss.server]);
  if (throttled !== true || worst === undefined) return '';
  return ` (under ${RSS_LIMIT / 2 ** 20}: ${worst < RSS_LIMIT ? 'yes' : 'NO'})`;
}

function formatSpread(rate: Summary | undefined): string {
  if (rate === undefined) return '-';
  const digits = rate.median < 10 ? 1 : 0;
  return `${rate.median.toFixed(digits)} [${rate.min.toFixed(digits)}-${rate.max.toFixed(digits)}] ${rate.n}`;
}

function both(values: Readonly<Record<Side, number | undefined>>, format: (value: number) => string): string {
  return [values.client, values.server].map((value) => (value === undefined ? '-' : format(value))).join(' / ');
}
