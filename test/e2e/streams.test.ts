/**
 * Several connections carry one transfer: whatever becomes of some of them, or of all, it ends whole; and an end that is
 * killed goes on from what has arrived.
 */
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFile, tempDir, type RunningServer, type Child } from '../support/cli.js';
import { startProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { chance, journalled } from './interrupting.js';
import { killPoint, tellKillPoints } from './kill-points.js';
import { ACTIONS, assertMoved, bothDone, bothOver, clientFile, clientJson, eventsOf, MIB, opposite, placeFor, resultOf, serveJson, serverFile, type Action, type Place } from './moving.js';
import { assertCopied } from './tree-moving.js';

const SIZE = 24 * MIB + 77;
/**
 * What a killed sender has sent arrives all the same, for the kernel goes on sending: up to a window of 5.3 MB on each of 4
 * connections. Of this so much is left after the second or so until the kill that there is something to resume.
 */
const KILLED_SIZE = 48 * MIB + 77;
const SECRET = ['--secret', 'the-same-secret-each-time'];

const VICTIMS = ['client', 'server', 'both'] as const;

interface Flowing {
  readonly server: RunningServer;
  readonly client: Child;
  readonly proxy: TcpProxy;
  readonly coordinates: string;
}

/** A transfer over so many connections, each of them slow, under way. */
async function flow(t: TestContext, action: Action, [ours, theirs]: readonly [ours: string, theirs: string], streams: number, bytesPerSecond: number): Promise<Flowing> {
  const server = await serveJson(t, opposite(action), theirs, { args: SECRET });
  const proxy = await startProxy(t, server.port);
  proxy.slowDown(bytesPerSecond);
  const coordinates = proxy.lead(server.coordinates);
  const client = clientJson(t, action, coordinates, ours, ['--streams', String(streams)]);
  await proxy.linked(streams);
  await proxy.passed(MIB);
  return { server, client, proxy, coordinates };
}

function flowFile(t: TestContext, action: Action, place: Place, streams: number, bytesPerSecond = 2 * MIB): Promise<Flowing> {
  return flow(t, action, [clientFile(action, place), serverFile(action, place)], streams, bytesPerSecond);
}

for (const action of ACTIONS) {
  describe(`several connections: the client ${action}s`, { concurrency: 2 }, () => {
    for (const streams of [4, 16]) {
      it(`a file over ${streams}`, async (t) => {
        const place = await placeFor(t, SIZE);
        const { client, server, proxy } = await flowFile(t, action, place, streams, MIB / 4);
        // Linked is not attached yet.
        await client.waitForLine(new RegExp(`"event":"streams","streams":${streams}\\b`, 'u'));
        proxy.slowDown(Infinity);
        const ended = await bothDone(client, server.child);
        await assertMoved(place, ended);
        assert.ok(eventsOf(ended.client).some(({ event, streams: count }) => event === 'streams' && count === streams), 'told of');
        assert.deepEqual([resultOf(ended.client).movedBytes, resultOf(ended.server).movedBytes], [SIZE, SIZE]);
      });
    }

    it('one is cut again and again: the transfer goes on, and the session is not interrupted', async (t) => {
      const place = await placeFor(t, SIZE);
      const { client, server, proxy } = await flowFile(t, action, place, 4);
      for (let cut = 1; cut <= 3; cut += 1) {
        // The youngest is never the first, which carries the session.
        proxy.cut(1);
        await proxy.linked(4);
        await proxy.passed(MIB);
      }
      proxy.slowDown(Infinity);
      const ended = await bothDone(client, server.child);
      await assertMoved(place, ended);
      assert.deepEqual([resultOf(ended.client).reconnects, resultOf(ended.server).reconnects], [0, 0]);
      assert.ok(proxy.made >= 7, `${proxy.made} links were made`);
      assert.equal(resultOf(ended.client).movedBytes, SIZE, 'what was sent again counts once');
    });

    it('all are cut: the client dials again, and both ends finish', async (t) => {
      const place = await placeFor(t, SIZE);
      const { client, server, proxy } = await flowFile(t, action, place, 4);
      for (let cut = 1; cut <= 2; cut += 1) {
        proxy.cut();
        await proxy.linked(4);
        await proxy.passed(MIB);
      }
      proxy.slowDown(Infinity);
      const ended = await bothDone(client, server.child);
      await assertMoved(place, ended);
      assert.ok(resultOf(ended.client).reconnects >= 1 && resultOf(ended.server).reconnects >= 1);
    });

    it('a tree, of which now one connection is cut and now all', async (t) => {
      const directory = await tempDir(t);
      const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'copy')];
      await mkdir(path.join(source, 'sub'), { recursive: true });
      for (let index = 0; index < 300; index += 1) await randomFile(path.join(source, index % 2 === 0 ? '' : 'sub', `small-${index}`), index * 100);
      for (const name of ['large-1', 'sub/large-2']) await randomFile(path.join(source, name), 5 * MIB + 3);
      const { client, server, proxy } = await flow(t, action, action === 'send' ? [source, target] : [target, source], 4, 2 * MIB);
      for (const count of [1, Infinity, 2]) {
        proxy.cut(count);
        await proxy.linked(4);
        await proxy.passed(MIB);
      }
      proxy.slowDown(Infinity);
      const ended = await bothOver(client, server.child);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stdout.slice(-600));
      await assertCopied(source, target);
      assert.equal(resultOf(ended.client).entries.moved, 302);
      assert.equal(resultOf(ended.client).movedBytes, resultOf(ended.server).movedBytes);
    });

    for (const victim of VICTIMS) {
      it(`kill -9 of ${victim === 'both' ? 'both' : `the ${victim}`} at a moment chosen by chance: the same commands again finish, and move only the rest`, async (t) => {
        const random = chance(t);
        const place = await placeFor(t, KILLED_SIZE);
        const { client, server, proxy, coordinates } = await flowFile(t, action, place, 4, MIB);
        await journalled(place);
        await sleep(random() * 1000);
        killPoint();
        if (victim !== 'server') await client.stop();
        if (victim !== 'client') await server.child.stop();
        proxy.slowDown(Infinity);
        const serving = victim === 'client' ? server : await serveJson(t, opposite(action), serverFile(action, place), { args: SECRET, port: server.port });
        const going = victim === 'server' ? client : clientJson(t, action, coordinates, clientFile(action, place), ['--streams', '4']);
        const ended = await bothDone(going, serving.child);
        await assertMoved(place, ended);
        const { resumedBytes, movedBytes } = resultOf(victim === 'client' ? ended.client : ended.server);
        assert.ok(resumedBytes > 0, 'something of the first run was of use');
        assert.equal(movedBytes, KILLED_SIZE - resumedBytes);
      });
    }
  });
}

