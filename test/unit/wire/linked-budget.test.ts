import assert from 'node:assert/strict';
import { it } from 'node:test';
import { LINKED_BYTES_MAX, LINKED_ENTRY_BYTES } from '../../../src/wire/constants.js';
import { LinkedBudget } from '../../../src/wire/linked-budget.js';

it('files with hard links are counted by the bytes of their paths and so many for each', () => {
  const budget = new LinkedBudget(2 * LINKED_ENTRY_BYTES + 6);
  assert.equal(budget.take('ü/a'), true);
  assert.equal(budget.take('abc'), false, 'one byte too many');
  assert.equal(budget.take('ab'), true, 'what was refused is not counted');
  assert.equal(budget.take(''), false);
});

it('a session holds 64 MiB of them', () => {
  assert.equal(LINKED_BYTES_MAX, 67_108_864);
  const budget = new LinkedBudget();
  const path = 'x'.repeat(2 ** 20 - LINKED_ENTRY_BYTES);
  for (let count = 0; count < 64; count += 1) assert.equal(budget.take(path), true);
  assert.equal(budget.take(''), false);
});
