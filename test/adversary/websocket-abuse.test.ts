/**
 * What can be done to whoever listens below the protocol, by anybody: websocket frames that are a trap, requests that do not
 * end, pings in floods. It is cut off, or costs nothing; memory stays where it is, and the client that was meant is served.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import type { Child } from '../support/cli.js';
import { peakMemory } from '../support/peak-memory.js';
import { connectRaw, drip, exchange, upgradeRequest } from '../support/tcp.js';
import { BINARY, CONTINUATION, PING, rawFrame, upgradeRaw } from '../support/websocket-frames.js';
import { skipUnless } from '../e2e/abilities.js';
import { assertMoved, bothDone, clientJson, HUNG_MS, KIB, MIB, placeFor, serveJson } from '../e2e/moving.js';
import { roomIn, serveAtRelay, startRelayProcess } from '../e2e/relaying.js';

/** Whoever listens, how one gets past its upgrade, and the client that was meant. */
interface Target {
  readonly child: Child;
  readonly port: number;
  readonly path: string;
  readonly headers: () => Readonly<Record<string, string>>;
  readonly serve: () => Promise<void>;
}

const TARGETS: Readonly<Record<string, (t: TestContext) => Promise<Target>>> = {
  'a server': async (t) => {
    const place = await placeFor(t, MIB);
    const server = await serveJson(t, 'send', place.source);
    const serve = async () => assertMoved(place, await bothDone(clientJson(t, 'receive', server.coordinates, place.target), server.child));
    return { child: server.child, port: server.port, path: '/streamer/2', headers: () => ({ 'Streamer-Protocol': '2' }), serve };
  },
  'a relay, by who waits in a room of its own': async (t) => {
    const { target, relay } = await atRelay(t);
    return { ...target, child: relay.child, port: relay.port, path: '/wait', headers: () => ({ 'Streamer-Host': randomBytes(32).toString('base64url') }) };
  },
  'a relay and a server behind it, by who knows its room': async (t) => {
    const { target, relay, room } = await atRelay(t);
    return { ...target, child: relay.child, port: relay.port, path: '/join', headers: () => ({ 'Streamer-Room': room, 'Streamer-Protocol': '2' }) };
  },
};

async function atRelay(t: TestContext): Promise<{ readonly target: Pick<Target, 'serve'>; readonly relay: Awaited<ReturnType<typeof startRelayProcess>>; readonly room: string }> {
  const place = await placeFor(t, MIB);
  const relay = await startRelayProcess(t);
  const server = await serveAtRelay(t, 'send', place.source, relay.url);
  const serve = async () => assertMoved(place, await bothDone(clientJson(t, 'receive', server.coordinates, place.target), server.child));
  return { target: { serve }, relay, room: roomIn(server.coordinates) };
}

/** 64 MiB of zeros. */
const BOMB = deflateRawSync(Buffer.alloc(64 * MIB));

/** Traps that whoever reads them must not stay for. */
const TRAPS: Readonly<Record<string, () => Iterable<Uint8Array>>> = {
  'fragments without end': function* () {
    yield rawFrame({ opcode: BINARY, fin: false });
    const many = Buffer.concat(Array.from({ length: 1000 }, () => rawFrame({ opcode: CONTINUATION, fin: false })));
    for (let round = 0; round < 20; round += 1) yield many;
  },
  'a message without end': function* () {
    const piece = Buffer.alloc(64 * KIB);
    yield rawFrame({ opcode: BINARY, fin: false }, piece);
    for (let round = 0; round < 200; round += 1) yield rawFrame({ opcode: CONTINUATION, fin: false }, piece);
  },
  'a compressed bomb': () => [rawFrame({ opcode: BINARY, compressed: true }, BOMB)],
  'a length of 2^62': () => [rawFrame({ opcode: BINARY, length: 2n ** 62n }), Buffer.alloc(100)],
  'a length of 2^63': () => [rawFrame({ opcode: BINARY, length: 2n ** 63n }), Buffer.alloc(100)],
  'a length of 2^53': () => [rawFrame({ opcode: BINARY, length: 2n ** 53n }), Buffer.alloc(100)],
  'a ping of 64 bits': () => [rawFrame({ opcode: PING, length: 2n ** 32n }), Buffer.alloc(100)],
  'a frame without a mask': () => [rawFrame({ opcode: BINARY, masked: false }, Buffer.alloc(100))],
};

