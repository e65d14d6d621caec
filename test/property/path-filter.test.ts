// The filter against a matcher that is too simple to be wrong: by characters, with backtracking.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { UsageError } from '../../src/errors.js';
import { type FilterRule, PathFilter } from '../../src/storage/path-filter.js';

/** `*`, `?` and `**` as whole names, and letters; names matched one by one. */
function matchesNames(patterns: readonly string[], names: readonly string[]): boolean {
  const [pattern, ...later] = patterns;
  if (pattern === undefined) return names.length === 0;
  if (pattern === '**') {
    // At the end it stands for at least one name: what lies in a directory is not the directory.
    if (later.length === 0) return names.length > 0;
    return names.some((_, index) => matchesNames(later, names.slice(index))) || matchesNames(later, []);
  }
  const [name, ...rest] = names;
  return name !== undefined && matchesName(pattern, name) && matchesNames(later, rest);
}

function matchesName(pattern: string, name: string): boolean {
  if (pattern === '') return name === '';
  if (pattern.startsWith('*')) return Array.from({ length: name.length + 1 }, (_, index) => index).some((index) => matchesName(pattern.slice(1), name.slice(index)));
  return name !== '' && (pattern.startsWith('?') || pattern[0] === name[0]) && matchesName(pattern.slice(1), name.slice(1));
}

function model(rules: readonly FilterRule[], path: string, isDirectory: boolean): boolean {
  let verdict = isDirectory || !(rules.length > 0 && rules.every(({ kind }) => kind === 'include'));
  for (const { kind, pattern } of rules) {
    if (pattern.endsWith('/') && !isDirectory) continue;
    const body = pattern.replace(/\/+$/u, '');
    const names = path.split('/');
    const matched = body.includes('/') ? matchesNames(body.replace(/^\/+/u, '').split('/'), names) : matchesNames([body], names.slice(-1));
    if (matched) verdict = kind === 'include';
  }
  return verdict;
}

const name = fc.string({ unit: fc.constantFrom('a', 'b', '.', '(', '+', '|', '!', ' ', 'ö'), minLength: 1, maxLength: 4 }).filter((text) => text !== '.' && text !== '..');
const glob = fc.string({ unit: fc.constantFrom('a', 'b', '.', '(', '+', '|', '!', ' ', 'ö', '?', '*'), minLength: 1, maxLength: 4 }).filter((text) => !text.includes('**') && text !== '.' && text !== '..');
const pattern = fc
  .tuple(fc.boolean(), fc.array(fc.oneof({ weight: 4, arbitrary: glob }, { weight: 1, arbitrary: fc.constant('**') }), { minLength: 1, maxLength: 4 }), fc.boolean())
  // A pattern of one `**` is a `*`, and two in a row are one: the model need not know.
  .filter(([, parts]) => !(parts.length === 1 && parts[0] === '**') && !parts.some((part, index) => part === '**' && parts[index + 1] === '**'))
  .map(([anchored, parts, directory]) => `${anchored ? '/' : ''}${parts.join('/')}${directory ? '/' : ''}`);
const rule = fc.record({ kind: fc.constantFrom('include' as const, 'exclude' as const), pattern });

describe('PathFilter, any rules', () => {
  it('decides as the simple one does', () => {
    fc.assert(
      fc.property(fc.array(rule, { maxLength: 4 }), fc.array(name, { minLength: 1, maxLength: 4 }), fc.boolean(), (rules, names, isDirectory) => {
        const path = names.join('/');
        assert.equal(new PathFilter(rules).takes(path, isDirectory), model(rules, path, isDirectory));
      }),
      { numRuns: 3000 },
    );
  });

  it('takes or refuses any pattern, and any path', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ unit: 'binary', minLength: 1 }), fc.boolean(), (text, path, isDirectory) => {
        let filter: PathFilter;
        try {
          filter = new PathFilter([{ kind: 'exclude', pattern: text }]);
        } catch (error) {
          assert.ok(error instanceof UsageError);
          return;
        }
        assert.equal(typeof filter.takes(path, isDirectory), 'boolean');
      }),
      { numRuns: 2000 },
    );
  });
});
