import assert from 'node:assert/strict';
import fs from 'node:fs';
import { chmod, link, lstat, mkdir, readFile, readlink, rename, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { ExistingPolicy } from '../../../src/options.js';
import { partialNames } from '../../../src/storage/partial-names.js';
import { openTreeTarget } from '../../../src/storage/tree-target.js';
import { failsWith, names } from './fixture.js';
import { entry, fileOf, makeTree, modeOf, move, placed, PLACES, put, readTree, sourceFor, targetFor, temporaryAt } from './tree-fixture.js';

const EXISTING_POLICIES: readonly ExistingPolicy[] = ['refuse', 'overwrite', 'skip', 'update'];

const WAYS = PLACES.flatMap((place) => (['sync', 'async'] as const).map((ioMode) => ({ place, ioMode })));
const NS = 1_700_000_000_123_456_789n;

/** link(2) as a file system answers that has no hard links, or no more. */
async function withoutLinks(t: TestContext, code: string, work: () => Promise<void>): Promise<void> {
  const refusal = Object.assign(new Error(code), { code });
  const now = t.mock.method(fs, 'linkSync', () => {
    throw refusal;
  });
  const later = t.mock.method(fs, 'link', (_from: string, _to: string, done: (error: Error) => void) => setImmediate(done, refusal));
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    for (const { mock } of [now, later]) mock.restore();
    syncBuiltinESMExports();
  }
}

