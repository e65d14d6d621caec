/**
 * What happens around a transfer while it goes on: its directory goes, the right to write in it goes, the clock jumps; and what
 * lies beside its target from another one.
 */
import assert from 'node:assert/strict';
import { chmod, copyFile, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { streamerArgv } from '../support/cli.js';
import { asOrdinaryUser, canBeOrdinaryUser, skipUnless } from './abilities.js';
import { journalled, journalOf, leaveHalfDone, partialOf, startSlowly } from './interrupting.js';
import { jumpingClock } from './jumping-clock.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, eventOf, eventsOf, HUNG_MS, inboxNames, MIB, move, opposite, placeFor, resultOf, serveJson, serverFile } from './moving.js';

const SIZE = 16 * MIB + 1;

for (const action of ACTIONS) {
  describe(`while the client ${action}s`, { concurrency: 3 }, () => {
    it('the target directory is removed: exit 8, nothing is made in its place, and with it there again the same command succeeds', async (t) => {
      const place = await placeFor(t, SIZE);
      const { server, client, proxy } = await startSlowly(t, action, place);
      await rm(place.inbox, { recursive: true });
      proxy.slowDown(Infinity);
      const receiver = action === 'send' ? server.child : client;
      const end = await receiver.exitWithin(HUNG_MS);
      assert.equal(end.code, 8, end.stdout);
      assert.equal(eventOf(end, 'error')['code'], 'storage-missing');
      await Promise.all([client.stop(), server.child.stop()]);
      await mkdir(place.inbox);
      await assertMoved(place, await move(t, action, place));
    });

    it('another directory takes the place of the target\'s: nothing wrong is there, and the same command succeeds', async (t) => {
      const place = await placeFor(t, SIZE);
      const { server, client, proxy } = await startSlowly(t, action, place);
      await rename(place.inbox, `${place.inbox}-moved`);
      await mkdir(place.inbox);
      proxy.slowDown(Infinity);
      const end = await (action === 'send' ? server.child : client).exitWithin(HUNG_MS);
      assert.equal(end.code, 8, end.stdout);
      assert.deepEqual(await inboxNames(place), []);
      await Promise.all([client.stop(), server.child.stop()]);
      await assertMoved(place, await move(t, action, place));
    });

    it('the clock jumps by a year, forth and back, five times a second, and the link is cut: both ends finish', async (t) => {
      const place = await placeFor(t, SIZE);
      const env = await jumpingClock(t, place.directory);
      const { server, client, proxy } = await startSlowly(t, action, place, { env, clientEnv: env });
      for (let cut = 0; cut < 3; cut += 1) {
        await proxy.passed(3 * MIB);
        proxy.cut();
      }
      const ended = await bothDone(client, server.child);
      await assertMoved(place, ended);
      assert.ok(resultOf(ended.client).reconnects > 0);
    });

    it('what lies beside the target is of another transfer: it is not gone on from, and that is said', async (t) => {
      const [place, other] = [await placeFor(t, SIZE), await placeFor(t, SIZE)];
      await leaveHalfDone(t, action, other);
      await copyFile(journalOf(other), journalOf(place));
      await copyFile(partialOf(other), partialOf(place));
      const ended = await move(t, action, place);
      await assertMoved(place, ended);
      const receiver = action === 'send' ? ended.server : ended.client;
      assert.ok(eventsOf(receiver).some(({ message }) => String(message).startsWith('starting over: the source changed')));
      assert.equal(resultOf(receiver).resumedBytes, 0);
    });

    it('coordinates that have done their work do none again: exit 5, and what was moved stays', async (t) => {
      const place = await placeFor(t, 1000);
      const server = await serveJson(t, opposite(action), serverFile(action, place));
      const client = clientJson(t, action, server.coordinates, clientFile(action, place));
      await assertMoved(place, await bothDone(client, server.child));
      const again = await clientJson(t, action, server.coordinates, action === 'send' ? place.source : `${place.target}-again`, ['--connect-timeout', '1']).exitWithin(HUNG_MS);
      assert.equal(again.code, 5, again.stdout);
      assert.deepEqual(await inboxNames(place), ['copy.bin']);
    });
  });
}

const ordinary = skipUnless(canBeOrdinaryUser(streamerArgv(['--version'])), 'cannot run the command as an ordinary user here (setpriv, and a checkout that others may read)');

for (const action of ACTIONS) {
  it(`the right to write in the target directory goes while the client ${action}s: exit 8, nothing has the name, and with it back the same command goes on`, { skip: ordinary }, async (t) => {
    const place = await placeFor(t, SIZE);
    for (const directory of [place.directory, path.dirname(place.source)]) await chmod(directory, 0o755);
    await chmod(place.inbox, 0o777);
    const [wrap, clientWrap] = action === 'send' ? [asOrdinaryUser, undefined] : [undefined, asOrdinaryUser];
    const { server, client, proxy, coordinates } = await startSlowly(t, action, place, { wrap, clientWrap });
    await journalled(place);
    await chmod(place.inbox, 0o555);
    proxy.slowDown(Infinity);
    const end = await (action === 'send' ? server.child : client).exitWithin(HUNG_MS);
    assert.equal(end.code, 8, end.stdout);
    assert.equal(eventOf(end, 'error')['code'], 'storage-denied');
    assert.ok(!(await inboxNames(place)).includes('copy.bin'));
    await chmod(place.inbox, 0o777);
    // A server that sends has waited for its client; one that received has ended.
    if (action === 'send') await client.exitWithin(HUNG_MS);
    const next = action === 'send' ? await serveJson(t, 'receive', place.target, { wrap }) : { child: server.child, coordinates };
    const ended = await bothDone(clientJson(t, action, next.coordinates, clientFile(action, place), [], clientWrap), next.child);
    assert.ok(resultOf(ended.client).resumedBytes > 0);
    assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
  });
}
