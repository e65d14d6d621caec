import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pump } from '../../../src/transfer/pump.js';

describe('the pump', () => {
  it('handles inputs one after the other, also those that an effect brings', () => {
    const order: string[] = [];
    const machine = {
      handle: (input: number) => {
        order.push(`handle ${input}`);
        return input < 3 ? [input * 10, input * 10 + 1] : [];
      },
    };
    const feed = pump(
      machine,
      (effect) => {
        order.push(`perform ${effect}`);
        if (effect === 10) feed(2);
        if (effect === 11) feed(3);
      },
      () => assert.fail('nothing fails'),
    );
    feed(1);
    assert.deepEqual(order, ['handle 1', 'perform 10', 'perform 11', 'handle 2', 'perform 20', 'perform 21', 'handle 3']);
    feed(4);
    assert.equal(order.at(-1), 'handle 4');
  });

  it('tells an exception once, wherever it comes from, and handles nothing after', () => {
    for (const where of ['handle', 'perform']) {
      const failures: unknown[] = [];
      let handled = 0;
      const machine = {
        handle: (input: string) => {
          handled += 1;
          if (where === 'handle') throw new Error('a bug');
          return [input];
        },
      };
      const perform = () => {
        feed('queued');
        throw new Error('a bug');
      };
      const feed = pump(machine, perform, (error) => failures.push(error));
      feed('a');
      feed('b');
      assert.equal(failures.length, 1);
      assert.equal(handled, 1);
    }
  });
});
