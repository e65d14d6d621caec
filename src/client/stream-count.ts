/**
 * How many connections to use: begins with one and doubles while that raises the rate. Pure: times and counts are passed in.
 *
 * One connection is enough where nothing is lost on the way, or where a processor is the limit; with loss and a long round
 * trip each one is held to its own small share, and more of them add up. So a far path begins with several, as GridFTP's users
 * do by hand, and asks for less of a gain; on a near one a second connection is tried only where both ends have time to spare.
 *
 * @module
 */

/** Most connections that are added without being asked for. */
export const STREAMS_AUTO_MAX = 16;
/** Round trip from which on a path is far, in milliseconds. */
const FAR_MS = 10;
/** Connections that a far path has after the first sample. */
const FAR_FIRST = 8;
/** By how much the rate has to have risen for the next step to be worth trying: near, and far. */
const GAIN = { near: 1.2, far: 1.1 };
/**
 * Share of one processor from which on more connections would only take time from each other. On a near path the other end,
 * which is as busy, is the limit long before: a second connection at 0.8 cost a tenth of the rate (710 to 643 MB/s).
 */
const BUSY = { near: 0.6, far: 0.85 };
/** After so many samples without a gain it tries again, in case the path has changed. */
const PATIENCE = 20;
/** Samples after a step that are not judged: new connections start slowly. */
const SETTLING = 1;

/** Processor time as `process.cpuUsage` gives it, in microseconds. */
export interface CpuTime {
  readonly user: number;
  readonly system: number;
}

/** See the module's head. */
export class StreamCount {
  readonly #most: number;
  /** Undefined while it is not known: near. */
  rttMs: number | undefined;
  #wanted = 1;
  #last: { readonly atMs: number; readonly bytes: number; readonly cpu: CpuTime } | undefined;
  /** Bytes per second before the last step, and the best since. */
  #before = 0;
  #best = 0;
  #samples = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /**
   * Takes a sample; call it a few times a second.
   * @param bytes moved so far. @param live connections that are there.
   * @returns connections to have.
   */
  sample(nowMs: number, bytes: number, cpu: CpuTime, live: number): number {
    const last = this.#last;
    this.#last = { atMs: nowMs, bytes, cpu };
    if (last === undefined || bytes === last.bytes) return this.#wanted;
    const seconds = (nowMs - last.atMs) / 1000;
    const rate = (bytes - last.bytes) / seconds;
    const busy = (cpu.user + cpu.system - last.cpu.user - last.cpu.system) / 1e6 / seconds;
    // What was asked for is not there yet: nothing can be said of it.
    if (live < this.#wanted) return this.#wanted;
    this.#samples += 1;
    if (this.#samples <= SETTLING && this.#wanted > 1) return this.#wanted;
    this.#best = Math.max(this.#best, rate);
    const path = (this.rttMs ?? 0) >= FAR_MS ? 'far' : 'near';
    if (busy > BUSY[path]) return this.#wanted;
    const gained = this.#wanted === 1 || this.#best > this.#before * GAIN[path];
    if (gained || this.#samples > PATIENCE) this.#step(rate, path === 'far' ? FAR_FIRST : 2);
    return this.#wanted;
  }

  #step(rate: number, first: number): void {
    this.#wanted = Math.min(this.#most, Math.max(first, this.#wanted * 2));
    this.#before = rate;
    this.#best = 0;
    this.#samples = 0;
  }
}
