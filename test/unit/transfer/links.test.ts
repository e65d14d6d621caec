import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { loadChecksum } from '../../../src/crypto/checksum.js';
import { AbortError, ConnectError, IntegrityError, type StreamerError } from '../../../src/errors.js';
import type { Sink } from '../../../src/storage/sink.js';
import type { ProgressEvent, TransferResult } from '../../../src/transfer/progress.js';
import { receiveNative, type ReceiveRequest } from '../../../src/transfer/receive.js';
import { sendNative } from '../../../src/transfer/send.js';
import { channelPair, Inbox, type ChannelPair } from '../../support/fake-channel.js';
import { turns, until } from '../../support/fake-events.js';
import { FakeLinks } from '../../support/fake-links.js';
import { FakeSource, Gate } from '../../support/fake-storage.js';
import type { MemoryLink } from '../../support/memory-pair.js';
import { names, temporary } from '../storage/fixture.js';
import { content } from './fixture.js';

const MIB = 2 ** 20;

/** A whole transfer, over links that break when the test says so. */
class Session {
  readonly directory: string;
  readonly source: FakeSource;
  readonly events: { send: ProgressEvent[]; receive: ProgressEvent[] } = { send: [], receive: [] };
  readonly sendLinks: FakeLinks;
  readonly receiveLinks: FakeLinks;
  readonly stop = new AbortController();
  pair: ChannelPair;
  wrapSink: ((sink: Sink) => Sink) | undefined;
  sending: Promise<TransferResult> | undefined;
  receiving: Promise<TransferResult> | undefined;

  constructor(directory: string, size: number, pair: ChannelPair) {
    this.directory = directory;
    this.source = new FakeSource(content(size), 'sync', 'big.bin');
    this.pair = pair;
    this.sendLinks = new FakeLinks(pair.client);
    this.receiveLinks = new FakeLinks(pair.server);
  }

  static async setUp(t: TestContext, size: number, link: MemoryLink = {}): Promise<Session> {
    return new Session(await temporary(t), size, await channelPair(link));
  }

  get target(): string {
    return path.join(this.directory, 'big.bin');
  }

  send(): Promise<TransferResult> {
    return sendNative(this.sendLinks, this.source, { path: '/source/big.bin', onProgress: (event) => this.events.send.push(event) });
  }

  receive(more: Partial<ReceiveRequest> = {}): Promise<TransferResult> {
    const onProgress = (event: ProgressEvent) => this.events.receive.push(event);
    const wrapSink = this.wrapSink;
    return receiveNative(this.receiveLinks, { path: `${this.directory}/`, limitBytes: 2 ** 40, windowBytes: 8 * MIB, onProgress, wrapSink, signal: this.stop.signal, ...more });
  }

  /** A new link, as after a redial. */
  async relink(link: MemoryLink = {}): Promise<void> {
    this.pair = await channelPair(link);
    this.sendLinks.offer(this.pair.client);
    this.receiveLinks.offer(this.pair.server);
  }
}

/** The file has its name, and the receiver would say so; but the sender does not hear it, and the link is lost. */
async function loseTheConfirmation(session: Session): Promise<void> {
  const gate = new Gate();
  session.wrapSink = (sink) => gated(sink, gate);
  session.receiving = session.receive();
  session.sending = session.send();
  for (const promise of [session.receiving, session.sending]) promise.catch(() => undefined);
  await until(() => gate.waiting === 1);
  session.pair.a.pause();
  gate.release();
  while ((await names(session.directory)).join() !== 'big.bin') await turns(1);
  await turns(50);
  session.pair.cut();
  await until(() => session.sendLinks.waiting && session.receiveLinks.waiting);
}

const types = (events: readonly ProgressEvent[]) => events.map(({ type }) => type).filter((type) => type !== 'progress');

