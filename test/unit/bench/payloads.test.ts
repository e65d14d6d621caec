import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it } from 'node:test';
import { makeRandomFile } from '../../../bench/payloads/random-file.js';
import { makeSparseFile } from '../../../bench/payloads/sparse-file.js';
import { makeTree } from '../../../bench/payloads/tree.js';

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-payloads-'));
after(() => rmSync(folder, { recursive: true }));

describe('the check of what arrived', () => {
  it('tells a right file from a long, a short, a changed and a missing one', async () => {
    const payload = await makeRandomFile(folder, 5000);
    const target = path.join(folder, 'target');
    assert.match((await payload.check(target)).text, /nothing arrived/);
    cpSync(payload.source, target);
    assert.deepEqual(await payload.check(target), { right: true, extra: 0, text: 'yes' });
    appendFileSync(target, 'abc');
    assert.deepEqual(await payload.check(target), { right: true, extra: 3, text: 'corrupt: +3 bytes' });
    truncateSync(target, 4990);
    assert.match((await payload.check(target)).text, /10 bytes missing/);
    appendFileSync(target, '0123456789');
    assert.match((await payload.check(target)).text, /digest differs/);
  });

  it('tells a tree from one with a file changed, missing or too much', async () => {
    const payload = makeTree(folder, { folders: 2, filesPerFolder: 3, fileSize: 10 });
    const target = path.join(folder, 'tree-copy');
    assert.equal(payload.files, 6);
    assert.match((await payload.check(target)).text, /d0000\/f0000 is missing and 5 more/);
    cpSync(payload.source, target, { recursive: true });
    assert.equal((await payload.check(target)).right, true);
    writeFileSync(path.join(target, 'd0001/f0002'), '0123456789');
    writeFileSync(path.join(target, 'd0001/more'), '');
    assert.match((await payload.check(target)).text, /d0001\/f0002 differs and 1 more/);
  });

  it('says of a sparse file whether its holes were kept', async () => {
    const payload = await makeSparseFile(folder, 16 * 2 ** 20);
    assert.match((await payload.check(payload.source)).text, /^yes, holes (kept|filled)$/);
    const target = path.join(folder, 'sparse-copy');
    writeFileSync(target, Buffer.alloc(payload.size));
    assert.match((await payload.check(target)).text, /bytes differ at 0/);
  });
});
