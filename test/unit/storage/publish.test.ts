import assert from 'node:assert/strict';
import { link, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { publish, remove, syncDirectory } from '../../../src/storage/publish.js';
import { failsWith, names, temporary } from './fixture.js';

describe('publish', () => {
  it('moves the partial file to a name that is free', async (t) => {
    const directory = await temporary(t);
    const [part, target] = [path.join(directory, 'part'), path.join(directory, 'x')];
    await writeFile(part, 'bytes');
    const { ino } = await stat(part);
    await publish(part, target);
    assert.deepEqual(await names(directory), ['x']);
    assert.equal((await stat(target)).ino, ino);
  });

  it('leaves both files alone when the name is taken', async (t) => {
    const directory = await temporary(t);
    const [part, target] = [path.join(directory, 'part'), path.join(directory, 'x')];
    await writeFile(part, 'bytes');
    await writeFile(target, 'theirs');
    await assert.rejects(publish(part, target), failsWith('storage-exists'));
    assert.equal(await readFile(target, 'utf8'), 'theirs');
    assert.equal(await readFile(part, 'utf8'), 'bytes');
  });

  it('accepts a link that is there already, as after a repeated NFS request', async (t) => {
    const directory = await temporary(t);
    const [part, target] = [path.join(directory, 'part'), path.join(directory, 'x')];
    await writeFile(part, 'bytes');
    await link(part, target);
    await publish(part, target);
    assert.deepEqual(await names(directory), ['x']);
  });

  it('falls back to rename where there are no hard links, and refuses there too', async (t) => {
    const directory = await temporary(t);
    // link(2) refuses a directory with EPERM, which is also what a file system without links says.
    await mkdir(path.join(directory, 'part'));
    await publish(path.join(directory, 'part'), path.join(directory, 'x'));
    assert.deepEqual(await names(directory), ['x']);
    await mkdir(path.join(directory, 'part'));
    await assert.rejects(publish(path.join(directory, 'part'), path.join(directory, 'x')), failsWith('storage-exists'));
    assert.deepEqual(await names(directory), ['part', 'x']);
  });

  it('says so when the partial file was removed', async (t) => {
    const directory = await temporary(t);
    await assert.rejects(publish(path.join(directory, 'part'), path.join(directory, 'x')), failsWith('storage-missing', /removed meanwhile/u));
  });
});

describe('syncDirectory', () => {
  it('syncs what can be synced', async (t) => {
    await syncDirectory(await temporary(t));
    await assert.rejects(syncDirectory('/nowhere/at/all'), failsWith('storage-missing'));
  });
});

describe('remove', () => {
  it('is content when the name is gone', async (t) => {
    await remove(path.join(await temporary(t), 'none'));
  });
});
