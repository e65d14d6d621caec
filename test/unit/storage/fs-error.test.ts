import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StorageError } from '../../../src/errors.js';
import { isErrno, orStorageError, storageError, visible } from '../../../src/storage/fs-error.js';

function errno(code: string, message = `${code}: words, open '/x'`): Error {
  return Object.assign(new Error(message), { code });
}

describe('storageError', () => {
  const rows = [
    ['ENOENT', 'storage-missing'],
    ['ENOTDIR', 'storage-missing'],
    ['EEXIST', 'storage-exists'],
    ['ENOSPC', 'storage-full'],
    ['EDQUOT', 'storage-full'],
    ['EACCES', 'storage-denied'],
    ['EPERM', 'storage-denied'],
    ['EROFS', 'storage-denied'],
    ['EISDIR', 'storage-not-a-file'],
    ['ELOOP', 'storage-not-a-file'],
    ['ENAMETOOLONG', 'storage-unsafe-path'],
    ['EIO', 'storage-io'],
    ['constructor', 'storage-io'],
  ] as const;
  for (const [code, expected] of rows) {
    it(`reads ${code} as ${expected}`, () => {
      const cause = errno(code);
      const error = storageError(cause, 'open', 'a\u001b[2Jb');
      assert.ok(error instanceof StorageError);
      assert.equal(error.code, expected);
      assert.equal(error.cause, cause);
      assert.match(error.message, /^cannot open a\\u\{1b\}\[2Jb: .+; .+$/u);
    });
  }

  it("keeps the system's words for an unknown errno, without call and path", () => {
    const error = storageError(errno('EIO', "EIO: i/o error, read '/secret/path'"), 'read', 'x');
    assert.ok(error instanceof StorageError);
    assert.equal(error.message, 'cannot read x: EIO: i/o error; check the disk and its mount');
  });

  it('passes our own errors, and bugs, unchanged', () => {
    const ours = new StorageError('storage-full', 'full');
    const bug = new RangeError('bug');
    assert.equal(storageError(ours, 'open', 'x'), ours);
    assert.equal(storageError(bug, 'open', 'x'), bug);
  });
});

describe('orStorageError', () => {
  it('passes a value and maps a failure', async () => {
    assert.equal(await orStorageError('open', 'x', () => Promise.resolve(5)), 5);
    await assert.rejects(orStorageError('open', 'x', () => Promise.reject(errno('EACCES'))), StorageError);
  });
});

describe('isErrno', () => {
  it('is of the codes that are asked for', () => {
    assert.ok(isErrno(errno('EIO'), 'ENOENT', 'EIO'));
    assert.ok(!isErrno(errno('EIO'), 'ENOENT'));
    assert.ok(!isErrno(new Error('x'), 'EIO'));
  });
});

describe('visible', () => {
  it('shows what could forge or reorder a line, and leaves the rest', () => {
    assert.equal(visible('data/größe 1.nc'), 'data/größe 1.nc');
    assert.equal(visible('a\nb\u202egpj\u2028\ud800'), 'a\\u{a}b\\u{202e}gpj\\u{2028}\\u{d800}');
  });
});
