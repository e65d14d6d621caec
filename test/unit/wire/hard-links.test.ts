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
    assert.deepEqual(links.settled(file(0), 'done'), [link(1, 0), link(3, 0)]);
    assert.equal(links.waiting, 1);
    assert.deepEqual(links.settled(file(0), 'done'), []);
  });

  it('have a promise of a file in a dry run, and none where it stays as it is, or failed', () => {
    const links = new HardLinks();
    for (const id of [0, 1, 2, 3]) links.announce(file(id));
    links.settled(file(0), 'failed');
    links.settled(file(1), 'would');
    links.settled(file(2), 'equal');
    links.settled(file(3), 'kept');
    assert.deepEqual([0, 1, 2, 3].map((to) => links.fileOf(link(9, to))), ['absent', 'would', { path: 'f2' }, 'absent']);
  });

  it('are led by the next of them where their file is absent, and by the one after that where that fails, too', () => {
    const links = new HardLinks();
    links.announce(file(0));
    links.settled(file(0), 'kept');
    for (const [leader, how] of [[link(1, 0), 'kept'], [link(2, 0), 'failed']] as const) {
      assert.equal(links.awaited(link(9, 0)), 0);
      links.lead(leader);
      assert.equal(links.awaited(link(9, 0)), leader.id);
      links.wait(link(9, 0));
      assert.deepEqual(links.settled(leader, how), [link(9, 0)]);
      assert.equal(links.fileOf(link(9, 0)), 'absent');
    }
    links.lead(link(3, 0));
    links.settled(link(3, 0), 'done');
    assert.deepEqual([links.fileOf(link(9, 0)), links.awaited(link(9, 0))], [{ path: 'l3' }, 0]);
    // Another link is no file, whatever becomes of it.
    links.settled(link(4, 0), 'failed');
    assert.deepEqual(links.fileOf(link(9, 0)), { path: 'l3' });
  });
});
