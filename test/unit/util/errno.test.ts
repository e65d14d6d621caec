import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { errnoOf } from '../../../src/util/errno.js';

describe('errnoOf', () => {
  it('finds a code only where one is', () => {
    assert.equal(errnoOf(Object.assign(new Error('x'), { code: 'EIO' })), 'EIO');
    assert.equal(errnoOf(new Error('x')), undefined);
    assert.equal(errnoOf({ code: 'EIO' }), undefined);
    assert.equal(errnoOf(Object.assign(new Error('x'), { code: 5 })), undefined);
  });

  for (const name of ['EDQUOT', 'ESTALE'] as const) {
    it(`knows ${name}, for which libuv has no name, by its number`, () => {
      const number = -constants.errno[name];
      const unnamed = Object.assign(new Error(`Unknown system error ${number}: Unknown system error ${number}, write`), { code: `Unknown system error ${number}`, errno: number });
      assert.equal(errnoOf(unnamed), name);
    });
  }

  it('leaves what nobody has a name for', () => {
    assert.equal(errnoOf(Object.assign(new Error('x'), { code: 'Unknown system error -9999', errno: -9999 })), 'Unknown system error -9999');
  });
});
