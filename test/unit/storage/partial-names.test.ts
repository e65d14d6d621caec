import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import { isOwnName, partialNames } from '../../../src/storage/partial-names.js';
import { failsWith } from './fixture.js';

describe('partialNames', () => {
  it('lie beside the target, hidden, in the words of the user', () => {
    const { directory, part, journal, lock } = partialNames('data/x.nc');
    assert.deepEqual([directory, part, journal, lock], ['data', 'data/.x.nc.streamer-part', 'data/.x.nc.streamer-journal', 'data/.x.nc.streamer-lock']);
    assert.equal(partialNames('x').part, '.x.streamer-part');
    assert.equal(partialNames('./x').part, './.x.streamer-part');
    assert.equal(partialNames('.x').part, './..x.streamer-part');
    assert.equal(partialNames('/x').part, '/.x.streamer-part');
    assert.equal(partialNames('a/../x').part, 'a/../.x.streamer-part');
  });

  it('stay within 255 bytes, are apart for long names, and are all our own', () => {
    const seen = new Set<string>();
    for (const name of ['x'.repeat(234), 'x'.repeat(235), 'x'.repeat(236), 'x'.repeat(255), 'ö'.repeat(127), `${'🜁'.repeat(63)}abc`]) {
      const { part, journal, lock, lockNext } = partialNames(name);
      for (const file of [part, journal, lock, lockNext]) {
        assert.ok(Buffer.byteLength(path.basename(file)) <= 255, file);
        assert.ok(isOwnName(path.basename(file)));
        assert.ok(!file.includes('\ufffd'));
        assert.ok(!seen.has(file));
        seen.add(file);
      }
    }
  });

  it('refuse a target that is no file name', () => {
    for (const target of ['', '.', '..', '/', 'a/', 'a/..', 'a\0', 'd/.x.streamer-part', '.x.Streamer-Lock']) {
      assert.throws(() => partialNames(target), failsWith('storage-unsafe-path'), target);
    }
  });
});
