/**
 * A receiver that gives credit without end or never any, takes nothing, says that nothing arrived, whatever it is sent, or wants
 * something else of each entry: the sender keeps no more than it does for any other, and what it does is bounded. There is no
 * frame by which content is refused and asked for again; what comes nearest is each here.
 */
import assert from 'node:assert/strict';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { coordinatesSecretBytes } from '../../src/coordinates/coordinates.js';
import { TimeoutError } from '../../src/errors.js';
import { STALL_LIMIT_MS } from '../../src/transfer/outcome.js';
import { isControl, type Frame } from '../../src/wire/frame.js';
import { skipUnless } from '../e2e/abilities.js';
import { coordinatesOf, meet, SECRET } from '../e2e/hostile-meeting.js';
import { dialServer, startHostileServer, type HostilePeer } from '../e2e/hostile-peer.js';
import { assertMoved, bothDone, clientJson, eventOf, HUNG_MS, MIB, placeFor, serveJson } from '../e2e/moving.js';
import { descriptorsOf, residentBytesOf, settled } from '../soak/resources.js';
import { startProgram, streamerArgv, tempDir } from '../support/cli.js';
import { channelPair, Inbox } from '../support/fake-channel.js';
import { fakeClock } from '../support/fake-clock.js';
import { turns } from '../support/fake-events.js';
import { peakMemory } from '../support/peak-memory.js';
import { FakeTransfer } from '../unit/transfer/fixture.js';

const READY: readonly Frame[] = [{ type: 'answers', first: 0, answers: ['want'] }, { type: 'ready', id: 0 }];
const onLinux = { skip: skipUnless(process.platform === 'linux', 'the memory of a process is read from /proc') };

describe('credit for more than there is', onLinux, () => {
  for (const who of ['client', 'server'] as const) {
    it(`a flood of it, from who then takes nothing: our ${who} reads no more of its disk than its socket has room for`, async (t) => {
      const place = await placeFor(t, 1);
      await writeFile(place.source, Buffer.alloc(300 * MIB, 'x'));
      const { child, peer } = await meet(t, 'send', who, place.source);
      await peer.until('file');
      peer.connection.pause();
      for (const frame of READY) peer.send(frame);
      for (let more = 5_000; more >= 0; more -= 1) peer.send({ type: 'credit', limit: Number.MAX_SAFE_INTEGER - more, acked: 0 });
      await peer.connection.drained();
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const peak = await peakMemory(child.pid);
      assert.ok(peak < 200 * MIB, `${peak} bytes`);
      assert.ok(!child.ended);
    });
  }
});

it('credit without end, and never an ack: of what our client reads from a pipe, and cannot read again, no more is kept than a few windows', onLinux, async (t) => {
  const { port, accept } = await startHostileServer(t, SECRET);
  const words = streamerArgv(['send', coordinatesOf(port, 'receive'), '-']);
  const child = startProgram(t, ['bash', '-c', 'exec "$@" < /dev/zero', 'bash', ...words]);
  const peer = await accept();
  await peer.until('hello');
  peer.send({ type: 'welcome', action: 'receive', received: 0, streams: 1, agent: 'hostile' });
  for (const frame of READY) peer.send(frame);
  const before = await peakMemory(child.pid);
  peer.send({ type: 'credit', limit: Number.MAX_SAFE_INTEGER, acked: 0 });
  // It takes all that comes.
  let [taken, over] = [0, false];
  const reading = (async () => {
    for (;;) taken += (await peer.until('data')).length;
  })().catch(() => (over = true));
  for (let [last, quiet] = [-1, 0]; quiet < 10 && taken < 600 * MIB; ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    quiet = taken === last ? quiet + 1 : 0;
    last = taken;
  }
  assert.ok(!over, child.stderr);
  assert.ok(taken > 0);
  const grown = (await peakMemory(child.pid)) - before;
  t.diagnostic(`${taken / MIB} MiB were taken, ${Math.round(grown / MIB)} MiB more in memory`);
  assert.ok(taken <= 64 * MIB, `${taken} bytes were taken, and none acked`);
  assert.ok(grown < 160 * MIB, `${grown} bytes more`);
  // With acks it goes on.
  peer.send({ type: 'credit', limit: Number.MAX_SAFE_INTEGER, acked: 32 });
  while (taken < 96 * MIB) await new Promise((resolve) => setTimeout(resolve, 20));
  await child.stop();
  await reading;
});

/** What it takes each time: the least window. */
const TAKEN = 5 * MIB;

