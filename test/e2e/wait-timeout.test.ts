/**
 * `--wait-timeout`: exact when nobody comes; not stopped by strangers, whatever they do; counted anew while a client is
 * away.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { coordinatesSecretBytes } from '../../src/coordinates/coordinates.js';
import { runStreamer, type Child, type RunningServer } from '../support/cli.js';
import { connectRaw, drip, exchange, scanPort, upgradeRequest } from '../support/tcp.js';
import { dialServer } from './hostile-peer.js';
import { leaveHalfDone, startSlowly } from './interrupting.js';
import { ACTIONS, assertArrived, assertMoved, bothDone, clientFile, clientJson, eventOf, eventsOf, HUNG_MS, inboxNames, MIB, move, opposite, placeFor, resultOf, serveJson, serverFile } from './moving.js';

/** How much later than said a server may end, milliseconds: the process has to end, too, on a machine that has other things to do. */
const LATE_MS = 2_000;
/** Strangers who come for so long before the end would make the wait longer than that, if one of them began it anew, milliseconds. */
const COMING_MS = 2_500;
/** Long enough for the client to come on a busy machine, and for {@link COMING_MS}, milliseconds. */
const WAIT_MS = 4_000;
/** So slow that what is moved then, in {@link WAIT_MS} and a bit, is not all, bytes a second. */
const VERY_SLOW = 2 * MIB;
/** How much earlier: what is measured starts when the test has read a line. */
const EARLY_MS = 30;
const NATIVE_PATH = '/streamer/2';
const ASK_NATIVE = { 'Streamer-Protocol': '2' };

/** Waits for the end of a server that has just begun to wait. */
async function assertEndsAfter(server: Child, waitMs: number, again: boolean): Promise<void> {
  await server.waitForLine(new RegExp(`^\\{"event":"waiting","timeoutMs":${waitMs},"again":${again}\\}$`));
  const startMs = performance.now();
  const end = await server.exitWithin(waitMs + HUNG_MS);
  const tookMs = performance.now() - startMs;
  assert.equal(end.code, 10);
  assert.equal(eventOf(end, 'error')['code'], 'timeout-wait');
  assert.ok(tookMs > waitMs - EARLY_MS && tookMs < waitMs + LATE_MS, `${tookMs} ms`);
}

describe('when nobody comes, the server ends with 10 after', () => {
  for (const [words, waitMs] of [['0', 0], ['1', 1000], ['700ms', 700], ['1.5', 1500]] as const) {
    it(`--wait-timeout ${words}`, async (t) => {
      const place = await placeFor(t, 1);
      const { child } = await serveJson(t, 'receive', place.target, { args: ['--wait-timeout', words] });
      await assertEndsAfter(child, waitMs, false);
      assert.deepEqual(await inboxNames(place), []);
    });
  }
});

/** What strangers do at a server's port. Each returns when it has begun. */
const STRANGERS: Readonly<Record<string, (t: TestContext, server: RunningServer) => Promise<void>>> = {
  'a port scan': async (t, { port }) => scanPort(t, port),
  'a connection that says nothing': async (t, { port }) => {
    await connectRaw(t, port);
  },
  'a request, byte by byte': async (t, { port }) => drip(await connectRaw(t, port), Buffer.from(upgradeRequest(port, NATIVE_PATH)), 100),
  'a first handshake message, byte by byte': async (t, { port }) => {
    const socket = await connectRaw(t, port);
    socket.write(upgradeRequest(port, NATIVE_PATH));
    drip(socket, Buffer.concat([Buffer.of(0x82, 0x80 | 48, 0, 0, 0, 0), Buffer.alloc(48, 0x5a)]), 100);
  },
  'a websocket that says nothing': async (t, { port }) => {
    (await connectRaw(t, port)).write(upgradeRequest(port, '/', ASK_NATIVE));
  },
  'a websocket for the other wire, without the secret': async (t, { port }) => {
    assert.match(await exchange(t, port, upgradeRequest(port, '/')), /^HTTP\/1\.1 401 /);
  },
  'a wrong secret in the header': async (t, { port }) => {
    assert.match(await exchange(t, port, upgradeRequest(port, '/', { ...ASK_NATIVE, Authorization: 'Bearer wrong' })), /^HTTP\/1\.1 403 /);
  },
  'a GET': async (t, { port }) => {
    assert.match(await exchange(t, port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 401 /);
  },
  'a GET with the secret': async (t, { port, coordinates }) => {
    const { secret } = parseCoordinates(coordinates);
    assert.match(await exchange(t, port, `GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${String(secret)}\r\n\r\n`), /^HTTP\/1\.1 (?:426|503) /);
  },
  'no HTTP at all': async (t, { port }) => {
    await exchange(t, port, Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3, 10, 10]));
  },
  'a handshake with another secret': async (t, { port }) => {
    await assert.rejects(dialServer(t, port, Buffer.from('another secret')), /handshake|secret/);
  },
  'one who knows the secret, and then says nothing': async (t, { port, coordinates }) => {
    await dialServer(t, port, coordinatesSecretBytes(parseCoordinates(coordinates)));
  },
};

/** All of them, again and again, for most of a wait. */
async function comeAgainAndAgain(t: TestContext, server: RunningServer): Promise<void> {
  const endMs = performance.now() + COMING_MS;
  while (performance.now() < endMs) {
    for (const stranger of Object.values(STRANGERS)) {
      await stranger(t, server).catch((error: unknown) => {
        // On a machine that is very slow the wait is over first.
        if (!server.child.ended) throw error;
      });
    }
    await sleep(100);
  }
}

