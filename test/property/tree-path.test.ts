import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StorageError } from '../../src/errors.js';
import { isOwnName } from '../../src/storage/partial-names.js';
import { TREE_DEPTH, TREE_PATH_BYTES, treeNames } from '../../src/storage/safe-path.js';
import { fold, SeenPaths } from '../../src/storage/seen-paths.js';

/** Paths that a hostile peer would try, and anything else that a string can be. */
const anyPath = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.array(fc.constantFrom('..', '.', '/', '//', '\\', 'a', '\0', '\n', '\u2028', '\ud800', '%2e', 'C:', '~', ' ', '．', '.x.streamer-part', '.x.STREAMER-NEW', 'x'.repeat(256)), { maxLength: 12 }).map((parts) => parts.join('')),
  fc.array(fc.constantFrom('a', 'ö', '..', '.', '', '.b', 'c d', '.x.streamer-new'), { maxLength: 300 }).map((names) => names.join('/')),
);

describe('treeNames, any path', () => {
  it('gives names that join to the very path beneath the root, or a StorageError in one line', () => {
    fc.assert(
      fc.property(anyPath, (text) => {
        let names: readonly string[];
        try {
          names = treeNames(text);
        } catch (error) {
          assert.ok(error instanceof StorageError && error.code === 'storage-unsafe-path');
          assert.ok(!/[\p{Cc}\p{Cs}]/u.test(error.message) && error.message.length < 600);
          return;
        }
        assert.equal(names.join('/'), text);
        const resolved = path.resolve('/root/dir', text);
        assert.equal(resolved, text === '' ? '/root/dir' : `/root/dir/${text}`);
        assert.ok(names.length <= TREE_DEPTH && Buffer.byteLength(text) <= TREE_PATH_BYTES);
        for (const name of names) assert.ok(!isOwnName(name) && Buffer.byteLength(name) <= 255 && !/[\p{Cc}\p{Cs}]/u.test(name));
        assert.equal(Buffer.from(text).toString(), text);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('SeenPaths, any paths', () => {
  it('is a set that knows what differs in case and normalisation only', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'A', 'b', '/', 'ö', 'Ö', 'o\u0308', 'ß', 'ﬁ', '😀'), maxLength: 5 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 60 }), (paths) => {
        const seen = new SeenPaths();
        const exact = new Set<string>();
        const folded = new Set<string>();
        for (const one of paths) {
          const expected = exact.has(one) ? 'again' : folded.has(fold(one)) ? 'variant' : 'new';
          assert.equal(seen.flags(one) !== undefined, exact.has(one));
          assert.equal(seen.hasFolded(one), folded.has(fold(one)));
          assert.equal(seen.add(one), expected);
          exact.add(one);
          folded.add(fold(one));
        }
      }),
      { numRuns: 1000 },
    );
  });
});
