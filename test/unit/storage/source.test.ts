import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, mkdir, rename, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { IoMode } from '../../../src/storage/io-mode.js';
import { openSource } from '../../../src/storage/source.js';
import { content, failsWith, temporary } from './fixture.js';

async function fileOf(t: TestContext, bytes: Buffer) {
  const at = path.join(await temporary(t), 'data.nc');
  await writeFile(at, bytes);
  return at;
}

async function open(t: TestContext, at: string, ioMode: IoMode = 'auto') {
  const source = await openSource(at, { ioMode });
  t.after(() => source.close());
  return source;
}

/** 32 bytes in hex; the file is closed again. */
async function identityOf(at: string): Promise<string> {
  const source = await openSource(at);
  await source.close();
  return source.identity.toString('hex');
}

for (const mode of ['sync', 'async'] as const) {
  describe(`openSource, ${mode}`, () => {
    it('gives name, size, time, mode and any range', async (t) => {
      const bytes = content(300_000);
      const at = await fileOf(t, bytes);
      await chmod(at, 0o751);
      await utimes(at, 5, 1_600_000_000.5);
      const source = await open(t, at, mode);
      assert.deepEqual([source.name, source.size, source.mtimeNs, source.mode, source.identity.length], ['data.nc', 300_000, 1_600_000_000_500_000_000n, 0o751, 32]);
      for (const [offset, length] of [[0, 300_000], [299_999, 1], [100, 0], [65_535, 70_000]] as const) {
        const into = Buffer.alloc(length);
        const done = source.read(offset, into);
        assert.equal(done instanceof Promise, mode === 'async');
        await done;
        assert.ok(into.equals(bytes.subarray(offset, offset + length)));
      }
      await source.assertUnchanged();
      assert.throws(() => source.read(299_999, Buffer.alloc(2)), RangeError);
      assert.throws(() => source.read(-1, Buffer.alloc(2)), RangeError);
    });

    it('fails when the file has become shorter', async (t) => {
      const at = await fileOf(t, content(10_000));
      const source = await open(t, at, mode);
      await truncate(at, 5_000);
      await source.read(0, Buffer.alloc(5_000));
      await assert.rejects(async () => source.read(4_999, Buffer.alloc(2)), failsWith('integrity-source', /data\.nc: the source changed while it was being sent; run the command again/u));
    });
  });
}

describe('a source that changes', () => {
  const changes: readonly (readonly [string, (at: string) => Promise<unknown>])[] = [
    ['grows', (at) => appendFile(at, 'x')],
    ['shrinks', (at) => truncate(at, 10)],
    ['is touched', (at) => utimes(at, 5, 5)],
    ['is moved away', (at) => rename(at, `${at}.old`)],
    ['is replaced by an equal file', async (at) => {
      await rename(at, `${at}.old`);
      await writeFile(at, Buffer.alloc(1000));
      await utimes(at, 7, 7);
    }],
  ];
  for (const [name, change] of changes) {
    it(`is noticed when it ${name}`, async (t) => {
      const at = await fileOf(t, Buffer.alloc(1000));
      await utimes(at, 7, 7);
      const source = await open(t, at);
      await source.assertUnchanged();
      await change(at);
      await assert.rejects(source.assertUnchanged(), failsWith('integrity-source'));
    });
  }
});

describe('identity', () => {
  it('is the same for the same file, by whatever path', async (t) => {
    const at = await fileOf(t, content(500_000));
    await symlink(at, `${at}.link`);
    assert.equal(await identityOf(at), await identityOf(at));
    assert.equal(await identityOf(at), await identityOf(`${at}.link`));
  });

  it('changes with path, size, time, and the beginning, middle or end', async (t) => {
    const bytes = content(500_000);
    const at = await fileOf(t, bytes);
    const touch = () => utimes(at, 7, 7);
    await touch();
    const seen = new Set([await identityOf(at)]);
    for (const offset of [0, 65_535, 250_000, 434_464, 499_999]) {
      const other = Buffer.from(bytes);
      other[offset] = (other[offset] ?? 0) ^ 1;
      await writeFile(at, other);
      await touch();
      seen.add(await identityOf(at));
    }
    await writeFile(at, bytes);
    await utimes(at, 7, 7.000001);
    seen.add(await identityOf(at));
    await truncate(at, 499_999);
    await touch();
    seen.add(await identityOf(at));
    await writeFile(`${at}.2`, bytes);
    await utimes(`${at}.2`, 7, 7);
    seen.add(await identityOf(`${at}.2`));
    assert.equal(seen.size, 9);
  });

  it('exists for files of 0 and 1 bytes', async (t) => {
    const empty = await identityOf(await fileOf(t, Buffer.alloc(0)));
    const one = await identityOf(await fileOf(t, Buffer.alloc(1)));
    assert.notEqual(empty, one);
  });
});

describe('what is no source', () => {
  it('is refused with its reason, and a FIFO without waiting for its writer', async (t) => {
    const directory = await temporary(t);
    const at = (name: string) => path.join(directory, name);
    await mkdir(at('d'));
    execFileSync('mkfifo', [at('fifo')]);
    await symlink('fifo', at('link'));
    await assert.rejects(openSource(at('none')), failsWith('storage-missing', /cannot open .*none: it does not exist; check the path/u));
    await assert.rejects(openSource(at('d')), failsWith('storage-not-a-file', /directory/u));
    await assert.rejects(openSource(at('fifo')), failsWith('storage-not-a-file', /regular/u));
    await assert.rejects(openSource(at('link')), failsWith('storage-not-a-file', /regular/u));
    await assert.rejects(openSource('/dev/null'), failsWith('storage-not-a-file', /regular/u));
    await assert.rejects(openSource('a\0b'), failsWith('storage-unsafe-path', /NUL/u));
    await assert.rejects(openSource(''), failsWith('storage-missing'));
  });

  it('is refused when it may not be read', async (t) => {
    if (process.geteuid?.() === 0) {
      t.skip('root may read everything');
      return;
    }
    const at = await fileOf(t, content(1));
    await chmod(at, 0);
    await assert.rejects(openSource(at), failsWith('storage-denied'));
  });
});
