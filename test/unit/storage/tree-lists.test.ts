import assert from 'node:assert/strict';
import type { BigIntStats } from 'node:fs';
import { describe, it } from 'node:test';
import { DirectoryList } from '../../../src/storage/directory-list.js';
import { HARD_LINKS, HardLinks } from '../../../src/storage/hard-links.js';
import { PathStack } from '../../../src/storage/path-stack.js';
import { LINKED_BYTES_MAX, LINKED_FILES_MAX } from '../../../src/wire/constants.js';

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
    assert.equal(links.nameOf(file(1n, 1n), 'single'), undefined);
    assert.deepEqual(links.nameOf(file(2n, 3n), 'a'), { linked: true });
    assert.deepEqual(links.nameOf(file(2n, 3n), 'b'), { linkTo: 'a' });
    assert.deepEqual(links.nameOf(file(2n, 3n), 'c'), { linkTo: 'a' });
    assert.deepEqual(links.nameOf(file(2n, 3n), 'made meanwhile'), { linked: true });
  });

  it('remembers no more than it may at once: what it has not, no link follows', () => {
    const links = new HardLinks({ ...HARD_LINKS, atOnce: 1 });
    assert.deepEqual(links.nameOf(file(1n, 2n), 'a'), { linked: true });
    assert.equal(links.nameOf(file(2n, 2n), 'b'), undefined);
    assert.equal(links.nameOf(file(2n, 2n), 'c'), undefined);
    assert.deepEqual(links.nameOf(file(1n, 2n), 'd'), { linkTo: 'a' });
    assert.deepEqual(links.nameOf(file(2n, 2n), 'e'), { linked: true });
  });

  for (const [title, limits] of Object.entries({ files: { files: 2 }, 'bytes of paths': { pathBytes: 3 } })) {
    it(`remembers no more ${title} than a receiver keeps`, () => {
      const links = new HardLinks({ ...HARD_LINKS, ...limits });
      assert.deepEqual([1n, 2n, 3n].map((ino) => links.nameOf(file(ino, 2n), ['a', 'é', 'b'][Number(ino) - 1] ?? '')), [{ linked: true }, { linked: true }, undefined]);
      assert.deepEqual(links.nameOf(file(1n, 2n), 'c'), { linkTo: 'a' });
      assert.equal(links.nameOf(file(3n, 2n), 'd'), undefined);
    });
  }

  it('remembers as many as the wire allows', () => {
    assert.deepEqual([HARD_LINKS.files, HARD_LINKS.pathBytes], [LINKED_FILES_MAX, LINKED_BYTES_MAX]);
  });
});
