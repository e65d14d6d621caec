/**
 * Two results side by side: what got slower, or dearer, by more than the runs differ among themselves.
 *
 * @module
 */
import type { Results, Row } from './results.js';
import { summarise, type Summary } from './statistics.js';
import { cpuOfBoth } from './targets/figures.js';

/** What became of a row. */
export interface Change {
  /** Scenario's title, peer's id and direction. */
  readonly name: string;
  readonly ours: boolean;
  readonly before: Summary;
  readonly after: Summary;
  /** After over before, the machine's own drift taken out. Less is slower. */
  readonly ratio: number;
  readonly verdict: 'slower' | 'faster' | 'same';
  /** CPU seconds per GiB of both ends, after over before, where it rose by more than {@link CPU_TOLERANCE}. */
  readonly dearer: number | undefined;
}

/** A comparison. */
export interface Comparison {
  readonly changes: readonly Change[];
  /**
   * Rates of the peers that are not ours, after over before, median: what the machine itself did meanwhile. 1 when
   * there are none in both.
   */
  readonly drift: number;
  /** Rows that only one of the two has. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

/** Medians that differ by less are the same, whatever the spread says: it is that of few runs. */
export const RATE_TOLERANCE = 0.05;
/** CPU seconds per GiB may rise by this much unremarked. */
export const CPU_TOLERANCE = 0.1;

/** Compares two results. Rows are the same when scenario, circumstances, peer and direction are. */
export function compare(before: Results, after: Results): Comparison {
  const old = byName(before.rows);
  const young = byName(after.rows);
  const both = [...young].flatMap(([name, row]) => {
    const counterpart = old.get(name);
    return counterpart === undefined ? [] : [{ name, before: counterpart, after: row }];
  });
  const drift = driftOf(both);
  return {
    changes: both.flatMap((pair) => changeOf(pair, drift)),
    drift,
    onlyBefore: [...old.keys()].filter((name) => !young.has(name)),
    onlyAfter: [...young.keys()].filter((name) => !old.has(name)),
  };
}

interface Pair {
  readonly name: string;
  readonly before: Row;
  readonly after: Row;
}

function byName(rows: readonly Row[]): ReadonlyMap<string, Row> {
  return new Map(rows.map((row) => [`${row.title}: ${row.id} ${row.direction}`, row]));
}

/** Speed, more is better: bytes per second, or the inverse of the time where that is what was measured. */
function speedOf({ summary: { megabytesPerSecond, seconds } }: Row): Summary | undefined {
  if (megabytesPerSecond !== undefined || seconds === undefined) return megabytesPerSecond;
  return { median: 1 / seconds.median, min: 1 / seconds.max, max: 1 / seconds.min, n: seconds.n };
}

function driftOf(pairs: readonly Pair[]): number {
  const ratios = pairs
    // Rates that a path or a throttle decides say nothing about the machine.
    .filter(({ after }) => after.ours.length === 0 && after.path === undefined && after.throttled !== true)
    .map(({ before, after }) => (speedOf(after)?.median ?? NaN) / (speedOf(before)?.median ?? NaN))
    .filter(Number.isFinite);
  return summarise(ratios)?.median ?? 1;
}

function changeOf({ name, before, after }: Pair, machineDrift: number): readonly Change[] {
  const [was, is] = [speedOf(before), speedOf(after)];
  if (was === undefined || is === undefined) return [];
  const drift = after.path === undefined && after.throttled !== true ? machineDrift : 1;
  const ratio = is.median / was.median / drift;
  const slower = ratio < 1 - RATE_TOLERANCE && is.max / drift < was.min;
  const faster = ratio > 1 + RATE_TOLERANCE && is.min / drift > was.max;
  const cpu = (cpuOfBoth(after.summary) ?? NaN) / (cpuOfBoth(before.summary) ?? NaN);
  const dearer = cpu > 1 + CPU_TOLERANCE ? cpu : undefined;
  return [{ name, ours: after.ours.length > 0, before: was, after: is, ratio, verdict: slower ? 'slower' : faster ? 'faster' : 'same', dearer }];
}

/** The comparison as Markdown. */
export function comparisonText({ changes, drift, onlyBefore, onlyAfter }: Comparison): string {
  const spread = ({ median, min, max }: Summary) => `${figure(median)} [${figure(min)}-${figure(max)}]`;
  const lines = changes.map(({ name, before, after, ratio, verdict, dearer }) =>
    [name, spread(before), spread(after), ratio.toFixed(2), verdict === 'same' ? '' : verdict.toUpperCase(), dearer === undefined ? '' : `CPU x${dearer.toFixed(2)}`].join(' | '),
  );
  return `the machine itself: x${drift.toFixed(2)} (median of the peers that are not ours; taken out of the ratios)

| row | before | after | ratio | beyond the spread | dearer |
| --- | --- | --- | --- | --- | --- |
${lines.map((line) => `| ${line} |`).join('\n')}
${[...onlyBefore.map((name) => `only before: ${name}`), ...onlyAfter.map((name) => `only after: ${name}`)].map((line) => `\n- ${line}`).join('')}
`;
}

function figure(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
