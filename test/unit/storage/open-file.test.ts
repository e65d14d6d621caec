import assert from 'node:assert/strict';
import { constants } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { AdaptiveIo } from '../../../src/storage/io-mode.js';
import { nodeTimes, utimesSeconds } from '../../../src/storage/file-times.js';
import { afterBytes, OpenFile } from '../../../src/storage/open-file.js';
import { assertKeptByNode, content, failsWith, temporary } from './fixture.js';

const CREATE = constants.O_RDWR | constants.O_CREAT;

describe('afterBytes', () => {
  it('drops what was written and what is empty', () => {
    const pieces = ['', 'abc', '', 'de', 'f'].map((text) => Buffer.from(text));
    const left = (count: number) => afterBytes(pieces, count).map((piece) => Buffer.from(piece).toString());
    assert.deepEqual(left(0), ['abc', 'de', 'f']);
    assert.deepEqual(left(1), ['bc', 'de', 'f']);
    assert.deepEqual(left(3), ['de', 'f']);
    assert.deepEqual(left(5), ['f']);
    assert.deepEqual(left(6), []);
  });
});

describe('utimesSeconds', () => {
  const times = [0n, 1_000n, 1_700_000_000_123_456_789n, 1_700_000_000_999_999_999n, 1_700_000_001_000_000_000n, -1_500_000_000n, -1n];
  it('reaches the file, never "now"', async (t) => {
    const file = await OpenFile.open(path.join(await temporary(t), 'x'), CREATE, 0o600, new AdaptiveIo('sync', false));
    t.after(() => file.close());
    for (const time of times) {
      await file.utimesRaw(time, nodeTimes);
      assertKeptByNode((await file.stat()).mtimeNs, time);
    }
  });

  it('is what each libuv wants', () => {
    assert.equal(utimesSeconds(1_700_000_000_123_456_789n, false), '1700000000.1234565');
    assert.equal(utimesSeconds(1_700_000_000_123_456_789n, true), '1700000000.1234567');
    assert.equal(utimesSeconds(-1n, false), '-0.0000015');
    assert.equal(utimesSeconds(-1n, true), '-1e-9');
  });
});

for (const mode of ['sync', 'async'] as const) {
  describe(`OpenFile, ${mode}`, () => {
    it('writes more pieces than one call takes, and reads them back', async (t) => {
      const at = path.join(await temporary(t), 'x');
      const file = await OpenFile.open(at, CREATE, 0o600, new AdaptiveIo(mode, false));
      t.after(() => file.close());
      const bytes = content(3000);
      // 1024 is IOV_MAX on Linux.
      const pieces = Array.from({ length: 3000 }, (_, index) => bytes.subarray(index, index + 1));
      await file.write(pieces, 10);
      await file.write([], 0);
      const into = Buffer.alloc(3000);
      assert.equal(await file.read(10, into), 3000);
      assert.deepEqual(into, bytes);
      assert.equal(await file.read(3000, Buffer.alloc(100)), 10);
      assert.equal((await stat(at)).size, 3010);
    });

    it('closes after what is under way, and refuses more', async (t) => {
      const at = path.join(await temporary(t), 'x');
      const file = await OpenFile.open(at, CREATE, 0o600, new AdaptiveIo(mode, false));
      const bytes = content(1 << 20);
      const writing = file.write([bytes], 0);
      const closing = file.close();
      await writing;
      await closing;
      await file.close();
      assert.deepEqual(await readFile(at), bytes);
      await assert.rejects(async () => file.write([bytes], 0), failsWith('storage-io', /already closed/u));
      await assert.rejects(file.stat(), failsWith('storage-io', /already closed/u));
    });

    it('names the file in a failure', async (t) => {
      const at = path.join(await temporary(t), 'x');
      await writeFile(at, 'x');
      const file = await OpenFile.open(at, constants.O_RDONLY, 0, new AdaptiveIo(mode, false));
      t.after(() => file.close());
      await assert.rejects(async () => file.write([Buffer.from('y')], 0), failsWith('storage-io', /cannot write .*x: EBADF/u));
    });
  });
}
