import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readTextFile, writeSecretFile } from '../../../src/cli/text-file.js';
import { StorageError, UsageError } from '../../../src/errors.js';
import { names, temporary } from '../storage/fixture.js';

const failsWith = (code: string) => (error: unknown) => error instanceof StorageError && error.code === code && !error.message.includes('\n');

describe('a text file', () => {
  it('is read whole up to 128 KiB, and refused past it, endless or not', async (t) => {
    const file = path.join(await temporary(t), 'text');
    for (const size of [0, 1, 128 * 1024]) {
      await writeFile(file, 'x'.repeat(size));
      assert.equal(readTextFile(file, 'it').length, size);
    }
    await writeFile(file, 'x'.repeat(128 * 1024 + 1));
    for (const endless of [file, '/dev/zero']) assert.throws(() => readTextFile(endless, 'the name'), (error: unknown) => error instanceof UsageError && error.message.startsWith('the name is too long'));
  });

  it('that cannot be read is a StorageError that names it', async (t) => {
    const directory = await temporary(t);
    assert.throws(() => readTextFile(path.join(directory, 'missing'), 'it'), failsWith('storage-missing'));
    assert.throws(() => readTextFile(directory, 'it'), failsWith('storage-not-a-file'));
  });
});

describe('a file with a secret', () => {
  it('is written for its owner alone, in place of an old one, and leaves no draft', async (t) => {
    const directory = await temporary(t);
    const file = path.join(directory, 'secret');
    await writeFile(file, 'old', { mode: 0o644 });
    await writeSecretFile(file, 'new\n');
    assert.equal(await readFile(file, 'utf8'), 'new\n');
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.deepEqual(await names(directory), ['secret']);
  });

  it('that cannot be written is a StorageError, and leaves no draft', async (t) => {
    const directory = await temporary(t);
    await assert.rejects(writeSecretFile(path.join(directory, 'missing', 'secret'), 'x'), failsWith('storage-missing'));
    await assert.rejects(writeSecretFile(directory, 'x'), StorageError);
    assert.deepEqual(await names(directory), []);
  });
});
