/**
 * Work on files that is written once and runs both ways: synchronously where that is quick, asynchronously where it
 * could stall. A step yields calls; {@link run} makes them one way or the other, as {@link AdaptiveIo} says at that moment.
 *
 * With thousands of small files it is the promises, and not the calls, that would cost the most.
 *
 * @module
 */
import type { AdaptiveIo } from './io-mode.js';

/** One call of the system. Without `now` it is always asynchronous. */
export interface SystemCall {
  readonly now: (() => unknown) | undefined;
  readonly later: () => Promise<unknown>;
}

/** Work that yields calls and returns a `T`. */
export type Step<T> = Generator<SystemCall, T>;

/** Yields one call and has its result. */
export function* call<T>(now: (() => T) | undefined, later: () => Promise<T>): Step<T> {
  // The runner gives back what this very call returned.
  return (yield { now, later }) as T;
}

/** Runs a step: its result, or a promise of it from the first asynchronous call on. Throws or rejects alike. */
export function run<T>(step: Step<T>, io: AdaptiveIo): T | Promise<T> {
  if (!io.sync) return runLater(step, step.next(), io);
  // The clock is read once for all that is done at once: per call it would be a tenth of what a small file costs.
  return io.timed(() => runNow(step, io));
}

function runNow<T>(step: Step<T>, io: AdaptiveIo): T | Promise<T> {
  let next = step.next();
  while (next.done !== true) {
    const { now } = next.value;
    if (now === undefined) return runLater(step, next, io);
    next = resume(step, now);
  }
  return next.value;
}

async function runLater<T>(step: Step<T>, first: IteratorResult<SystemCall, T>, io: AdaptiveIo): Promise<T> {
  let next = first;
  while (next.done !== true) {
    const { now, later } = next.value;
    if (now !== undefined && io.sync) {
      next = io.timed(() => resume(step, now));
      continue;
    }
    let result: unknown;
    try {
      result = await later();
    } catch (error) {
      next = step.throw(error);
      continue;
    }
    next = step.next(result);
  }
  return next.value;
}

function resume<T>(step: Step<T>, now: () => unknown): IteratorResult<SystemCall, T> {
  let result: unknown;
  try {
    result = now();
  } catch (error) {
    return step.throw(error);
  }
  return step.next(result);
}

/** How many may do something at once. Those that wait go on in order. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  *take(): Step<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    yield* call(undefined, () => new Promise<void>((resolve) => this.#waiting.push(resolve)));
  }

  give(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
