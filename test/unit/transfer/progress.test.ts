import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProgressMeter, type ProgressEvent } from '../../../src/transfer/progress.js';

function meter(size = 1_000_000, start = 0): { clock: { ms: number }; meter: ProgressMeter; events: Extract<ProgressEvent, { type: 'progress' }>[] } {
  const clock = { ms: 5_000 };
  const events: Extract<ProgressEvent, { type: 'progress' }>[] = [];
  const listener = (event: ProgressEvent) => {
    if (event.type === 'progress') events.push(event);
  };
  return { clock, events, meter: new ProgressMeter(listener, size, start, () => clock.ms) };
}

describe('the progress meter', () => {
  it('emits at most ten events a second, the last state when flushed, and counts the resumed bytes', () => {
    const { clock, meter: progress, events } = meter(1_000, 100);
    for (let i = 0; i < 100; i += 1) {
      clock.ms += 10;
      progress.add(1);
    }
    assert.equal(events.length, 10);
    assert.equal(progress.bytes, 200);
    assert.equal(events.at(-1)?.bytes, 191);
    progress.flush();
    assert.deepEqual([events.length, events.at(-1)?.bytes, events.at(-1)?.size], [11, 200, 1_000]);
    progress.flush();
    assert.equal(events.length, 12);
  });

  it('never tells of more than there is, though a file that fails late counts beside what had come of it; but of a pipe it does', () => {
    for (const [size, told] of [[1_000, 1_000], [0, 1_300]] as const) {
      const { meter: progress, events } = meter(size);
      progress.add(300);
      progress.skip(1_000);
      progress.flush();
      assert.equal(events.at(-1)?.bytes, told);
    }
  });

  it('averages the rate over three seconds, and leaves out what was resumed', () => {
    const { clock, meter: progress, events } = meter(1e9, 500_000);
    for (let i = 0; i < 10; i += 1) {
      clock.ms += 1_000;
      progress.add(1_000);
    }
    assert.equal(events.at(-1)?.bytesPerSecond, 1_000);
    for (let i = 0; i < 4; i += 1) {
      clock.ms += 1_000;
      progress.add(5_000);
    }
    assert.equal(events.at(-1)?.bytesPerSecond, 5_000, 'what was slow is forgotten');
    for (let i = 0; i < 4; i += 1) {
      clock.ms += 1_000;
      progress.add(0);
    }
    assert.equal(events.at(-1)?.bytesPerSecond, 0);
  });

  it('has no rate where no time has passed', () => {
    const { meter: progress, events } = meter();
    progress.add(10);
    progress.flush();
    assert.deepEqual(events.map(({ bytesPerSecond }) => bytesPerSecond), [0, 0]);
  });
});
