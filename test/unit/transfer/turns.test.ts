import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Turns } from '../../../src/transfer/turns.js';

describe('turns', () => {
  it('does at once what waits for nothing', () => {
    const [turns, done] = [new Turns(), [] as number[]];
    turns.do(() => done.push(1));
    assert.deepEqual(done, [1]);
    assert.ok(turns.idle);
  });

  it('keeps the order, whoever is ready first', () => {
    const [turns, done] = [new Turns(), [] as number[]];
    const [first, second] = [turns.hold(), turns.hold()];
    turns.do(() => done.push(3));
    second(() => done.push(2));
    assert.equal(done.length, 0);
    assert.ok(!turns.idle);
    first(() => done.push(1));
    assert.deepEqual(done, [1, 2, 3]);
    assert.ok(turns.idle);
  });

  it('does what is added meanwhile after what waits already', () => {
    const [turns, done] = [new Turns(), [] as number[]];
    const first = turns.hold();
    turns.do(() => done.push(2));
    first(() => {
      done.push(1);
      turns.do(() => done.push(3));
    });
    assert.deepEqual(done, [1, 2, 3]);
  });

  it('goes on after one that throws', () => {
    const [turns, done] = [new Turns(), [] as number[]];
    const [first, second] = [turns.hold(), turns.hold()];
    assert.throws(() => first(() => assert.fail('thrown')), /thrown/u);
    second(() => done.push(2));
    assert.deepEqual(done, [2]);
  });
});
