import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FRESH, REPLACE, SeenPaths, VARIANT } from '../../../src/storage/seen-paths.js';

describe('SeenPaths', () => {
  it('keeps 100,000 paths and their flags apart while it grows', () => {
    const seen = new SeenPaths();
    const pathOf = (index: number) => `some/directory-${index % 97}/file-${index}.dat`;
    for (let index = 0; index < 100_000; index += 1) {
      assert.equal(seen.add(pathOf(index)), 'new');
      if (index % 3 === 0) seen.mark(pathOf(index), REPLACE);
    }
    for (let index = 0; index < 100_000; index += 1) assert.equal(((seen.flags(pathOf(index)) ?? 0) & REPLACE) !== 0, index % 3 === 0);
    assert.equal(seen.flags('some/directory-0/file-1.dat'), undefined);
    assert.equal(seen.add(pathOf(77)), 'again');
  });

  it('marks both of two variants, and neither of two strangers', () => {
    const seen = new SeenPaths();
    for (const path of ['Makefile', 'makefile', 'other', 'caf\u00e9']) seen.add(path);
    assert.equal(seen.add('cafe\u0301'), 'variant');
    for (const path of ['Makefile', 'makefile', 'caf\u00e9', 'cafe\u0301']) assert.notEqual((seen.flags(path) ?? 0) & VARIANT, 0, path);
    assert.equal((seen.flags('other') ?? 0) & VARIANT, 0);
    seen.mark('makefile', FRESH);
    assert.equal((seen.flags('Makefile') ?? 0) & FRESH, 0);
    seen.mark('none', FRESH);
    assert.equal(seen.flags('none'), undefined);
    assert.equal(seen.hasFolded('MAKEFILE'), true);
    assert.equal(seen.hasFolded(''), false);
    assert.equal(seen.add(''), 'new');
  });
});
