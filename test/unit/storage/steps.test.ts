import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AdaptiveIo } from '../../../src/storage/io-mode.js';
import { call, run, Slots, type Step } from '../../../src/storage/steps.js';

/** Notes which way each of its calls went. */
function* work(ways: string[], last?: Error): Step<number> {
  const noted = (way: string, value: number) => {
    ways.push(way);
    return value;
  };
  const one = yield* call(() => noted('now', 1), () => Promise.resolve(noted('later', 1)));
  const two = yield* call(undefined, () => Promise.resolve(noted('always later', 2)));
  const three = yield* call(() => noted('now', 3), () => Promise.resolve(noted('later', 3)));
  if (last === undefined) return one + two + three;
  try {
    return yield* call<number>(() => assert.fail(last), () => Promise.reject(last));
  } catch (error) {
    assert.equal(error, last);
    throw error;
  }
}

describe('a step', () => {
  it('is done when the call returns, where all of it is synchronous', () => {
    const io = new AdaptiveIo('sync', true);
    assert.equal(run(call(() => 7, () => Promise.reject(new Error())), io), 7);
    assert.throws(() => run(call(() => assert.fail('now'), () => Promise.resolve()), io), /now/u);
  });

  it('goes back to synchronous calls after one that never is', async () => {
    const ways: string[] = [];
    assert.equal(await run(work(ways), new AdaptiveIo('sync', true)), 6);
    assert.deepEqual(ways, ['now', 'always later', 'now']);
  });

  it('is asynchronous throughout where that is asked for, and fails alike', async () => {
    const ways: string[] = [];
    assert.equal(await run(work(ways), new AdaptiveIo('async', true)), 6);
    assert.deepEqual(ways, ['later', 'always later', 'later']);
    for (const mode of ['sync', 'async'] as const) await assert.rejects(async () => run(work([], new Error('last')), new AdaptiveIo(mode, false)), /last/u);
  });

  it('that was slow makes the next one asynchronous', async () => {
    let nowMs = 0;
    const io = new AdaptiveIo('sync', true, () => nowMs);
    const slow = call(() => (nowMs += 101), () => Promise.resolve(0));
    assert.equal(run(slow, io), 101);
    const ways: string[] = [];
    await run(work(ways), io);
    assert.deepEqual(ways, ['later', 'always later', 'later']);
  });
});

describe('Slots', () => {
  it('let so many in at once, in order', async () => {
    const slots = new Slots(2);
    const io = new AdaptiveIo('async', false);
    const order: number[] = [];
    let most = 0;
    let inside = 0;
    await Promise.all([1, 2, 3, 4, 5].map(async (number) => {
      await run(slots.take(), io);
      order.push(number);
      most = Math.max(most, (inside += 1));
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
      slots.give();
    }));
    assert.deepEqual(order, [1, 2, 3, 4, 5]);
    assert.equal(most, 2);
  });
});
