import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RETRY_AFTER_MOST_MS, retryAfterMs } from '../../../src/control/retry-after.js';

const NOW = Date.parse('2026-11-22T12:00:00Z');

describe('Retry-After', () => {
  const cases: readonly (readonly [value: string | null, ms: number | undefined])[] = [
    [null, undefined],
    ['', undefined],
    ['0', 0],
    ['7', 7_000],
    [' 7 ', 7_000],
    ['999999', RETRY_AFTER_MOST_MS],
    ['-5', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['Sun, 22 Nov 2026 12:00:09 GMT', 9_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['Sun, 22 Nov 2126 12:00:00 GMT', RETRY_AFTER_MOST_MS],
  ];
  for (const [value, ms] of cases) it(`${JSON.stringify(value)} is ${ms} ms`, () => assert.equal(retryAfterMs(value, null, NOW), ms));

  it("a date is by the server's clock", () => {
    assert.equal(retryAfterMs('Sun, 22 Nov 2026 12:10:03 GMT', 'Sun, 22 Nov 2026 12:10:00 GMT', NOW), 3_000);
    assert.equal(retryAfterMs('Sun, 22 Nov 2026 12:00:03 GMT', 'no date', NOW), 3_000);
  });

  it('whatever it says, the wait is bounded', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.integer().map(String), fc.date().map((date) => (Number.isNaN(date.getTime()) ? '' : date.toUTCString()))), fc.option(fc.string()), (value, date) => {
        const ms = retryAfterMs(value, date, NOW);
        assert.ok(ms === undefined || (ms >= 0 && ms <= RETRY_AFTER_MOST_MS));
      }),
    );
  });
});
