/**
 * What bounds a path, from what was measured on it at this end. Pure.
 *
 * @module
 */
import { formatRate, formatSize } from '../util/units.js';

/** What was measured. */
export interface PathMeasurement {
  readonly bytesPerSecond: number;
  /** Median round trip, milliseconds. */
  readonly rttMs: number;
  readonly streams: number;
  /** Share of one processor that this process used, 1 for all of it. */
  readonly cpuShare: number;
  /** Share of the TCP segments that this host sent which were sent again; undefined where that cannot be told. */
  readonly retransmitted: number | undefined;
  /** Most bytes in flight, over all streams. */
  readonly windowBytes: number;
}

/** What it is bound by, and in words what to do about it. */
export interface PathVerdict {
  readonly bound: 'cpu' | 'window' | 'loss' | 'path';
  readonly text: string;
}

/** A process that uses this share of a processor has no more to give. */
const CPU_FULL = 0.9;
/** A rate within this of what the window allows is the window's. */
const WINDOW_FULL = 0.85;
/** From this share of segments on, and this round trip, loss holds a connection back. */
const LOSS = 0.00005;
const LOSS_RTT_MS = 5;

/** Judges a measurement. */
export function judgePath({ bytesPerSecond, rttMs, streams, cpuShare, retransmitted, windowBytes }: PathMeasurement): PathVerdict {
  if (cpuShare >= CPU_FULL) {
    return { bound: 'cpu', text: `this end's processor: it used ${Math.round(cpuShare * 100)}% of one core` };
  }
  const allowed = rttMs > 0 ? (windowBytes * 1000) / rttMs : Infinity;
  if (bytesPerSecond > allowed * WINDOW_FULL) {
    return { bound: 'window', text: `the window: ${formatSize(windowBytes)} in a round trip of ${rttMs.toFixed(1)} ms allow ${formatRate(allowed)}; give the receiving end a larger \`windowBytes\`` };
  }
  if (retransmitted !== undefined && retransmitted > LOSS && rttMs > LOSS_RTT_MS) {
    const more = streams < 16 ? '; more `streams` may help' : '';
    return { bound: 'loss', text: `loss on the way: ${(retransmitted * 100).toFixed(3)}% of this host's segments were sent again at a round trip of ${rttMs.toFixed(1)} ms${more}` };
  }
  return { bound: 'path', text: 'the network, or the other end: neither the window nor this end\'s processor' };
}