/** Takes that, acks nothing of it, and is gone. */
async function takeAndGo(peer: HostilePeer): Promise<void> {
  peer.send({ type: 'credit', limit: TAKEN, acked: 0 });
  for (let taken = 0; taken + MIB <= TAKEN; ) taken += (await peer.until('data')).length;
  peer.connection.destroy();
}

describe('a receiver that takes its window again and again, and says each time that nothing has arrived', { ...onLinux, concurrency: 3 }, () => {
  it('is left by our client when --retry-timeout is over: no ack, no patience', async (t) => {
    const place = await placeFor(t, 16 * MIB);
    const { port, accept } = await startHostileServer(t, SECRET);
    const child = clientJson(t, 'send', coordinatesOf(port, 'receive'), place.source, ['--streams', '1', '--retry-timeout', '3s']);
    let rounds = 0;
    void (async () => {
      for (;;) {
        const peer = await accept();
        await peer.until('hello');
        peer.send({ type: 'welcome', action: 'receive', received: 0, streams: 1, agent: 'hostile' });
        if (rounds === 0) for (const frame of READY) peer.send(frame);
        rounds += 1;
        await takeAndGo(peer);
      }
    })().catch(() => undefined);
    const end = await child.exitWithin(HUNG_MS);
    assert.equal(end.code, 5, end.stdout);
    assert.equal(eventOf(end, 'error')['code'], 'connect-lost');
    t.diagnostic(`${rounds} times`);
    assert.ok(rounds > 1);
  });

  for (const [title, sameSession] of [['in one session', true], ['each time as another client', false]] as const) {
    it(`${title}: our server keeps nothing of it, and serves who comes then`, async (t) => {
      const place = await placeFor(t, 16 * MIB);
      const { child, coordinates, port } = await serveJson(t, 'send', place.source);
      const secret = coordinatesSecretBytes(parseCoordinates(coordinates));
      const come = async (round: number): Promise<void> => {
        const peer = await dialServer(t, port, secret);
        peer.send({ type: 'hello', client: Buffer.alloc(16, sameSession ? 1 : round), stream: 0, action: 'receive', received: 0, agent: 'hostile' });
        await peer.until('welcome');
        if (!sameSession || round === 1) for (const frame of READY) peer.send(frame);
        await takeAndGo(peer);
      };
      for (let round = 1; round <= 20; round += 1) await come(round);
      const [resident, descriptors] = [residentBytesOf(child.pid), descriptorsOf(child.pid)];
      for (let round = 21; round <= 100; round += 1) await come(round);
      assert.ok((await settled(() => descriptorsOf(child.pid), descriptors + 2, HUNG_MS)) <= descriptors + 2, 'no descriptor is left of them');
      const grown = residentBytesOf(child.pid) - resident;
      t.diagnostic(`${Math.round(grown / MIB)} MiB more after 80 times`);
      assert.ok(grown < 50 * MIB, `${grown} bytes more`);
      await assertMoved(place, await bothDone(clientJson(t, 'receive', coordinates, place.target), child));
    });
  }
});

/** Small files of a tree that nobody wants. */
const FILES = 2_000;

describe('of each entry of a tree', { ...onLinux, concurrency: 2 }, () => {
  const making = async (t: Parameters<typeof tempDir>[0]): Promise<string> => {
    const root = path.join(await tempDir(t), 'tree');
    await mkdir(root);
    for (let index = 0; index < FILES; index += 1) await writeFile(path.join(root, `file ${index}`), 'x'.repeat(100));
    return root;
  };
  /** Answers the root's entry, waits for all others, and says what `say` says of each. */
  const about = async (peer: HostilePeer, say: (id: number) => void): Promise<void> => {
    let [seen, received] = [0, 0];
    while (seen < FILES + 1) {
      const frame = await peer.receive();
      if (isControl(frame)) received += 1;
      if (frame.type !== 'entries') continue;
      seen += frame.entries.length;
      peer.send({ type: 'ack', received });
      for (const { id } of frame.entries) {
        if (id === 0) peer.send({ type: 'answers', first: 0, answers: ['placed'] });
        else say(id);
      }
    }
  };

  for (const who of ['client', 'server'] as const) {
    it(`trouble, and again and again: our ${who} sends nothing, and ends with 8`, async (t) => {
      const { child, peer } = await meet(t, 'send', who, await making(t), ['-q']);
      const trouble = (id: number) => peer.send({ type: 'trouble', id, code: 'storage-full', message: 'no' });
      await about(peer, trouble);
      await peer.until('manifestEnd');
      for (let round = 0; round < 5; round += 1) for (let id = 1; id <= FILES; id += 1) trouble(id);
      peer.send({ type: 'finished', removed: 0, failed: 0 });
      await peer.until('bye');
      assert.equal((await child.exitWithin(HUNG_MS)).code, 8);
    });

    it(`a comparison: our ${who} reads few of them at once, each once, and ends when it is asked again`, async (t) => {
      const { child, peer } = await meet(t, 'send', who, await making(t), ['-q']);
      const before = descriptorsOf(child.pid);
      await about(peer, (id) => peer.send({ type: 'answers', first: id, answers: ['compare'] }));
      let most = 0;
      for (let compared = 0; compared < FILES; ) {
        most = Math.max(most, descriptorsOf(child.pid) - before);
        if ((await peer.receive()).type === 'compare') compared += 1;
      }
      t.diagnostic(`${most} descriptors more`);
      assert.ok(most <= 32, `${most} descriptors more`);
      peer.send({ type: 'answers', first: 1, answers: ['compare'] });
      assert.equal((await child.exitWithin(HUNG_MS)).code, 6);
    });
  }
});