describe('strangers', { concurrency: 3 }, () => {
  for (const [title, stranger] of Object.entries(STRANGERS)) {
    it(`${title}: does not stop the wait, nor keep the real client out`, async (t) => {
      const place = await placeFor(t, 1000);
      const patient = await serveJson(t, 'send', place.source, { args: ['--secret', 'plain', '--wait-timeout', '1h'] });
      const hasty = await serveJson(t, 'send', place.source, { args: ['--secret', 'plain', '--wait-timeout', '1500ms'] });
      const over = assertEndsAfter(hasty.child, 1500, false);
      await Promise.all([stranger(t, patient), stranger(t, hasty)]);
      await assertMoved(place, await bothDone(clientJson(t, 'receive', patient.coordinates, place.target), patient.child));
      await over;
    });
  }

  it('all of them, again and again: the wait is exact', async (t) => {
    const place = await placeFor(t, 1000);
    const server = await serveJson(t, 'send', place.source, { args: ['--secret', 'plain', '--wait-timeout', `${WAIT_MS}ms`] });
    const over = assertEndsAfter(server.child, WAIT_MS, false);
    await comeAgainAndAgain(t, server);
    await over;
  });

  for (const [title, count, opening] of [
    ['200 idle connections', 200, ''],
    ['300 idle connections, more than a server holds', 300, ''],
    ['100 idle websockets, more than may be in the handshake', 100, 'websocket'],
  ] as const) {
    it(`${title}: the real client is served at once`, async (t) => {
      const place = await placeFor(t, MIB);
      const server = await serveJson(t, 'send', place.source);
      for (let i = 0; i < count; i += 1) {
        const socket = await connectRaw(t, server.port);
        if (opening !== '') socket.write(upgradeRequest(server.port, NATIVE_PATH));
      }
      const ended = await bothDone(clientJson(t, 'receive', server.coordinates, place.target), server.child);
      await assertMoved(place, ended);
      const connecting = eventsOf(ended.client).filter(({ event }) => event === 'connecting');
      assert.equal(connecting.length, 1, 'at the first attempt');
    });
  }

  it('a wrong secret is told on standard error, five times at the most', async (t) => {
    const place = await placeFor(t, 1000);
    const server = await serveJson(t, 'send', place.source);
    for (let i = 0; i < 12; i += 1) await assert.rejects(dialServer(t, server.port, Buffer.from('another secret')));
    const ended = await bothDone(clientJson(t, 'receive', server.coordinates, place.target), server.child);
    const notices = eventsOf(ended.server).filter(({ event }) => event === 'notice');
    assert.equal(notices.length, 5);
    assert.match(String(notices[0]?.['message']), /^refused a client at 127\.0\.0\.1:\d+: wrong secret$/);
  });
});

describe('when the client goes away in the middle', { concurrency: 3 }, () => {
  for (const action of ACTIONS) {
    it(`while it ${action}s, the wait runs again; then the server ends with 10, and what has arrived is kept`, async (t) => {
      const place = await placeFor(t, 24 * MIB);
      const { client, server } = await startSlowly(t, action, place, { args: ['--wait-timeout', `${WAIT_MS}ms`], bytesPerSecond: VERY_SLOW });
      // Longer than the wait: it does not run while a client is there.
      await sleep(WAIT_MS + 500);
      await client.stop();
      await assertEndsAfter(server.child, WAIT_MS, true);
      const kept = (await inboxNames(place)).filter((name) => !name.endsWith('-lock'));
      assert.deepEqual(kept, ['.copy.bin.streamer-journal', '.copy.bin.streamer-part']);
      const ended = await move(t, action, place);
      await assertMoved(place, ended);
      assert.ok(resultOf(ended.client).resumedBytes > 0);
    });
  }

  it('strangers do not stop the second wait either', async (t) => {
    const place = await placeFor(t, 24 * MIB);
    const { client, server } = await startSlowly(t, 'receive', place, { args: ['--secret', 'plain', '--wait-timeout', `${WAIT_MS}ms`] });
    await client.stop();
    const over = assertEndsAfter(server.child, WAIT_MS, true);
    await server.child.waitForLine(/"again":true/);
    await comeAgainAndAgain(t, server);
    await over;
  });
});

it('a client whose file is missing does not use up the server', async (t) => {
  const place = await placeFor(t, 1000);
  const server = await serveJson(t, 'receive', place.target);
  const missing = await runStreamer(t, ['send', server.coordinates, `${place.source}.none`]);
  assert.equal(missing.code, 8);
  assert.equal(eventsOf({ stdout: server.child.stdout }).filter(({ event }) => event === 'connected').length, 0);
  await assertMoved(place, await bothDone(clientJson(t, 'send', server.coordinates, place.source), server.child));
});

it('a client that finds its target taken does not use up the server', async (t) => {
  const place = await placeFor(t, 24 * MIB);
  await leaveHalfDone(t, 'receive', place);
  const server = await serveJson(t, opposite('receive'), serverFile('receive', place));
  const taken = await runStreamer(t, ['receive', server.coordinates, place.source]);
  assert.equal(taken.code, 8);
  await bothDone(clientJson(t, 'receive', server.coordinates, clientFile('receive', place)), server.child);
  await assertArrived(place);
});
