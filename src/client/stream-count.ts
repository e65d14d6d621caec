/**
 * How many connections to use: begins with one and doubles while that raises the rate. Pure: times and counts are passed in.
 *
 * One connection is enough where nothing is lost on the way, or where a processor is the limit; with loss and a long round
 * trip each one is held to its own small share, and more of them add up.
 *
 * @module
 */

/** Most connections that are added without being asked for. */
export const STREAMS_AUTO_MAX = 16;
/** By how much the rate has to have risen for the next step to be worth trying. */
const GAIN = 1.2;
/** Share of one processor from which on more connections would only take time from each other. */
const BUSY = 0.85;
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
    if (busy > BUSY) return this.#wanted;
    const gained = this.#wanted === 1 || this.#best > this.#before * GAIN;
    if (gained || this.#samples > PATIENCE) this.#step(rate);
    return this.#wanted;
  }

  #step(rate: number): void {
    this.#wanted = Math.min(this.#most, this.#wanted * 2);
    this.#before = rate;
    this.#best = 0;
    this.#samples = 0;
  }
}
