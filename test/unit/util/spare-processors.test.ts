import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { describe, it } from 'node:test';
import { chooseWorkers, workerCount } from '../../../src/util/spare-processors.js';

describe('workerCount', () => {
  it('is 0 for a process of few processors, whatever the machine has, and 1 for one of many', { skip: process.platform !== 'linux' && 'taskset is Linux' }, () => {
    const text = `console.log((await import('${new URL('../../../src/util/spare-processors.js', import.meta.url).href}')).workerCount())`;
    const node = [process.execPath, '--input-type=module', '-e', text];
    const few = spawnSync('taskset', ['-c', '0', ...node], { encoding: 'utf8' });
    assert.equal(few.stdout, '0\n', few.stderr);
    assert.equal(workerCount(), os.availableParallelism() >= 4 ? 1 : 0);
  });

  it('is what was chosen', () => {
    for (const count of [16, 0, 2]) {
      chooseWorkers(count);
      assert.equal(workerCount(), count);
    }
  });
});
