/**
 * What the disk, the source and the clock do in the midst of a transfer, on the ways that `storage.test.ts`, `disk-errors.test.ts`
 * and `odd-moments.test.ts` do not go: a tree by a relay, and a file over the compat wire, in both directions. Whoever meets it ends
 * with an error of its own, nothing wrong is under a final name, and when it is over the same command succeeds.
 */
import assert from 'node:assert/strict';
import { appendFile, chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { it, type TestContext } from 'node:test';
import { randomFile, startProgram, streamerArgv, tempDir, type Child, type Finished } from '../support/cli.js';
import { canTrace } from '../support/crash/trace.js';
import { startRelay } from '../support/relay.js';
import { assertNothingWrong, assertTidy, keptOf } from '../soak/content.js';
import { asOrdinaryUser, canBeOrdinaryUser, isRoot, skipUnless, withSmallDisk } from './abilities.js';
import { jumpingClock } from './jumping-clock.js';
import { ACTIONS, eventOf, eventsOf, HUNG_MS, KIB, MIB, opposite, resultOf, type Action } from './moving.js';

/** Rates are slow enough that a journal vouches for something, which takes a second, before the end. Chunks of the compat wire are of 5 MiB. */
const WAYS = {
  'a tree by a relay': { wire: 'native', size: 5 * MIB + 3, rate: '3MB', disk: '8m' },
  'a file on the compat wire': { wire: 'compat', size: 17 * MIB + 3, rate: '9MB', disk: '20m' },
} as const;
type Way = keyof typeof WAYS;

const SMALL = 20;
/** What {@link WAYS}' disks have no room for beside anything else. */
const BALLAST_BYTES = 20 * MIB;
/** So much has come when something happens, bytes: a progress event with seven digits. */
const UNDER_WAY = /^\{"event":"progress","bytes":[1-9]\d{6}/u;
const HERE = ['--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0'];

/** Where a transfer's files are. `large` is the one to which things happen: the file, or the tree's large one. */
interface Place {
  readonly directory: string;
  readonly source: string;
  readonly inbox: string;
  readonly target: string;
  readonly large: { readonly source: string; readonly directory: string; readonly name: string };
}

/** What happens. */
interface Trouble {
  readonly at: 'sender' | 'receiver';
  /** By strace: which of its calls on the large file are refused. */
  readonly refuse?: { readonly calls: string; readonly error: string; readonly when: string };
  readonly strike?: (place: Place) => Promise<unknown>;
  readonly lift?: (place: Place) => Promise<unknown>;
  /** The receiver's disk has room for little more than is moved. */
  readonly smallDisk?: boolean;
  /** Nothing of the large file can be used afterwards. */
  readonly anew?: boolean;
  /** The receiver is not root. */
  readonly ordinary?: boolean;
  /** Exit status and code of the end at which it happens. A tree whose one entry fails ends with 8. */
  readonly ends: Readonly<Record<Way, readonly [exit: number, code: RegExp]>>;
  readonly skip?: string | false;
}

const untraced = skipUnless(canTrace(), 'needs Linux on x64, and a strace that may trace');
const always = (exit: number, code: RegExp): Trouble['ends'] => ({ 'a tree by a relay': [exit, code], 'a file on the compat wire': [exit, code] });

const TROUBLES: Readonly<Record<string, Trouble>> = {
  'the source cannot be read from its middle on': { at: 'sender', refuse: { calls: 'pread64', error: 'EIO', when: '6+' }, ends: always(8, /^storage-io$/u), skip: untraced },
  'the quota is used up': { at: 'receiver', refuse: { calls: 'pwritev,pwrite64', error: 'EDQUOT', when: '2+' }, ends: always(8, /^storage-full$/u), skip: untraced },
  'the disk is full, and has room again': {
    at: 'receiver',
    smallDisk: true,
    strike: ({ inbox }) => writeFile(path.join(inbox, 'ballast'), Buffer.alloc(BALLAST_BYTES)).catch(() => undefined),
    lift: ({ inbox }) => rm(path.join(inbox, 'ballast')),
    ends: always(8, /^storage-full$/u),
    skip: skipUnless(isRoot, 'only root may mount a small file system'),
  },
  'the source grows': { at: 'sender', strike: ({ large }) => appendFile(large.source, 'more'), anew: true, ends: { ...always(7, /^integrity-source$/u), 'a tree by a relay': [8, /^integrity-source$/u] } },
  'the target directory is removed': {
    at: 'receiver',
    strike: ({ large }) => rm(large.directory, { recursive: true }),
    lift: ({ inbox }) => mkdir(inbox, { recursive: true }),
    ends: always(8, /^storage-missing$/u),
  },
  'the right to write in the target directory goes': {
    at: 'receiver',
    ordinary: true,
    strike: ({ large }) => chmod(large.directory, 0o555),
    lift: ({ large }) => chmod(large.directory, 0o777),
    ends: always(8, /^storage-denied$/u),
    skip: skipUnless(canBeOrdinaryUser(streamerArgv(['--version'])), 'cannot run the command as an ordinary user here (setpriv, and a checkout that others may read)'),
  },
};

async function placeOn(t: TestContext, way: Way): Promise<Place> {
  const directory = await tempDir(t);
  await chmod(directory, 0o755);
  const [source, inbox] = [path.join(directory, 'source'), path.join(directory, 'inbox')];
  const target = path.join(inbox, 'copy');
  await mkdir(inbox);
  await chmod(inbox, 0o777);
  if (WAYS[way].wire === 'compat') {
    await randomFile(source, WAYS[way].size);
    return { directory, source, inbox, target, large: { source, directory: inbox, name: 'copy' } };
  }
  await mkdir(path.join(source, 'some/deep'), { recursive: true });
  for (let index = 0; index < SMALL; index += 1) await randomFile(path.join(source, index % 2 === 0 ? '' : 'some/deep', `small-${index}`), index * KIB);
  const large = { source: path.join(source, 'some/large'), directory: path.join(target, 'some'), name: 'large' };
  await randomFile(large.source, WAYS[way].size);
  return { directory, source, inbox, target, large };
}

/** How an end is started. */
interface EndOptions {
  readonly wrap?: ((argv: readonly string[]) => string[]) | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

interface Ends {
  readonly sender: Child;
  readonly receiver: Child;
}

/** Starts both ends. */
async function start(t: TestContext, way: Way, action: Action, place: Place, relay: string, options: { readonly sender?: EndOptions; readonly receiver?: EndOptions } = {}): Promise<Ends> {
  const run = (does: Action, words: readonly string[]) => {
    const { wrap = (argv: readonly string[]) => [...argv], env = {} } = (does === 'send' ? options.sender : options.receiver) ?? {};
    const file = does === 'send' ? place.source : place.target;
    return startProgram(t, wrap(streamerArgv([...words, '--path', file])), { env, cwd: '/' });
  };
  const rate = (does: Action) => (does === 'send' ? ['--rate', WAYS[way].rate] : []);
  const served = opposite(action);
  const server = run(served, ['server', '--json', ...(WAYS[way].wire === 'native' ? ['--relay', relay] : HERE), '--wire', WAYS[way].wire, ...rate(served), served]);
  const [line] = await server.waitForLine(/^\{"event":"coordinates".*$/u);
  const { coordinates } = JSON.parse(line) as { readonly coordinates: string };
  const client = run(action, [action, '--json', '--wire', WAYS[way].wire, '--streams', '1', ...rate(action), '--coordinates', coordinates]);
  return action === 'send' ? { sender: client, receiver: server } : { sender: server, receiver: client };
}

const underWay = ({ receiver }: Ends): Promise<unknown> => receiver.waitForLine(UNDER_WAY);
const stop = ({ sender, receiver }: Ends): Promise<unknown> => Promise.all([sender.stop(), receiver.stop()]);

/** The same again succeeds, and does not move what is there; all of it has arrived. @param anew nothing of the large file counts as there */
async function succeeds(t: TestContext, way: Way, action: Action, place: Place, relay: string, receiver: EndOptions = {}, anew = false): Promise<void> {
  if (WAYS[way].wire === 'native' && !anew) assert.ok((await keptOf(place.target)) > 0, 'something is there to go on from');
  const kept = WAYS[way].wire === 'compat' || anew ? 0 : await keptOf(place.target);
  const again = await start(t, way, action, place, relay, { receiver });
  const [sent, received] = await Promise.all([again.sender.exitWithin(HUNG_MS), again.receiver.exitWithin(HUNG_MS)]);
  assert.deepEqual([sent.code, received.code], [0, 0], sent.stdout + received.stdout);
  const { movedBytes, size } = resultOf(received);
  assert.ok(movedBytes <= size - kept, `${movedBytes} of ${size} bytes were moved, and ${kept} were there`);
  await assertArrived(place);
}

async function assertArrived({ source, target, inbox }: Place): Promise<void> {
  assert.ok(await assertNothingWrong(source, target), 'all of it has arrived');
  await assertTidy(inbox);
}

/** What an end says was wrong: of all, or of an entry. */
function codesOf(finished: Finished): string[] {
  return eventsOf(finished).flatMap((event) => [event['code'], (event['error'] as { readonly code?: unknown } | undefined)?.code].filter((code) => typeof code === 'string'));
}

async function meet(t: TestContext, way: Way, action: Action, trouble: Trouble, relay: string): Promise<void> {
  const place = await placeOn(t, way);
  const { large } = place;
  const partial = path.join(large.directory, `.${large.name}.streamer-part`);
  const file = trouble.at === 'sender' ? large.source : partial;
  const traced = ({ calls, error, when }: NonNullable<Trouble['refuse']>): EndOptions => ({
    wrap: (argv) => ['strace', '-f', '-qq', '-o', '/dev/null', '-P', file, '-e', `inject=${calls}:error=${error}:when=${when}`, ...argv],
    // Calls are counted by thread: with one thread in the pool the count is the same in every run.
    env: { UV_USE_IO_URING: '0', UV_THREADPOOL_SIZE: '1' },
  });
  const odd: EndOptions = trouble.refuse === undefined ? (trouble.ordinary === true ? { wrap: asOrdinaryUser } : {}) : traced(trouble.refuse);
  const body = async () => {
    const ends = await start(t, way, action, place, relay, { [trouble.at]: odd });
    if (trouble.strike !== undefined) {
      await underWay(ends);
      await trouble.strike(place);
    }
    const met = await ends[trouble.at].exitWithin(HUNG_MS);
    const [exit, code] = trouble.ends[way];
    assert.equal(met.code, exit, met.stdout.slice(-1000) + met.stderr);
    assert.ok(codesOf(met).some((said) => code.test(said)), met.stdout.slice(-1000));
    await stop(ends);
    // A source that has changed is compared with what it is now, and has not arrived.
    await assertNothingWrong(place.source, place.target);
    await trouble.lift?.(place);
    await succeeds(t, way, action, place, relay, trouble.ordinary === true ? odd : {}, trouble.anew);
  };
  if (trouble.smallDisk === true) await withSmallDisk(place.inbox, WAYS[way].disk, body);
  else await body();
}

/** The clock jumps under both ends; the transfer takes no notice. */
async function jump(t: TestContext, way: Way, action: Action, relay: string): Promise<void> {
  const place = await placeOn(t, way);
  const env = await jumpingClock(t, place.directory);
  const { sender, receiver } = await start(t, way, action, place, relay, { sender: { env }, receiver: { env } });
  const [sent, received] = await Promise.all([sender.exitWithin(HUNG_MS), receiver.exitWithin(HUNG_MS)]);
  assert.deepEqual([sent.code, received.code], [0, 0], sent.stdout + received.stdout);
  eventOf(received, 'done');
  await assertArrived(place);
}

/** A bit of the last record of a tree's journal turns over between two runs. */
async function damageJournal(t: TestContext, action: Action, relay: string): Promise<void> {
  const way = 'a tree by a relay';
  const place = await placeOn(t, way);
  const ends = await start(t, way, action, place, relay);
  await underWay(ends);
  ends.receiver.kill('SIGTERM');
  await ends.receiver.exitWithin(HUNG_MS);
  await stop(ends);
  const journal = path.join(place.large.directory, `.${place.large.name}.streamer-journal`);
  const before = await keptOf(place.target);
  const bytes = await readFile(journal);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
  await writeFile(`${journal}-new`, bytes);
  await rename(`${journal}-new`, journal);
  assert.ok((await keptOf(place.target)) < before, 'one chunk less is vouched for');
  await succeeds(t, way, action, place, relay);
}

it('in the midst of a transfer', { concurrency: 4 }, async (t) => {
  const { url } = await startRelay(t);
  const cells: Promise<void>[] = [];
  for (const action of ACTIONS) {
    for (const way of Object.keys(WAYS) as Way[]) {
      const title = (what: string): string => `${what}: ${way}, the client ${action}s`;
      for (const [what, trouble] of Object.entries(TROUBLES)) cells.push(t.test(title(what), { skip: trouble.skip ?? false }, (cell) => meet(cell, way, action, trouble, url)));
      cells.push(t.test(title('the clock jumps'), (cell) => jump(cell, way, action, url)));
    }
    cells.push(t.test(`the journal is damaged: a tree by a relay, the client ${action}s`, (cell) => damageJournal(cell, action, url)));
  }
  await Promise.all(cells);
});
