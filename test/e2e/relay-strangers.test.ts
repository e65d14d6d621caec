/**
 * Strangers at a relay: whatever they do there, the client that was meant is served.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Recorder } from '../conformance/connection.js';
import { askToJoin, askToWait, granted, refused } from '../support/relay-ends.js';
import { connectRaw, drip, exchange, upgradeRequest } from '../support/tcp.js';
import { assertMoved, bothDone, clientJson, MIB, placeFor, type Place } from './moving.js';
import { roomIn, serveAtRelay, startRelayProcess, type RunningRelay, type ServerAtRelay } from './relaying.js';

interface Scene {
  readonly place: Place;
  readonly relay: RunningRelay;
  readonly server: ServerAtRelay;
  readonly room: string;
}

async function scene(t: TestContext, args: readonly string[] = []): Promise<Scene> {
  const place = await placeFor(t, 3 * MIB);
  const relay = await startRelayProcess(t, args);
  const server = await serveAtRelay(t, 'send', place.source, relay.url);
  return { place, relay, server, room: roomIn(server.coordinates) };
}

/** The client that was meant comes, and is served. */
async function assertServed(t: TestContext, { place, server, relay }: Scene): Promise<void> {
  const ended = await bothDone(clientJson(t, 'receive', server.coordinates, place.target, ['--streams', '2']), server.child);
  await assertMoved(place, ended);
  assert.ok(!relay.child.stderr.includes('Warning'), relay.child.stderr);
}

const randomRoom = () => randomBytes(32).toString('base64url');

