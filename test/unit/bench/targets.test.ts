import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Row, Target } from '../../../bench/results.js';
import { judge } from '../../../bench/targets/index.js';
import { row, run } from './fixture.js';

function target(rows: readonly Row[], text: RegExp): Target {
  const found = judge(rows).find((one) => text.test(one.text));
  assert.ok(found, `no target matches ${text.source}`);
  return found;
}

describe('promises', () => {
  it('are all there without any row, each not measured', () => {
    const all = judge([]);
    assert.ok(all.length > 40);
    assert.ok(all.every(({ outcome }) => outcome === 'not measured'));
  });

  it('hold a ratio of medians against what was promised', () => {
    const rows = [row('native', [700, 720, 740]), row('https', [590, 600, 610])];
    assert.deepEqual(target(rows, /^one file, ours down: at least 1.2x HTTPS/), {
      source: 'issue 4',
      text: 'one file, ours down: at least 1.2x HTTPS with curl',
      outcome: 'reached',
      figures: '1.20x: 720 over 600 MB/s',
    });
    assert.equal(target([row('native', [719]), row('https', [600])], /ours down: at least 1.2x HTTPS/).outcome, 'not reached');
  });

  it('take the fastest of several others', () => {
    const rows = [row('native', [500]), row('gridftp-p1', [1100]), row('gridftp-p8', [900])];
    assert.match(target(rows, /ours down: at least 0.5x GridFTP/).figures, /over 1100/);
  });

  it('do not take a row with wrong bytes', () => {
    const wrong = row('native', [], { runs: [run(9999, { check: { right: false, extra: 0, text: 'no' } })] });
    assert.equal(target([wrong, row('https', [600])], /ours down: at least 1.2x HTTPS/).outcome, 'not measured');
  });

  it('hold CPU time and memory under their limits', () => {
    assert.equal(target([row('native', [700])], /CPU seconds/).figures, '2.50 s/GiB');
    const streams = row('native-s16', [700], { scenario: 'memory', title: 'memory, 1.00 GiB' });
    assert.equal(target([streams], /sixteen/).outcome, 'reached');
  });

  it('hold a wide-area path against its own peers only', () => {
    const path = { rttMs: 50, megabitsPerSecond: 1000, lossPercent: 0.01 };
    const on = (id: string, rate: number, lossPercent: number) =>
      row(id, [rate], { scenario: 'wide-area', title: `loss ${lossPercent}`, path: { ...path, lossPercent } });
    const rows = [on('native', 80, 0.01), on('gridftp-p8', 79, 0.01), on('gridftp-p8', 9, 0.1)];
    assert.equal(target(rows, /0.01 % loss, ours down/).outcome, 'reached');
    assert.equal(target(rows, /0.1 % loss, ours down/).outcome, 'not measured');
  });

  it('hold the start-up against that of node', () => {
    const start = (id: string, seconds: number) =>
      row(id, [], { scenario: 'start-up', title: 'start-up', runs: [run(1, { seconds, bytesPerSecond: undefined, moved: 0 })] });
    const rows = [start('start-node', 0.04), start('start-1KiB', 0.13), start('start-version', 0.07)];
    assert.equal(target(rows, /1 KiB file/).figures, '50 ms (130 ms less 2 x 40 ms)');
    assert.equal(target(rows, /--version/).outcome, 'not reached');
  });
});
