/**
 * Hundreds of connections come again and again, from the client's own address: the client that was meant is served while they
 * do, and memory is bounded. (From one address is the worst case: nothing tells who is who.)
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Child } from '../support/cli.js';
import { peakMemory } from '../support/peak-memory.js';
import { upgradeRequest } from '../support/tcp.js';
import { BINARY, rawFrame } from '../support/websocket-frames.js';
import { skipUnless } from '../e2e/abilities.js';
import { assertMoved, bothDone, clientJson, MIB, placeFor, serveJson } from '../e2e/moving.js';
import { serveAtRelay, startRelayProcess } from '../e2e/relaying.js';

/** Connections at once, and how long each stays, milliseconds. */
const AT_ONCE = 300;
const STAYS_MS = 1_000;

type Says = (port: number) => Uint8Array | string;

/** What each of them says before it is silent. */
const FLOODS: Readonly<Record<string, Says>> = {
  nothing: () => '',
  'half a request': () => 'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: web',
  'a request, and a handshake of random bytes': (port) => Buffer.concat([Buffer.from(upgradeRequest(port, '/streamer/2', { 'Streamer-Protocol': '2' })), rawFrame({ opcode: BINARY }, randomBytes(48))]),
  'a request, and not a word after it': (port) => upgradeRequest(port, '/streamer/2', { 'Streamer-Protocol': '2' }),
};
const RELAY_FLOODS: Readonly<Record<string, Says>> = {
  nothing: FLOODS['nothing'] ?? (() => ''),
  'a request for a room that there is not': (port) => upgradeRequest(port, '/join', { 'Streamer-Room': randomBytes(32).toString('base64url'), 'Streamer-Protocol': '2' }),
  'half a request': FLOODS['half a request'] ?? (() => ''),
};

/** Keeps so many connections there until the test is over. @returns how many there have been. */
function flood(t: TestContext, port: number, says: Says): () => number {
  const sockets = new Set<Socket>();
  let over = false;
  let made = 0;
  const one = () => {
    if (over) return;
    made += 1;
    const socket = connect({ host: '127.0.0.1', port });
    sockets.add(socket);
    const timer = setTimeout(() => socket.destroy(), STAYS_MS * (0.5 + Math.random()));
    socket.on('error', () => undefined).on('connect', () => socket.write(says(port))).resume();
    socket.on('close', () => {
      clearTimeout(timer);
      sockets.delete(socket);
      setTimeout(one, 50);
    });
  };
  for (let index = 0; index < AT_ONCE; index += 1) one();
  t.after(() => {
    over = true;
    for (const socket of sockets) socket.destroy();
  });
  return () => made;
}

async function assertServedIn(t: TestContext, flooded: Child, port: number, says: Says, transfer: () => Promise<void>): Promise<void> {
  const before = await peakMemory(flooded.pid);
  const made = flood(t, port, says);
  while (made() < 2 * AT_ONCE) await new Promise((resolve) => setTimeout(resolve, 20));
  const grown = (await peakMemory(flooded.pid)) - before;
  const startMs = performance.now();
  await transfer();
  t.diagnostic(`served in ${Math.round(performance.now() - startMs)} ms, among ${made()} connections; ${Math.round(grown / MIB)} MiB more`);
  assert.ok(grown < 100 * MIB, `${grown} bytes more`);
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