for (const { place, ioMode } of WAYS) {
  describe(`a tree at ${place}, ${ioMode}`, () => {
    it('arrives as it was, and is equal the second time', async (t) => {
      const at = await temporaryAt(t, place);
      const [from, to] = [path.join(at, 'from'), path.join(at, 'to')];
      await makeTree(from, { 'a/b/x': 'ex', 'a/y': '', z: 'zed', 'empty/d': null, link: '-> a/y', 'a/up': '-> ../z', 'größe/ü': 'ü' });
      await link(path.join(from, 'z'), path.join(from, 'a/zz'));
      await chmod(path.join(from, 'a/y'), 0o4751);
      await chmod(path.join(from, 'a/b'), 0o500);
      await utimes(path.join(from, 'a'), 1e9, 1e9);
      const source = await sourceFor(t, [from], { ioMode });
      assert.deepEqual(await move(source, await targetFor(t, to, { ioMode })), []);
      assert.deepEqual(await readTree(to), await readTree(from));
      assert.equal((await stat(path.join(to, 'z'))).ino, (await stat(path.join(to, 'a/zz'))).ino);
      for (const name of ['a', 'a/b', 'a/b/x', 'a/y', 'z', 'empty', '.']) assert.equal((await lstat(path.join(to, name), { bigint: true })).mtimeNs, (await lstat(path.join(from, name), { bigint: true })).mtimeNs, name);
      assert.equal(await modeOf(path.join(to, 'a/y')), '751');
      assert.equal(await modeOf(path.join(to, 'a/b')), '500');
      const again = await sourceFor(t, [from], { ioMode });
      const target = await targetFor(t, to, { ioMode });
      for await (const batch of again.walk()) {
        const entries = batch.flatMap((one) => (one.type === 'entry' ? [one.entry] : []));
        for (const [index, verdict] of (await target.place(entries)).entries()) assert.equal(verdict.kind, 'equal', entries[index]?.path);
      }
      assert.deepEqual(await target.finish(), []);
      assert.equal(await modeOf(path.join(to, 'a/b')), '500');
      assert.deepEqual(await readTree(to), await readTree(from));
    });

    it('keeps times to the nanosecond', async (t) => {
      const at = await temporaryAt(t, place);
      const target = await targetFor(t, at, { ioMode });
      assert.deepEqual(await put(target, [fileOf('x', 'x'), fileOf('before-1970', '', { mtimeNs: -1_500_000_001n })]), ['written', 'written']);
      assert.deepEqual(await placed(target, [entry('symlink', 'l', { target: 'x' }), entry('directory', 'd')]), ['placed', 'placed']);
      await target.finish();
      for (const name of ['x', 'l', 'd']) assert.equal((await lstat(path.join(at, name), { bigint: true })).mtimeNs, NS, name);
      assert.equal((await lstat(path.join(at, 'before-1970'), { bigint: true })).mtimeNs, -1_500_000_001n);
    });

    it('asks the policy about files that differ', async (t) => {
      const expected = { refuse: ['storage-exists', 'storage-exists'], overwrite: ['written', 'written'], skip: ['kept', 'kept'], update: ['written', 'kept'] };
      for (const existing of EXISTING_POLICIES) {
        const at = await temporaryAt(t, place);
        await makeTree(at, { older: 'theirs', newer: 'theirs', same: 'equal' });
        await utimes(path.join(at, 'older'), 1e9, 1e9);
        await utimes(path.join(at, 'same'), 1e9, 1e9);
        await chmod(path.join(at, 'same'), 0o600);
        const target = await targetFor(t, at, { ioMode, existing });
        const files = [fileOf('older', 'ours'), fileOf('newer', 'ours'), fileOf('same', 'equal', { mtimeNs: 1_000_000_000_000_000_000n, mode: 0o640 })];
        assert.deepEqual(await put(target, files), [...expected[existing], 'equal'], existing);
        assert.equal(await modeOf(path.join(at, 'same')), '640');
        assert.equal(await readFile(path.join(at, 'older'), 'utf8'), expected[existing][0] === 'written' ? 'ours' : 'theirs');
        assert.equal(await readFile(path.join(at, 'newer'), 'utf8'), expected[existing][1] === 'written' ? 'ours' : 'theirs');
      }
    });

    it('never replaces what came after it was placed', async (t) => {
      for (const existing of EXISTING_POLICIES) {
        const at = await temporaryAt(t, place);
        const target = await targetFor(t, at, { ioMode, existing });
        const [one, other] = [fileOf('x', 'ours'), fileOf('d/y', 'ours')];
        assert.deepEqual(await placed(target, [one.entry, entry('directory', 'd'), other.entry]), ['want', 'placed', 'want']);
        await makeTree(at, { x: 'theirs', 'd/y': 'theirs' });
        assert.deepEqual((await target.writeWhole([one, other]).settled).map((error) => error?.code), ['storage-exists', 'storage-exists']);
        assert.deepEqual(await readTree(at), { d: null, 'd/y': 'theirs', x: 'theirs' });
      }
    });

    it('replaces under update only what is still older', async (t) => {
      const at = await temporaryAt(t, place);
      await makeTree(at, { x: 'theirs' });
      await utimes(path.join(at, 'x'), 1e9, 1e9);
      const target = await targetFor(t, at, { ioMode, existing: 'update' });
      const file = fileOf('x', 'ours');
      assert.deepEqual(await placed(target, [file.entry]), ['want']);
      await writeFile(path.join(at, 'x'), 'newer');
      assert.deepEqual((await target.writeWhole([file]).settled).map((error) => error?.code), ['storage-exists']);
      assert.deepEqual(await readTree(at), { x: 'newer' });
    });

    it('lets no kind of thing stand in for another', async (t) => {
      const here = { file: 'theirs', link: '-> elsewhere', empty: null, 'full/x': 'theirs' };
      const cases = ['file', 'link', 'empty', 'full'];
      for (const existing of EXISTING_POLICIES) {
        const at = await temporaryAt(t, place);
        await makeTree(at, here);
        await utimes(path.join(at, 'file'), 1e9, 1e9);
        const directories = await placed(await targetFor(t, at, { ioMode, existing }), cases.map((name) => entry('directory', name)));
        assert.deepEqual(directories, existing === 'overwrite' ? ['placed', 'placed', 'placed', 'placed'] : ['storage-exists', 'storage-exists', 'placed', 'placed'], existing);
        assert.equal((await readTree(at))['full/x'], 'theirs');

        const other = await temporaryAt(t, place);
        await makeTree(other, here);
        const links = await placed(await targetFor(t, other, { ioMode, existing }), cases.map((name) => entry('symlink', name, { target: 'ours', mtimeNs: 1n })));
        const whole = await temporaryAt(t, place);
        await makeTree(whole, here);
        const files = await put(await targetFor(t, whole, { ioMode, existing }), cases.map((name) => fileOf(name, 'ours', { mtimeNs: 1n })));
        if (existing === 'overwrite') {
          assert.deepEqual(links, ['placed', 'placed', 'placed', 'storage-exists']);
          assert.deepEqual(await readTree(other), { file: '-> ours', link: '-> ours', empty: '-> ours', full: null, 'full/x': 'theirs' });
          assert.deepEqual(files, ['written', 'written', 'written', 'storage-exists']);
          assert.deepEqual(await readTree(whole), { file: 'ours', link: 'ours', empty: 'ours', full: null, 'full/x': 'theirs' });
        } else {
          const answer = existing === 'refuse' ? 'storage-exists' : 'kept';
          assert.deepEqual(links, [answer, answer, 'storage-exists', 'storage-exists'], existing);
          assert.deepEqual(await readTree(other), { ...here, full: null });
          assert.deepEqual(files, [answer, answer, 'storage-exists', 'storage-exists'], existing);
          assert.deepEqual(await readTree(whole), { ...here, full: null });
        }
      }
    });

    it('fails what lies in a directory that could not be placed', async (t) => {
      const at = await temporaryAt(t, place);
      const outside = await temporaryAt(t, place);
      await makeTree(at, { d: `-> ${outside}` });
      const target = await targetFor(t, at, { ioMode });
      const all = [entry('directory', 'd'), entry('directory', 'd/e'), fileOf('d/x', '1').entry, fileOf('d/e/y', '1').entry, entry('symlink', 'd/l', { target: 'x' })];
      assert.deepEqual(await placed(target, all), all.map(() => 'storage-exists'));
      assert.deepEqual(await names(outside), []);
    });

    it('links further names, by policy where something is there', async (t) => {
      for (const existing of EXISTING_POLICIES) {
        const at = await temporaryAt(t, place);
        await makeTree(at, { other: 'theirs' });
        await utimes(path.join(at, 'other'), 1e9, 1e9);
        const target = await targetFor(t, at, { ioMode, existing });
        await put(target, [fileOf('x', 'ours')]);
        await symlink('x', path.join(at, 'planted'));
        const links = ['new', 'other'].map((name) => entry('hardlink', name, { linkTo: 'x' }));
        const replaced = existing === 'overwrite' || existing === 'update';
        assert.deepEqual(await placed(target, links), ['placed', replaced ? 'placed' : existing === 'skip' ? 'kept' : 'storage-exists']);
        const { ino } = await stat(path.join(at, 'x'));
        assert.equal((await stat(path.join(at, 'new'))).ino, ino);
        assert.equal((await stat(path.join(at, 'other'))).ino === ino, replaced);
        assert.deepEqual(await placed(target, [entry('hardlink', 'gone', { linkTo: 'none' }), entry('hardlink', 'bad', { linkTo: '../x' })]), ['storage-missing', 'storage-unsafe-path']);
        const again = await targetFor(t, at, { ioMode, existing });
        assert.deepEqual(await placed(again, [fileOf('x', 'ours').entry, ...links.slice(0, 1)]), ['equal', 'equal']);
        assert.deepEqual((await names(at)).filter((name) => name.includes('streamer')), []);
      }
    });

    it('takes a further name for a file where none can be had', async (t) => {
      const at = await temporaryAt(t, place);
      await makeTree(at, { same: 'ours', other: 'theirs' });
      await utimes(path.join(at, 'same'), 1_700_000_000, 1_700_000_000);
      const target = await targetFor(t, at, { ioMode, existing: 'overwrite' });
      await put(target, [fileOf('x', 'ours')]);
      const one = (name: string) => entry('hardlink', name, { linkTo: 'x', size: 4, mtimeNs: 1_700_000_000_000_000_000n });
      for (const [code, wanted] of [['EPERM', true], ['EMLINK', true], ['EXDEV', true], ['EIO', false]] as const) {
        await withoutLinks(t, code, async () => {
          assert.deepEqual(await placed(target, [one(`new ${code}`)]), [wanted ? 'want' : 'storage-io'], code);
          if (code === 'EMLINK') assert.deepEqual(await placed(target, [one('same'), one('other')]), ['equal', 'want']);
        });
      }
      assert.deepEqual((await target.writeWhole([fileOf('other', 'ours')]).settled).map((error) => error?.code), [undefined]);
      assert.deepEqual(await readTree(at), { other: 'ours', same: 'ours', x: 'ours' });
    });

    it('removes what a killed run left beside a name that is a hard link now', async (t) => {
      const at = await temporaryAt(t, place);
      const { part, journal } = partialNames('new');
      await makeTree(at, { [part]: 'half', [journal]: 'half' });
      const target = await targetFor(t, at, { ioMode, existing: 'overwrite' });
      await put(target, [fileOf('x', 'ours')]);
      assert.deepEqual(await placed(target, [entry('hardlink', 'new', { linkTo: 'x' })]), ['placed']);
      await target.finish();
      assert.deepEqual(await names(at), ['new', 'x']);
    });

    it('replaces links in one step', async (t) => {
      const at = await temporaryAt(t, place);
      await makeTree(at, { l: '-> old', same: '-> text' });
      const target = await targetFor(t, at, { ioMode, existing: 'overwrite' });
      assert.deepEqual(await placed(target, [entry('symlink', 'l', { target: '/etc/passwd' }), entry('symlink', 'same', { target: 'text' })]), ['placed', 'equal']);
      assert.equal(await readlink(path.join(at, 'l')), '/etc/passwd');
      assert.deepEqual(await names(at), ['l', 'same']);
      for (const name of ['l', 'same']) assert.equal((await lstat(path.join(at, name), { bigint: true })).mtimeNs, NS, name);
      assert.deepEqual(await placed(target, [entry('symlink', 'e', { target: '' }), entry('symlink', 'n', { target: 'a\0b' }), entry('symlink', 'x', { target: 'x'.repeat(4096) })]), ['storage-unsafe-path', 'storage-unsafe-path', 'storage-unsafe-path']);
    });

    it('leaves a link its time where the policy says so', async (t) => {
      for (const [more, expected] of [[{ existing: 'skip' }, 'theirs'], [{ existing: 'update' }, 'theirs'], [{ existing: 'overwrite', dryRun: true }, 'theirs'], [{ existing: 'overwrite' }, 'ours']] as const) {
        const at = await temporaryAt(t, place);
        await makeTree(at, { same: '-> text' });
        const target = await targetFor(t, at, { ioMode, ...more });
        assert.deepEqual(await placed(target, [entry('symlink', 'same', { target: 'text' })]), ['equal']);
        assert.equal((await lstat(path.join(at, 'same'), { bigint: true })).mtimeNs === NS ? 'ours' : 'theirs', expected, JSON.stringify(more));
      }
    });

    it('compares content where it is told to', async (t) => {
      const at = await temporaryAt(t, place);
      await makeTree(at, { same: 'text', size: 'text' });
      const target = await targetFor(t, at, { ioMode, checksum: true, existing: 'overwrite' });
      const [same, size] = [fileOf('same', 'text', { mode: 0o604 }), fileOf('size', 'longer')];
      assert.deepEqual(await placed(target, [same.entry, size.entry]), ['compare', 'want']);
      const existing = await target.openExisting(same.entry);
      const into = Buffer.alloc(existing.size);
      await existing.read(0, into);
      await existing.close();
      assert.equal(into.toString(), 'text');
      await target.touch(same.entry);
      const stats = await lstat(path.join(at, 'same'), { bigint: true });
      assert.equal(stats.mtimeNs, NS);
      assert.equal(await modeOf(path.join(at, 'same')), '604');
      assert.deepEqual((await target.writeWhole([fileOf('same', 'more')]).settled).map((error) => error?.code), [undefined]);
    });

    it('changes nothing in a dry run, and says what it would', async (t) => {
      const at = await temporaryAt(t, place);
      const spec = { x: 'theirs', 'd/y': 'text', 'empty/e': null, inWay: 'a file', l: '-> old' };
      await makeTree(at, spec);
      const before = await lstat(at, { bigint: true });
      const target = await targetFor(t, at, { ioMode, existing: 'overwrite', dryRun: true });
      const entries = [
        entry('directory', ''),
        fileOf('x', 'ours').entry,
        entry('directory', 'd', { mode: 0o700 }),
        entry('directory', 'new'),
        entry('directory', 'inWay'),
        entry('symlink', 'l', { target: 'new' }),
        entry('hardlink', 'h', { linkTo: 'x' }),
        fileOf('empty', 'ours').entry,
        fileOf('d/y', 'text!').entry,
        entry('directory', 'new/e'),
        fileOf('new/e/f', '').entry,
        fileOf('inWay/f', '').entry,
      ];
      assert.deepEqual(await placed(target, entries), ['equal', 'want', 'equal', 'placed', 'placed', 'placed', 'placed', 'storage-exists', 'want', 'placed', 'want', 'want']);
      assert.deepEqual(await target.finish(), []);
      assert.deepEqual(await readTree(at), { ...spec, d: null, empty: null });
      assert.equal((await lstat(at, { bigint: true })).ctimeNs, before.ctimeNs);
      const none = await targetFor(t, path.join(at, 'none'), { ioMode, dryRun: true });
      assert.deepEqual(await placed(none, [entry('directory', ''), fileOf('x', '').entry, entry('directory', 'd'), fileOf('d/y', '').entry]), ['placed', 'want', 'placed', 'want']);
      assert.ok(!(await names(at)).includes('none'));
    });

    it('refuses unsafe paths, and a path that comes twice', async (t) => {
      const at = await temporaryAt(t, place);
      const target = await targetFor(t, path.join(at, 'root'), { ioMode, existing: 'overwrite' });
      const unsafe = ['/x', '../x', 'a/../x', 'a//b', './x', 'x/', 'a\0b', 'a\nb', '.x.streamer-part', 'd/.x.streamer-new', 'x'.repeat(256), Array(300).fill('d').join('/'), Array(30).fill('y'.repeat(200)).join('/'), '\ud800'];
      assert.deepEqual(await placed(target, unsafe.map((name) => fileOf(name, '').entry)), unsafe.map(() => 'storage-unsafe-path'));
      assert.deepEqual(await put(target, [fileOf('x', 'first'), fileOf('x', 'second')]), ['written', 'storage-exists']);
      assert.deepEqual(await put(target, [fileOf('x', 'third')]), ['storage-exists']);
      assert.deepEqual(await put(target, [fileOf('Case', '1'), fileOf('case', '2')]), ['written', 'written']);
      assert.deepEqual(await readTree(at), { root: null, 'root/x': 'first', 'root/Case': '1', 'root/case': '2' });
    });

    it('makes directories that no entry names', async (t) => {
      const at = await temporaryAt(t, place);
      const target = await targetFor(t, at, { ioMode });
      assert.deepEqual(await put(target, [fileOf('a/b/c/x', 'x')]), ['written']);
      assert.deepEqual(await readTree(at), { a: null, 'a/b': null, 'a/b/c': null, 'a/b/c/x': 'x' });
      assert.equal(await modeOf(path.join(at, 'a/b')), '755');
    });

    it('never follows a directory that was swapped for a link', async (t) => {
      const at = await temporaryAt(t, place);
      const outside = await temporaryAt(t, place);
      await mkdir(path.join(at, 'far'));
      const target = await targetFor(t, at, { ioMode });
      const files = [fileOf('near/x', 'x'), fileOf('far/deep/y', 'y')];
      assert.deepEqual(await placed(target, [entry('directory', 'near'), entry('directory', 'far'), entry('directory', 'far/deep'), ...files.map((file) => file.entry)]), ['placed', 'placed', 'placed', 'want', 'want']);
      // So many others that neither is open any more.
      await placed(target, Array.from({ length: 200 }, (_, index) => entry('directory', `d${index}`)).flatMap((directory) => [directory, fileOf(`${directory.path}/f`, '').entry]));
      await rename(path.join(at, 'near'), path.join(at, 'was-near'));
      await symlink(outside, path.join(at, 'near'));
      await rename(path.join(at, 'far'), path.join(at, 'was-far'));
      await mkdir(path.join(outside, 'deep'));
      await symlink(outside, path.join(at, 'far'));
      const outcomes = await target.writeWhole(files).settled;
      assert.deepEqual(outcomes.map((error) => error?.code), ['storage-exists', 'storage-exists']);
      await assert.rejects(target.openChunked(files[0]?.entry ?? assert.fail(), 4096, Buffer.alloc(32)), failsWith('storage-exists'));
      await assert.rejects(target.touch(files[0]?.entry ?? assert.fail()), failsWith('storage-exists'));
      await target.finish();
      assert.deepEqual(await readTree(outside), { deep: null });
      assert.deepEqual(await names(path.join(at, 'was-near')), []);
    });

    it('reports each file by itself, and lends pieces no longer than it says', async (t) => {
      const at = await temporaryAt(t, place);
      const target = await targetFor(t, at, { ioMode });
      const files = Array.from({ length: 100 }, (_, index) => fileOf(`d/f${index}`, `text ${index}`));
      await placed(target, [entry('directory', 'd'), ...files.map((file) => file.entry)]);
      const short = { entry: files[50]?.entry ?? assert.fail(), content: [Buffer.from('no')] };
      const { taken, settled } = target.writeWhole(files.map((file, index) => (index === 50 ? short : file)));
      assert.equal(taken instanceof Promise, ioMode === 'async');
      await taken;
      for (const { content } of files) content[0]?.fill(0);
      const outcomes = await settled;
      assert.deepEqual(outcomes.map((error) => error?.code), files.map((_, index) => (index === 50 ? 'integrity-size' : undefined)));
      assert.equal(await readFile(path.join(at, 'd/f99'), 'utf8'), 'text 99');
      assert.equal((await names(path.join(at, 'd'))).length, 99);
    });

    it('leaves nothing half written when it is closed at once', async (t) => {
      const at = await temporaryAt(t, place);
      const target = await targetFor(t, at, { ioMode });
      const files = Array.from({ length: 60 }, (_, index) => fileOf(`f${index}`, `text ${index}`));
      await placed(target, files.map((file) => file.entry));
      const { settled } = target.writeWhole(files);
      await target.close();
      const outcomes = await settled;
      assert.deepEqual((await names(at)).sort(), files.flatMap((file, index) => (outcomes[index] === undefined ? [file.entry.path] : [])).sort());
      assert.deepEqual((await target.writeWhole([files[0] ?? assert.fail()]).settled).map((error) => error?.code), ['aborted']);
      await target.close();
    });
  });
}

describe('the root', () => {
  it('is made with its last part only, and must be a directory', async (t) => {
    const at = await temporaryAt(t);
    await makeTree(at, { file: '', link: '-> d', d: null });
    const open = (name: string) => openTreeTarget({ root: path.join(at, name), existing: 'refuse', checksum: false, dryRun: false, findExtras: false });
    await assert.rejects(open('none/below'), failsWith('storage-missing'));
    await assert.rejects(open('file'), failsWith('storage-exists'));
    await assert.rejects(open('file/x'), failsWith('storage-missing'));
    await (await open('new')).close();
    assert.ok((await names(at)).includes('new'));
    const through = await open('link');
    assert.deepEqual(await put(through, [fileOf('x', 'x')]), ['written']);
    await through.close();
    assert.deepEqual(await names(path.join(at, 'd')), ['x']);
  });
});
