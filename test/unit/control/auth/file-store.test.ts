import assert from 'node:assert/strict';
import { readdir, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { FileStore } from '../../../../src/control/auth/file-store.js';
import { MemoryStore } from '../../../../src/control/auth/memory-store.js';
import { StorageError, UsageError } from '../../../../src/errors.js';
import { tempDir } from '../../../support/cli.js';

const stores: readonly (readonly [name: string, make: (t: TestContext) => Promise<FileStore | MemoryStore>])[] = [
  ['files', async (t) => new FileStore(path.join(await tempDir(t), 'a/b'))],
  ['memory', () => Promise.resolve(new MemoryStore())],
];

for (const [name, make] of stores) {
  describe(`a store in ${name}`, () => {
    it('keeps, changes and forgets texts', async (t) => {
      const store = await make(t);
      assert.equal(await store.get('one'), undefined);
      await store.set('one', 'é\n');
      await store.set('two', '');
      await store.set('one', 'new');
      assert.deepEqual([await store.get('one'), await store.get('two')], ['new', '']);
      await store.set('one', undefined);
      await store.set('one', undefined);
      assert.equal(await store.get('one'), undefined);
    });

    it('lets one between its braces at a time, in order, and goes on after a failure', async (t) => {
      const store = await make(t);
      const seen: string[] = [];
      const run = (what: string) =>
        store.exclusively(async () => {
          seen.push(`${what} in`);
          await new Promise((resolve) => setTimeout(resolve, 5));
          seen.push(`${what} out`);
          if (what === 'b') throw new Error('b failed');
          return what;
        });
      const results = await Promise.allSettled(['a', 'b', 'c'].map(run));
      assert.deepEqual(seen, ['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
      assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']);
    });

    it('who is between them already goes on', async (t) => {
      const store = await make(t);
      assert.equal(await store.exclusively(() => store.exclusively(() => Promise.resolve('inner'))), 'inner');
    });
  });
}

describe('a store in files', () => {
  it('is for its owner alone, and leaves no drafts', async (t) => {
    const store = new FileStore(path.join(await tempDir(t), 'store'));
    await store.exclusively(() => store.set('tokens', 'text'));
    assert.deepEqual(await readdir(store.directory), ['tokens']);
    assert.deepEqual([(await stat(store.directory)).mode & 0o777, (await stat(path.join(store.directory, 'tokens'))).mode & 0o777], [0o700, 0o600]);
    await store.clear();
    await assert.rejects(stat(store.directory));
  });

  it('takes no key that could be another file', async (t) => {
    const store = new FileStore(await tempDir(t));
    for (const key of ['', '.', '..', '../x', 'a/b', '.lock', 'x'.repeat(65), 'a\0b']) {
      await assert.rejects(store.get(key), UsageError, key);
      await assert.rejects(store.set(key, 'x'), UsageError, key);
    }
  });

  it('does not read what others can read, or what is no file', async (t) => {
    const store = new FileStore(await tempDir(t));
    await writeFile(path.join(store.directory, 'open'), 'x', { mode: 0o644 });
    await assert.rejects(store.get('open'), (error) => error instanceof StorageError && error.code === 'storage-denied');
    await symlink('/dev/zero', path.join(store.directory, 'endless'));
    await assert.rejects(store.get('endless'), (error) => error instanceof StorageError && error.code === 'storage-not-a-file');
  });
});
