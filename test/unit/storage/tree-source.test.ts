import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, link, lstat, mkdir, rename, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/errors.js';
import { openTreeSource } from '../../../src/storage/tree-source.js';
import { failsWith } from './fixture.js';
import { entriesOf, found, makeTree, skippedAsRoot, sourceFor, temporaryAt } from './tree-fixture.js';

describe('a walk', () => {
  for (const ioMode of ['sync', 'async'] as const) {
    it(`gives each directory in one run, before what lies deeper, ${ioMode}`, async (t) => {
      const root = await temporaryAt(t);
      await makeTree(root, { 'a/x': '1', 'a/b/y': '22', 'a/b/c/z': '', c: '333', 'd/e': null, link: '-> nowhere', '.hidden/f': 'h' });
      const source = await sourceFor(t, [root], { ioMode });
      assert.equal(source.name, path.basename(root));
      const entries = await entriesOf(source);
      assert.deepEqual(entries.map((one) => one.path).sort(), ['', '.hidden', '.hidden/f', 'a', 'a/b', 'a/b/c', 'a/b/c/z', 'a/b/y', 'a/x', 'c', 'd', 'd/e', 'link']);
      const parents = entries.filter((one) => one.path !== '').map((one) => path.dirname(one.path));
      assert.equal(parents.filter((parent, index) => parent !== parents[index - 1]).length, new Set(parents).size);
      for (const [index, one] of entries.entries()) if (one.path !== '') assert.ok(entries.findIndex((other) => other.path === (path.dirname(one.path) === '.' ? '' : path.dirname(one.path))) < index);
      const stats = await lstat(path.join(root, 'a/b/y'), { bigint: true });
      assert.deepEqual(entries.find((one) => one.path === 'a/b/y'), { kind: 'file', path: 'a/b/y', size: 2, mode: Number(stats.mode & 0o7777n), mtimeNs: stats.mtimeNs });
      assert.equal(entries.find((one) => one.path === 'link')?.target, 'nowhere');
    });
  }

  it('gives batches of at most 512', async (t) => {
    const root = await temporaryAt(t);
    await Promise.all(Array.from({ length: 1300 }, (_, index) => writeFile(path.join(root, `f${index}`), '')));
    const sizes: number[] = [];
    for await (const batch of (await sourceFor(t, [root])).walk()) sizes.push(batch.length);
    assert.equal(sizes.reduce((sum, size) => sum + size, 0), 1301);
    assert.ok(sizes.every((size) => size <= 512));
  });

  it('tells further names of a file, and where there are holes', async (t) => {
    const root = await temporaryAt(t);
    await makeTree(root, { 'a/x': 'one', 'b/x': 'another' });
    await link(path.join(root, 'a/x'), path.join(root, 'a/y'));
    await link(path.join(root, 'a/x'), path.join(root, 'b/z'));
    await writeFile(path.join(root, 'holes'), '');
    await truncate(path.join(root, 'holes'), 1 << 20);
    await link(path.join(root, 'holes'), path.join(root, 'holes too'));
    const entries = await entriesOf(await sourceFor(t, [root]));
    const linked = entries.filter((one) => ['a/x', 'a/y', 'b/z'].includes(one.path));
    assert.deepEqual(linked.map((one) => one.kind), ['file', 'hardlink', 'hardlink']);
    assert.deepEqual(linked.map((one) => one.linkTo), [undefined, linked[0]?.path, linked[0]?.path]);
    assert.deepEqual(linked.map((one) => one.size), [3, 3, 3]);
    for (const name of ['holes', 'holes too']) assert.deepEqual(entries.filter((one) => one.path === name).map(({ size, sparse }) => [size, sparse]), [[1 << 20, true]]);
    assert.equal(entries.find((one) => one.path === 'b/x')?.sparse, undefined);
  });

  it('leaves out what the rules say, without looking into it', async (t) => {
    const root = await temporaryAt(t);
    await makeTree(root, { 'build/x': '', 'src/a.c': '', 'src/a.o': '', 'src/build/y': '', 'keep.o': '' });
    const rules = [{ kind: 'exclude', pattern: '*.o' }, { kind: 'include', pattern: '/keep.o' }, { kind: 'exclude', pattern: 'build/' }] as const;
    const entries = await entriesOf(await sourceFor(t, [root], { rules }));
    assert.deepEqual(entries.map((one) => one.path).sort(), ['', 'keep.o', 'src', 'src/a.c']);
  });

  it('tells what cannot be sent, and leaves out files of our own', async (t) => {
    const root = await temporaryAt(t);
    await makeTree(root, { good: '', 'new\nline': '', '.x.streamer-part': '', '.x.streamer-new': '', 'back\\slash': '', größe: '' });
    await writeFile(Buffer.concat([Buffer.from(`${root}/bad`), Buffer.from([0xff])]), '');
    await symlink(Buffer.from([0xfe]), path.join(root, 'badlink'));
    execFileSync('mkfifo', [path.join(root, 'fifo')]);
    const all = await found(await sourceFor(t, [root]));
    assert.deepEqual(all.flatMap((one) => (one.type === 'entry' ? [one.entry.path] : [])).sort(), ['', 'back\\slash', 'good', 'größe']);
    assert.deepEqual(all.filter((one) => one.type === 'special'), [{ type: 'special', path: 'fifo', what: 'fifo' }]);
    const troubles = all.flatMap((one) => (one.type === 'trouble' ? [one] : []));
    assert.deepEqual(troubles.map((one) => one.path).sort(), ['badlink', 'bad\ufffd', 'new\nline']);
    for (const { error } of troubles) assert.ok(failsWith('storage-unsafe-path')(error));
  });

  it('goes on past a directory that cannot be read', async (t) => {
    if (skippedAsRoot(t)) return;
    const root = await temporaryAt(t);
    await makeTree(root, { 'closed/x': '', 'open/y': '' });
    await chmod(path.join(root, 'closed'), 0);
    const all = await found(await sourceFor(t, [root]));
    assert.deepEqual(all.flatMap((one) => (one.type === 'entry' ? [one.entry.path] : [])).sort(), ['', 'closed', 'open', 'open/y']);
    assert.ok(all.some((one) => one.type === 'trouble' && one.path === 'closed' && one.error.code === 'storage-denied'));
  });

  it('stops when nobody wants more', async (t) => {
    const root = await temporaryAt(t);
    await makeTree(root, { 'a/x': '', 'b/y': '' });
    const source = await sourceFor(t, [root]);
    for await (const batch of source.walk()) {
      assert.ok(batch.length > 0);
      break;
    }
    await source.close();
  });
});

