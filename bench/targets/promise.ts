/**
 * The kinds of promise: so many times as fast as another, and no more than so much. Nothing here fails a bench.
 *
 * @module
 */
import type { Row, Target } from '../results.js';
import { median, rowOf, type Kind, type Which } from './figures.js';

/** A promise: what it says, and what the rows say to it. */
export interface Promised {
  readonly source: string;
  readonly text: string;
  judge(rows: readonly Row[]): Pick<Target, 'outcome' | 'figures'>;
}

/** Ours against another, or the fastest of several others. */
export interface Ratio {
  readonly source: string;
  readonly text: string;
  readonly own: Which;
  readonly others: readonly Which[];
  readonly atLeast: number;
  readonly kind: Kind;
}

/** Promises a ratio. */
export function ratio({ source, text, own, others, atLeast, kind }: Ratio): Promised {
  return {
    ...{ source, text },
    judge(rows) {
      const mine = median(rowOf(rows, own)?.summary, kind);
      const theirs = others.map((which) => median(rowOf(rows, which)?.summary, kind)).filter((value) => value !== undefined);
      if (mine === undefined || theirs.length === 0) {
        const missing = [...(mine === undefined ? [own.id] : []), ...(theirs.length === 0 ? others.map(({ id }) => id) : [])];
        return notMeasured(missing);
      }
      const best = Math.max(...theirs);
      const figures = `${(mine / best).toFixed(2)}x: ${digits(mine)} over ${digits(best)} ${kind.unit}`;
      return { outcome: mine / best >= atLeast ? 'reached' : 'not reached', figures };
    },
  };
}

/** Promises that a figure of ours is less than a limit. */
export interface Limit {
  readonly source: string;
  readonly text: string;
  readonly below: number;
  /** The figure, or the ids that it would take. */
  readonly figure: (rows: readonly Row[]) => { readonly value: number; readonly note?: string } | readonly string[];
  readonly show: (value: number) => string;
}

/** Promises a limit. */
export function limit({ source, text, below, figure, show }: Limit): Promised {
  return {
    ...{ source, text },
    judge(rows) {
      const found = figure(rows);
      if (!('value' in found)) return notMeasured(found);
      const note = found.note === undefined ? '' : ` (${found.note})`;
      return { outcome: found.value < below ? 'reached' : 'not reached', figures: `${show(found.value)}${note}` };
    },
  };
}

function notMeasured(ids: readonly string[]): Pick<Target, 'outcome' | 'figures'> {
  return { outcome: 'not measured', figures: `no figure with right bytes for ${ids.join(' and ')}` };
}

function digits(value: number): string {
  return value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
}
