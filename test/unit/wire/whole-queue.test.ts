import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { WHOLE_PARTS_MAX } from '../../../src/wire/constants.js';
import type { ManifestEntry } from '../../../src/wire/frame.js';
import { WholeQueue } from '../../../src/wire/whole-queue.js';
import { SendWindow } from '../../../src/wire/window.js';

const entry = (id: number, size: number): ManifestEntry => ({ id, kind: 'file', path: String(id), size, mode: 0, mtimeNs: 0n });

function queueOf(...sizes: number[]) {
  const entries = new Map(sizes.map((size, id) => [id, entry(id, size)]));
  const queue = new WholeQueue();
  for (const id of entries.keys()) queue.push(id);
  return { queue, entries, take: (window: SendWindow) => queue.take((id) => entries.get(id), window) };
}

function windowOf(credit: number): SendWindow {
  const window = new SendWindow();
  window.grant(credit);
  return window;
}

const ids = ({ entries }: { readonly entries: readonly ManifestEntry[] }) => entries.map(({ id }) => id);

describe('the queue of small files', () => {
  it('gives as many as go into one frame, in order, with what they cost', () => {
    const { take } = queueOf(100_000, 100_000, 50_000, 0);
    const window = windowOf(2 ** 30);
    assert.deepEqual(take(window), { entries: [entry(0, 100_000), entry(1, 100_000), entry(2, 50_000), entry(3, 0)], cost: 250_064 });
    assert.equal(window.left, 2 ** 30 - 250_064);
    assert.deepEqual(take(window), { entries: [], cost: 0 });
  });

  it('gives a file that is larger than a frame should be by itself', () => {
    const { take } = queueOf(10, 2 ** 20, 10, 10);
    const window = windowOf(2 ** 30);
    assert.deepEqual([ids(take(window)), ids(take(window)), ids(take(window))], [[0], [1], [2, 3]]);
  });

  it('gives no more than a frame may hold', () => {
    const { take } = queueOf(...Array.from({ length: WHOLE_PARTS_MAX + 1 }, () => 0));
    const window = windowOf(2 ** 30);
    assert.deepEqual([take(window).entries.length, take(window).entries.length], [WHOLE_PARTS_MAX, 1]);
  });

  it('gives no more than there is credit for, its table included', () => {
    const { take } = queueOf(10, 10, 10);
    assert.deepEqual(ids(take(windowOf(25))), []);
    const window = windowOf(77);
    assert.deepEqual(ids(take(window)), [0, 1]);
    assert.equal(window.left, 25);
    assert.deepEqual(ids(take(windowOf(26))), [2]);
  });

  it('passes over those that are settled by now', () => {
    const { take, entries } = queueOf(1, 2, 3);
    entries.delete(0);
    entries.delete(2);
    assert.deepEqual(ids(take(windowOf(100))), [1]);
    assert.deepEqual(ids(take(windowOf(100))), []);
  });

  it('gives again what did not arrive', () => {
    const { take, queue } = queueOf(1, 2, 3);
    take(windowOf(100));
    queue.again([2, 0]);
    assert.deepEqual(ids(take(windowOf(100))), [2, 0]);
  });

  it('loses nothing over many turns', () => {
    const { take, queue } = queueOf(...Array.from({ length: 5_000 }, () => 100_000));
    const window = windowOf(2 ** 40);
    const seen: number[] = [];
    let turn = 0;
    for (let taken = ids(take(window)); taken.length > 0; taken = ids(take(window))) {
      // Each third is lost, as long as there are many.
      if ((turn += 1) % 3 === 0) queue.again(taken);
      else seen.push(...taken);
      assert.ok(turn < 10_000, 'it does not end');
    }
    assert.deepEqual([...seen].sort((a, b) => a - b), [...Array(5_000).keys()]);
  });
});
