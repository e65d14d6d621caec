/**
 * Sessions over several connections, and over connections that break.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { ConnectError, IntegrityError, type StreamerError } from '../../../src/errors.js';
import type { Sink } from '../../../src/storage/sink.js';
import { Inbox, channelPair } from '../../support/fake-channel.js';
import { turns, until } from '../../support/fake-events.js';
import { Gate } from '../../support/fake-storage.js';
import type { MemoryLink } from '../../support/memory-pair.js';
import { readTree } from '../storage/tree-fixture.js';
import { CHUNK, checksum, content, FakeTransfer, fates, MIB, move, Move, offerFrame, tempDirectory } from './fixture.js';

/** The same numbers for the same seed. */
function random(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761;
  return (below) => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) >>> 0;
    return (state >>> 8) % below;
  };
}

async function file(t: TestContext, size: number): Promise<{ source: string; directory: string; target: string }> {
  const directory = await tempDirectory(t);
  const inbox = path.join(directory, 'inbox');
  await mkdir(inbox);
  const source = path.join(directory, 'big.bin');
  await writeFile(source, content(size));
  return { source, directory: inbox, target: path.join(inbox, 'big.bin') };
}

async function tree(t: TestContext): Promise<{ source: string; target: string }> {
  const directory = await tempDirectory(t);
  const source = path.join(directory, 'run');
  await mkdir(path.join(source, 'd'), { recursive: true });
  for (let index = 0; index < 120; index += 1) await writeFile(path.join(source, 'd', `${index}`), content(index * 300));
  for (let index = 0; index < 3; index += 1) await writeFile(path.join(source, `large${index}`), content(3 * MIB + index));
  return { source, target: path.join(directory, 'copy') };
}

describe('several streams', () => {
  it('carry one file together', async (t) => {
    const { source, target } = await file(t, 12 * MIB + 5);
    const moving = await Move.begin({ paths: [source], target, streams: 4 });
    const { sent, received } = await moving.run();
    assert.ok((await readFile(target)).equals(content(12 * MIB + 5)));
    assert.deepEqual(sent.digest, received.digest);
    assert.deepEqual([sent.movedBytes, received.movedBytes], [12 * MIB + 5, 12 * MIB + 5]);
    const used = [...moving.wires.pairs.values()].filter(({ a }) => a.wireBytes.sent > MIB);
    assert.ok(used.length > 1, `${used.length} streams carried something`);
  });

  it('that come and go at random moments lose nothing and move nothing twice', async (t) => {
    for (let seed = 1; seed <= 6; seed += 1) {
      const { source, target } = await tree(t);
      const below = random(seed);
      let cuts = 25;
      const link = (): MemoryLink => {
        cuts -= 1;
        return cuts < 0 ? {} : below(2) === 0 ? { cutAfterBytes: 500 + below(2 * MIB) } : { cutAfterMessages: 3 + below(30) };
      };
      const { sent, received, move: moved } = await move({ paths: [source], target, streams: 3, link });
      assert.deepEqual(await readTree(target), await readTree(source), `seed ${seed}`);
      assert.ok(moved.losses.length > 3, `${moved.losses.length} were lost`);
      assert.deepEqual([received.entries.moved, received.entries.failed, sent.entries.moved], [123, 0, 123]);
      assert.equal(received.movedBytes, received.size);
      assert.deepEqual(fates(moved.sent), fates(moved.received));
    }
  });

  it('one that is lost for good leaves its work to the others', async (t) => {
    const { source, target } = await file(t, 9 * MIB);
    const { received } = await move({
      paths: [source],
      target,
      streams: 3,
      link: (stream) => (stream === 0 ? {} : { cutAfterBytes: 1_500_000 }),
      lost: () => undefined,
    });
    assert.ok((await readFile(target)).equals(content(9 * MIB)));
    assert.equal(received.movedBytes, 9 * MIB);
  });

  it('go on while stream 0 is away, which is taken up where it was', async (t) => {
    const { source, target } = await file(t, 40 * MIB);
    const gate = new Gate();
    let sinkWrites = 0;
    const moving = await Move.begin({
      paths: [source],
      target,
      streams: 2,
      lost: () => undefined,
      wrapSink: (sink) =>
        withWrite(sink, async (pieces, offset) => {
          sinkWrites += 1;
          if (sinkWrites > 3) await gate.wait();
          await sink.write(pieces, offset);
        }),
    });
    const both = moving.run();
    await until(() => gate.waiting > 0);
    moving.wires.cut(0);
    await until(() => moving.losses.includes(0));
    const before = sinkWrites;
    const release = setInterval(() => gate.release(), 1);
    t.after(() => clearInterval(release));
    await until(() => sinkWrites > before + 6);
    assert.deepEqual(moving.sending.session.streams, [1]);
    await moving.attach(0);
    const { received } = await both;
    assert.ok((await readFile(target)).equals(content(40 * MIB)));
    assert.equal(received.movedBytes, 40 * MIB);
  });
});

