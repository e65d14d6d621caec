import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rateAfter } from '../../../bench/flow.js';
import { largest, summarise } from '../../../bench/statistics.js';

describe('statistics of runs', () => {
  it('takes the middle of an odd count and the mean of the two in the middle of an even one', () => {
    assert.deepEqual(summarise([3, 1, 2]), { median: 2, min: 1, max: 3, n: 3 });
    assert.deepEqual(summarise([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4, n: 4 });
  });

  it('answers nothing for nothing', () => {
    assert.equal(summarise([]), undefined);
    assert.equal(largest([undefined]), undefined);
  });

  it('finds the largest among those that are known', () => {
    assert.equal(largest([1, undefined, 3, 2]), 3);
  });
});

describe('rate after a ramp', () => {
  it('leaves out the ramp and the last interval, which is not whole', () => {
    assert.equal(rateAfter([[4, 10], [5, 20], [5.5, 100], [6, 110], [6.5, 3]], 5), 105);
  });

  it('answers nothing for a transfer that has ended by then', () => {
    assert.equal(rateAfter([[1, 10], [2, 10]], 5), undefined);
  });
});
