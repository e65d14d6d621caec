import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ManifestEntry } from '../../../src/wire/frame.js';
import { HardLinks } from '../../../src/wire/hard-links.js';

const common = { size: 0, mode: 0, mtimeNs: 0n };
const file = (id: number, linked = true): ManifestEntry => ({ ...common, id, kind: 'file', path: `f${id}`, ...(linked ? { linked } : {}) });
const link = (id: number, linkTo: number): ManifestEntry => ({ ...common, id, kind: 'hardlink', path: `l${id}`, linkTo });

/** Links that wait for file 0, which is announced. */
function waiting(...ids: readonly number[]): HardLinks {
  const links = new HardLinks();
  links.announce(file(0));
  for (const id of ids) assert.equal(links.next(link(id, 0)), 'wait');
  return links;
}

describe('hard links', () => {
  it('are names of their file, where it was announced as one that links follow', () => {
    const links = new HardLinks();
    links.announce(file(0));
    links.announce(file(1, false));
    links.settled(file(0), 'done');
    assert.deepEqual([0, 1, 5].map((to) => links.next(link(9, to))), [{ path: 'f0' }, 'unknown', 'unknown']);
  });

  it('wait for their file, and come in order when it is settled', () => {
    const links = waiting(1, 3);
    links.announce(file(2));
    assert.equal(links.next(link(4, 2)), 'wait');
    assert.deepEqual(links.settled(file(0), 'done'), [link(1, 0), link(3, 0)]);
    assert.deepEqual(links.settled(file(0), 'done'), []);
    assert.deepEqual(links.settled(file(2), 'equal'), [link(4, 2)]);
  });

  it('would be made where their file would', () => {
    const links = waiting(1, 2);
    assert.deepEqual(links.settled(file(0), 'would'), [link(1, 0), link(2, 0)]);
    assert.equal(links.next(link(1, 0)), 'would');
  });

  for (const how of ['kept', 'failed'] as const) {
    it(`bring the content themselves where their file is ${how}: one at a time, and the others are names of that`, () => {
      const links = waiting(1, 2, 3);
      assert.deepEqual(links.settled(file(0), how), [link(1, 0)]);
      assert.deepEqual([links.next(link(1, 0)), links.next(link(4, 0))], ['lead', 'wait']);
      // That stays as it is, too.
      assert.deepEqual(links.settled(link(1, 0), how), [link(2, 0)]);
      assert.equal(links.next(link(2, 0)), 'lead');
      assert.deepEqual(links.settled({ id: 2, path: 'l2' }, 'done'), [link(3, 0), link(4, 0)]);
      assert.deepEqual([links.next(link(3, 0)), links.next(link(9, 0))], [{ path: 'l2' }, { path: 'l2' }]);
      // A name more is no file, whatever becomes of it.
      links.settled(link(3, 0), 'failed');
      assert.deepEqual(links.next(link(9, 0)), { path: 'l2' });
    });
  }

  it('that come when their file is known to be absent lead at once', () => {
    const links = waiting();
    links.settled(file(0), 'kept');
    assert.deepEqual([links.next(link(1, 0)), links.next(link(2, 0))], ['lead', 'wait']);
  });

  it('are not waited for when they failed before their turn', () => {
    const links = waiting(1, 2, 3);
    assert.deepEqual(links.settled(link(2, 0), 'failed'), []);
    assert.deepEqual(links.settled(file(0), 'failed'), [link(1, 0)]);
    // Freed to lead, but not placed yet.
    assert.deepEqual(links.settled(link(1, 0), 'failed'), [link(3, 0)]);
    assert.deepEqual(links.settled(link(3, 0), 'failed'), []);
    assert.equal(links.next(link(4, 0)), 'lead');
  });
});