describe('roots', () => {
  it('are entries under their last names when there are several, or one that is no directory', async (t) => {
    const at = await temporaryAt(t);
    await makeTree(at, { 'dir/x': 'x', file: 'file', 'other/link': '-> ../file' });
    const several = await sourceFor(t, [path.join(at, 'dir'), path.join(at, 'file'), path.join(at, 'other/link')]);
    assert.equal(several.name, '');
    const entries = await entriesOf(several);
    assert.deepEqual(entries.map((one) => `${one.kind} ${one.path}`), ['directory dir', 'file file', 'file link', 'file dir/x']);
    const into = Buffer.alloc(4);
    await several.readWhole(entries[2] ?? assert.fail(), into);
    assert.equal(into.toString(), 'file');
    assert.deepEqual((await entriesOf(await sourceFor(t, [path.join(at, 'file')]))).map((one) => one.path), ['file']);
  });

  it('are followed where they are links, and are named as the user did', async (t) => {
    const at = await temporaryAt(t);
    await makeTree(at, { 'dir/x': 'x', link: '-> dir' });
    const source = await sourceFor(t, [path.join(at, 'link')]);
    assert.equal(source.name, 'link');
    assert.deepEqual((await entriesOf(source)).map((one) => one.path), ['', 'x']);
    const dots = await sourceFor(t, [path.join(at, 'dir/..')]);
    assert.equal(dots.name, path.basename(at));
    assert.equal((await sourceFor(t, [path.join(at, 'dir/')])).name, 'dir');
  });

  it('are refused when they are missing or cannot be told apart', async (t) => {
    const at = await temporaryAt(t);
    await makeTree(at, { 'a/x': '', 'b/x': '' });
    const open = (...paths: string[]) => openTreeSource({ paths, rules: [] });
    await assert.rejects(open(path.join(at, 'none')), failsWith('storage-missing'));
    await assert.rejects(open(path.join(at, 'a'), path.join(at, 'none')), failsWith('storage-missing'));
    await assert.rejects(open(path.join(at, 'a/x'), path.join(at, 'b/x')), UsageError);
    await assert.rejects(open(), UsageError);
    await assert.rejects(openTreeSource({ paths: [at], rules: [{ kind: 'include', pattern: '' }] }), UsageError);
  });
});

