/**
 * What the file system says no to: exit 8, one line that names the file and what to do, at whichever end it happens,
 * and nothing under the final name. And a source that changes while it is sent: exit 7.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFile, chmod, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runStreamer, sha256, startProgram, startServer, streamerArgv, type Finished } from '../support/cli.js';
import { asOrdinaryUser, canBeOrdinaryUser, isRoot, withSmallDisk, skipUnless } from './abilities.js';
import { journalled, startSlowly, type Running } from './interrupting.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, eventOf, inboxNames, MIB, opposite, placeFor, resultOf, serveJson, serverFile, type Action, type Place } from './moving.js';

const AT_ONCE_MS = 5_000;
const OLD = 'what was there before';
const serverWords = ['server', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0'];

function assertStorage(end: Finished, code: string, says: RegExp): void {
  assert.equal(end.code, 8, end.stderr);
  const errors = end.stderr.split('\n').filter((line) => line.startsWith('streamer: '));
  assert.equal(errors.length, 1, end.stderr);
  assert.match(errors[0] ?? '', says);
  assert.ok(errors[0]?.endsWith(` [${code}]`), end.stderr);
  assert.doesNotMatch(end.stderr, /^ {4}at /m, 'no stack');
}

/** What is wrong with a path before anything is said to anyone. */
const BAD_SOURCES: Readonly<Record<string, readonly [make: (file: string) => unknown, code: string, says: RegExp]>> = {
  'that is missing': [() => undefined, 'storage-missing', /it does not exist; check the path/],
  'that is a FIFO': [(file) => execFileSync('mkfifo', [file]), 'storage-not-a-file', /it is not a regular file; name a regular file/],
};

const BAD_TARGETS: Readonly<Record<string, readonly [make: (target: string) => unknown, code: string, says: RegExp]>> = {
  'that exists': [(target) => writeFile(target, OLD), 'storage-exists', /already exists; move it away or choose another name/],
  'whose directory is missing': [async (target) => rm(path.dirname(target), { recursive: true }), 'storage-missing', /the directory .*inbox does not exist; create it first/],
  'whose directory is a file': [
    async (target) => {
      await rm(path.dirname(target), { recursive: true });
      await writeFile(path.dirname(target), OLD);
    },
    'storage-missing',
    /a part of the path is not a directory; check the path/,
  ],
};

describe('a source', { concurrency: 2 }, () => {
  for (const [title, [make, code, says]] of Object.entries(BAD_SOURCES)) {
    it(`${title}: a server that would send it does not begin to listen`, async (t) => {
      const place = await placeFor(t, 1);
      const file = path.join(place.directory, 'odd');
      await make(file);
      const end = await runStreamer(t, [...serverWords, 'send', '--path', file], { timeoutMs: AT_ONCE_MS });
      assertStorage(end, code, says);
      assert.equal(end.stdout, '');
    });

    it(`${title}: a client that would send it does not call the server`, async (t) => {
      const place = await placeFor(t, 1);
      const file = path.join(place.directory, 'odd');
      await make(file);
      const server = await startServer(t, 'receive', place.target);
      assertStorage(await runStreamer(t, ['send', server.coordinates, file], { timeoutMs: AT_ONCE_MS }), code, says);
      assert.doesNotMatch(server.child.stderr, /connected/);
    });
  }
});

/** The client's mistake does not cost the user the job: the server waits, and serves the same client's next try. */
async function goesOnElsewhere(t: TestContext, place: Place, { server, coordinates }: Pick<Running, 'server' | 'coordinates'>): Promise<void> {
  await server.child.waitForLine(/"again":true/);
  await rm(place.target);
  await assertMoved(place, await bothDone(clientJson(t, 'receive', coordinates, place.target), server.child));
}