describe('a transfer over links that break', () => {
  it('goes on where it was, as often as it takes, and says how often', async (t) => {
    const session = await Session.setUp(t, 6 * MIB + 3, { cutAfterMessages: 8 });
    const both = Promise.all([session.send(), session.receive()]);
    for (let loss = 0; loss < 2; loss += 1) {
      await until(() => session.sendLinks.waiting && session.receiveLinks.waiting);
      await session.relink(loss === 0 ? { cutAfterMessages: 8 } : {});
    }
    const [sent, received] = await both;
    assert.ok((await readFile(session.target)).equals(session.source.content));
    assert.deepEqual(sent.digest, received.digest);
    assert.deepEqual([sent.reconnects, received.reconnects], [2, 2]);
    assert.deepEqual([received.movedBytes, received.size, received.path], [6 * MIB + 3, 6 * MIB + 3, session.target]);
    assert.ok(sent.movedBytes >= received.movedBytes, 'what was on its way is sent again');
    assert.deepEqual([sent.resumedBytes, received.resumedBytes], [0, 0], 'what this run moved is not resumed');
    assert.ok(session.sendLinks.asked.slice(1).every((lost) => lost?.error.code === 'connect-lost' && lost.graceMs === undefined));
    assert.deepEqual(types(session.events.receive), ['started', 'started', 'started', 'finishing']);
    assert.deepEqual(await names(session.directory), ['big.bin']);
  });

  it('tells its links whether the last one moved anything', async (t) => {
    const session = await Session.setUp(t, 3 * MIB, { cutAfterMessages: 4 });
    const both = Promise.all([session.send(), session.receive()]);
    const loss = () => until(() => session.sendLinks.waiting && session.receiveLinks.waiting);
    await loss();
    await session.relink({ cutAfterMessages: 6 });
    await loss();
    await session.relink({ cutAfterMessages: 4 });
    await loss();
    await session.relink();
    await both;
    assert.deepEqual(session.receiveLinks.asked.map((lost) => lost?.progressed), [undefined, false, true, false]);
  });

  it('ends when the links have no more patience, and keeps what came for another run', async (t) => {
    const session = await Session.setUp(t, 4 * MIB, { cutAfterMessages: 7 });
    const [sending, receiving] = [session.send(), session.receive()];
    await until(() => session.sendLinks.waiting && session.receiveLinks.waiting);
    session.sendLinks.giveUp();
    session.receiveLinks.giveUp();
    await assert.rejects(sending, { code: 'timeout-wait' });
    await assert.rejects(receiving, { code: 'timeout-wait' });
    assert.deepEqual(await names(session.directory), ['.big.bin.streamer-journal', '.big.bin.streamer-part']);
    const again = new Session(session.directory, 4 * MIB, await channelPair());
    const [sent, received] = await Promise.all([again.send(), again.receive()]);
    assert.ok(received.resumedBytes >= MIB && received.resumedBytes === sent.resumedBytes);
    assert.equal(received.movedBytes + received.resumedBytes, 4 * MIB);
    assert.ok((await readFile(session.target)).equals(session.source.content));
  });

  it('is done for the receiver when only the sender’s bye is missing, after a short wait for its return', async (t) => {
    const session = await Session.setUp(t, MIB);
    await loseTheConfirmation(session);
    assert.equal(session.receiveLinks.asked[1]?.graceMs, 10_000);
    session.receiveLinks.giveUp();
    assert.equal((await session.receiving)?.verified, true);
    assert.ok(session.events.receive.some((event) => event.type === 'notice' && /complete and verified/u.test(event.message)));
    session.sendLinks.giveUp();
    await assert.rejects(session.sending ?? Promise.resolve(), { code: 'timeout-wait' });
  });

  it('is confirmed over the next link when the sender comes back, and nothing is sent again', async (t) => {
    const session = await Session.setUp(t, MIB);
    await loseTheConfirmation(session);
    const before = session.source.reads;
    await session.relink();
    const [sent, received] = await Promise.all([session.sending, session.receiving]);
    assert.equal(session.source.reads, before);
    assert.deepEqual(sent?.digest, received?.digest);
    assert.equal(received?.verified, true);
  });

  it('is done when the sender comes back with another file, which is refused', async (t) => {
    const session = await Session.setUp(t, MIB);
    await loseTheConfirmation(session);
    session.sendLinks.giveUp();
    const next = await channelPair();
    session.receiveLinks.offer(next.server);
    const inbox = new Inbox(next.client);
    next.client.send({ type: 'entry', id: 0, name: 'other', size: 5, mode: 0, mtimeNs: 0n, chunkSize: 65_536, identity: Buffer.alloc(32, 9) });
    const result = await session.receiving;
    assert.deepEqual([result?.name, result?.verified], ['big.bin', true]);
    await inbox.ended();
    assert.ok(inbox.frames.some((frame) => frame.type === 'failure' && frame.code === 'protocol-violation' && frame.message.includes('another file')));
    assert.deepEqual(await names(session.directory), ['big.bin']);
  });

  it('discards all when the digest differs, for nobody knows which chunk is wrong', async (t) => {
    const session = await Session.setUp(t, 2 * MIB);
    const opened: Sink[] = [];
    session.wrapSink = (sink) => {
      opened.push(sink);
      return sink;
    };
    const receiving = session.receive();
    receiving.catch(() => undefined);
    const { client } = session.pair;
    const inbox = new Inbox(client);
    const checksum = await loadChecksum();
    client.send({ type: 'entry', id: 0, name: 'big.bin', size: 10, mode: 0o600, mtimeNs: 0n, chunkSize: 65_536, identity: Buffer.alloc(32) });
    await inbox.arrived(1);
    client.send({ type: 'data', id: 0, offset: 0, length: 10, hash: checksum.xxh64(Buffer.alloc(10)), payload: [Buffer.alloc(10)] });
    const [sink] = opened;
    assert.ok(sink !== undefined);
    await until(() => [...sink.missing()].length === 0);
    await sink.checkpoint();
    client.send({ type: 'fileEnd', id: 0, digest: Buffer.alloc(32) });
    await assert.rejects(receiving, (error: unknown) => error instanceof IntegrityError && error.code === 'integrity-digest');
    assert.deepEqual(await names(session.directory), []);
  });
});

