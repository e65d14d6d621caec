import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compare, comparisonText } from '../../../bench/compare.js';
import { results, row, run } from './fixture.js';

function verdicts(before: readonly number[], after: readonly number[]): string | undefined {
  return compare(results([row('native', before)]), results([row('native', after)])).changes[0]?.verdict;
}

describe('two results compared', () => {
  it('flags what lies beyond the spread of both', () => {
    assert.equal(verdicts([500, 510, 520], [400, 410, 420]), 'slower');
    assert.equal(verdicts([500, 510, 520], [600, 610, 620]), 'faster');
  });

  it('leaves alone what the spreads, or a twentieth, explain', () => {
    assert.equal(verdicts([500, 600, 700], [450, 500, 550]), 'same');
    assert.equal(verdicts([500, 501, 502], [490, 491, 492]), 'same');
  });

  it('takes the drift of the machine out, as the other peers show it', () => {
    const before = results([row('native', [500, 510, 520]), row('scp', [400, 410, 420]), row('https', [600, 610, 620])]);
    const after = results([row('native', [250, 255, 260]), row('scp', [200, 205, 210]), row('https', [300, 305, 310])]);
    const { drift, changes } = compare(before, after);
    assert.equal(drift, 0.5);
    assert.equal(changes.find(({ ours }) => ours)?.verdict, 'same');
    assert.equal(changes.find(({ ours }) => ours)?.ratio, 1);
  });

  it('flags more CPU time at the same rate', () => {
    const dear = run(500, { client: { cpuSeconds: 2, peakRss: 1 } });
    const { changes } = compare(results([row('native', [500])]), results([row('native', [], { runs: [dear] })]));
    assert.equal(changes[0]?.dearer, 3.5 / 2.5);
  });

  it('compares times where there is no rate: more is slower', () => {
    const started = (seconds: number) => row('start-node', [], { scenario: 'start-up', title: 'start-up', ours: ['client'], runs: [run(1, { seconds, bytesPerSecond: undefined, moved: 0 })] });
    assert.equal(compare(results([started(0.03)]), results([started(0.06)])).changes[0]?.verdict, 'slower');
  });

  it('names the rows that only one of them has', () => {
    const found = compare(results([row('native', [1])]), results([row('scp', [1])]));
    assert.deepEqual(found.onlyBefore, ['one file of 1.00 GiB: native down']);
    assert.deepEqual(found.onlyAfter, ['one file of 1.00 GiB: scp down']);
    assert.match(comparisonText(found), /only after: one file of 1.00 GiB: scp down/);
  });
});
