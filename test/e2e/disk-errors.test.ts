/**
 * The disk fails in the midst of a transfer, at either end: a read, a write or a sync that the system refuses, injected by
 * strace into the real command. It is told in one line, exit 8, nothing wrong has the final name, and the same command goes on.
 */
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { startProgram, streamerArgv, type Child } from '../support/cli.js';
import { canTrace } from '../support/crash/trace.js';
import { skipUnless } from './abilities.js';
import { partialOf } from './interrupting.js';
import { ACTIONS, assertMoved, clientFile, clientJson, eventOf, HUNG_MS, inboxNames, MIB, move, opposite, placeFor, serveJson, serverFile, type Action, type Place } from './moving.js';

const SIZE = 12 * MIB + 5;
/** Slow enough for more than one checkpoint. */
const RATE = ['--rate', '5MB'];

/** A refusal: at whose end, of which calls on which file, and what must be said. */
interface Refusal {
  readonly at: 'sender' | 'receiver';
  /** @default the source, or the partial file */
  readonly on?: 'directory';
  readonly calls: string;
  readonly error: 'EIO' | 'EDQUOT' | 'ENOSPC';
  /** Which of its calls is refused; from there on all, with a plus sign. */
  readonly when: string;
  readonly says: RegExp;
  readonly code: string;
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  'the source cannot be read from its middle on': { at: 'sender', calls: 'pread64', error: 'EIO', when: '6+', says: /cannot read .*data\.bin: EIO: i\/o error/u, code: 'storage-io' },
  'the quota is used up': { at: 'receiver', calls: 'pwritev', error: 'EDQUOT', when: '5+', says: /cannot write .*copy\.bin: the disk quota is used up/u, code: 'storage-full' },
  'the disk refuses a write once': { at: 'receiver', calls: 'pwritev', error: 'EIO', when: '5', says: /cannot write .*copy\.bin: EIO: i\/o error/u, code: 'storage-io' },
  'the disk refuses a sync once, after which the kernel may call the next one a success': { at: 'receiver', calls: 'fdatasync', error: 'EIO', when: '1', says: /cannot store .*copy\.bin: EIO: i\/o error/u, code: 'storage-io' },
  'the disk refuses the last sync of the file': { at: 'receiver', calls: 'fsync', error: 'EIO', when: '1', says: /cannot store .*copy\.bin: EIO: i\/o error/u, code: 'storage-io' },
  'the disk refuses the sync of its name, which it has by then': { at: 'receiver', on: 'directory', calls: 'fsync', error: 'EIO', when: '2+', says: /cannot store .*: EIO: i\/o error/u, code: 'storage-io' },
};

/** The command line under strace, which refuses calls on one file. */
function refusing({ calls, error, when }: Refusal, file: string): (argv: readonly string[]) => string[] {
  return (argv) => ['strace', '-f', '-qq', '-o', '/dev/null', '-P', file, '-e', `inject=${calls}:error=${error}:when=${when}`, ...argv];
}

async function refused(t: TestContext, action: Action, refusal: Refusal): Promise<void> {
  const place = await placeFor(t, SIZE);
  const isClient = (action === 'send') === (refusal.at === 'sender');
  const file = refusal.at === 'sender' ? place.source : refusal.on === 'directory' ? place.inbox : partialOf(place);
  const wrap = refusing(refusal, file);
  // Calls are counted by thread: with one thread in the pool the count is the same in every run.
  const env = { UV_USE_IO_URING: '0', UV_THREADPOOL_SIZE: '1' };
  const server = await serveJson(t, opposite(action), serverFile(action, place), { args: RATE, ...(isClient ? {} : { wrap }), env });
  const client = isClient ? startProgram(t, wrap(clientWords(action, server.coordinates, place)), { env }) : clientJson(t, action, server.coordinates, clientFile(action, place));
  await assertSaid(isClient ? client : server.child, refusal);
  assert.ok(!(await inboxNames(place)).includes('copy.bin') || (await stat(place.target)).size === SIZE);
  await Promise.all([client.stop(), server.child.stop()]);
  await assertMoved(place, await move(t, action, place));
}

const clientWords = (action: Action, coordinates: string, place: Place): string[] => streamerArgv([action, '--json', '--coordinates', coordinates, '--path', clientFile(action, place)]);

async function assertSaid(end: Child, { says, code }: Refusal): Promise<void> {
  const finished = await end.exitWithin(HUNG_MS);
  assert.equal(finished.code, 8, finished.stdout + finished.stderr);
  const error = eventOf(finished, 'error');
  assert.equal(error['code'], code);
  assert.match(String(error['message']), says);
}

describe('the disk fails:', { skip: skipUnless(canTrace(), 'needs Linux on x64, and a strace that may trace'), concurrency: 3 }, () => {
  for (const [title, refusal] of Object.entries(REFUSALS)) {
    for (const action of ACTIONS) it(`${title}, while the client ${action}s`, (t) => refused(t, action, refusal));
  }
});
