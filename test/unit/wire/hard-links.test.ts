import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ManifestEntry } from '../../../src/wire/frame.js';
import { HardLinks } from '../../../src/wire/hard-links.js';

const common = { size: 0, mode: 0, mtimeNs: 0n };
const file = (id: number, linked = true): ManifestEntry => ({ ...common, id, kind: 'file', path: `f${id}`, ...(linked ? { linked } : {}) });
const link = (id: number, linkTo: number): ManifestEntry => ({ ...common, id, kind: 'hardlink', path: `l${id}`, linkTo });

describe('hard links', () => {
  it('have the path of their file, where it was announced as one that links follow', () => {
    const links = new HardLinks();
    links.announce(file(0));
    links.announce(file(1, false));
    assert.deepEqual(links.fileOf(link(2, 0)), { path: 'f0' });
    assert.equal(links.fileOf(link(2, 1)), undefined);
    assert.equal(links.fileOf(link(2, 5)), undefined);
    assert.equal(links.fileOf(file(3)), undefined);
  });

  it('wait for their file, and come in order when it is settled', () => {
    const links = new HardLinks();
    links.announce(file(0));
    for (const one of [link(1, 0), link(3, 0)]) links.wait(one);
    links.wait(link(4, 2));
    assert.equal(links.waiting, 3);
    assert.deepEqual(links.settled(0, 'done'), [link(1, 0), link(3, 0)]);
    assert.equal(links.waiting, 1);
    assert.deepEqual(links.settled(0, 'done'), []);
  });

  it('have no file when that failed, and only a promise of one in a dry run', () => {
    const links = new HardLinks();
    for (const id of [0, 1, 2]) links.announce(file(id));
    links.settled(0, 'failed');
    links.settled(1, 'would');
    links.settled(2, 'equal');
    assert.deepEqual([0, 1, 2].map((to) => links.fileOf(link(9, to))), [undefined, 'would', { path: 'f2' }]);
  });
});