describe('frames without end that a sender takes:', { ...onLinux, concurrency: 2 }, () => {
  it('chunks that are there already, told again and again: no more is kept than the file has, and it goes on', async (t) => {
    const place = await placeFor(t, 1);
    // 16,384 chunks, in none of which anything is: the most that one frame tells of.
    await truncate(place.source, 16_384 * MIB);
    const { child, peer } = await meet(t, 'send', 'client', place.source, ['-q']);
    await peer.until('file');
    const before = await peakMemory(child.pid);
    peer.send({ type: 'answers', first: 0, answers: ['want'] });
    const hashes = Buffer.alloc(16_384 * 8);
    for (let round = 0; round < 2_000; round += 1) {
      peer.send({ type: 'have', id: 0, first: 0, hashes });
      if (round % 50 === 0) await peer.connection.drained();
    }
    peer.send({ type: 'ready', id: 0 });
    await peer.until('fileEnd');
    const grown = (await peakMemory(child.pid)) - before;
    t.diagnostic(`${Math.round(grown / MIB)} MiB more, of 250 MiB`);
    assert.ok(grown < 100 * MIB, `${grown} bytes more`);
    peer.send({ type: 'done', ids: [0] });
    peer.send({ type: 'finished', removed: 0, failed: 0 });
    await peer.until('bye');
    assert.equal((await child.exitWithin(HUNG_MS)).code, 0);
  });

  it('paths of extras: none is kept', async (t) => {
    const root = path.join(await tempDir(t), 'tree');
    await mkdir(root);
    const { child, peer } = await meet(t, 'send', 'client', root, ['-q', '--delete']);
    await peer.until('entries');
    peer.send({ type: 'answers', first: 0, answers: ['placed'] });
    await peer.until('manifestEnd');
    const before = await peakMemory(child.pid);
    const paths = Array.from({ length: 250 }, (_, index) => `${'x'.repeat(1000)}${index}`);
    for (let round = 0; round < 1_000; round += 1) {
      peer.send({ type: 'extras', paths });
      if (round % 50 === 0) await peer.connection.drained();
    }
    // It has taken them: an ack comes each 32 frames.
    while ((await peer.until('ack')).received < 990);
    const grown = (await peakMemory(child.pid)) - before;
    t.diagnostic(`${Math.round(grown / MIB)} MiB more, of 250 MiB`);
    assert.ok(grown < 100 * MIB, `${grown} bytes more`);
    peer.send({ type: 'finished', removed: 0, failed: 0 });
    await peer.until('bye');
    assert.equal((await child.exitWithin(HUNG_MS)).code, 0);
  });
});

it('a receiver that never gives credit is left after ten minutes, and nothing was read for it', async (t) => {
  const clock = fakeClock(t);
  const { sender, source } = new FakeTransfer({ size: 3 * MIB });
  const pair = await channelPair();
  const inbox = new Inbox(pair.server);
  sender.attach(0, { channel: pair.client, remote: 'memory:1' }, 0);
  await turns(20);
  for (const frame of READY) pair.server.send(frame);
  await turns(20);
  assert.ok(inbox.frames.some(({ type }) => type === 'file'), 'it is ready to send');
  const { reads } = source;
  clock.advance(STALL_LIMIT_MS - 1_000);
  await turns(20);
  assert.ok(!sender.over, 'not before');
  clock.advance(2_000);
  await assert.rejects(sender.ended, (error: unknown) => error instanceof TimeoutError && error.code === 'timeout-idle');
  assert.equal(source.reads, reads);
});
