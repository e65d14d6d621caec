import assert from 'node:assert/strict';
import type { BigIntStats } from 'node:fs';
import { describe, it } from 'node:test';
import { DirectoryList } from '../../../src/storage/directory-list.js';
import { HardLinks } from '../../../src/storage/hard-links.js';
import { PathStack } from '../../../src/storage/path-stack.js';

describe('PathStack', () => {
  it('gives back what it took, the last first', () => {
    const stack = new PathStack();
    const paths = Array.from({ length: 5000 }, (_, index) => `größe/${'d'.repeat(index % 300)}/${index}`);
    for (const path of ['', ...paths]) stack.push(path);
    for (const path of [...paths].reverse()) assert.equal(stack.pop(), path);
    assert.equal(stack.pop(), '');
    assert.equal(stack.pop(), undefined);
    stack.push('x');
    assert.equal(stack.pop(), 'x');
  });
});

describe('DirectoryList', () => {
  it('goes both ways', () => {
    const list = new DirectoryList();
    assert.deepEqual([...list.forwards(), ...list.backwards()], []);
    const all = Array.from({ length: 2000 }, (_, index) => ({ path: index === 0 ? '' : `ü/${index}`, mode: index % 4096, mtimeNs: BigInt(index - 1000) * 1_000_000_007n }));
    for (const one of all) list.add(one);
    assert.deepEqual([...list.forwards()], all);
    assert.deepEqual([...list.backwards()], [...all].reverse());
  });
});

describe('HardLinks', () => {
  const file = (ino: bigint, nlink: bigint) => ({ dev: 1n, ino, nlink }) as BigIntStats;

  it('knows the first name until the last was seen', () => {
    const links = new HardLinks();
    assert.equal(links.firstName(file(1n, 1n), 'single'), undefined);
    assert.equal(links.firstName(file(2n, 3n), 'a'), undefined);
    assert.equal(links.firstName(file(2n, 3n), 'b'), 'a');
    assert.equal(links.firstName(file(2n, 3n), 'c'), 'a');
    assert.equal(links.firstName(file(2n, 3n), 'made meanwhile'), undefined);
  });

  it('remembers no more than it may', () => {
    const links = new HardLinks(1);
    assert.equal(links.firstName(file(1n, 2n), 'a'), undefined);
    assert.equal(links.firstName(file(2n, 2n), 'b'), undefined);
    assert.equal(links.firstName(file(2n, 2n), 'c'), undefined);
    assert.equal(links.firstName(file(1n, 2n), 'd'), 'a');
  });
});