/** A sink whose commit waits for the test. */
function gated(sink: Sink, gate: Gate): Sink {
  const commit = async () => {
    await gate.wait();
    await sink.commit();
  };
  return new Proxy(sink, {
    get: (real, name) => {
      if (name === 'commit') return commit;
      const value: unknown = Reflect.get(real, name, real);
      return typeof value === 'function' ? (value.bind(real) as unknown) : value;
    },
  });
}

describe('a receiver that is interrupted at an awkward moment', () => {
  it('while its target is being opened, leaves no lock behind', async (t) => {
    const session = await Session.setUp(t, MIB);
    const receiving = session.receive();
    receiving.catch(() => undefined);
    session.pair.client.send({ type: 'entry', id: 0, name: 'big.bin', size: 10, mode: 0o600, mtimeNs: 0n, chunkSize: 65_536, identity: Buffer.alloc(32) });
    new Inbox(session.pair.client);
    await until(() => session.pair.b.wireBytes.received > 150);
    session.stop.abort();
    await assert.rejects(receiving, AbortError);
    // Whatever was under way has had its time to end.
    await turns(2_000);
    assert.deepEqual(await names(session.directory), []);
  });

  it('while it commits, commits once, though the sender comes back meanwhile', async (t) => {
    const session = await Session.setUp(t, MIB);
    const gate = new Gate();
    session.wrapSink = (sink) => gated(sink, gate);
    const both = Promise.all([session.send(), session.receive()]);
    both.catch(() => undefined);
    await until(() => gate.waiting === 1);
    session.pair.cut();
    await until(() => session.sendLinks.waiting);
    await session.relink();
    await turns(200);
    const atOnce = gate.waiting;
    const ended = { is: false };
    both.finally(() => (ended.is = true)).catch(() => undefined);
    while (!ended.is) {
      gate.release();
      await turns(1);
    }
    await both;
    assert.equal(atOnce, 1, 'commits under way at once');
  });

  it('by its own user while it commits, says what is true of the file', async (t) => {
    const session = await Session.setUp(t, MIB);
    const gate = new Gate();
    session.wrapSink = (sink) => gated(sink, gate);
    const sending = session.send();
    sending.catch(() => undefined);
    const receiving = session.receive().then(
      () => 'done',
      (error: unknown) => (error as StreamerError).code,
    );
    await until(() => gate.waiting === 1);
    session.stop.abort();
    await turns(20);
    gate.release();
    const said = await receiving;
    await turns(500);
    const named = (await names(session.directory)).includes('big.bin');
    assert.equal(said === 'done', named, `it says ${said}, and the file ${named ? 'has' : 'has not'} its name`);
    await assert.rejects(sending, ConnectError);
  });
});
