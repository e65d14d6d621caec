import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isFresh, isUsable, renewalMarginMs } from '../../../../src/control/auth/freshness.js';

const fresh = (life: number, left: number) => isFresh({ obtainedAtMs: 1e12, expiresAtMs: 1e12 + life * 1000 }, 1e12 + (life - left) * 1000);

describe('a token is renewed', () => {
  it('60 s before its end, a short one a third of its life, but before FirecREST refuses it', () => {
    assert.deepEqual([fresh(3600, 61), fresh(3600, 60)], [true, false]);
    assert.deepEqual([fresh(150, 51), fresh(150, 50)], [true, false]);
    assert.deepEqual([fresh(60, 36), fresh(60, 35)], [true, false]);
  });

  it('one that is hardly longer than that is used all the same, once', () => {
    assert.deepEqual([fresh(30, 30), fresh(30, 21), fresh(30, 20)], [true, true, false]);
  });

  it('whatever its life, it is fresh when it comes and not when it ends, and FirecREST takes it where it can', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 }), (life) => {
        const margin = renewalMarginMs(life * 1000) / 1000;
        assert.ok(margin > 0 && margin < life && margin <= 60);
        assert.ok(fresh(life, life) && !fresh(life, 0));
        if (life >= 60) assert.ok(margin >= 35);
      }),
    );
  });

  it('when the clock was set back, too', () => {
    assert.equal(isFresh({ obtainedAtMs: 1e12, expiresAtMs: 1e12 + 3_600_000 }, 1e12 - 3_600_000), false);
  });

  it('and is used for longer where none can be had', () => {
    assert.deepEqual([isUsable({ obtainedAtMs: 0, expiresAtMs: 36_000 }, 0), isUsable({ obtainedAtMs: 0, expiresAtMs: 34_000 }, 0)], [true, false]);
  });
});
