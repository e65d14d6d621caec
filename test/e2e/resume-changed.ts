/**
 * What an earlier run left is not what this run needs, or is damaged: the transfer starts over and says so, or goes on
 * as far as it can; what arrives is the source as it is now.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { open, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { sha256 } from '../support/cli.js';
import { chance, journalOf, leaveHalfDone, partialOf } from './interrupting.js';
import { type Action, ACTIONS, assertMoved, type Ended, eventsOf, inboxNames, MIB, move, type Place, placeFor, resultOf } from './moving.js';

const SIZE = 12 * MIB + 5;
const HEADER_BYTES = 80;
const RECORD_BYTES = 16;

/** The receiver of the two. */
const receiverOf = (action: Action, ended: Ended) => (action === 'send' ? ended.server : ended.client);

/** What the receiver said of the earlier attempt. */
function restartOf(action: Action, ended: Ended): string | undefined {
  const notices = eventsOf(receiverOf(action, ended)).filter(({ event }) => event === 'notice');
  return notices.map(({ message }) => String(message)).find((message) => message.startsWith('starting over: '));
}

/** Runs to the end what was left half done, after something was changed. */
async function changeAndFinish(t: TestContext, action: Action, change: (place: Place, random: () => number) => Promise<void>): Promise<Ended> {
  const random = chance(t);
  const place = await placeFor(t, SIZE);
  await leaveHalfDone(t, action, place);
  assert.deepEqual(await inboxNames(place), ['.copy.bin.streamer-journal', '.copy.bin.streamer-part'], 'kept, and the lock released');
  await change(place, random);
  const ended = await move(t, action, place);
  await assertMoved({ ...place, sha256: await sha256(place.source) }, ended);
  return ended;
}

async function overwrite(file: string, offset: number, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.write(bytes, 0, bytes.length, offset);
  await handle.close();
}

const SOURCE_CHANGES: Readonly<Record<string, (place: Place) => Promise<void>>> = {
  'has grown': async ({ source }) => writeFile(source, 'more', { flag: 'a' }),
  'has become shorter': async ({ source }) => truncate(source, SIZE - 3 * MIB),
  'has become empty': async ({ source }) => truncate(source, 0),
  'has another time': async ({ source }) => utimes(source, 1e9, 1e9),
  'has other bytes, with the old size and time': async ({ source }) => {
    const { atime, mtime } = await stat(source);
    await overwrite(source, 1000, Buffer.from('other bytes'));
    await utimes(source, atime, mtime);
  },
};

const REUSABLE = 'goes on where it stopped';
type Damage = (place: Place, random: () => number) => Promise<void>;
/** What is done to the leftovers, and what must be said then; nothing, where what is left can be used. */
const DAMAGES: Readonly<Record<string, readonly [damage: Damage, says: RegExp | typeof REUSABLE]>> = {
  'the journal is cut within a record': [async (place) => truncate(journalOf(place), HEADER_BYTES + 2 * RECORD_BYTES + 7), REUSABLE],
  'a bit of a record is wrong, somewhere': [
    async (place, random) => {
      const bytes = await readFile(journalOf(place));
      // The first record stays, so that something is left to go on from.
      const at = HEADER_BYTES + RECORD_BYTES + Math.floor(random() * (bytes.length - HEADER_BYTES - RECORD_BYTES));
      await overwrite(journalOf(place), at, Buffer.of((bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))));
    },
    REUSABLE,
  ],
  'junk follows the journal': [async (place) => writeFile(journalOf(place), Buffer.alloc(100_003, 0xa5), { flag: 'a' }), REUSABLE],
  'the journal is cut within its header': [async (place, random) => truncate(journalOf(place), Math.floor(random() * HEADER_BYTES)), /journal is damaged/],
  'a bit of the header is wrong, somewhere': [
    async (place, random) => {
      const at = Math.floor(random() * HEADER_BYTES);
      await overwrite(journalOf(place), at, Buffer.of(((await readFile(journalOf(place)))[at] ?? 0) ^ 1));
    },
    /journal is damaged/,
  ],
  'a bit of the partial file is wrong, in a chunk of which the journal says that it is there': [
    async (place) => overwrite(partialOf(place), 100, Buffer.of(((await readFile(partialOf(place)))[100] ?? 0) ^ 4)),
    REUSABLE,
  ],
  'the journal is gone': [async (place) => rm(journalOf(place)), /left no journal/],
  'the partial file is gone': [async (place) => rm(partialOf(place)), /partial file is gone/],
  'the partial file is cut': [async (place) => truncate(partialOf(place), 1000), /shorter than its journal/],
};

/** Registers the cases. */
export function describeChanges(): void {
  for (const action of ACTIONS) {
    describe(`between two runs in which the ${action === 'send' ? 'server' : 'client'} receives`, { concurrency: 2 }, () => {
      for (const [title, change] of Object.entries(SOURCE_CHANGES)) {
        it(`the source ${title}: the second starts over, and says so`, async (t) => {
          const ended = await changeAndFinish(t, action, change);
          assert.match(restartOf(action, ended) ?? '', /the source changed since the last attempt/);
          assert.equal(resultOf(ended.client).resumedBytes, 0);
        });
      }
    });
  }

  describe('between two runs, whoever receives,', { concurrency: 2 }, () => {
    Object.entries(DAMAGES).forEach(([title, [damage, says]], index) => {
      const action: Action = index % 2 === 0 ? 'send' : 'receive';
      it(`${title}: the second ${says === REUSABLE ? REUSABLE : 'starts over, and says so'}`, async (t) => {
        const ended = await changeAndFinish(t, action, damage);
        const { resumedBytes } = resultOf(receiverOf(action, ended));
        if (says === REUSABLE) {
          assert.equal(restartOf(action, ended), undefined);
          assert.ok(resumedBytes > 0);
        } else {
          assert.match(restartOf(action, ended) ?? '', says);
          assert.equal(resumedBytes, 0);
        }
      });
    });
  });
}