describe('a target', { concurrency: 2 }, () => {
  for (const [title, [make, code, says]] of Object.entries(BAD_TARGETS)) {
    it(`${title}: a server that would receive it does not begin to listen`, async (t) => {
      const place = await placeFor(t, 1);
      await make(place.target);
      const end = await runStreamer(t, [...serverWords, 'receive', '--path', place.target], { timeoutMs: AT_ONCE_MS });
      assertStorage(end, code, says);
      assert.equal(end.stdout, '');
      if (code === 'storage-exists') assert.equal(await readFile(place.target, 'utf8'), OLD);
    });

    it(`${title}: a client that would receive it does not call the server`, async (t) => {
      const place = await placeFor(t, 1);
      await make(place.target);
      const server = await startServer(t, 'send', place.source);
      assertStorage(await runStreamer(t, ['receive', server.coordinates, place.target], { timeoutMs: AT_ONCE_MS }), code, says);
      assert.doesNotMatch(server.child.stderr, /connected/);
      if (code === 'storage-exists') assert.equal(await readFile(place.target, 'utf8'), OLD);
    });
  }

  for (const action of ACTIONS) {
    it(`that appears while the client ${action}s: it is left as it is, and the receiver exits with 8`, async (t) => {
      const place = await placeFor(t, 16 * MIB);
      const { client, server, proxy, coordinates } = await startSlowly(t, action, place);
      await writeFile(place.target, OLD);
      proxy.slowDown(Infinity);
      const end = await client.exitWithin(AT_ONCE_MS);
      assert.equal(end.code, 8);
      assert.equal(eventOf(end, 'error')['code'], 'storage-exists');
      assert.equal(await readFile(place.target, 'utf8'), OLD);
      if (action === 'send') assert.equal((await server.child.exitWithin(AT_ONCE_MS)).code, 8);
      else await goesOnElsewhere(t, place, { server, coordinates });
    });
  }

  it('that another process is receiving: the second is told which, and the first is unharmed', async (t) => {
    const place = await placeFor(t, 16 * MIB);
    const { client, server, proxy } = await startSlowly(t, 'receive', place);
    const other = await startServer(t, 'send', place.source);
    const second = await runStreamer(t, ['receive', other.coordinates, place.target], { timeoutMs: AT_ONCE_MS });
    assertStorage(second, 'storage-locked', new RegExp(`is being received by process ${client.pid} on `));
    proxy.slowDown(Infinity);
    await assertMoved(place, await bothDone(client, server.child));
  });
});

const ordinary = skipUnless(canBeOrdinaryUser(streamerArgv(['--version'])), 'cannot run the command as an ordinary user here (setpriv, and a checkout that others may read)');

describe('as an ordinary user', { skip: ordinary, concurrency: 2 }, () => {
  /** The test's own directory is for its owner alone. */
  async function openPlace(t: TestContext): Promise<Place> {
    const place = await placeFor(t, 1000);
    await chmod(place.directory, 0o755);
    await chmod(path.dirname(place.source), 0o755);
    return place;
  }

  it('a target directory that may not be written: exit 8', async (t) => {
    const place = await openPlace(t);
    await chmod(place.source, 0o644);
    await chmod(place.inbox, 0o555);
    const server = await startServer(t, 'send', place.source);
    const client = startProgram(t, asOrdinaryUser(streamerArgv(['receive', server.coordinates, place.target])), { cwd: '/' });
    assertStorage(await client.exitWithin(AT_ONCE_MS), 'storage-denied', /copy\.bin/);
    assert.deepEqual(await readdir(place.inbox), []);
  });

  it('a source that may not be read: exit 8', async (t) => {
    const place = await openPlace(t);
    await chmod(place.source, isRoot ? 0o600 : 0);
    const server = await startServer(t, 'receive', place.target);
    const client = startProgram(t, asOrdinaryUser(streamerArgv(['send', server.coordinates, place.source])), { cwd: '/' });
    assertStorage(await client.exitWithin(AT_ONCE_MS), 'storage-denied', /data\.bin/);
  });

  it('a secret file that may not be read: exit 8', async (t) => {
    const place = await openPlace(t);
    await chmod(place.source, isRoot ? 0o600 : 0);
    const server = startProgram(t, asOrdinaryUser(streamerArgv([...serverWords, '--secret-file', place.source, 'send', '/etc/hostname'])), { cwd: '/' });
    assertStorage(await server.exitWithin(AT_ONCE_MS), 'storage-denied', /cannot read .*data\.bin: permission denied/);
  });
});

