/**
 * A manifest that does not end: what a receiver keeps of each entry is a few bytes, whatever the entry is and becomes. With
 * STREAMER_ADVERSARY_ENTRIES=10000000 there are as many, and the bounds are the same.
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
/** What the machine and its target may need besides, once. */
const ONCE = 4 * MIB;
const IN_THE_WAY = 'd'.repeat(250);
const LONG = `${IN_THE_WAY}/`.repeat(15);

interface Flood {
  readonly make: (id: number) => Partial<ManifestEntry>;
  readonly count: number;
  /** Most bytes that may be kept of each. */
  readonly kept: number;
  readonly dryRun?: boolean;
}
const FLOODS: Readonly<Record<string, Flood>> = {
  'files that lead out': { count: 40_000, kept: 10, make: (id) => ({ path: `../${id}` }) },
  'files of one path': { count: 40_000, kept: 10, make: () => ({ path: 'same', kind: 'directory' }) },
  'directories of long names that cannot be placed': { count: 10_000, kept: 60, make: (id) => ({ kind: 'directory', path: LONG + String(id) }) },
  'directories of long names that our user leaves out': { count: 10_000, kept: 60, make: (id) => ({ kind: 'directory', path: `${LONG}${id}.out` }) },
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
  for (const [title, { make, count: short, kept, dryRun = false }] of Object.entries(FLOODS)) {
    const count = asked === undefined ? short : Number(asked);
    it(`${count} ${title}`, async (t) => {
      const handle = await receiver(t, dryRun);
      await handle({ kind: 'frame', stream: 0, frame: { type: 'entries', entries: [entry({ kind: 'directory', path: '', size: 0 })] } });
      const before = neededMemory();
      for (let id = 1; id <= count; ) {
        const entries: ManifestEntry[] = [];
        for (; entries.length < ENTRIES_PER_FRAME && id <= count; id += 1) entries.push(entry({ id, size: 0, ...make(id) }));
        await handle({ kind: 'frame', stream: 0, frame: { type: 'entries', entries } });
      }
      const each = (neededMemory() - before - ONCE) / count;
      t.diagnostic(`${Math.round(each)} bytes each, besides ${ONCE}`);
      assert.ok(each <= kept, `${each} bytes each`);
      // It is still there, and goes on.
      await handle({ kind: 'frame', stream: 0, frame: { type: 'manifestEnd', entries: count + 1, complete: true } });
    });
  }

  it('entries that come to the command itself, each of which is told of', { skip: skipUnless(process.platform === 'linux', 'the memory of a process is read from /proc') }, async (t) => {
    const place = await placeFor(t, 1);
    const { child, peer } = await meet(t, 'receive', 'client', place.target, ['-q']);
    peer.send(offer({ root: 'tree' }));
    await pour(peer, 1, () => ({ kind: 'directory', path: '', mode: 0o755 }));
    const before = await memoryNow(child.pid);
    const count = asked === undefined ? 10_000 : Number(asked);
    await pour(peer, count, (id) => ({ path: `../${LONG}${id}` }), 1);
    const grown = (await memoryNow(child.pid)) - before;
    t.diagnostic(`${Math.round(grown / MIB)} MiB for ${count}`);
    assert.ok(grown < 200 * MIB, `${grown} bytes more`);
  });
});