/** Resolves when the other end has had enough. */
function closed(socket: Socket, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: not cut off`)), HUNG_MS);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    if (socket.destroyed) socket.emit('close');
    socket.resume();
  });
}

async function writeAll(socket: Socket, parts: Iterable<Uint8Array>): Promise<void> {
  for (const part of parts) {
    if (socket.destroyed) return;
    if (socket.write(part)) continue;
    await new Promise<void>((resolve) => {
      const go = () => {
        socket.off('drain', go).off('close', go);
        resolve();
      };
      socket.on('drain', go).on('close', go);
    });
  }
}

describe('websocket abuse of', { skip: skipUnless(process.platform === 'linux', 'the memory of a process is read from /proc'), concurrency: 2 }, () => {
  for (const [title, start] of Object.entries(TARGETS)) {
    it(title, async (t) => {
      const target = await start(t);
      const { port, path, headers } = target;
      const before = await peakMemory(target.child.pid);

      const offered = await upgradeRaw(t, port, path, { ...headers(), 'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits', 'Sec-WebSocket-Protocol': 'chat' });
      assert.match(offered.head, /^HTTP\/1\.1 101 /u);
      assert.doesNotMatch(offered.head, /^Sec-WebSocket-(?:Extensions|Protocol):/imu, 'nothing of it is agreed to');
      offered.socket.destroy();

      for (const [trap, says] of Object.entries(TRAPS)) {
        const { socket } = await upgradeRaw(t, port, path, headers());
        const over = closed(socket, trap);
        await writeAll(socket, says());
        await over;
      }

      // Pings in a flood, from who never reads: the answers do not pile up. It may be cut off for that it says nothing else.
      const { socket: flooding } = await upgradeRaw(t, port, path, headers());
      const pings = Buffer.concat(Array.from({ length: 1000 }, () => rawFrame({ opcode: PING }, Buffer.alloc(125, 'p'))));
      void writeAll(flooding, Array.from({ length: 300 }, () => pings));
      await Promise.race([closed(flooding.pause(), 'pings'), new Promise((resolve) => setTimeout(resolve, 1500))]).catch(() => undefined);

      assert.match(await exchange(t, port, upgradeRequest(port, path, { 'X-Large': 'x'.repeat(100_000) })), /^(?:HTTP\/1\.1 431 |$)/u);
      const many = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`X-${index}`, '']));
      assert.match(await exchange(t, port, upgradeRequest(port, path, many)), /^(?:HTTP\/1\.1 431 |$)/u);
      // Requests that come byte by byte, and are still coming when the client does.
      for (const slow of await Promise.all(Array.from({ length: 200 }, () => connectRaw(t, port)))) drip(slow.resume(), Buffer.from(upgradeRequest(port, path, { 'X-Slow': 'x'.repeat(10_000) })), 50);

      const grown = (await peakMemory(target.child.pid)) - before;
      assert.ok(grown < 100 * MIB, `${grown} bytes more`);
      await target.serve();
    });

    it(`${title}: pings in a flood that does not end, while the client that was meant is served`, async (t) => {
      const target = await start(t);
      const before = await peakMemory(target.child.pid);
      const pings = Buffer.concat(Array.from({ length: 1000 }, () => rawFrame({ opcode: PING }, Buffer.alloc(125, 'p'))));
      let [over, sent] = [false, 0];
      t.after(() => (over = true));
      const endless = function* () {
        for (; !over; sent += 1000) yield pings;
      };
      // Some read the answers, others never do. Whoever is cut off comes again.
      const flood = async (reads: boolean) => {
        while (!over) {
          const upgraded = await upgradeRaw(t, target.port, target.path, target.headers()).catch(() => undefined);
          if (upgraded === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
          else await writeAll(reads ? upgraded.socket.resume() : upgraded.socket, endless());
        }
      };
      for (const reads of [true, true, false, false]) void flood(reads);
      while (sent < 1_000_000) await new Promise((resolve) => setTimeout(resolve, 20));
      const soFar = sent;
      const grown = (await peakMemory(target.child.pid)) - before;
      await target.serve();
      t.diagnostic(`served among ${sent} pings; ${Math.round(grown / MIB)} MiB more`);
      assert.ok(sent > soFar, 'they went on meanwhile');
      over = true;
      assert.ok(grown < 100 * MIB, `${grown} bytes more`);
    });
  }
});