function withWrite(sink: Sink, write: Sink['write']): Sink {
  return withMethod(sink, 'write', write);
}

function withMethod<K extends keyof Sink>(sink: Sink, method: K, instead: Sink[K]): Sink {
  return new Proxy(sink, {
    get: (real, name) => {
      if (name === method) return instead;
      const value: unknown = Reflect.get(real, name, real);
      return typeof value === 'function' ? (value.bind(real) as unknown) : value;
    },
  });
}

const names = async (directory: string) => (await readdir(directory)).sort();

describe('one connection that breaks', () => {
  it('at every message in turn is had again, and the file arrives', async (t) => {
    for (let cutAfterMessages = 3; cutAfterMessages < 24; cutAfterMessages += 1) {
      const { source, directory, target } = await file(t, 3 * MIB + 3);
      const { sent, received } = await move({ paths: [source], target, link: (_stream, made) => (made === 0 ? { cutAfterMessages } : {}) });
      assert.ok((await readFile(target)).equals(content(3 * MIB + 3)), `cut after ${cutAfterMessages}`);
      assert.deepEqual([sent.resumedBytes, received.resumedBytes, received.movedBytes, sent.movedBytes], [0, 0, 3 * MIB + 3, 3 * MIB + 3]);
      assert.deepEqual(await names(directory), ['big.bin']);
    }
  });

  it('for good keeps what came, and another session goes on from there', async (t) => {
    const { source, directory, target } = await file(t, 6 * MIB);
    const lost = (it: Move, _stream: number, error: StreamerError) => {
      it.sending.session.drop(error);
      it.receiving.session.drop(error);
    };
    const broken = await Move.begin({ paths: [source], target, link: () => ({ cutAfterBytes: 4 * MIB }), lost });
    for (const end of await broken.ends()) assert.ok(end.status === 'rejected' && end.reason instanceof ConnectError);
    assert.deepEqual(await names(directory), ['.big.bin.streamer-journal', '.big.bin.streamer-part']);
    const { sent, received, move: again } = await move({ paths: [source], target, streams: 2 });
    assert.ok(received.resumedBytes >= MIB && received.resumedBytes === sent.resumedBytes, `${received.resumedBytes} bytes were there`);
    assert.equal(received.movedBytes + received.resumedBytes, 6 * MIB);
    assert.ok((await readFile(target)).equals(content(6 * MIB)));
    assert.ok(again.received.some((event) => event.type === 'started' && event.resumedBytes === received.resumedBytes));
    assert.deepEqual(await names(directory), ['big.bin']);
  });

  it('keeps what came of a source that is another by now out of the new one', async (t) => {
    const { source, target } = await file(t, 6 * MIB);
    const lost = (it: Move, _stream: number, error: StreamerError) => {
      it.sending.session.drop(error);
      it.receiving.session.drop(error);
    };
    await (await Move.begin({ paths: [source], target, link: () => ({ cutAfterBytes: 4 * MIB }), lost })).ends();
    await writeFile(source, Buffer.alloc(6 * MIB, 9));
    const { received, move: again } = await move({ paths: [source], target });
    assert.equal(received.resumedBytes, 0);
    assert.ok((await readFile(target)).equals(Buffer.alloc(6 * MIB, 9)));
    assert.ok(again.received.some((event) => event.type === 'notice' && /starting over/u.test(event.message)));
  });

  it('in the place of another one that seems alive is no loss: nobody waits, nothing is sent twice', async (t) => {
    const { source, target } = await file(t, 5 * MIB);
    const gate = new Gate();
    const lost: number[] = [];
    const moving = await Move.begin({ paths: [source], target, lost: (_move, stream) => lost.push(stream), wrapSink: (sink) => withMethod(sink, 'commit', async (size) => {
      await gate.wait();
      await sink.commit(size);
    }) });
    const both = moving.run();
    await until(() => gate.waiting === 1);
    await moving.attach(0);
    await turns(20);
    gate.release();
    const { sent } = await both;
    assert.deepEqual(lost, []);
    assert.equal(sent.movedBytes, 5 * MIB);
  });
});

