import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { AdaptiveIo } from '../../../src/storage/io-mode.js';
import { joinPath, OPEN_DIRECTORIES, RootDirectory, splitPath } from '../../../src/storage/root-directory.js';
import { run } from '../../../src/storage/steps.js';
import { failsWith } from './fixture.js';
import { temporaryAt } from './tree-fixture.js';

/** Descriptors that this process has open. */
function openCount(): number {
  return readdirSync('/dev/fd').length;
}

for (const mode of ['sync', 'async'] as const) {
  describe(`RootDirectory, ${mode}`, () => {
    const io = new AdaptiveIo(mode, false);
    const enter = async (root: RootDirectory, at: string) => run(root.enter(at), io);

    it('leads to what is beneath, however often and deep', async (t) => {
      const at = await temporaryAt(t);
      const deep = Array.from({ length: 100 }, (_, index) => `d${index}`).join('/');
      await mkdir(path.join(at, deep), { recursive: true });
      await writeFile(path.join(at, deep, 'x'), 'deep');
      const before = openCount();
      const root = new RootDirectory(at);
      const directory = await enter(root, deep);
      assert.equal(await readFile(`${directory.base}/x`, 'utf8'), 'deep');
      const again = await enter(root, deep);
      assert.equal(again.base, directory.base);
      assert.ok(openCount() - before <= OPEN_DIRECTORIES + 2);
      root.end();
      // In use, so still open.
      assert.equal(await readFile(`${again.base}/x`, 'utf8'), 'deep');
      directory.release();
      again.release();
      assert.equal(openCount(), before);
    });

    it('keeps a bounded number open, whatever is entered', async (t) => {
      const at = await temporaryAt(t);
      for (let index = 0; index < 200; index += 1) await mkdir(path.join(at, `d${index}`));
      const before = openCount();
      const root = new RootDirectory(at);
      const held = await enter(root, 'd0');
      for (let index = 0; index < 200; index += 1) (await enter(root, `d${index}`)).release();
      assert.ok(openCount() - before <= OPEN_DIRECTORIES + 1);
      await writeFile(`${held.base}/x`, '');
      held.release();
      root.end();
      assert.equal(openCount(), before);
      (await enter(root, 'd1')).release();
      assert.equal(openCount(), before);
    });

    it('goes through no link beneath the root, and through those of the root', async (t) => {
      const at = await temporaryAt(t);
      await mkdir(path.join(at, 'real/d'), { recursive: true });
      await symlink('d', path.join(at, 'real/inner'));
      await symlink('real', path.join(at, 'link'));
      await writeFile(path.join(at, 'real/file'), '');
      const root = new RootDirectory(path.join(at, 'link'));
      (await enter(root, 'd')).release();
      for (const name of ['inner', 'file', 'file/x']) await assert.rejects(enter(root, name), failsWith('storage-exists', /is not a directory/u));
      await assert.rejects(enter(root, 'none/x'), { code: 'ENOENT' });
      root.end();
      await assert.rejects(enter(new RootDirectory(path.join(at, 'none')), ''), { code: 'ENOENT' });
    });
  });
}

describe('paths in a tree', () => {
  it('split and join', () => {
    for (const [at, parts] of [['a', ['', 'a']], ['a/b/c', ['a/b', 'c']], ['', ['', '']]] as const) {
      assert.deepEqual(splitPath(at), parts);
      assert.equal(joinPath(parts[0], parts[1]), at);
    }
  });

  it('are shown beneath the root as the user gave it', () => {
    assert.equal(new RootDirectory('x').shown('a/b'), 'x/a/b');
    assert.equal(new RootDirectory('x/').shown('a'), 'x/a');
    assert.equal(new RootDirectory('/').shown('a'), '/a');
    assert.equal(new RootDirectory('x').shown(''), 'x');
  });
});
