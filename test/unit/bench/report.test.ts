import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toMarkdown } from '../../../bench/report.js';
import { judge } from '../../../bench/targets/index.js';
import { results, row } from './fixture.js';

describe('the report', () => {
  it('has a line for each row, with the share of the ceiling of its own circumstances', () => {
    const other = row('raw-tcp', [5000], { title: 'another size' });
    const text = toMarkdown(results([other, row('raw-tcp', [1000]), row('native', [600, 610, 590])]));
    assert.match(text, /\| one file of 1.00 GiB \| the native \| down \| 600 \[590-610\] 3 \| - \| 1.00 \/ 1.50 \| 90 \/ 95 \| 0.60 \| 0.1 \| yes \|/);
  });

  it('says what failed and what was skipped', () => {
    const text = toMarkdown(results([row('scp', [], { failures: ['refused | twice'] })], { skipped: [{ peer: 'rsync', reason: 'not installed' }] }));
    assert.match(text, /FAILED: one file of 1.00 GiB: the scp down: refused/);
    assert.match(text, /skipped: rsync: not installed/);
  });

  it('leaves promises nobody looked at out of a brief one', () => {
    const measured = results([row('native', [700]), row('https', [500])], {});
    const withTargets = { ...measured, targets: judge(measured.rows) };
    assert.doesNotMatch(toMarkdown(withTargets, { brief: true }), /not measured/);
    assert.match(toMarkdown(withTargets), /not measured/);
  });
});
