import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { it } from 'node:test';
import { ROOT } from '../../../support/cli.js';

it('the types of the API are what its document says', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/generate.mjs', '--check'], { cwd: ROOT, encoding: 'utf8', timeout: 120_000 });
  assert.equal(status, 0, stderr);
});
