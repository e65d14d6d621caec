/**
 * The figures that the project has promised, held against what was measured. Nothing here fails a bench.
 *
 * @module
 */
import type { Row, Target } from '../results.js';
import { MEMORY } from './memory.js';
import { RELAY } from './relay.js';
import { SPEED } from './speed.js';
import { START_UP } from './start-up.js';
import { WIDE_AREA } from './wide-area.js';

/** Judges every promise. */
export function judge(rows: readonly Row[]): readonly Target[] {
  return [...SPEED, ...MEMORY, ...WIDE_AREA, ...START_UP, ...RELAY].map((promise) => ({
    ...{ source: promise.source, text: promise.text },
    ...promise.judge(rows),
  }));
}