describe('reading', () => {
  for (const ioMode of ['sync', 'async'] as const) {
    it(`fails when the file is not what the walk found, ${ioMode}`, async (t) => {
      const root = await temporaryAt(t);
      const outside = await temporaryAt(t);
      await makeTree(outside, { secret: 'secret' });
      await makeTree(root, { 'd/same': 'secret', 'd/longer': 'secret', 'd/touched': 'secret', 'd/gone': 'secret', 'd/link': 'secret', 'd/dir': 'secret' });
      const source = await sourceFor(t, [root], { ioMode });
      const entries = await entriesOf(source);
      await appendFile(path.join(root, 'd/longer'), 'x');
      await utimes(path.join(root, 'd/touched'), 1, 1);
      await unlink(path.join(root, 'd/gone'));
      await unlink(path.join(root, 'd/link'));
      await symlink(path.join(outside, 'secret'), path.join(root, 'd/link'));
      await unlink(path.join(root, 'd/dir'));
      await mkdir(path.join(root, 'd/dir'));
      const read = async (name: string) => source.readWhole(entries.find((one) => one.path === `d/${name}`) ?? assert.fail(), Buffer.alloc(6));
      await read('same');
      for (const name of ['longer', 'touched', 'link', 'dir']) await assert.rejects(read(name), failsWith('integrity-source'), name);
      await assert.rejects(read('gone'), failsWith('storage-missing'));
      for (const name of ['longer', 'touched', 'link', 'dir']) await assert.rejects(source.open(entries.find((one) => one.path === `d/${name}`) ?? assert.fail()), failsWith('integrity-source'));
    });

    it(`never leaves the root by a directory that became a link, ${ioMode}`, async (t) => {
      const root = await temporaryAt(t);
      const outside = await temporaryAt(t);
      await makeTree(root, { 'd/e/x': 'inside' });
      await makeTree(outside, { 'e/x': 'inside' });
      const before = await lstat(path.join(root, 'd/e/x'));
      await utimes(path.join(outside, 'e/x'), before.atime, before.mtime);
      const source = await sourceFor(t, [root], { ioMode });
      const entries = await entriesOf(source);
      const other = await sourceFor(t, [root], { ioMode });
      await rename(path.join(root, 'd'), path.join(root, 'was'));
      await symlink(outside, path.join(root, 'd'));
      const wanted = entries.find((one) => one.path === 'd/e/x') ?? assert.fail();
      // What was open before still is the directory that was walked.
      const into = Buffer.alloc(6);
      await source.readWhole(wanted, into);
      assert.equal(into.toString(), 'inside');
      await assert.rejects(async () => other.readWhole(wanted, into), failsWith('integrity-source'));
      await assert.rejects(other.open(wanted), failsWith('integrity-source'));
    });
  }

  it('opens a file for chunks, which tells when it changes', async (t) => {
    const root = await temporaryAt(t);
    await makeTree(root, { 'd/x': 'content' });
    const source = await sourceFor(t, [root]);
    const wanted = (await entriesOf(source)).find((one) => one.path === 'd/x') ?? assert.fail();
    const [one, same] = [await source.open(wanted), await source.open(wanted)];
    t.after(() => Promise.all([one.close(), same.close()]));
    assert.deepEqual(one.identity, same.identity);
    assert.equal(one.size, 7);
    await one.assertUnchanged();
    await writeFile(path.join(root, 'd/x.new'), 'content');
    await rename(path.join(root, 'd/x.new'), path.join(root, 'd/x'));
    await assert.rejects(one.assertUnchanged(), failsWith('integrity-source', /d\/x/u));
  });
});
