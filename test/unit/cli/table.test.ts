import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tableOf, visible } from '../../../src/cli/table.js';

describe('a table', () => {
  it('has columns that stand where they are told to, and no spaces behind them', () => {
    assert.deepEqual(tableOf([['NAME', 'SIZE', 'WHAT'], ['a', '1', 'x'], ['longer', '1000', '']], ['left', 'right']), ['NAME    SIZE  WHAT', 'a          1  x', 'longer  1000']);
  });

  it('has rows of any length, or none', () => {
    assert.deepEqual(tableOf([]), []);
    assert.deepEqual(tableOf([['a'], ['b', 'c'], []]), ['a', 'b  c', '']);
  });

  it("shows others' control characters as such", () => {
    assert.deepEqual(tableOf([['a\u001b[31mb\n', 'c']]), ['a?[31mb?  c']);
    assert.equal(visible('é\u202ex\u2028y'), 'é?x?y');
  });
});
