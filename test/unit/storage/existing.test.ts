import assert from 'node:assert/strict';
import fs from 'node:fs';
import { readFile, utimes } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { isFolding, isNewer, isSameTime } from '../../../src/storage/existing.js';
import type { Directory } from '../../../src/storage/root-directory.js';
import { names } from './fixture.js';
import { entry, fileOf, makeTree, placed, put, targetFor, temporaryAt } from './tree-fixture.js';

describe('times', () => {
  it('are one in nanoseconds, or in microseconds where one side has no more', () => {
    assert.equal(isSameTime(5_000n, 5_000n), true);
    assert.equal(isSameTime(5_000n, 5_999n), true);
    assert.equal(isSameTime(5_999n, 5_000n), true);
    assert.equal(isSameTime(-1n, -1_000n), true);
    assert.equal(isSameTime(6_000n, 5_700n), false);
    assert.equal(isSameTime(5_000n, 6_000n), false);
    assert.equal(isSameTime(5_001n, 5_999n), false);
    assert.equal(isSameTime(-1_000n, -1n), true);
    assert.equal(isSameTime(0n, -300n), false);
  });

  it('are one where a side has set the nearest double of seconds', () => {
    const time = 1_700_000_000_123_456_789n;
    for (const there of [1_700_000_000_123_456_716n, 1_700_000_000_123_456_954n]) {
      assert.equal(isSameTime(time, there), true);
      assert.equal(isSameTime(there, time), true);
      assert.equal(isNewer(there, time), false);
    }
    assert.equal(isSameTime(time + 300n, time), false);
  });

  it('are one in seconds where this side has no more', () => {
    assert.equal(isSameTime(1_700_000_000_000_000_000n, 1_700_000_000_999_999_999n), true);
    assert.equal(isSameTime(1_700_000_000_000_000_000n, 1_700_000_001_000_000_000n), false);
    assert.equal(isSameTime(1_700_000_000_500_000_000n, 1_700_000_000_999_999_999n), false);
    assert.equal(isSameTime(1_700_000_000_000_000_000n, 1_699_999_999_999_999_000n), false);
    assert.equal(isSameTime(-1_000_000_000n, -1n), true);
    assert.equal(isNewer(1_700_000_000_999_999_999n, 1_700_000_000_000_000_000n), false);
  });

  it('are newer only by more than this side can tell', () => {
    assert.equal(isNewer(5_999n, 5_000n), false);
    assert.equal(isNewer(6_000n, 5_000n), true);
    assert.equal(isNewer(5_302n, 5_001n), true);
    assert.equal(isNewer(5_000n, 5_001n), false);
  });
});

/** lstat(2) as a file system gives it that takes capitals for small letters, in one directory. */
function ignoreCase(t: TestContext): void {
  const real = fs.lstatSync;
  t.mock.method(fs, 'lstatSync', ((at: string, options: fs.StatSyncOptions) => real(path.join(path.dirname(at), path.basename(at).toLowerCase()), options)) as typeof fs.lstatSync);
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.reset();
    syncBuiltinESMExports();
  });
}

describe('a file system that ignores case', () => {
  it('is recognised by another spelling that leads to the same', () => {
    const stats = { ino: 7n, dev: 1n, nlink: 1n, isDirectory: () => false } as fs.BigIntStats;
    const directory = { base: '/d' } as Directory;
    const answer = (name: string, found: fs.BigIntStats, ...answers: unknown[]) => {
      const step = isFolding(directory, name, found);
      let next = step.next();
      for (const one of answers) next = step.next(one);
      return next.done === true ? next.value : undefined;
    };
    assert.equal(answer('a', stats, stats), true);
    assert.equal(answer('a', stats, undefined), false);
    assert.equal(answer('a', stats, { ...stats, ino: 8n }), false);
    assert.equal(answer('7', stats), false);
    // Two hard links on a file system that does tell them apart, and one name on one that does not.
    const linked = { ...stats, nlink: 2n };
    assert.equal(answer('a', linked, linked, ['A', 'a']), false);
    assert.equal(answer('a', linked, linked, ['a', 'b']), true);
    assert.equal(answer('\u00e4', linked, linked, ['\u00c3\u0084', '\u00c3\u00a4'], undefined), false);
  });

  it('fails the second of two entries that would be one, and loses neither file', async (t) => {
    const at = await temporaryAt(t);
    await makeTree(at, { readme: 'old', d: null });
    await utimes(path.join(at, 'readme'), 1, 1);
    const target = await targetFor(t, at, { ioMode: 'sync', existing: 'overwrite' });
    ignoreCase(t);
    assert.deepEqual(await put(target, [fileOf('readme', 'one')]), ['written']);
    assert.deepEqual(await put(target, [fileOf('README', 'two'), fileOf('ReadMe', 'three')]), ['storage-exists', 'storage-exists']);
    assert.equal(await readFile(path.join(at, 'readme'), 'utf8'), 'one');
  });

  it('has no extras that are entries in another spelling', async (t) => {
    const at = await temporaryAt(t);
    await makeTree(at, { readme: 'text', other: '' });
    const target = await targetFor(t, at, { ioMode: 'sync', existing: 'skip', findExtras: true });
    ignoreCase(t);
    await placed(target, [entry('directory', ''), fileOf('README', 'text').entry]);
    const extras: string[] = [];
    for await (const batch of target.extras()) extras.push(...batch);
    assert.deepEqual(extras, ['other']);
    assert.deepEqual(await names(at), ['other', 'readme']);
  });
});
