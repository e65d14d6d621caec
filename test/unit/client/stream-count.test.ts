import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StreamCount, STREAMS_AUTO_MAX, type CpuTime } from '../../../src/client/stream-count.js';

/** A path, sampled twice a second. */
class Path {
  readonly count: StreamCount;
  wanted = 1;
  #nowMs = 1_000;
  #bytes = 0;
  #cpu: CpuTime = { user: 0, system: 0 };

  constructor(most = STREAMS_AUTO_MAX) {
    this.count = new StreamCount(most);
    this.#take(1);
  }

  /** @param rateOf bytes per second with so many streams. @param busy share of a processor. */
  run(samples: number, rateOf: (streams: number) => number, busy = 0.1, live: () => number = () => this.wanted): number[] {
    return Array.from({ length: samples }, () => {
      this.#nowMs += 500;
      this.#bytes += rateOf(this.wanted) / 2;
      const half = (busy * 500_000) / 2;
      this.#cpu = { user: this.#cpu.user + half, system: this.#cpu.system + half };
      return this.#take(live());
    });
  }

  #take(live: number): number {
    this.wanted = this.count.sample(this.#nowMs, this.#bytes, this.#cpu, live);
    return this.wanted;
  }
}

describe('the number of streams', () => {
  it('doubles while the rate rises with it, up to the most', () => {
    const path = new Path();
    const wanted = path.run(40, (streams) => streams * 1e6);
    assert.deepEqual([...new Set(wanted)], [2, 4, 8, 16]);
    assert.equal(new Path(6).run(40, (streams) => streams * 1e6).at(-1), 6);
    assert.equal(new Path(1).run(40, () => 1e6).at(-1), 1);
  });

  it('stays where another step has brought nothing', () => {
    const path = new Path();
    assert.equal(path.run(15, (streams) => Math.min(streams, 4) * 1e6).at(-1), 8, 'eight are not better than four, so it is not sixteen');
  });

  it('tries again later, in case the path has changed', () => {
    const path = new Path();
    path.run(10, () => 1e6);
    assert.equal(path.wanted, 2);
    path.run(25, () => 1e6);
    assert.equal(path.wanted, 4);
  });

  it('stays at one where a processor is the limit', () => {
    const path = new Path();
    assert.deepEqual([...new Set(path.run(40, (streams) => streams * 1e9, 0.95))], [1]);
    assert.equal(path.run(2, (streams) => streams * 1e9, 0.5).at(-1), 2, 'until it is not any more');
  });

  it('begins with eight on a far path, and is content with a smaller gain', () => {
    const path = new Path();
    path.count.rttMs = 50;
    assert.deepEqual([...new Set(path.run(10, (streams) => 1e6 * (streams > 8 ? 1.15 : 1)))], [8]);
    const lossy = new Path();
    lossy.count.rttMs = 50;
    assert.deepEqual([...new Set(lossy.run(10, (streams) => streams * 1e6))], [8, 16]);
    assert.equal(lossy.run(40, () => 16e6, 0.9).at(-1), 16);
  });

  it('stays at one on a near path where the ends have little time to spare', () => {
    assert.deepEqual([...new Set(new Path().run(40, (streams) => streams * 1e9, 0.7))], [1]);
    const far = new Path();
    far.count.rttMs = 50;
    assert.equal(far.run(4, (streams) => streams * 1e7, 0.7).at(-1), 16);
  });

  it('judges nothing while nothing moves, or what was asked for is not there yet', () => {
    const path = new Path();
    assert.deepEqual([...new Set(path.run(40, () => 0))], [1]);
    path.run(2, () => 1e6);
    assert.equal(path.wanted, 2);
    assert.deepEqual([...new Set(path.run(60, () => 1e7, 0.1, () => 1))], [2]);
  });

  it('does not judge the first sample after a step: new connections start slowly', () => {
    const path = new Path();
    path.run(1, () => 1e6);
    assert.equal(path.wanted, 2);
    assert.deepEqual(path.run(1, () => 9e6), [2]);
    assert.deepEqual(path.run(1, () => 2e6), [4]);
  });
});
