/**
 * A manifest that does not end: what a receiver keeps of each entry is a few bytes, whatever the entry is and becomes. With
 * STREAMER_ADVERSARY_ENTRIES=10000000 there are as many, or 2 GiB of those with long paths, and the bounds are the same.
 */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openTreeTarget } from '../../src/storage/tree-target.js';
import { TreeInbound } from '../../src/transfer/inbound-tree.js';
import { ENTRIES_PER_FRAME } from '../../src/wire/constants.js';
import type { ManifestEntry } from '../../src/wire/frame.js';
import { ReceiverMachine } from '../../src/wire/receiver-machine.js';
import type { ReceiverEffect, ReceiverInput } from '../../src/wire/receiver-steps.js';
import { skipUnless } from '../e2e/abilities.js';
import { entry, offer } from '../e2e/hostile-frames.js';
import { meet } from '../e2e/hostile-meeting.js';
import { MIB, placeFor } from '../e2e/moving.js';
import { tempDir } from '../support/cli.js';
import { neededMemory } from '../support/needed-memory.js';
import { memoryNow } from '../support/peak-memory.js';
import { pour } from './pouring.js';

const asked = process.env['STREAMER_ADVERSARY_ENTRIES'];
/** Entries that come before anything is measured: code is compiled, and tables have their first size. */
const WARM = 5_000;
/** What the machine and its target may need besides, once: of 30 bytes that are kept of each entry it would be more. */
const ONCE = MIB;
/** What its memory may grow by meanwhile. 16,384 entries that are under way are 60 MiB; all of the short setting's are 215. */
const POURED_KEPT = 130 * MIB;
const IN_THE_WAY = 'd'.repeat(250);
const LONG = `${IN_THE_WAY}/`.repeat(15);
/** Most entries with long paths, nearly 4 KiB each: 2 GiB of them. */
const LONG_MOST = Math.floor((2 * 1024 * MIB) / LONG.length);

interface Flood {
  readonly make: (id: number) => Partial<ManifestEntry>;
  readonly count: number;
  /** Most bytes that may be kept of each. */
  readonly kept: number;
  readonly dryRun?: boolean;
  readonly most?: number;
}
const FLOODS: Readonly<Record<string, Flood>> = {
  'files that lead out': { count: 40_000, kept: 10, make: (id) => ({ path: `../${id}` }) },
  'files of one path': { count: 40_000, kept: 10, make: () => ({ path: 'same', kind: 'directory' }) },
  'directories of long names that cannot be placed': { count: 30_000, most: LONG_MOST, kept: 30, make: (id) => ({ kind: 'directory', path: LONG + String(id) }) },
  'directories of long names that our user leaves out': { count: 30_000, most: LONG_MOST, kept: 30, make: (id) => ({ kind: 'directory', path: `${LONG}${id}.out` }) },
  'files that a dry run would move': { count: 100_000, kept: 60, dryRun: true, make: (id) => ({ path: String(id) }) },
  'hard links to nothing': { count: 40_000, kept: 10, make: () => ({ kind: 'hardlink', path: 'link', linkTo: 0 }) },
};

/** A receiver without connections: its machine, and what becomes of entries in a real directory. */
async function receiver(t: TestContext, dryRun: boolean): Promise<(input: ReceiverInput) => Promise<void>> {
  const root = await tempDir(t);
  await writeFile(path.join(root, IN_THE_WAY), '');
  const tree = await openTreeTarget({ root, existing: 'refuse', checksum: false, dryRun, findExtras: false });
  t.after(() => tree.close());
  const inbound = new TreeInbound(tree, { dryRun, rules: [{ kind: 'exclude', pattern: '*.out' }], theirs: [] });
  const machine = new ReceiverMachine({ limitBytes: Number.MAX_SAFE_INTEGER, windowBytes: 2 ** 24, checksum: { xxh64Pieces: () => 0n } });
  const handle = async (input: ReceiverInput): Promise<void> => {
    for (const effect of machine.handle(input)) await perform(effect);
  };
  const perform = async (effect: ReceiverEffect): Promise<void> => {
    if (effect.kind === 'place') await handle({ kind: 'placed', placings: await inbound.place(effect.entries) });
    else if (effect.kind === 'fail') throw effect.error;
  };
  await handle({ kind: 'frame', stream: 0, frame: offer({ root: 'tree', dryRun }) });
  await handle({ kind: 'targeted' });
  return handle;
}

describe('a receiver keeps a few bytes of each of', () => {
  for (const [title, { make, count: short, most = Infinity, kept, dryRun = false }] of Object.entries(FLOODS)) {
    const count = asked === undefined ? short : Math.min(most, Number(asked));
    it(`${count} ${title}`, async (t) => {
      const handle = await receiver(t, dryRun);
      await handle({ kind: 'frame', stream: 0, frame: { type: 'entries', entries: [entry({ kind: 'directory', path: '', size: 0 })] } });
      let id = 1;
      const say = async (upTo: number) => {
        while (id <= upTo) {
          const entries: ManifestEntry[] = [];
          for (; entries.length < ENTRIES_PER_FRAME && id <= upTo; id += 1) entries.push(entry({ id, size: 0, ...make(id) }));
          await handle({ kind: 'frame', stream: 0, frame: { type: 'entries', entries } });
        }
      };
      await say(WARM);
      const before = neededMemory();
      await say(WARM + count);
      const grown = neededMemory() - before;
      t.diagnostic(`${(grown / count).toFixed(1)} bytes each: ${grown}`);
      assert.ok(grown <= ONCE + kept * count, `${grown / count} bytes each`);
      // It is still there, and goes on.
      await handle({ kind: 'frame', stream: 0, frame: { type: 'manifestEnd', entries: id, complete: true } });
    });
  }

  it('entries that come to the command itself, each of which is told of', { skip: skipUnless(process.platform === 'linux', 'the memory of a process is read from /proc') }, async (t) => {
    const place = await placeFor(t, 1);
    // Node 24 collects late where there is much memory: limits say what is needed. All of them would not fit.
    const { child, peer } = await meet(t, 'receive', 'client', place.target, ['-q'], { NODE_OPTIONS: '--max-old-space-size=96 --max-semi-space-size=4' });
    peer.send(offer({ root: 'tree' }));
    await pour(peer, 1, () => ({ kind: 'directory', path: '', mode: 0o755 }));
    const count = asked === undefined ? 60_000 : Math.min(LONG_MOST, Number(asked));
    // When what it needs in any case is there: its heap grows to a size that it keeps.
    let before = Promise.resolve(0);
    await pour(peer, count, (id) => {
      if (id === Math.floor(count / 4)) before = memoryNow(child.pid);
      return { path: `../${LONG}${id}` };
    }, 1);
    const grown = (await memoryNow(child.pid)) - (await before);
    t.diagnostic(`${Math.round(grown / MIB)} MiB for ${count}`);
    assert.ok(grown < POURED_KEPT, `${grown} bytes more`);
  });
});
