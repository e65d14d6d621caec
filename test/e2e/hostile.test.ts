/**
 * A peer that knows the secret and breaks the protocol, as client and as server, sending and receiving: the end that
 * hears it exits with one line and its class's status, is not held up, and has nothing under the final name.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { coordinatesSecretBytes } from '../../src/coordinates/coordinates.js';
import { formatCoordinates, parseCoordinates } from '../../src/coordinates/codec.js';
import type { Action, Frame, HelloFrame, ManifestEntry } from '../../src/wire/frame.js';
import { startServer, startStreamer, type Child, type Finished } from '../support/cli.js';
import { ANY_OFFENCES, bytesOf, content, data, entries, file, fileEnd, manifestEnd, offer, RECEIVER_OFFENCES, SENDER_OFFENCES, SIZE, whole, type Offence } from './hostile-frames.js';
import { dialServer, startHostileServer, type HostilePeer } from './hostile-peer.js';
import { assertMoved, bothDone, clientJson, inboxNames, KIB, MIB, opposite, placeFor, serveJson, type Place } from './moving.js';

const SECRET = Buffer.alloc(32, 0x42);
/** Whoever was offended is gone within this, milliseconds. */
const GONE_MS = 8_000;

function assertOffended(end: Finished, { exitCode, code }: Pick<Offence, 'exitCode' | 'code'>): void {
  assert.equal(end.code, exitCode, end.stderr);
  const errors = end.stderr.split('\n').filter((line) => line.startsWith('streamer: '));
  assert.equal(errors.length, 1, end.stderr);
  assert.ok(errors[0]?.endsWith(` [${code}]`), end.stderr);
  assert.doesNotMatch(end.stderr, /^ {4}at /m, 'no stack');
}

/** No file is under its final name; the directory of a tree may be there, empty. */
async function assertNotNamed(place: Place): Promise<void> {
  const is = await stat(place.target).catch(() => undefined);
  if (is === undefined) return;
  assert.ok(is.isDirectory(), 'nothing under the final name');
  const names = await readdir(place.target);
  assert.deepEqual(names.filter((name) => !name.startsWith('.')), [], 'nothing under the final name');
}

const hello = (changes: Partial<HelloFrame>): HelloFrame => ({ type: 'hello', client: Buffer.alloc(16), stream: 0, action: 'send', received: 0, agent: 'hostile', ...changes });

/** Greets as a client that does `action`. */
async function greet(t: TestContext, server: { readonly port: number; readonly coordinates: string }, action: Action, stream = 0): Promise<HostilePeer> {
  const peer = await dialServer(t, server.port, coordinatesSecretBytes(parseCoordinates(server.coordinates)));
  peer.send(hello({ client: Buffer.alloc(16, 1), action, stream }));
  assert.equal((await peer.receive()).type, 'welcome');
  return peer;
}

const coordinatesOf = (port: number, action: Action): string =>
  formatCoordinates({ version: 2, candidates: [{ url: `ws://127.0.0.1:${port}/streamer/2` }], secret: SECRET, direction: action });

/** Our client, greeted by a server that does `action`. */
async function greetClient(t: TestContext, action: Action, place: Place, words: readonly string[] = [place.target]): Promise<{ client: Child; peer: HostilePeer }> {
  const { port, accept } = await startHostileServer(t, SECRET);
  const client = startStreamer(t, [opposite(action), coordinatesOf(port, action), ...words], { cwd: place.inbox });
  const peer = await accept();
  assert.equal((await peer.receive()).type, 'hello');
  peer.send({ type: 'welcome', action, received: 0, streams: 1, agent: 'hostile' });
  return { client, peer };
}

/** A file of the right content: what a hostile peer offers when only one thing is wrong with it. */
async function give(peer: HostilePeer, changes: Partial<ManifestEntry> = {}): Promise<void> {
  for (const frame of [offer(), entries(changes), manifestEnd(), file()]) peer.send(frame);
  await peer.until('ready');
  for (const frame of [data(0), data(1), data(2), data(3), fileEnd()]) peer.send(frame);
}

describe('a hostile client that sends', { concurrency: 2 }, () => {
  for (const [title, offence] of Object.entries({ ...ANY_OFFENCES, ...SENDER_OFFENCES })) {
    it(`${title}: the server ends with ${offence.exitCode}`, async (t) => {
      const place = await placeFor(t, 1);
      const server = await startServer(t, 'receive', place.target);
      await offence.say(await greet(t, server, 'send'));
      assertOffended(await server.child.exitWithin(GONE_MS), offence);
      await assertNotNamed(place);
    });
  }

  it('data again after the end of a file that is whole: the server passes it over, and ends with 0', async (t) => {
    const place = await placeFor(t, 1);
    const server = await startServer(t, 'receive', place.target);
    const peer = await greet(t, server, 'send');
    await give(peer);
    await peer.until('finished');
    for (const frame of [data(0), { type: 'bye' } as const]) peer.send(frame);
    const end = await server.child.exitWithin(GONE_MS);
    assert.equal(end.code, 0, end.stderr);
    assert.deepEqual(await readFile(place.target), content);
  });

  it('a file over the limit: the server ends with 9', async (t) => {
    const place = await placeFor(t, 1);
    const server = await startServer(t, 'receive', place.target, { args: ['--inbound-transfer-limit', '1000'] });
    const peer = await greet(t, server, 'send');
    for (const frame of [offer(), entries({ size: 1001 }), manifestEnd()]) peer.send(frame);
    assertOffended(await server.child.exitWithin(GONE_MS), { exitCode: 9, code: 'limit-inbound' });
    assert.deepEqual(await inboxNames(place), []);
  });
});