for (const action of ACTIONS) {
  it(`a link that never lives for more than two chunks: what has arrived counts, and the client, which ${action}s, ends`, async (t) => {
    const place = await placeFor(t, 10 * MIB + 5);
    const server = await serveJson(t, opposite(action), serverFile(action, place));
    const proxy = await startProxy(t, server.port);
    proxy.slowDown(16 * MIB);
    const client = clientJson(t, action, proxy.lead(server.coordinates), clientFile(action, place), ['--streams', '1']);
    const ended = bothDone(client, server.child);
    for (let cuts = 0; cuts < 12; cuts += 1) {
      const first = await Promise.race([proxy.passed(2.5 * MIB).then(() => 'passed'), ended.then(() => 'ended')]);
      if (first === 'ended') break;
      proxy.cut();
    }
    proxy.slowDown(Infinity);
    await assertMoved(place, await ended);
    assert.ok(proxy.forwarded < 26 * MIB, `${proxy.forwarded} bytes passed`);
  });
}

it('by itself it adds connections where each of them is slow', async (t) => {
  const place = await placeFor(t, SIZE);
  const server = await serveJson(t, 'send', place.source);
  const proxy = await startProxy(t, server.port);
  proxy.slowDown(3 * MIB);
  const ended = await bothDone(clientJson(t, 'receive', proxy.lead(server.coordinates), place.target), server.child);
  await assertMoved(place, ended);
  assert.ok(proxy.made > 1, `${proxy.made} links were made`);
});

tellKillPoints(VICTIMS.length * ACTIONS.length);
