/**
 * A peer that knows the secret and offers a tree that is a trap, or takes one and lies about it; and one that abuses
 * further connections and pipes. What cannot be placed is told of and nothing of it is written; what breaks a rule ends it.
 */
import assert from 'node:assert/strict';
import { link, lstat, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadChecksum } from '../../src/crypto/checksum.js';
import type { Frame, ManifestEntry } from '../../src/wire/frame.js';
import { startStreamer, type Child, type Finished } from '../support/cli.js';
import { peakMemory } from '../support/peak-memory.js';
import { data, entries, manifestEnd, offer, whole } from './hostile-frames.js';
import { coordinatesOf, meet, SECRET } from './hostile-meeting.js';
import { startHostileServer, type HostilePeer } from './hostile-peer.js';
import { MIB, placeFor, type Place } from './moving.js';

/** Whoever was offended is gone within this, milliseconds. */
const GONE_MS = 15_000;
const checksum = await loadChecksum();
const small = Buffer.from('small');
const ROOT: Partial<ManifestEntry> = { kind: 'directory', path: '', size: 0, mode: 0o755 };

function assertEnded(end: Finished, exitCode: number, code: string): void {
  assert.equal(end.code, exitCode, end.stderr);
  const errors = end.stderr.split('\n').filter((line) => line.startsWith('streamer: '));
  assert.equal(errors.length, 1, end.stderr);
  assert.ok(errors[0]?.endsWith(` [${code}]`), end.stderr);
  assert.doesNotMatch(end.stderr, /^ {4}at /m, 'no stack');
}

const sendAll = (peer: HostilePeer, frames: Iterable<Frame>): void => {
  for (const frame of frames) peer.send(frame);
};

/** Entries that cannot be placed: each is told of, and those beside it arrive. */
const TRAPS: Readonly<Record<string, readonly Partial<ManifestEntry>[]>> = {
  'a path by ..': [{ path: '../out' }],
  'a path by .. further in': [{ kind: 'directory', path: 'a', size: 0 }, { path: 'a/../../out' }],
  'a path that is ..': [{ path: '..' }],
  'a path of a dot': [{ path: './out' }],
  'an absolute path': [{ path: '/tmp/streamer-out' }],
  'an empty component': [{ path: 'a//out' }],
  'a slash at the end': [{ path: 'out/' }],
  'a NUL byte': [{ path: 'o\0ut' }],
  'a line feed': [{ path: 'o\nut' }],
  'a component of 300 bytes': [{ path: 'x'.repeat(300) }],
  'a depth of a thousand': [{ path: Array.from({ length: 1000 }, () => 'd').join('/') }],
  'a name of our own files': [{ path: '.ok.streamer-part' }],
  'a file in a file': [{ path: 'file' }, { path: 'file/out' }],
  'a path twice': [{ path: 'twice' }, { path: 'twice' }],
  'a path twice, as another kind': [{ path: 'twice' }, { kind: 'directory', path: 'twice', size: 0 }],
  'the root again, as a file': [{ path: '' }],
  'a file through a link up': [{ kind: 'symlink', path: 'way', target: '..', size: 0 }, { path: 'way/out' }],
  'a file through an absolute link': [{ kind: 'symlink', path: 'way', target: '/tmp', size: 0 }, { path: 'way/streamer-out' }],
  'a directory through a link': [{ kind: 'symlink', path: 'way', target: '..', size: 0 }, { kind: 'directory', path: 'way/out', size: 0 }],
  'a link through a link': [{ kind: 'symlink', path: 'way', target: '..', size: 0 }, { kind: 'symlink', path: 'way/out', target: 'x', size: 0 }],
  'a hard link to a directory': [{ kind: 'hardlink', path: 'hard', linkTo: 0, size: 0 }],
  'a hard link to a file that was not said to have some': [{ kind: 'hardlink', path: 'hard', linkTo: 1, size: 0 }],
  'a hard link through a link': [{ path: 'file', linked: true }, { kind: 'symlink', path: 'way', target: '..', size: 0 }, { kind: 'hardlink', path: 'way/out', linkTo: 2, size: 0 }],
  'a hard link to a file that failed': [{ path: '../out', linked: true }, { kind: 'hardlink', path: 'brought', linkTo: 2 }],
  'a hard link by .. to a file that failed': [{ path: '../out', linked: true }, { kind: 'hardlink', path: '../hard', linkTo: 2 }],
};
/** Entries that do arrive, with the trap beside them. */
const HARMLESS = new Set(['way', 'twice', 'file', 'a', 'brought']);

