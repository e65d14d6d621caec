import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { merge } from '../../../bench/merge.js';
import { results, row } from './fixture.js';

describe('two results made one', () => {
  const trees = { title: '10,000 files', scenario: 'small-files' } as const;

  it('takes whole contests of the second, in the order of the first', () => {
    const first = results([row('native', [500]), row('scp', [400]), row('native', [50], trees), row('tar-ssh', [60], trees)]);
    const second = results([row('native', [700], trees), row('rsync', [40], trees), row('native', [9], { scenario: 'sessions', title: '8 pairs' })], { startedAt: '2026-01-02T03:04:05.000Z' });
    const merged = merge(first, second);
    assert.deepEqual(merged.rows.map(({ id, title, runs }) => [title, id, (runs[0]?.bytesPerSecond ?? 0) / 1e6]), [
      ['one file of 1.00 GiB', 'native', 500],
      ['one file of 1.00 GiB', 'scp', 400],
      ['10,000 files', 'native', 700],
      ['10,000 files', 'rsync', 40],
      ['8 pairs', 'native', 9],
    ]);
    assert.equal(merged.machine['measured at 2026-01-02T03:04'], '10,000 files; 8 pairs');
    assert.equal(merged.startedAt, first.startedAt);
  });

  it('judges the promises anew', () => {
    const first = results([row('native', [500]), row('https', [1000])]);
    const second = results([row('native', [900]), row('https', [600])]);
    const outcome = merge(first, second).targets.find(({ text }) => text.startsWith('one file, ours down: at least 1.2x HTTPS'));
    assert.equal(outcome?.outcome, 'reached');
  });
});