describe('a hostile client that joins a second connection', { concurrency: 2 }, () => {
  it('and sends a control frame there: the server ends with 6', async (t) => {
    const place = await placeFor(t, 1);
    const server = await startServer(t, 'receive', place.target);
    await greet(t, server, 'send');
    (await greet(t, server, 'send', 1)).send(offer());
    assertOffended(await server.child.exitWithin(GONE_MS), { exitCode: 6, code: 'protocol-violation' });
    await assertNotNamed(place);
  });
});

describe('a hostile server that sends a tree with a path that leads out of it', { concurrency: 2 }, () => {
  const small = Buffer.from('small');
  const root = { kind: 'directory', path: '', size: 0, mode: 0o755 } as const;
  const paths: Readonly<Record<string, readonly Partial<ManifestEntry>[]>> = {
    'by ..': [root, { id: 1, path: '../out', size: 5 }],
    'by .. further in': [root, { id: 1, path: 'a/../../out', size: 5 }],
    'absolute': [root, { id: 1, path: '/out', size: 5 }],
    'with an empty component': [root, { id: 1, path: 'a//out', size: 5 }],
    'through a symbolic link': [root, { id: 1, kind: 'symlink', path: 'way', target: '..', size: 0 }, { id: 2, path: 'way/out', size: 5 }],
  };
  for (const [title, manifest] of Object.entries(paths)) {
    it(`${title}: the client does not write it, and does not end with 0`, async (t) => {
      const place = await placeFor(t, 1);
      const { client, peer } = await greetClient(t, 'send', place);
      const last = manifest.length - 1;
      for (const frame of [offer({ root: 'tree', name: 'tree' }), entries(...manifest), manifestEnd(manifest.length)]) peer.send(frame);
      assert.equal(await peer.verdictOn(last), 'trouble');
      peer.send(whole(last, small));
      await peer.until('finished');
      peer.send({ type: 'bye' });
      const end = await client.exitWithin(GONE_MS);
      assert.notEqual(end.code, 0, end.stderr);
      assert.match(end.stderr, /storage-unsafe-path|storage-/);
      assert.deepEqual((await readdir(place.directory)).sort(), ['inbox', 'outbox']);
      assert.deepEqual(await inboxNames(place), [path.basename(place.target)]);
      assert.deepEqual((await readdir(place.target)).filter((name) => name !== 'way' && name !== 'a'), []);
    });
  }
});

describe('a hostile client that receives', { concurrency: 2 }, () => {
  for (const [title, offence] of Object.entries(RECEIVER_OFFENCES)) {
    it(`${title}: the server ends with ${offence.exitCode}`, async (t) => {
      const place = await placeFor(t, SIZE);
      const server = await startServer(t, 'send', place.source);
      const peer = await greet(t, server, 'receive');
      await peer.until('file');
      await offence.say(peer);
      assertOffended(await server.child.exitWithin(GONE_MS), offence);
    });
  }
});

describe('a hostile server that sends', { concurrency: 2 }, () => {
  for (const [title, offence] of Object.entries(SENDER_OFFENCES)) {
    it(`${title}: the client ends with ${offence.exitCode}`, async (t) => {
      const place = await placeFor(t, 1);
      const { client, peer } = await greetClient(t, 'send', place);
      await offence.say(peer);
      assertOffended(await client.exitWithin(GONE_MS), offence);
      await assertNotNamed(place);
    });
  }

  for (const name of ['', '.', '..', '../x', '/etc/x', 'a/b', 'a\\b', 'a\0b', 'a\nb', '.x.streamer-part', '.x.streamer-lock']) {
    it(`the file name ${JSON.stringify(name)}: the client, which was given none, ends with its class's status and makes nothing`, async (t) => {
      const place = await placeFor(t, 1);
      const { client, peer } = await greetClient(t, 'send', place, []);
      for (const frame of [offer({ name }), entries({})]) peer.send(frame);
      // Without a name, as of a pipe, it is for the user to give one.
      assertOffended(await client.exitWithin(GONE_MS), name === '' ? { exitCode: 2, code: 'usage' } : { exitCode: 8, code: 'storage-unsafe-path' });
      assert.deepEqual(await inboxNames(place), []);
      assert.deepEqual((await readdir(place.directory)).sort(), ['inbox', 'outbox']);
    });
  }

  it('setuid, setgid and sticky bits: the client does not set them', async (t) => {
    const place = await placeFor(t, 1);
    const { client, peer } = await greetClient(t, 'send', place);
    await give(peer, { mode: 0o7777 });
    await peer.until('finished');
    peer.send({ type: 'bye' });
    assert.equal((await client.exitWithin(GONE_MS)).code, 0);
    const { mode } = await stat(place.target);
    assert.equal(mode & 0o7000, 0);
    assert.equal(mode & 0o700, 0o700, 'and the others it does');
  });

  it('escape sequences in its name for itself and in its reason: none reaches the terminal', async (t) => {
    const place = await placeFor(t, 1);
    const { client, peer } = await greetClient(t, 'send', place);
    peer.send({ type: 'failure', code: 'storage-io', message: '\x1b[2Jfoo\r\nstreamer: all is well\u202e\u0007' });
    const end = await client.exitWithin(GONE_MS);
    assertOffended(end, { exitCode: 8, code: 'storage-io' });
    assert.doesNotMatch(end.stderr, /[\x1b\x07\r\u202e]/u);
  });
});

