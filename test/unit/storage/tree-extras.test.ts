import assert from 'node:assert/strict';
import { chmod, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TreeTarget } from '../../../src/storage/tree.js';
import { entry, fileOf, makeTree, placed, PLACES, put, readTree, targetFor, temporaryAt } from './tree-fixture.js';

async function extrasOf(target: TreeTarget): Promise<string[]> {
  const all: string[] = [];
  for await (const batch of target.extras()) {
    assert.ok(batch.length > 0 && batch.length <= 512);
    all.push(...batch);
  }
  return all;
}

const HERE = { keep: 'k', extra: 'e', 'd/keep': 'k', 'd/extra': 'e', 'd/old/a/b': 'x', 'd/old/c': 'x', 'same/x': 'x' };
const TREE = [entry('directory', ''), fileOf('keep', 'k').entry, entry('directory', 'd'), entry('directory', 'new'), entry('directory', 'same'), fileOf('d/keep', 'k').entry, fileOf('new/n', 'n').entry, fileOf('same/x', 'x').entry];

for (const place of PLACES) {
  for (const ioMode of ['sync', 'async'] as const) {
    describe(`extras at ${place}, ${ioMode}`, () => {
      it('are what the tree lacks, directories after what is in them, and go when they are to', async (t) => {
        const at = await temporaryAt(t, place);
        const outside = await temporaryAt(t, place);
        await makeTree(outside, { precious: 'precious' });
        await makeTree(at, HERE);
        await symlink(outside, path.join(at, 'd/old/link'));
        await symlink(outside, path.join(at, 'linked'));
        await writeFile(path.join(at, 'd/.x.streamer-part'), '');
        await writeFile(path.join(at, '.y.streamer-journal'), '');
        const target = await targetFor(t, at, { ioMode, existing: 'skip', findExtras: true });
        await placed(target, TREE);
        const extras = await extrasOf(target);
        assert.deepEqual([...extras].sort(), ['d/extra', 'd/old', 'd/old/a', 'd/old/a/b', 'd/old/c', 'd/old/link', 'extra', 'linked']);
        for (const one of extras) assert.ok(!extras.slice(extras.indexOf(one)).some((other) => other.startsWith(`${one}/`)), one);
        assert.deepEqual(await target.removeExtras(extras), []);
        assert.deepEqual(await target.removeExtras(extras), []);
        await target.finish();
        assert.deepEqual(await readTree(at), { '.y.streamer-journal': '', d: null, 'd/.x.streamer-part': '', 'd/keep': 'k', keep: 'k', new: null, same: null, 'same/x': 'x' });
        assert.deepEqual(await readTree(outside), { precious: 'precious' });
      });

      it('are only told in a dry run', async (t) => {
        const at = await temporaryAt(t, place);
        await makeTree(at, HERE);
        const target = await targetFor(t, at, { ioMode, existing: 'skip', findExtras: true, dryRun: true });
        await placed(target, TREE);
        assert.deepEqual((await extrasOf(target)).sort(), ['d/extra', 'd/old', 'd/old/a', 'd/old/a/b', 'd/old/c', 'extra']);
      });

      it('are not looked for above several roots, nor removed outside or from the tree', async (t) => {
        const at = await temporaryAt(t, place);
        await makeTree(at, { 'one/x': '', 'other/y': '' });
        const target = await targetFor(t, path.join(at, 'one'), { ioMode, findExtras: true });
        await put(target, [fileOf('z', '')]);
        assert.deepEqual(await extrasOf(target), []);
        for (const bad of ['../other/y', '/etc/none', 'z', 'a/../x', '']) await assert.rejects(target.removeExtras([bad]), RangeError, bad);
      });

      it('that cannot be removed are told', async (t) => {
        const at = await temporaryAt(t, place);
        await makeTree(at, { 'old/x': '' });
        const target = await targetFor(t, at, { ioMode, findExtras: true });
        await placed(target, [entry('directory', '')]);
        const [failed, ...others] = await target.removeExtras(['old']);
        assert.equal(failed?.error.code, 'storage-exists');
        assert.deepEqual(others, []);
      });

      it('come in batches', async (t) => {
        const at = await temporaryAt(t, place);
        await makeTree(at, { d: null });
        await Promise.all(Array.from({ length: 600 }, (_, index) => writeFile(path.join(at, `d/f${index}`), '')));
        await chmod(path.join(at, 'd'), 0o755);
        const target = await targetFor(t, at, { ioMode, findExtras: true });
        await placed(target, [entry('directory', ''), entry('directory', 'd')]);
        assert.equal((await extrasOf(target)).length, 600);
      });
    });
  }
}
