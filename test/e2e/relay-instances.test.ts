/** Several instances of a relay behind one address, with a real Redis for their directory of rooms. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';
import { startBalancer } from '../support/balancer.js';
import { freePort, runStreamer } from '../support/cli.js';
import { hasRedis, startRedis, type RunningRedis } from '../support/redis.js';
import { serveAt, startRelay, type RunningRelay } from '../support/relay.js';
import { skipUnless } from './abilities.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, MIB, opposite, placeFor, resultOf, serverFile } from './moving.js';

const skip = skipUnless(hasRedis, 'redis-server is not installed');

async function instance(t: TestContext, redis: RunningRedis, port?: number): Promise<RunningRelay> {
  const at = port ?? (await freePort());
  return startRelay(t, ['--open', '--redis', redis.url, '--instance-url', `ws://127.0.0.1:${at}`, '--drain-timeout', '300ms'], { port: at });
}

describe('two instances of a relay', { concurrency: 2, skip }, () => {
  for (const action of ACTIONS) {
    it(`the client ${action}s through another than its server waits at`, async (t) => {
      const redis = await startRedis(t);
      const [a, b] = [await instance(t, redis), await instance(t, redis)];
      const place = await placeFor(t, 20 * MIB + 1);
      const server = await serveAt(t, a.url, opposite(action), serverFile(action, place));
      const { room } = parseCoordinates(server.coordinates).relay ?? { room: '' };
      const moved = server.coordinates;
      // The coordinates name the first: what a balancer does, done by hand.
      const client = clientJson(t, action, rerouted(moved, b.url), clientFile(action, place), ['--streams', '4']);
      await assertMoved(place, await bothDone(client, server.child));
      assert.equal(redis.dump().includes(room), false, 'no room by its id in Redis');
      for (const each of [a, b]) assert.equal(each.child.stderr.includes(room), false);
      assert.ok(b.events().some(({ event, elsewhere }) => event === 'pair-ended' && elsewhere === true));
    });
  }

  it('behind one address: an instance that is killed loses no transfer', async (t) => {
    for (const action of ACTIONS) {
      const redis = await startRedis(t);
      const [a, b] = [await instance(t, redis), await instance(t, redis)];
      const balancer = await startBalancer(t, [a.port, b.port]);
      const place = await placeFor(t, 40 * MIB);
      const server = await serveAt(t, `ws://127.0.0.1:${balancer.port}`, opposite(action), serverFile(action, place), ['--rate', '20MB']);
      const client = clientJson(t, action, server.coordinates, clientFile(action, place), ['--streams', '3']);
      await client.waitForLine(/"event":"progress","bytes":[1-9]\d{6}/u);
      await a.child.stop();
      const ended = await bothDone(client, server.child);
      await assertMoved(place, ended);
      assert.ok((balancer.counts.get(a.port) ?? 0) > 0 && (balancer.counts.get(b.port) ?? 0) > 0);
    }
  });

  it('behind one address: one after the other is told to end and started anew, and the transfer goes on', async (t) => {
    const redis = await startRedis(t);
    const instances = [await instance(t, redis), await instance(t, redis)];
    const balancer = await startBalancer(t, instances.map(({ port }) => port));
    const place = await placeFor(t, 60 * MIB);
    const server = await serveAt(t, `ws://127.0.0.1:${balancer.port}`, 'send', place.source, ['--rate', '15MB']);
    const client = clientJson(t, 'receive', server.coordinates, place.target);
    await client.waitForLine(/"event":"progress","bytes":[1-9]\d{6}/u);
    for (const each of instances) {
      each.child.kill('SIGTERM');
      assert.equal((await each.child.exitWithin(10_000)).code, 0);
      await instance(t, redis, each.port);
    }
    const ended = await bothDone(client, server.child);
    await assertMoved(place, ended);
    assert.ok(resultOf(ended.client).reconnects >= 1);
  });

  it('Redis that is away: rooms here are served, readyz says so, and all is well again when it is back', async (t) => {
    const port = await freePort();
    const redis = await startRedis(t, port);
    const [a, b] = [await instance(t, redis), await instance(t, redis)];
    const [here, there] = [await placeFor(t, MIB), await placeFor(t, MIB)];
    const near = await serveAt(t, a.url, 'send', here.source);
    const far = await serveAt(t, a.url, 'send', there.source);
    await redis.child.stop();
    await a.child.waitForLine(/"event":"directory"/u, { stream: 'stderr' });
    assert.equal((await a.get('/readyz')).status, 503);
    await assertMoved(here, await bothDone(clientJson(t, 'receive', near.coordinates, here.target), near.child));
    await startRedis(t, port);
    while ((await a.get('/readyz')).status !== 200 || (await b.get('/readyz')).status !== 200) await delay(50);
    await assertMoved(there, await bothDone(clientJson(t, 'receive', rerouted(far.coordinates, b.url), there.target), far.child));
  });

  it('Redis that is stopped without a word: readyz says so, rooms here are served, and it is asked anew when it goes on', async (t) => {
    const redis = await startRedis(t);
    const [a, b] = [await instance(t, redis), await instance(t, redis)];
    const [here, there] = [await placeFor(t, MIB), await placeFor(t, MIB)];
    const near = await serveAt(t, a.url, 'send', here.source);
    redis.child.kill('SIGSTOP');
    t.after(() => redis.child.kill('SIGCONT'));
    while ((await a.get('/readyz')).status === 200) await delay(50);
    // It opens its room meanwhile, which the directory hears of later.
    const far = await serveAt(t, a.url, 'send', there.source);
    await assertMoved(here, await bothDone(clientJson(t, 'receive', near.coordinates, here.target), near.child));
    redis.child.kill('SIGCONT');
    while ((await a.get('/readyz')).status !== 200 || (await b.get('/readyz')).status !== 200) await delay(50);
    await assertMoved(there, await bothDone(clientJson(t, 'receive', rerouted(far.coordinates, b.url), there.target), far.child));
  });

  it('an instance that cannot reach it does not begin', async (t) => {
    const ended = await runStreamer(t, ['relay', '--open', '--listen', '127.0.0.1:0', '--redis', `redis://127.0.0.1:${await freePort()}`, '--instance-url', 'ws://127.0.0.1:1']);
    assert.equal(ended.code, 5);
    assert.match(ended.stderr, /^streamer: the directory of rooms cannot be reached: .* \[connect-failed\]\n$/u);
  });
});

/** The same coordinates, through another instance. */
function rerouted(coordinates: string, url: string): string {
  const given = parseCoordinates(coordinates);
  if (given.version !== 2 || given.relay === undefined) throw new Error('no relay in these coordinates');
  return formatCoordinates({ ...given, relay: { ...given.relay, url } });
}
