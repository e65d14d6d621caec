/**
 * A relay learns nothing: neither what crosses it nor what it has in its memory, its log or its metrics is the secret, a name
 * or a byte of the content. The same search finds in it what it does know, the room, and the content in the sender's memory.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { coordinatesSecretBytes } from '../../src/coordinates/coordinates.js';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { deriveKey } from '../../src/crypto/kdf.js';
import { sha256, tempDir, type Child } from '../support/cli.js';
import { canReadMemory, searchBytes, searchMemory } from '../support/process-memory.js';
import { listenIn } from '../support/tcp.js';
import { skipUnless } from './abilities.js';
import { ACTIONS, bothDone, clientFile, clientJson, opposite, serverFile, type Place } from './moving.js';
import { leadTo, relayUrl, roomIn, serveAtRelay, startRelayProcess } from './relaying.js';

const skip = skipUnless(await canReadMemory(), 'the memory of another process cannot be read here (/proc/PID/mem)');

const SIZE = 30_000_000;
/** Slow enough to look at it meanwhile, bytes a second. */
const RATE = '12MB';
/** Any 24 bytes of the marker in a row are enough: of the file's content, wherever it is cut. */
const MARKER_PART = 24;

/** A file whose name and content tell: 64 characters, again and again. */
async function tellingPlace(t: TestContext): Promise<{ readonly place: Place; readonly name: string; readonly marker: Buffer }> {
  const directory = await tempDir(t);
  const [outbox, inbox] = [path.join(directory, 'outbox'), path.join(directory, 'inbox')];
  await mkdir(outbox);
  await mkdir(inbox);
  const name = `Telling-${randomBytes(12).toString('hex')}.h5`;
  const marker = Buffer.from(randomBytes(48).toString('base64url'));
  const source = path.join(outbox, name);
  await writeFile(source, Buffer.alloc(SIZE, marker));
  return { place: { directory, source, sha256: await sha256(source), inbox, target: path.join(inbox, name) }, name, marker };
}

/** Bytes in every way in which they are likely to be kept as text, besides themselves. */
function* ways(what: string, bytes: Uint8Array): Generator<[string, Buffer]> {
  const raw = Buffer.from(bytes);
  yield [what, raw];
  for (const encoding of ['hex', 'base64', 'base64url'] as const) yield* text(`${what} as ${encoding}`, raw.toString(encoding).replace(/=+$/u, ''));
}

/** A text as V8 keeps it, one byte a character or two. */
function* text(what: string, characters: string): Generator<[string, Buffer]> {
  yield [what, Buffer.from(characters, 'latin1')];
  yield [`${what}, two bytes a character`, Buffer.from(characters, 'utf16le')];
}

describe('a relay', { skip, timeout: 120_000 }, () => {
  for (const action of ACTIONS) {
    it(`through which a client ${action}s learns nothing of it`, async (t) => {
      const { place, name, marker } = await tellingPlace(t);
      const relay = await startRelayProcess(t);
      const [serverLeg, clientLeg] = [await listenIn(t, relay.port), await listenIn(t, relay.port)];
      const server = await serveAtRelay(t, opposite(action), serverFile(action, place), relayUrl(serverLeg.port), ['--rate', RATE]);
      const coordinates = leadTo(server.coordinates, relayUrl(clientLeg.port));
      const secret = coordinatesSecretBytes(parseCoordinates(coordinates));
      const key = deriveKey(secret, 'relay host');
      const secrets = new Map([
        ...ways('the secret', secret),
        ...ways("the handshake's key", deriveKey(secret, 'handshake psk')),
        ...[server.coordinates, coordinates].flatMap((one) => [...text('the coordinates', one)]),
        ...text('the name of the file', name),
        ['the content', marker.subarray(0, MARKER_PART)] as const,
        ...text('the content, as text', marker.subarray(0, MARKER_PART).toString()),
      ]);
      const known = new Map([['the room', Buffer.from(roomIn(coordinates))], ["the room's key", Buffer.from(Buffer.from(key).toString('base64url'))]]);

      const client = clientJson(t, action, coordinates, clientFile(action, place), ['--streams', '2', '--rate', RATE]);
      await client.waitForLine(/^\{"event":"progress","bytes":[1-9]\d{6,}/);
      const during = await searchMemory(relay.child.pid, new Map([...secrets, ...known]));
      const sender: Child = action === 'send' ? client : server.child;
      const control = await searchMemory(sender.pid, secrets);
      assert.ok(!client.stdout.includes('"event":"done"'), 'it was looked at while the transfer went on');

      const ended = await bothDone(client, server.child);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
      assert.equal(await sha256(place.target), place.sha256);
      const after = await searchMemory(relay.child.pid, new Map([...secrets, ...known]));
      const metrics = await (await fetch(`http://127.0.0.1:${relay.port}/metrics`)).text();

      // What it knows is found, and in the sender what the sender knows: so the search finds what is there.
      for (const { bytes, found } of [during, after]) {
        assert.ok(bytes > 20_000_000, `${bytes} bytes of memory were read`);
        assert.deepEqual([...found], ['the room'].concat(found.has("the room's key") ? ["the room's key"] : []));
      }
      for (const what of ['the content', 'the name of the file']) assert.ok(control.found.has(what), `${what} in the sender's memory`);

      for (const [leg, crossed] of [['server', serverLeg.seen()], ['client', clientLeg.seen()]] as const) {
        assert.ok(crossed.length > SIZE, `${crossed.length} bytes to and from the ${leg}`);
        assert.deepEqual([...searchBytes(crossed, secrets)], [], `of what crossed on the ${leg}'s side`);
        assert.deepEqual([...searchBytes(crossed, known)], [leg === 'client' ? 'the room' : "the room's key"]);
      }

      relay.child.kill('SIGTERM');
      const { stdout, stderr, code } = await relay.child.exitWithin(10_000);
      assert.equal(code, 0, stderr);
      const told = Buffer.from(stdout + stderr + metrics);
      assert.match(stderr, /"event":"pair-ended".*"why":"closed"/u);
      assert.match(metrics, /streamer_relay_bytes_total\{way="to-(?:client|server)"\} 3\d{7}/u);
      assert.deepEqual([...searchBytes(told, new Map([...secrets, ...known, ...ways('the key', key)]))], [], 'of its log and its metrics');
    });
  }
});