/** Sends a tree and gives every small file that is wanted; resolves when the receiver has finished. */
async function giveTree(peer: HostilePeer, manifest: readonly Partial<ManifestEntry>[]): Promise<void> {
  const all = manifest.map((entry, id) => ({ size: small.length, ...entry, id }));
  sendAll(peer, [offer({ root: 'tree', name: 'tree' }), entries(...all), manifestEnd(all.length)]);
  for (;;) {
    const frame = await peer.receive();
    if (frame.type === 'finished') return;
    if (frame.type !== 'answers') continue;
    for (const [index, answer] of frame.answers.entries()) if (answer === 'want') peer.send(whole(frame.first + index, small));
  }
}

for (const who of ['client', 'server'] as const) {
  describe(`a tree with a trap, received by our ${who}:`, { concurrency: 2 }, () => {
    for (const [title, trap] of Object.entries(TRAPS)) {
      it(`${title} is told of, and nothing of it is written; exit 8, and what is beside it arrives`, async (t) => {
        const place = await placeFor(t, 1);
        const { child, peer } = await meet(t, 'receive', who, place.target);
        await giveTree(peer, [ROOT, { path: 'ok' }, ...trap]);
        peer.send({ type: 'bye' });
        assertEnded(await child.exitWithin(GONE_MS), 8, 'storage-incomplete');
        assert.deepEqual((await readdir(place.directory)).sort(), ['inbox', 'outbox']);
        assert.deepEqual(await readdir(place.inbox), [path.basename(place.target)]);
        const names = await readdir(place.target);
        assert.deepEqual(names.filter((name) => name !== 'ok' && !HARMLESS.has(name)), [], 'nothing else');
        assert.equal(await readFile(path.join(place.target, 'ok'), 'utf8'), 'small');
        for (const name of names.filter((one) => one !== 'way')) assert.ok(!(await lstat(path.join(place.target, name))).isSymbolicLink());
        for (const outside of ['/tmp/out', '/tmp/streamer-out']) await assert.rejects(stat(outside), { code: 'ENOENT' });
      });
    }
  });

  describe(`a tree that breaks a rule, received by our ${who}:`, { concurrency: 2 }, () => {
    const tree = offer({ root: 'tree', name: 'tree' });
    const broken: Readonly<Record<string, readonly [says: () => Iterable<Frame>, exitCode: number, code: string]>> = {
      'a hard link to itself': [() => [tree, entries(ROOT, { id: 1, kind: 'hardlink', path: 'hard', linkTo: 1, size: 0 })], 6, 'protocol-violation'],
      'twenty thousand files that are not settled': [
        function* () {
          yield tree;
          yield entries(ROOT);
          for (let first = 1; first < 20_000; first += 500) yield entries(...Array.from({ length: 500 }, (_, index) => ({ id: first + index, path: `file-${first + index}`, size: 5 })));
        },
        6,
        'protocol-violation',
      ],
      'more files with hard links than a receiver remembers': [
        function* () {
          yield tree;
          for (let id = 0; id < 16_200; id += 50) yield entries(...Array.from({ length: 50 }, (_, index) => ({ id: id + index, path: `${id + index}/`.padEnd(4_096, 'x'), size: 5, linked: true })));
        },
        9,
        'limit-entries',
      ],
      'content of a hard link that was not asked for': [() => [tree, entries(ROOT, { id: 1, path: 'one', linked: true }, { id: 2, kind: 'hardlink', path: 'two', linkTo: 1 }), { type: 'file', id: 2, chunkSize: 65_536, identity: Buffer.alloc(32) }], 6, 'protocol-violation'],
      'a frame of 513 entries': [() => [tree, entries(...Array.from({ length: 513 }, (_, id) => ({ id, path: `f${id}` })))], 6, 'protocol-violation'],
      'a path of 5000 bytes': [() => [tree, entries(ROOT, { id: 1, path: 'x/'.repeat(2500) })], 6, 'protocol-violation'],
      'a mode of more than twelve bits': [() => [tree, entries(ROOT, { id: 1, path: 'x', mode: 0o10000 })], 6, 'protocol-violation'],
      'files that go on after their end': [() => [tree, entries(ROOT), manifestEnd(1), manifestEnd(1)], 6, 'protocol-violation'],
      'a directory that is given content': [() => [tree, entries(ROOT), { type: 'file', id: 0, chunkSize: 65_536, identity: Buffer.alloc(32) }, data(0)], 6, 'protocol-violation'],
      'trouble with what was not announced': [() => [tree, entries(ROOT), { type: 'trouble', id: 7, code: 'storage-io', message: 'x' }], 6, 'protocol-violation'],
      'a rule that is no pattern': [() => [offer({ root: 'tree', name: 'tree', rules: ['-'] }), entries(ROOT), manifestEnd(1)], 2, 'usage'],
    };
    for (const [title, [says, exitCode, code]] of Object.entries(broken)) {
      it(`${title}: it ends with ${exitCode}`, async (t) => {
        const place = await placeFor(t, 1);
        const { child, peer } = await meet(t, 'receive', who, place.target);
        sendAll(peer, says());
        assertEnded(await child.exitWithin(GONE_MS), exitCode, code);
        const names = await readdir(place.target).catch(() => []);
        assert.deepEqual(names.filter((name) => !name.startsWith('.')), [], 'nothing has a name');
      });
    }

    it('trouble with every file, in words that would move the cursor: told of in plain text, exit 8', async (t) => {
      const place = await placeFor(t, 1);
      const { child, peer } = await meet(t, 'receive', who, place.target);
      sendAll(peer, [tree, entries(ROOT, { id: 1, path: 'one' }), { type: 'trouble', id: 1, code: 'storage-io', message: '\x1b[2J\r\nstreamer: done' }, manifestEnd(2)]);
      await peer.until('finished');
      peer.send({ type: 'bye' });
      const end = await child.exitWithin(GONE_MS);
      assertEnded(end, 8, 'storage-incomplete');
      assert.doesNotMatch(end.stderr, /[\x1b\r]/u);
    });
  });

  describe(`a pipe that breaks a rule, received by our ${who}:`, { concurrency: 2 }, () => {
    const part = (offset: number, bytes: Buffer): Frame => data(0, { offset, length: bytes.length, payload: [bytes], hash: checksum.xxh64(bytes) });
    const full = Buffer.alloc(MIB, 'x');
    const digest = Buffer.alloc(32);
    const cases: Readonly<Record<string, readonly Frame[]>> = {
      'a chunk out of order': [part(MIB, full)],
      'a chunk after one that was short': [part(0, small), part(MIB, full)],
      'a chunk that is too long': [part(0, Buffer.alloc(2 * MIB))],
      'an end that is before what was sent': [part(0, full), { type: 'fileEnd', id: 0, size: 5, digest }],
      'more than its end said': [{ type: 'fileEnd', id: 0, size: 5, digest }, part(0, full)],
      'a hole': [{ type: 'hole', id: 0, first: 0, count: 1 }],
      'a file frame': [{ type: 'file', id: 0, chunkSize: MIB, identity: Buffer.alloc(32) }],
    };
    for (const [title, says] of Object.entries(cases)) {
      it(`${title}: it ends with 6, and nothing has the name`, async (t) => {
        const place = await placeFor(t, 1);
        const { child, peer } = await meet(t, 'receive', who, place.target);
        sendAll(peer, [offer({ root: 'pipe', name: '' }), entries({ path: '', size: 0 }), manifestEnd(1)]);
        await peer.until('ready');
        sendAll(peer, says);
        assertEnded(await child.exitWithin(GONE_MS), 6, 'protocol-violation');
        await assert.rejects(stat(place.target), { code: 'ENOENT' });
      });
    }

    it('a wrong digest at its end: it ends with 7, and nothing has the name', async (t) => {
      const place = await placeFor(t, 1);
      const { child, peer } = await meet(t, 'receive', who, place.target);
      sendAll(peer, [offer({ root: 'pipe', name: '' }), entries({ path: '', size: 0 }), manifestEnd(1)]);
      await peer.until('ready');
      sendAll(peer, [part(0, small), { type: 'fileEnd', id: 0, size: small.length, digest }]);
      assertEnded(await child.exitWithin(GONE_MS), 7, 'integrity-digest');
      await assert.rejects(stat(place.target), { code: 'ENOENT' });
    });
  });

  describe(`a liar that receives a tree from our ${who}:`, { concurrency: 2 }, () => {
    /** A tree of a directory, a file, and one with two names, sent. */
    async function sending(t: TestContext, args: readonly string[] = []): Promise<{ child: Child; peer: HostilePeer; id: (name: string) => number }> {
      const place: Place = await placeFor(t, 1);
      const tree = path.join(place.directory, 'tree');
      await mkdir(path.join(tree, 'sub'), { recursive: true });
      await writeFile(path.join(tree, 'file'), 'small');
      await writeFile(path.join(tree, 'linked'), 'small');
      await link(path.join(tree, 'linked'), path.join(tree, 'sub/hard'));
      const { child, peer } = await meet(t, 'send', who, tree, args);
      const ids = new Map<string, number>();
      for (let frame = await peer.receive(); frame.type !== 'manifestEnd'; frame = await peer.receive()) {
        if (frame.type === 'entries') for (const entry of frame.entries) ids.set(entry.path, entry.id);
      }
      return { child, peer, id: (name) => ids.get(name) ?? -1 };
    }
    const cases: Readonly<Record<string, (id: (name: string) => number) => readonly Frame[]>> = {
      'wants a directory': (id) => [{ type: 'answers', first: id('sub'), answers: ['want'] }],
      'wants to compare a directory': (id) => [{ type: 'answers', first: id('sub'), answers: ['compare'] }],
      'wants a hard link twice': (id) => [{ type: 'answers', first: id('sub/hard'), answers: ['want'] }, { type: 'answers', first: id('sub/hard'), answers: ['want'] }],
      'wants a hard link that it has placed': (id) => [{ type: 'answers', first: id('sub/hard'), answers: ['placed'] }, { type: 'answers', first: id('sub/hard'), answers: ['want'] }],
      'wants what is not in the manifest': (id) => [{ type: 'answers', first: id('sub/hard') + 1, answers: ['want'] }],
      'is done with a hard link that it has not asked for': (id) => [{ type: 'done', ids: [id('sub/hard')] }],
      'says that it is ready for a small file': (id) => [{ type: 'answers', first: id('file'), answers: ['want'] }, { type: 'ready', id: id('file') }],
      'has chunks of a small file': (id) => [{ type: 'have', id: id('file'), first: 0, hashes: Buffer.alloc(8) }],
      'is done with a file that was not sent': (id) => [{ type: 'done', ids: [id('file')] }],
      'is done with a directory': (id) => [{ type: 'done', ids: [id('sub')] }],
      'has finished before anything': () => [{ type: 'finished', removed: 0, failed: 0 }],
      'tells of extras before all is settled': () => [{ type: 'extras', paths: ['x'] }],
      'tells of 257 extras at once': () => [{ type: 'extras', paths: Array.from({ length: 257 }, () => 'x') }],
      'tells of an extra of 5000 bytes': () => [{ type: 'extras', paths: ['x'.repeat(5000)] }],
      'acks content that was not sent': () => [{ type: 'credit', limit: MIB, acked: 3 }],
    };
    for (const [title, says] of Object.entries(cases)) {
      it(`that ${title}: it ends with 6`, async (t) => {
        const { child, peer, id } = await sending(t);
        sendAll(peer, says(id));
        assertEnded(await child.exitWithin(GONE_MS), 6, 'protocol-violation');
      });
    }

    it('that tells of a hundred thousand extras of the longest names: it takes no memory for them, and ends as it should', async (t) => {
      const { child, peer, id } = await sending(t, ['--delete', '-q']);
      sendAll(peer, ['', 'sub', 'file', 'linked', 'sub/hard'].map((name): Frame => ({ type: 'answers', first: id(name), answers: ['equal'] })));
      const paths = Array.from({ length: 60 }, () => 'x'.repeat(4000));
      for (let frames = 0; frames < 400; frames += 1) {
        peer.send({ type: 'extras', paths });
        if (frames % 20 === 0) await peer.connection.drained();
      }
      const peak = await peakMemory(child.pid);
      peer.send({ type: 'finished', removed: 0, failed: 0 });
      const end = await child.exitWithin(GONE_MS);
      assert.equal(end.code, 0, end.stderr);
      assert.ok(peak < 250 * MIB, `${peak} bytes`);
    });
  });

  describe(`a second connection to our ${who}`, { concurrency: 2 }, () => {
    const cases: Readonly<Record<string, Frame>> = {
      'that carries a control frame': { type: 'trouble', id: 0, code: 'storage-io', message: 'x' },
      'that carries an ack of control frames': { type: 'ack', received: 0 },
      'that carries a hello': { type: 'hello', client: Buffer.alloc(16, 1), stream: 2, action: 'send', received: 0, agent: 'x' },
      'that carries a bye': { type: 'bye' },
    };
    for (const [title, frame] of Object.entries(cases)) {
      it(`${title}: it ends with 6`, async (t) => {
        const place = await placeFor(t, 1);
        const { child, join } = await meet(t, 'receive', who, place.target);
        (await join()).send(frame);
        assertEnded(await child.exitWithin(GONE_MS), 6, 'protocol-violation');
      });
    }
  });
}

it('a welcome that has what was never sent: our client ends with 6', async (t) => {
  const place = await placeFor(t, 1);
  const { port, accept } = await startHostileServer(t, SECRET);
  const child = startStreamer(t, ['send', coordinatesOf(port, 'receive'), place.source]);
  const peer = await accept();
  peer.send({ type: 'welcome', action: 'receive', received: 999, streams: 1, agent: 'x' });
  assertEnded(await child.exitWithin(GONE_MS), 6, 'protocol-violation');
});

it('a welcome that allows a thousand million streams, or none: our client keeps to what it was told, and one is always there', async (t) => {
  for (const streams of [0, 1e9]) {
    const place = await placeFor(t, 1);
    const { port, accept } = await startHostileServer(t, SECRET);
      const child = startStreamer(t, ['send', '--streams', '3', coordinatesOf(port, 'receive'), place.source]);
    const peer = await accept();
    peer.send({ type: 'welcome', action: 'receive', received: 0, streams, agent: 'x' });
    await peer.until('file');
    peer.send({ type: 'failure', code: 'storage-full', message: 'x' });
    assertEnded(await child.exitWithin(GONE_MS), 8, 'storage-full');
  }
});
