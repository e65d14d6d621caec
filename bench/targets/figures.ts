/**
 * Finding one figure among the rows.
 *
 * @module
 */
import type { Side } from '../network.js';
import type { Direction } from '../peers/peer.js';
import type { Path, Row, RowSummary } from '../results.js';
import type { ScenarioName } from '../scenarios/names.js';

/** Which row is meant. */
export interface Which {
  readonly scenario: ScenarioName;
  readonly id: string;
  readonly direction?: Direction;
  readonly path?: Path;
  /** Part of the row's title, where a scenario has several with the same id. */
  readonly title?: string;
}

/** A summed-up figure of a row, and its unit for people. */
export interface Kind {
  readonly of: 'megabytesPerSecond' | 'filesPerSecond' | 'steadyMegabytesPerSecond' | 'seconds' | 'firstDataSeconds';
  readonly unit: string;
}

/** Rates of a whole transfer. */
export const RATE: Kind = { of: 'megabytesPerSecond', unit: 'MB/s' };
/** Rates once the transfer has had its time to speed up. */
export const STEADY: Kind = { of: 'steadyMegabytesPerSecond', unit: 'MB/s after 5 s' };
/** Rates of small files. */
export const FILES: Kind = { of: 'filesPerSecond', unit: 'files/s' };

/** The row that is meant, the one with the largest file when there are several. A row with wrong bytes has no figures. */
export function rowOf(rows: readonly Row[], { scenario, id, direction, path, title }: Which): Row | undefined {
  return rows
    .filter((row) => row.scenario === scenario && row.id === id && (direction === undefined || row.direction === direction))
    .filter((row) => path === undefined || (row.path !== undefined && samePath(row.path, path)))
    .filter((row) => (title === undefined || row.title.includes(title)) && row.summary.right)
    .toSorted((a, b) => b.size - a.size)[0];
}

function samePath(a: Path, b: Path): boolean {
  return a.rttMs === b.rttMs && a.megabitsPerSecond === b.megabitsPerSecond && a.lossPercent === b.lossPercent;
}

/** A figure's median. */
export function median(summary: RowSummary | undefined, kind: Kind): number | undefined {
  return summary?.[kind.of]?.median;
}

/** CPU seconds per GiB of both ends together. */
export function cpuOfBoth({ cpuSecondsPerGiB: { client, server } }: RowSummary): number | undefined {
  return client === undefined || server === undefined ? undefined : client + server;
}

/** The larger peak of our sides, with the side. */
export function peakOf(row: Row): { readonly side: Side; readonly bytes: number } | undefined {
  return row.ours
    .flatMap((side) => {
      const bytes = row.summary.peakRss[side];
      return bytes === undefined ? [] : [{ side, bytes }];
    })
    .toSorted((a, b) => b.bytes - a.bytes)[0];
}
