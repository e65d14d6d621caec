import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { row, run } from './fixture.js';

describe('a row of runs', () => {
  it('sums up rates, CPU time per GiB and the largest memory', () => {
    const { summary } = row('native', [500, 700, 600]);
    assert.deepEqual(summary.megabytesPerSecond, { median: 600, min: 500, max: 700, n: 3 });
    assert.deepEqual(summary.cpuSecondsPerGiB, { client: 1, server: 1.5 });
    assert.equal(summary.peakRss.server, 95 * 2 ** 20);
    assert.equal(summary.right, true);
  });

  it('is not right when bytes differ, or nothing was measured, or a run failed', () => {
    const wrong = { right: false, extra: 0, text: 'no: digest differs' };
    assert.equal(row('native', [], { runs: [run(1), run(1, { check: wrong })] }).summary.right, false);
    assert.equal(row('native', []).summary.right, false);
    assert.equal(row('native', [500], { failures: ['refused'] }).summary.right, false);
  });

  it('lets a known defect pass, and no other', () => {
    const runs = [run(26, { check: { right: true, extra: 98, text: 'corrupt: +98 bytes' } })];
    assert.equal(row('python-pair', [], { runs, appends: 98 }).summary.right, true);
    assert.equal(row('python-pair', [], { runs }).summary.right, false);
  });

  it('counts files per second for a tree, and no CPU time per byte where no bytes are meant', () => {
    const tree = row('native', [], { files: 1000, size: 0, runs: [run(1, { seconds: 2, moved: 0 })] });
    assert.equal(tree.summary.filesPerSecond?.median, 500);
    assert.equal(tree.summary.cpuSecondsPerGiB.client, undefined);
  });
});
