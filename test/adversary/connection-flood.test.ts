/**
 * Hundreds of connections come again and again, from the client's own address: the client that was meant is served while they
 * do, memory is bounded, and nothing of them stays. (From one address is the worst case: nothing tells who is who.)
 */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Child } from '../support/cli.js';
import { peakMemory } from '../support/peak-memory.js';
import { upgradeRequest } from '../support/tcp.js';
import { BINARY, rawFrame } from '../support/websocket-frames.js';
import { skipUnless } from '../e2e/abilities.js';
import { chance } from '../e2e/interrupting.js';
import { assertMoved, bothDone, clientJson, MIB, placeFor, serveJson } from '../e2e/moving.js';
import { serveAtRelay, startRelayProcess } from '../e2e/relaying.js';
import { descriptorsOf, residentBytesOf, settled } from '../soak/resources.js';

/** Connections at once, and how long each stays, milliseconds. */
const AT_ONCE = 300;
const STAYS_MS = 1_000;

/** The client that was meant is served within so many seconds, however busy the machine is. */
const SERVED_MS = 30_000;
/** What may be left of a flood's memory when it is over, and what it may take: allocators keep some. */
const [KEPT_BYTES, TAKEN_BYTES] = [64 * MIB, 100 * MIB];
/** Time for the last of its connections to be closed, milliseconds: the longest that who says nothing may stay, and more. */
const SETTLED_MS = 20_000;
/** Descriptors that may be open besides: what a process opens on demand, and keeps. */
const DESCRIPTORS_BESIDES = 5;

type Random = () => number;
type Says = (port: number, random: Random) => Uint8Array | string;

/** What each of them says before it is silent. */
const FLOODS: Readonly<Record<string, Says>> = {
  nothing: () => '',
  'half a request': () => 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: web',
  'a request, and a handshake of random bytes': (port, random) => Buffer.concat([Buffer.from(upgradeRequest(port, '/streamer/2', { 'Streamer-Protocol': '2' })), rawFrame({ opcode: BINARY }, bytesBy(random, 48))]),
  'a request, and not a word after it': (port) => upgradeRequest(port, '/streamer/2', { 'Streamer-Protocol': '2' }),
};
const RELAY_FLOODS: Readonly<Record<string, Says>> = {
  nothing: FLOODS['nothing'] ?? (() => ''),
  'a request for a room that there is not': (port, random) => upgradeRequest(port, '/join', { 'Streamer-Room': bytesBy(random, 32).toString('base64url'), 'Streamer-Protocol': '2' }),
  'half a request': FLOODS['half a request'] ?? (() => ''),
};

const bytesBy = (random: Random, count: number): Buffer => Buffer.from(Array.from({ length: count }, () => Math.floor(random() * 256)));

/** Connections that come again and again. */
interface Flood {
  /** How many there have been. */
  readonly made: () => number;
  readonly stop: () => void;
}

/** Keeps so many connections there until it is stopped, or the test is over. */
function flood(t: TestContext, port: number, says: Says, random: Random): Flood {
  const sockets = new Set<Socket>();
  let over = false;
  let made = 0;
  const one = () => {
    if (over) return;
    made += 1;
    const socket = connect({ host: '127.0.0.1', port });
    sockets.add(socket);
    const timer = setTimeout(() => socket.destroy(), STAYS_MS * (0.5 + random()));
    socket.on('error', () => undefined).on('connect', () => socket.write(says(port, random))).resume();
    socket.on('close', () => {
      clearTimeout(timer);
      sockets.delete(socket);
      setTimeout(one, 50);
    });
  };
  for (let index = 0; index < AT_ONCE; index += 1) one();
  const stop = () => {
    over = true;
    for (const socket of sockets) socket.destroy();
  };
  t.after(stop);
  return { made: () => made, stop };
}

/** One flood comes and goes, and nothing of it stays; the client comes in another. */
async function assertServedIn(t: TestContext, { pid }: Child, port: number, says: Says, transfer: () => Promise<void>): Promise<void> {
  const random = chance(t);
  const before = { descriptors: descriptorsOf(pid), resident: residentBytesOf(pid), peak: await peakMemory(pid) };
  const floods = async () => {
    const one = flood(t, port, says, random);
    while (one.made() < 2 * AT_ONCE) await new Promise((resolve) => setTimeout(resolve, 20));
    return one;
  };
  (await floods()).stop();
  const descriptors = (await settled(() => descriptorsOf(pid), before.descriptors + DESCRIPTORS_BESIDES, SETTLED_MS)) - before.descriptors;
  const kept = residentBytesOf(pid) - before.resident;
  assert.ok(descriptors <= DESCRIPTORS_BESIDES, `${descriptors} descriptors more when it is over`);
  assert.ok(kept < KEPT_BYTES, `${kept} bytes more when it is over`);

  const { made, stop } = await floods();
  const taken = (await peakMemory(pid)) - before.peak;
  const startMs = performance.now();
  await transfer();
  const servedMs = performance.now() - startMs;
  stop();
  t.diagnostic(`served in ${Math.round(servedMs)} ms, among ${made()} connections; ${Math.round(taken / MIB)} MiB more at its peak, ${Math.round(kept / MIB)} MiB and ${descriptors} descriptors after it`);
  assert.ok(taken < TAKEN_BYTES, `${taken} bytes more`);
  assert.ok(servedMs < SERVED_MS, `served after ${servedMs} ms`);
}

describe('in a flood of connections that say', { skip: skipUnless(process.platform === 'linux', 'the memory of a process is read from /proc') }, () => {
  for (const [title, says] of Object.entries(FLOODS)) {
    it(`${title}, a server serves its client`, async (t) => {
      const place = await placeFor(t, 3 * MIB);
      const server = await serveJson(t, 'send', place.source);
      await assertServedIn(t, server.child, server.port, says, async () => {
        await assertMoved(place, await bothDone(clientJson(t, 'receive', server.coordinates, place.target), server.child));
      });
    });
  }

  for (const [title, says] of Object.entries(RELAY_FLOODS)) {
    it(`${title}, a relay serves its pair`, async (t) => {
      const place = await placeFor(t, 3 * MIB);
      // Else the client would count as one of the flood, which is refused by its address: see e2e/relay-strangers.test.ts.
      const relay = await startRelayProcess(t, ['--max-address-connections', '10000']);
      const server = await serveAtRelay(t, 'send', place.source, relay.url);
      await assertServedIn(t, relay.child, relay.port, says, async () => {
        await assertMoved(place, await bothDone(clientJson(t, 'receive', server.coordinates, place.target), server.child));
      });
    });
  }
});