describe('the client that was meant is served in spite of', { concurrency: 2 }, () => {
  it('two hundred that try rooms by chance, who all hear that nobody waits there', async (t) => {
    const here = await scene(t);
    const answers = await Promise.all(Array.from({ length: 200 }, () => refused(askToJoin(t, here.relay.port, randomRoom()))));
    assert.deepEqual([...new Set(answers)], ['404 No server waits in this room']);
    await assertServed(t, here);
  });

  it('three hundred from one address that know the room, and come again and again', async (t) => {
    const here = await scene(t);
    const stop = new AbortController();
    t.after(() => stop.abort());
    const squat = async () => {
      while (!stop.signal.aborted) {
        await refused(askToJoin(t, here.relay.port, here.room)).catch(() => undefined);
        await sleep(50);
      }
    };
    for (let i = 0; i < 300; i += 1) void squat();
    await sleep(1000);
    // It comes from elsewhere, as the relay sees it: from the same address it is one of them.
    const line = here.relay.events().filter(({ event, reason }) => event === 'refused' && reason === 'address').length;
    assert.ok(line > 0 && line <= 20, `${line} lines: the flood is bounded, and so is what is told of it`);
    stop.abort();
    await sleep(300);
    await assertServed(t, here);
  });

  it('requests that are no upgrade, each with a key of its own: no room is opened by them', async (t) => {
    const here = await scene(t);
    for (let i = 0; i < 50; i += 1) {
      const key = randomBytes(32).toString('base64url');
      await exchange(t, here.relay.port, `GET /wait HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nStreamer-Host: ${key}\r\n\r\n`);
    }
    assert.equal(await here.relay.metric('streamer_relay_rooms'), 1);
    await assertServed(t, here);
  });

  it('a thousand that connect and say nothing', async (t) => {
    const here = await scene(t, ['--handshake-timeout', '30s']);
    await Promise.all(Array.from({ length: 1000 }, () => connectRaw(t, here.relay.port)));
    await assertServed(t, here);
  });

  it('more that say nothing than it keeps: the oldest of them go', async (t) => {
    const here = await scene(t, ['--handshake-timeout', '30s']);
    let closed = 0;
    for (let i = 0; i < 9; i += 1) for (const socket of await Promise.all(Array.from({ length: 500 }, () => connectRaw(t, here.relay.port)))) socket.resume().on('close', () => (closed += 1));
    await assertServed(t, here);
    assert.ok(closed >= 400, `${closed} were closed`);
  });

  it('fifty that send a request byte by byte, and are not waited for', async (t) => {
    const here = await scene(t, ['--handshake-timeout', '1s']);
    const slow = await Promise.all(Array.from({ length: 50 }, () => connectRaw(t, here.relay.port)));
    let closed = 0;
    for (const socket of slow) {
      drip(socket, Buffer.from(upgradeRequest(here.relay.port, '/wait', { 'Streamer-Host': randomRoom(), 'X-More': 'x'.repeat(10_000) })), 20);
      socket.resume().on('close', () => (closed += 1));
    }
    await assertServed(t, here);
    while (closed < slow.length) await sleep(20);
  });

  it('handshakes and headers that are too large', async (t) => {
    const here = await scene(t);
    const { port } = here.relay;
    assert.match(await refused(askToJoin(t, port, here.room, { 'Streamer-Handshake': 'A'.repeat(1025) })), /^400 /);
    const join = (handshake: string) => upgradeRequest(port, '/join', { 'Streamer-Room': here.room, 'Streamer-Protocol': '2', 'Streamer-Handshake': handshake });
    // More than node takes of all headers together: there is no answer, or 431.
    assert.match(await exchange(t, port, join('A'.repeat(100_000))), /^(?:HTTP\/1\.1 431 |$)/);
    assert.match(await exchange(t, port, upgradeRequest(port, `/join?${'x'.repeat(100_000)}`)), /^(?:HTTP\/1\.1 431 |$)/);
    assert.match(await exchange(t, port, 'GET /join HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'), /^HTTP\/1\.1 4\d\d /);
    await assertServed(t, here);
  });

  it('a request that is no upgrade in the end, by who knows the room: what it was given is had again', async (t) => {
    const here = await scene(t);
    const { port } = here.relay;
    for (let i = 0; i < 5; i += 1) {
      const broken = upgradeRequest(port, '/join', { 'Streamer-Room': here.room }).replace('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 7');
      assert.match(await exchange(t, port, broken), /^HTTP\/1\.1 [45]\d\d /);
    }
    await assertServed(t, here);
  });

  it('a connection that waits in a room of its own, and speaks', async (t) => {
    const here = await scene(t);
    for (const kind of ['binary', 'text'] as const) {
      const stranger = new Recorder(await granted(askToWait(t, here.relay.port, randomBytes(32))));
      stranger.connection.send([randomBytes(100)], kind);
      const { by, code } = await stranger.closed();
      assert.deepEqual([by, code], ['peer', 1002]);
    }
    await assertServed(t, here);
  });

  it('one that joins its room and says nothing, which is ended in time, and the server is told', async (t) => {
    const here = await scene(t, ['--handshake-timeout', '2s']);
    const stranger = new Recorder(await granted(askToJoin(t, here.relay.port, here.room)));
    const { by, code } = await stranger.closed();
    assert.deepEqual([by, code], ['peer', 4010]);
    await here.relay.child.waitForLine(/"event":"pair-ended".*"why":"handshake"/, { stream: 'stderr' });
    await assertServed(t, here);
  });

  it('seventy that join its room and say nothing, while they are there', async (t) => {
    const here = await scene(t, ['--handshake-timeout', '30s']);
    const strangers = await Promise.all(Array.from({ length: 70 }, () => granted(askToJoin(t, here.relay.port, here.room))));
    assert.equal(strangers.length, 70);
    await assertServed(t, here);
  });

  it('one that joins its room and does not know the secret', async (t) => {
    const here = await scene(t);
    for (let i = 0; i < 3; i += 1) {
      const stranger = new Recorder(await granted(askToJoin(t, here.relay.port, here.room, { 'Streamer-Handshake': randomBytes(48).toString('base64url') })));
      const { by, code } = await stranger.closed();
      assert.deepEqual([by, code], ['peer', 1008]);
    }
    await here.server.child.waitForLine(/refused a client at 127\.0\.0\.1:\d+: wrong secret/);
    await assertServed(t, here);
  });

  it('one that sends text to its server', async (t) => {
    const here = await scene(t);
    const stranger = new Recorder(await granted(askToJoin(t, here.relay.port, here.room)));
    stranger.connection.send([Buffer.from('{"paired":{"remote":"192.0.2.7:1","waiting":1000}}')], 'text');
    const { by, code } = await stranger.closed();
    assert.deepEqual([by, code], ['peer', 1003]);
    await assertServed(t, here);
  });

  it('a hijacker that knows its room’s id, and waits by it', async (t) => {
    const here = await scene(t);
    const hijackers: Recorder[] = [];
    // As the key, as its text, and as both: another room each, or none.
    for (const key of [Buffer.from(here.room, 'base64url'), Buffer.from(here.room), Buffer.alloc(0)]) {
      const outcome = await askToWait(t, here.relay.port, key, { 'Streamer-Room': here.room });
      if (outcome.upgraded) hijackers.push(new Recorder(outcome.connection));
      else assert.equal(outcome.refusal.status, 400);
    }
    assert.equal(hijackers.length, 1);
    await assertServed(t, here);
    assert.equal(hijackers[0]?.messages.length, 0);
  });
});
