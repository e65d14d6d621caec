import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FewAtOnce } from '../../../src/transfer/few-at-once.js';
import { turns } from '../../support/fake-events.js';

describe('work of which a few go on at once', () => {
  it('begins in order, and ends as it does', async () => {
    const few = new FewAtOnce(2);
    const began: number[] = [];
    const ends: (() => void)[] = [];
    const all = [0, 1, 2, 3].map((index) =>
      few.run(async () => {
        began.push(index);
        await new Promise<void>((resolve) => ends.push(resolve));
        if (index === 1) throw new RangeError('one of them');
        return index;
      }),
    );
    const settled = Promise.allSettled(all);
    await turns(3);
    assert.deepEqual(began, [0, 1]);
    ends[1]?.();
    await turns(3);
    assert.deepEqual(began, [0, 1, 2]);
    ends[0]?.();
    ends[2]?.();
    await turns(3);
    assert.deepEqual(began, [0, 1, 2, 3]);
    ends[3]?.();
    assert.deepEqual((await settled).map((end) => (end.status === 'fulfilled' ? end.value : end.reason instanceof RangeError)), [0, true, 2, 3]);
  });
});
