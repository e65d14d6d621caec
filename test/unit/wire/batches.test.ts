import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { batches, entryBytes, textBytes } from '../../../src/wire/batches.js';
import { CONTROL_FRAME_MAX, ENTRIES_MAX, ENTRIES_PER_FRAME, EXTRAS_PER_FRAME } from '../../../src/wire/constants.js';
import { decodeFrame } from '../../../src/wire/decode.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import type { ManifestEntry } from '../../../src/wire/frame.js';

describe('lists in parts', () => {
  it('of so many items, in order, and none of nothing', () => {
    assert.deepEqual(batches([1, 2, 3, 4, 5], 2, () => 1), [[1, 2], [3, 4], [5]]);
    assert.deepEqual(batches([], 2, () => 1), []);
  });

  it('of so many bytes, and of one item at least', () => {
    const third = CONTROL_FRAME_MAX / 3;
    assert.deepEqual(batches([1, 2, 3], 9, () => third), [[1, 2], [3]]);
    assert.deepEqual(batches([1, 2], 9, () => CONTROL_FRAME_MAX), [[1], [2]]);
  });

  it('fit into frames, whatever the entries and paths are', () => {
    // The dearest forms of everything.
    const long = 'ü'.repeat(2048);
    const entries: ManifestEntry[] = Array.from({ length: 1000 }, (_, index) => {
      const common = { id: ENTRIES_MAX - 1000 + index, size: Number.MAX_SAFE_INTEGER, mode: 0o7777, mtimeNs: 2n ** 63n - 1n };
      if (index % 3 === 0) return { ...common, kind: 'symlink', path: long, target: long };
      return index % 3 === 1 ? { ...common, kind: 'hardlink', path: 'x'.repeat(index), linkTo: ENTRIES_MAX - 2000 } : { ...common, kind: 'file', path: 'y', sparse: true, linked: true };
    });
    const parts = batches(entries, ENTRIES_PER_FRAME, entryBytes);
    for (const part of parts) {
      const bytes = Buffer.concat(encodeFrame({ type: 'entries', entries: part }));
      assert.ok(bytes.length <= CONTROL_FRAME_MAX);
      assert.equal(decodeFrame([bytes]).type, 'entries');
    }
    assert.deepEqual(parts.flat(), entries);
    const paths = Array.from({ length: 300 }, () => long);
    for (const part of batches(paths, EXTRAS_PER_FRAME, textBytes)) assert.equal(decodeFrame(encodeFrame({ type: 'extras', paths: part })).type, 'extras');
  });
});
