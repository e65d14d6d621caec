import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Budget, BURST_MS } from '../../../src/relay/budget.js';

describe('a budget', () => {
  it('of bytes is spent by the first byte past them', () => {
    const budget = new Budget({ bytes: 10, bytesPerSecond: Infinity });
    assert.equal(budget.take(10, 0), 0);
    assert.equal(budget.spent, false);
    budget.take(0, 0);
    assert.equal(budget.spent, false);
    assert.equal(budget.take(1, 0), 0);
    assert.equal(budget.spent, true);
  });

  it('has nobody rest within the first tenth of a second of its rate, or where it has none', () => {
    const budget = new Budget({ bytes: Number.MAX_SAFE_INTEGER, bytesPerSecond: 1000 });
    assert.equal(budget.take(BURST_MS, 5_000), 0);
    assert.equal(budget.take(1, 5_000), 1);
    // What was not used in time is not kept.
    assert.equal(budget.take(BURST_MS + 7, 60_000), 7);
    assert.equal(new Budget({ bytes: 1e15, bytesPerSecond: Infinity }).take(1e12, 0), 0);
  });

  const steps = fc.array(fc.record({ waitMs: fc.nat(3_000), bytes: fc.nat(300_000) }), { maxLength: 40 });
  const rate = fc.integer({ min: 1, max: 10_000_000 });

  it('is what a bucket that drains at its rate says', () => {
    fc.assert(
      fc.property(steps, rate, fc.nat(3_000_000), (taken, bytesPerSecond, bytes) => {
        const budget = new Budget({ bytes, bytesPerSecond });
        let [nowMs, backlog, left] = [1_000, 0, bytes];
        for (const step of taken) {
          nowMs += step.waitMs;
          backlog = Math.max(0, backlog - (step.waitMs * bytesPerSecond) / 1000) + step.bytes;
          left -= step.bytes;
          const expected = Math.max(0, (backlog * 1000) / bytesPerSecond - BURST_MS);
          const restMs = budget.take(step.bytes, nowMs);
          assert.ok(Math.abs(restMs - expected) <= 1e-6 * Math.max(1, expected), `${restMs} and not ${expected}`);
          assert.equal(budget.spent, left < 0);
        }
      }),
    );
  });

  it('keeps whoever rests as told to the rate, but for the first burst and one piece', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300_000 }), { minLength: 1, maxLength: 60 }), rate, (pieces, bytesPerSecond) => {
        const budget = new Budget({ bytes: Number.MAX_SAFE_INTEGER, bytesPerSecond });
        let [nowMs, carried] = [0, 0];
        for (const bytes of pieces) {
          carried += bytes;
          assert.ok(carried - bytes <= ((nowMs + BURST_MS) * bytesPerSecond * 1.000001) / 1000 + 1);
          nowMs += budget.take(bytes, nowMs);
        }
      }),
    );
  });
});
