/**
 * What issues 3 and 4 promise of the time that a command takes to start.
 *
 * @module
 */
import { median, rowOf, type Kind } from './figures.js';
import { limit, type Promised } from './promise.js';
import type { Row } from '../results.js';

const SECONDS: Kind = { of: 'seconds', unit: 's' };

function seconds(rows: readonly Row[], id: string): number | undefined {
  return median(rowOf(rows, { scenario: 'start-up', id })?.summary, SECONDS);
}

function milliseconds(value: number): string {
  return `${(value * 1000).toFixed(0)} ms`;
}

/** The promises. */
export const START_UP: readonly Promised[] = [
  limit({
    source: 'issue 4',
    text: 'start-up: a 1 KiB file, both commands from start to end, within 60 ms of `node -e 0` started twice',
    below: 0.06,
    figure(rows) {
      const [whole, node] = [seconds(rows, 'start-1KiB'), seconds(rows, 'start-node')];
      if (whole === undefined || node === undefined) return ['start-1KiB', 'start-node'];
      return { value: whole - 2 * node, note: `${milliseconds(whole)} less 2 x ${milliseconds(node)}` };
    },
    show: milliseconds,
  }),
  limit({
    source: 'issue 3',
    text: 'start-up: `streamer --version` within 1.5x of `node -e 0`',
    below: 1.5,
    figure(rows) {
      const [version, node] = [seconds(rows, 'start-version'), seconds(rows, 'start-node')];
      if (version === undefined || node === undefined) return ['start-version', 'start-node'];
      return { value: version / node, note: `${milliseconds(version)} over ${milliseconds(node)}` };
    },
    show: (value) => `${value.toFixed(2)}x`,
  }),
];
