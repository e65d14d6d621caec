/**
 * The power is cut: after each prefix of what a real receiver did to the disk, with whatever part of what was not synced,
 * the target is absent, complete or resumable, and never a wrong file under the final name.
 *
 * The system calls of the built command are recorded with strace and cut in test/support/crash. Here two outcomes of each
 * moment are tried; with STREAMER_CRASH_SAMPLES, which `npm run soak` sets, all five that disks are known for and so many
 * random ones.
 */
import assert from 'node:assert/strict';
import { linkSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isInMemory } from '../../src/storage/io-mode.js';
import { chance } from '../e2e/interrupting.js';
import { skipUnless } from '../e2e/abilities.js';
import { randomFile, tempDir } from '../support/cli.js';
import type { DiskLog, LoggedSync } from '../support/crash/disk-log.js';
import { cutAt, momentsOf } from '../support/crash/disk-model.js';
import { materialise } from '../support/crash/materialise.js';
import { assertEqual, cutEverywhere, type Expected, type Tally } from '../support/crash/outcomes.js';
import { record, type Receipt } from '../support/crash/recording.js';
import { canTrace } from '../support/crash/trace.js';

const SAMPLES = process.env['STREAMER_CRASH_SAMPLES'];
const MIB = 1024 * 1024;
const SIZE = 3 * MIB + 5;
/** The first second's checkpoint has some of the file, the next one more. */
const RATE = 1.5 * MIB;
const JOURNAL_HEADER_BYTES = 80;

/** A source, an empty inbox, and room for states. On a disk: in memory nothing is synced. */
async function place(t: TestContext): Promise<{ readonly source: string; readonly inbox: string; readonly scratch: string }> {
  const directory = await tempDir(t);
  const [source, inbox, scratch] = ['source', 'inbox', 'states'].map((name) => path.join(directory, name)) as [string, string, string];
  mkdirSync(inbox);
  mkdirSync(scratch);
  return { source, inbox, scratch };
}

function tell(t: TestContext, { moments, states, complete, resumed, litter }: Tally): void {
  t.diagnostic(`${moments} moments, ${states} different states: ${complete} complete, ${resumed} resumed from a journal, ${litter} refused with something of ours left beside them`);
}

/** Records, and holds the model's last state against what is really there. */
async function recorded(t: TestContext, receipt: Receipt, scratch: string): Promise<DiskLog> {
  const log = await record(t, receipt);
  const last = path.join(scratch, 'last');
  materialise(cutAt(log, momentsOf(log).at(-1) ?? 0, () => 'there'), last);
  assertEqual(receipt.inbox, last);
  return log;
}

async function cut(t: TestContext, log: DiskLog, expected: Expected, scratch: string): Promise<Tally> {
  const samples = SAMPLES === undefined ? undefined : Number(SAMPLES);
  const tally = await cutEverywhere(t, log, expected, { scratch, samples, random: chance(t) });
  tell(t, tally);
  return tally;
}

async function journalled(inbox: string, name: string): Promise<void> {
  const journal = path.join(inbox, `.${name}.streamer-journal`);
  while ((statSync(journal, { throwIfNoEntry: false })?.size ?? 0) <= JOURNAL_HEADER_BYTES) await sleep(5);
}

const skip = skipUnless(canTrace(), 'needs Linux on x64, and a strace that may trace');

const inMemory = await isInMemory(os.tmpdir());

describe('the power is cut while', { skip, concurrency: 3 }, () => {
  it('a file is received', async (t) => {
    const { source, inbox, scratch } = await place(t);
    await randomFile(source, SIZE);
    const receipt = { source, inbox, name: 'x', rate: RATE };
    const log = await recorded(t, receipt, scratch);
    const tally = await cut(t, log, { receipt }, scratch);
    assert.ok(tally.complete > 0 && tally.resumed > 0 && tally.complete < tally.states);
  });

  it('it is resumed after a kill', async (t) => {
    const { source, inbox, scratch } = await place(t);
    await randomFile(source, SIZE);
    await record(t, { source, inbox, name: 'x', rate: RATE, killWhen: () => journalled(inbox, 'x') });
    const receipt = { source, inbox, name: 'x', rate: RATE };
    const tally = await cut(t, await recorded(t, receipt, scratch), { receipt }, scratch);
    assert.ok(tally.resumed > tally.states / 2);
  });

  it('it replaces another', async (t) => {
    const { source, inbox, scratch } = await place(t);
    await randomFile(source, SIZE);
    const before = Buffer.from('what was there before\n');
    writeFileSync(path.join(inbox, 'x'), before);
    const receipt = { source, inbox, name: 'x', args: ['--overwrite'], rate: RATE };
    await cut(t, await recorded(t, receipt, scratch), { receipt, before }, scratch);
  });

  it('it comes over the compat wire, which cannot resume', async (t) => {
    const { source, inbox, scratch } = await place(t);
    await randomFile(source, SIZE);
    const receipt = { source, inbox, name: 'x', wire: 'compat' } as const;
    const tally = await cut(t, await recorded(t, receipt, scratch), { receipt }, scratch);
    assert.ok(tally.complete > 0 && tally.resumed === 0);
  });

  it('a tree is received', { skip: skipUnless(!inMemory, 'temporary files are in memory, where nothing is synced') }, async (t) => {
    const { source, inbox, scratch } = await place(t);
    mkdirSync(path.join(source, 'sub/deep'), { recursive: true });
    for (const name of ['one', 'two', 'sub/three', 'sub/deep/four']) writeFileSync(path.join(source, name), `${name} `.repeat(300));
    writeFileSync(path.join(source, 'empty'), '');
    await randomFile(path.join(source, 'sub/large'), SIZE);
    symlinkSync('one', path.join(source, 'way'));
    linkSync(path.join(source, 'one'), path.join(source, 'sub/other'));
    const receipt = { source, inbox, name: 'copy', rate: RATE };
    const tally = await cut(t, await recorded(t, receipt, scratch), { receipt }, scratch);
    assert.ok(tally.resumed > 0);
  });

  it('a receiver that would not sync its data before it gives the name is found out; one that would not before its journal does no harm', async (t) => {
    const { source, inbox, scratch } = await place(t);
    await randomFile(source, SIZE);
    const receipt = { source, inbox, name: 'x', rate: RATE };
    const log = await recorded(t, receipt, scratch);
    const without = (name: string, isLeftOut: (sync: LoggedSync) => boolean) => {
      mkdirSync(path.join(scratch, name));
      const syncs = log.syncs.filter((sync) => !isLeftOut(sync));
      assert.ok(syncs.length < log.syncs.length);
      return cutEverywhere(t, { ...log, syncs }, { receipt }, { scratch: path.join(scratch, name), samples: 0, random: chance(t) });
    };
    const isFile = ({ inode }: LoggedSync) => inode.kind === 'file';
    // A journal that vouches for data that vanished misleads nobody: what is there is read and compared before it is offered.
    await without('checkpoint', (sync) => isFile(sync) && sync.data && sync.inode.part === undefined);
    await assert.rejects(without('seal', (sync) => isFile(sync) && sync.inode.part === undefined), /what has the name is whole|has the sender's bytes/u);
  });
});
