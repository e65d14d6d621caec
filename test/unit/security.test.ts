// docs/security.md ties each claim to its tests: each of them is there, and none of test/adversary is left out.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';

const text = readFileSync('docs/security.md', 'utf8');

/** Files that a text names between backticks; after one with its directory, others of the same. */
function namedIn(part: string): string[] {
  let room = '';
  return [...part.matchAll(/`((?:[\w-]+\/)*[\w-]+\.(?:test\.)?ts)`/gu)].map(([, name = '']) => {
    if (name.includes('/')) room = path.dirname(name);
    return name.includes('/') ? name : path.join(room, name);
  });
}

describe('docs/security.md', () => {
  it('names tests that are there', () => {
    const named = namedIn(text);
    assert.ok(named.length > 60, `${named.length}`);
    assert.deepEqual(named.filter((name) => ![name, path.join('test', name), path.join('src', name)].some((at) => existsSync(at))), []);
  });

  it('has a test for each row of its tables of claims', () => {
    const section = /\n## Claims\n(.*?)\n## /su.exec(text)?.[1] ?? '';
    const rows = section.split('\n').filter((line) => line.startsWith('|') && !/^\|(?:-+\||\s*who\b)/u.test(line));
    assert.ok(rows.length > 25, `${rows.length} rows`);
    assert.deepEqual(rows.filter((row) => namedIn(row.split('|').at(-2) ?? '').length === 0), []);
  });

  it('names every test of test/adversary', () => {
    const named = new Set(namedIn(text));
    assert.deepEqual(readdirSync('test/adversary').filter((name) => name.endsWith('.test.ts') && !named.has(`adversary/${name}`)), []);
  });
});
