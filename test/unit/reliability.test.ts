// docs/reliability.md says which test shows what: each of them is there.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';

it('every test that docs/reliability.md names is there', () => {
  const text = readFileSync('docs/reliability.md', 'utf8');
  const missing: string[] = [];
  let room = '';
  let count = 0;
  for (const [, name = ''] of text.matchAll(/`((?:[\w-]+\/)*[\w-]+\.(?:test\.)?ts)`/gu)) {
    // After one with its directory, others of the same.
    if (name.includes('/')) room = path.dirname(name);
    const file = name.includes('/') ? name : path.join(room, name);
    count += 1;
    if (![file, path.join('test', file), path.join('src', file)].some((at) => existsSync(at))) missing.push(name);
  }
  assert.ok(count > 30);
  assert.deepEqual(missing, []);
});