describe('a hostile server that receives', { concurrency: 2 }, () => {
  for (const [title, offence] of Object.entries({ ...ANY_OFFENCES, ...RECEIVER_OFFENCES })) {
    it(`${title}: the client ends with ${offence.exitCode}`, async (t) => {
      const place = await placeFor(t, SIZE);
      const { client, peer } = await greetClient(t, 'receive', place, [place.source]);
      await peer.until('file');
      await offence.say(peer);
      assertOffended(await client.exitWithin(GONE_MS), offence);
    });
  }
});

describe('after the greeting, what anybody in between could have done is no more than a cut: the server waits, and serves the next,', { concurrency: 2 }, () => {
  const cuts: Readonly<Record<string, (peer: HostilePeer) => void>> = {
    'text': (peer) => void peer.connection.send([Buffer.from('hello')], 'text'),
    'a close with 1008': (peer) => peer.connection.close(1008, 'policy'),
    'a close with 4007': (peer) => peer.connection.close(4007, ''),
  };
  for (const [title, cut] of Object.entries(cuts)) {
    it(`after ${title}`, async (t) => {
      const place = await placeFor(t, 1000);
      const server = await serveJson(t, 'send', place.source);
      const peer = await greet(t, server, 'receive');
      cut(peer);
      await server.child.waitForLine(/^\{"event":"waiting".*"again":true/u);
      await assertMoved(place, await bothDone(clientJson(t, 'receive', server.coordinates, place.target), server.child));
    });
  }
});

describe('before the greeting is done, a hostile client does not end the server, which serves its real one:', { concurrency: 2 }, () => {
  const early: Readonly<Record<string, (peer: HostilePeer) => void>> = {
    'no hello but a file': (peer) => peer.send(offer()),
    'an empty frame': (peer) => peer.sendBytes(Buffer.alloc(0)),
    'a hello that is cut': (peer) => peer.sendBytes(bytesOf(hello({ action: 'receive' })).subarray(0, 20)),
    'a hello of 300 KiB': (peer) => peer.sendBytes(Buffer.of(0x01), Buffer.alloc(300 * KIB)),
    'a hello of the wrong direction': (peer) => peer.send(hello({})),
    'a hello that joins a session that there is not': (peer) => peer.send(hello({ action: 'receive', stream: 1 })),
    'a hello that takes up a session that there is not': (peer) => peer.send(hello({ action: 'receive', received: 5 })),
    'a record of another key': (peer) => void peer.connection.send([randomBytes(64)], 'binary'),
    'a broken websocket frame': (peer) => void peer.connection.send([Buffer.alloc(8 * MIB)], 'binary'),
  };
  for (const [title, say] of Object.entries(early)) {
    it(title, async (t) => {
      const place = await placeFor(t, 1000);
      const server = await serveJson(t, 'send', place.source);
      const peer = await dialServer(t, server.port, coordinatesSecretBytes(parseCoordinates(server.coordinates)));
      say(peer);
      await peer.closed();
      await assertMoved(place, await bothDone(clientJson(t, 'receive', server.coordinates, place.target), server.child));
    });
  }
});

describe('a hostile server before the greeting is done: the client ends with', { concurrency: 2 }, () => {
  const early: Readonly<Record<string, readonly [frame: Frame, exitCode: number, code: string]>> = {
    '6 when it does what the client does': [{ type: 'welcome', action: 'receive', received: 0, streams: 1, agent: 'x' }, 6, 'protocol-violation'],
    '6 when it sends a file first': [offer(), 6, 'protocol-violation'],
    '5 when it is busy': [{ type: 'failure', code: 'connect-busy', message: 'busy' }, 5, 'connect-busy'],
    '3 when it says that the direction is wrong': [{ type: 'failure', code: 'coordinates-direction', message: 'no' }, 3, 'coordinates-direction'],
  };
  for (const [title, [frame, exitCode, code]] of Object.entries(early)) {
    it(title, async (t) => {
      const { port, accept } = await startHostileServer(t, SECRET);
      const place = await placeFor(t, 1);
      const client = startStreamer(t, ['receive', coordinatesOf(port, 'send'), place.target]);
      const peer = await accept();
      peer.send(frame);
      assertOffended(await client.exitWithin(GONE_MS), { exitCode, code });
    });
  }
});
