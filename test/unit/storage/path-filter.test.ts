import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { UsageError } from '../../../src/errors.js';
import { type FilterRule, PATTERN_MAX, PathFilter } from '../../../src/storage/path-filter.js';

/** `-x` excludes, `+x` includes. */
function rules(...words: readonly string[]): FilterRule[] {
  return words.map((word) => ({ kind: word.startsWith('-') ? 'exclude' : 'include', pattern: word.slice(1) }));
}

/** A path that ends in a slash is a directory's. */
function takes(filter: PathFilter, path: string): boolean {
  return filter.takes(path.replace(/\/$/u, ''), path.endsWith('/'));
}

const cases: readonly (readonly [words: readonly string[], taken: readonly string[], left: readonly string[]])[] = [
  [[], ['a', 'a/b', 'd/'], []],
  [['-*.o'], ['a.c', 'o', 'a.o.c'], ['a.o', '.o', 'd/a.o', 'd/e/a.o', 'x.o/']],
  [['-/a'], ['d/a', 'd/a/', 'ab'], ['a', 'a/']],
  [['-d/x'], ['x', 'e/d/x', 'd/y', 'd/x/y'], ['d/x']],
  [['-**/d/x'], ['x', 'd/y'], ['d/x', 'e/d/x', 'e/f/d/x']],
  [['-d/**'], ['d/', 'e/x'], ['d/x', 'd/e/', 'd/e/y']],
  [['-build/'], ['build', 'x/build'], ['build/', 'x/build/']],
  [['-/d/e/'], ['d/e', 'x/d/e/', 'e/'], ['d/e/']],
  [['-.*'], ['a', 'a.b', 'd/a'], ['.a', 'd/.a', '.d/']],
  [['-*', '+*.nc'], ['a.nc', 'd/b.nc'], ['a', 'd/', '.b']],
  [['+*.nc', '-*'], [], ['a.nc', 'd/']],
  [['+*.nc'], ['a.nc', 'd/', 'd/e/'], ['a', '.b', 'd/c']],
  [['+*.nc', '-d/'], ['a.nc', 'e/', 'a'], ['d/']],
  [['-*.o', '+keep.o', '-x/*.o'], ['keep.o', 'y/keep.o'], ['a.o', 'x/keep.o']],
  [['-data (1).nc', '-a+b', '-"q"', '-x|y'], ['data 1.nc', 'aab', 'q', 'x', 'y'], ['data (1).nc', 'a+b', '"q"', 'x|y']],
  [['-[!a]x', '-[0-9]', '-{b,c}y', '-?z'], ['ax', '10', 'ay', 'z'], ['bx', '7', 'by', 'cy', 'az', '.z']],
  [['-!a', '-#b', '-\\*'], ['a', 'b', 'x'], ['!a', '#b', '*']],
  [['-größe*', '-日本'], ['grosse'], ['größe.nc', 'd/日本']],
];

describe('PathFilter', () => {
  for (const [words, taken, left] of cases) {
    it(words.length === 0 ? 'takes everything without rules' : words.join(' '), () => {
      const filter = new PathFilter(rules(...words));
      for (const path of taken) assert.equal(takes(filter, path), true, path);
      for (const path of left) assert.equal(takes(filter, path), false, path);
    });
  }

  for (const pattern of ['', '/', '//', 'a\0b', 'x'.repeat(PATTERN_MAX + 1)]) {
    it(`refuses ${JSON.stringify(pattern).slice(0, 20)}`, () => {
      assert.throws(() => new PathFilter(rules(`-${pattern}`)), (error: Error) => error instanceof UsageError && error.message.length < 300 && !/[\0\n]/u.test(error.message));
    });
  }
});