describe('a disk that is full', { skip: skipUnless(isRoot, 'only root may mount a small file system'), concurrency: 2 }, () => {
  const SIZE = 24 * MIB;

  for (const action of ACTIONS) {
    it(`before the client ${action}s: exit 8, and nothing is made`, async (t) => {
      const place = await placeFor(t, SIZE);
      await withSmallDisk(place.inbox, '8m', async () => {
        const server = await serveJson(t, opposite(action), serverFile(action, place));
        const client = clientJson(t, action, server.coordinates, clientFile(action, place));
        const receiver = await (action === 'send' ? server.child : client).exitWithin(AT_ONCE_MS);
        assert.equal(receiver.code, 8);
        const { code, message } = eventOf(receiver, 'error');
        assert.equal(code, 'storage-full');
        assert.match(String(message), new RegExp(`copy\\.bin needs ${SIZE} bytes more and its file system has \\d+ bytes free`));
        assert.deepEqual(await inboxNames(place), []);
        if (action === 'send') assert.equal((await client.exitWithin(AT_ONCE_MS)).code, 8);
        else await server.child.waitForLine(/"again":true/);
      });
    });

    it(`while the client ${action}s: exit 8; with room again, the same command goes on`, async (t) => {
      const place = await placeFor(t, SIZE);
      await withSmallDisk(place.inbox, '32m', async () => {
        const ballast = path.join(place.inbox, 'ballast');
        const running = await startSlowly(t, action, place);
        await journalled(place);
        // Takes what is left: the file may then have the blocks that it has, and no more.
        await writeFile(ballast, Buffer.alloc(32 * MIB)).catch(() => undefined);
        const end = await (action === 'send' ? running.server.child : running.client).exitWithin(AT_ONCE_MS * 2);
        assert.equal(end.code, 8);
        assert.equal(eventOf(end, 'error')['code'], 'storage-full');
        assert.ok(!(await inboxNames(place)).includes('copy.bin'));
        await rm(ballast);
        await finishLater(t, action, place, running);
      });
    });
  }

  /** A sending server has waited for its client to have room; a client that sent has ended. */
  async function finishLater(t: TestContext, action: Action, place: Place, { client, server, proxy, coordinates }: Running): Promise<void> {
    proxy.slowDown(Infinity);
    if (action === 'send') assert.equal((await client.exitWithin(AT_ONCE_MS)).code, 8);
    const next = action === 'send' ? await serveJson(t, 'receive', place.target) : { child: server.child, coordinates };
    const ended = await bothDone(clientJson(t, action, next.coordinates, clientFile(action, place)), next.child);
    await assertMoved(place, ended);
    assert.ok(resultOf(ended.client).resumedBytes > 0);
  }
});

describe('a source that changes while it is sent', { concurrency: 2 }, () => {
  const CHANGES: Readonly<Record<string, (file: string) => Promise<void>>> = {
    'grows': (file) => appendFile(file, 'more'),
    'is cut': (file) => truncate(file, 10 * MIB),
    'is replaced by another': async (file) => {
      await rm(file);
      await writeFile(file, OLD);
    },
  };
  for (const [action, title, change] of ACTIONS.flatMap((each) => Object.entries(CHANGES).map(([title, change]) => [each, title, change] as const))) {
    const who = action === 'send' ? "the client's" : "the server's";
    it(`${title}, ${who}: exit 7, and nothing under the final name`, async (t) => {
      const place = await placeFor(t, 16 * MIB);
      const { client, server, proxy, coordinates } = await startSlowly(t, action, place);
      await change(place.source);
      proxy.slowDown(Infinity);
      const end = await client.exitWithin(AT_ONCE_MS);
      assert.equal(end.code, 7);
      const { code, message } = eventOf(end, 'error');
      assert.equal(code, 'integrity-source');
      assert.match(String(message), /the source changed while it was being sent; run the command again/);
      assert.ok(!(await inboxNames(place)).includes('copy.bin'));
      if (action === 'receive') {
        assert.equal((await server.child.exitWithin(AT_ONCE_MS)).code, 7);
        return;
      }
      // The server waits for the client to do as it is told.
      const ended = await bothDone(clientJson(t, 'send', coordinates, place.source), server.child);
      await assertMoved({ ...place, sha256: await sha256(place.source) }, ended);
    });
  }
});
