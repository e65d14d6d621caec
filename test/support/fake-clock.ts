/**
 * A clock that stands still until the test moves it: `performance.now`, `setTimeout` and `setInterval`. Node's own mock
 * of timers is not used: with it, clearing a timer of an earlier test takes one of the present test away (node 20).
 *
 * @module
 */
import type { TestContext } from 'node:test';

/** See {@link fakeClock}. */
export interface FakeClock {
  readonly nowMs: number;
  /** Timers that are set. */
  readonly timers: number;
  /** Moves on, timer by timer, so that each runs at its own time. */
  advance(milliseconds: number): void;
  /** Moves on at one go, as for a process that was asleep: what was due meanwhile runs late, and once. */
  sleep(milliseconds: number): void;
}

interface FakeTimer {
  readonly run: () => void;
  readonly intervalMs: number | undefined;
  dueMs: number;
  unref(): FakeTimer;
  ref(): FakeTimer;
  refresh(): FakeTimer;
}

const REAL = {
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
};

/** Takes over the clock for one test. Timers that were set before are real, and stay so. */
export function fakeClock(t: TestContext): FakeClock {
  let nowMs = 1_000;
  const timers = new Set<FakeTimer>();
  const start = (run: () => void, delayMs = 1, intervalMs?: number): FakeTimer => {
    const refresh = () => {
      // As node's: a timer that was cleared stays so.
      timer.dueMs = nowMs + Math.max(1, delayMs);
      return timer;
    };
    const timer: FakeTimer = { run, intervalMs, dueMs: nowMs + Math.max(1, delayMs), unref: () => timer, ref: () => timer, refresh };
    timers.add(timer);
    return timer;
  };
  const clear = (timer: unknown) => {
    if (!timers.delete(timer as FakeTimer) && timer !== undefined && !('dueMs' in (timer as object))) REAL.clearTimeout(timer as NodeJS.Timeout);
  };
  /** Runs what is due, soonest first. */
  const runDue = () => {
    for (;;) {
      const [next] = [...timers].filter(({ dueMs }) => dueMs <= nowMs).sort((a, b) => a.dueMs - b.dueMs);
      if (next === undefined) return;
      if (next.intervalMs === undefined) timers.delete(next);
      else next.dueMs = nowMs + next.intervalMs;
      next.run();
    }
  };
  Object.defineProperty(performance, 'now', { configurable: true, writable: true, value: () => nowMs });
  Object.assign(globalThis, {
    setTimeout: (run: () => void, ms?: number) => start(run, ms),
    setInterval: (run: () => void, ms?: number) => start(run, ms, ms),
    clearTimeout: clear,
    clearInterval: clear,
  });
  t.after(() => {
    // The real one is the prototype's.
    Reflect.deleteProperty(performance, 'now');
    const { setTimeout, setInterval, clearTimeout, clearInterval } = REAL;
    Object.assign(globalThis, { setTimeout, setInterval, clearTimeout, clearInterval });
  });
  return {
    get nowMs() {
      return nowMs;
    },
    get timers() {
      return timers.size;
    },
    advance: (milliseconds) => {
      const endMs = nowMs + milliseconds;
      for (;;) {
        const dueMs = Math.min(endMs, ...[...timers].map((timer) => timer.dueMs));
        nowMs = Math.max(nowMs, dueMs);
        runDue();
        if (nowMs >= endMs) return;
      }
    },
    sleep: (milliseconds) => {
      nowMs += milliseconds;
      runDue();
    },
  };
}