describe('the end of a session over links that break', () => {
  /** The file has its name, and the receiver would say so; but the sender does not hear it, and the link is lost. */
  async function unconfirmed(t: TestContext) {
    const { source, directory, target } = await file(t, MIB);
    const moving = await Move.begin({ paths: [source], target, lost: () => undefined });
    const ends = moving.ends();
    const pair = await new Promise<Awaited<ReturnType<typeof channelPair>>>((resolve) => {
      const look = () => {
        const there = moving.wires.pairs.get(0);
        if (there === undefined) setImmediate(look);
        else resolve(there);
      };
      look();
    });
    await until(() => moving.sent.some(({ type }) => type === 'finishing'));
    pair.a.pause();
    await until(() => moving.receiving.session.complete);
    pair.cut();
    await until(() => moving.losses.length === 1);
    return { moving, ends, directory };
  }

  it('is good for the receiver when only the sender’s bye is missing, which says so', async (t) => {
    const { moving, ends, directory } = await unconfirmed(t);
    moving.receiving.session.drop(new ConnectError('connect-lost', 'nobody came back'));
    moving.sending.session.drop(new ConnectError('connect-lost', 'nobody answers'));
    const [sent, received] = await ends;
    assert.ok(sent.status === 'rejected' && received.status === 'fulfilled');
    assert.equal(received.value.verified, true);
    assert.ok(moving.received.some((event) => event.type === 'notice' && /complete and verified/u.test(event.message)));
    assert.deepEqual(await names(directory), ['big.bin']);
  });

  it('is told over the next link when the sender comes back, and nothing is sent again', async (t) => {
    const { moving, ends } = await unconfirmed(t);
    const second = await moving.attach(0);
    const [sent, received] = await ends;
    assert.ok(sent.status === 'fulfilled' && received.status === 'fulfilled');
    assert.ok(second.a.wireBytes.sent < 2_000, `${second.a.wireBytes.sent} bytes`);
    assert.deepEqual(sent.value.digest, received.value.digest);
  });

  it('discards all when the digest differs, for nobody knows which chunk is wrong', async () => {
    const transfer = new FakeTransfer({ size: 10 });
    const { client, server } = await channelPair();
    const inbox = new Inbox(client);
    transfer.receiver.attach(0, { channel: server, remote: '' }, 0);
    client.send(offerFrame('file'));
    client.send({ type: 'entries', entries: [{ id: 0, kind: 'file', path: 'x', size: 10, mode: 0o600, mtimeNs: 0n }] });
    client.send({ type: 'file', id: 0, chunkSize: CHUNK, identity: Buffer.alloc(32) });
    await until(() => inbox.frames.some(({ type }) => type === 'ready'));
    client.send({ type: 'data', id: 0, offset: 0, length: 10, hash: checksum.xxh64(Buffer.alloc(10)), payload: [Buffer.alloc(10)] });
    client.send({ type: 'fileEnd', id: 0, size: 10, digest: Buffer.alloc(32) });
    await assert.rejects(transfer.receiver.ended, (error: unknown) => error instanceof IntegrityError && error.code === 'integrity-digest');
    await transfer.receiver.close();
    assert.deepEqual(transfer.sink.ended.slice(0, 1), ['discard']);
  });

  it('by its own user while it commits, says what is true of the file', async (t) => {
    const { source, directory, target } = await file(t, MIB);
    const gate = new Gate();
    const moving = await Move.begin({ paths: [source], target, wrapSink: (sink) => withMethod(sink, 'commit', async (size) => {
      await gate.wait();
      await sink.commit(size);
    }) });
    const ends = moving.ends();
    await until(() => gate.waiting === 1);
    moving.stop.receive.abort();
    await turns(20);
    gate.release();
    const [sent, received] = await ends;
    assert.deepEqual(await names(directory), ['big.bin']);
    assert.equal(received.status, 'fulfilled');
    assert.ok(sent.status === 'rejected' && (sent.reason as StreamerError).fromPeer);
  });

  it('while its target is being opened leaves no lock behind', async (t) => {
    const { source, directory, target } = await file(t, MIB);
    const moving = await Move.begin({ paths: [source], target });
    const ends = moving.ends();
    await until(() => moving.receiving.session.received >= 2);
    moving.stop.receive.abort();
    for (const end of await ends) assert.equal(end.status, 'rejected');
    assert.deepEqual(await names(directory), []);
  });
});
