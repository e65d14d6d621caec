import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError, StorageError } from '../../../src/errors.js';
import { Session } from '../../../src/transfer/session.js';
import type { ControlFrame, Frame } from '../../../src/wire/frame.js';
import { channelPair, Inbox, type ChannelPair } from '../../support/fake-channel.js';
import { turns, until } from '../../support/fake-events.js';
import type { MemoryLink } from '../../support/memory-pair.js';

const ready = (id: number): ControlFrame => ({ type: 'ready', id });
const data = (id: number): Frame & { type: 'data' } => ({ type: 'data', id, offset: 0, hash: 0n, payload: [Buffer.of(1)], length: 1 });
const idsOf = (frames: readonly Frame[]) => frames.flatMap((frame) => (frame.type === 'ready' ? [frame.id] : []));

/** One end, and what it was told. */
class End {
  readonly frames: { readonly stream: number; readonly frame: Frame }[] = [];
  readonly events: string[] = [];
  readonly failures: unknown[] = [];
  readonly session: Session;
  /** Times that the other end said that it is at work. */
  alive = 0;
  /** What to do in the call that tells of a new connection. */
  whenAttached: (stream: number) => void = () => undefined;

  constructor() {
    this.session = new Session({
      frame: (stream, frame) => this.frames.push({ stream, frame }),
      attached: (stream) => {
        this.events.push(`attached ${stream}`);
        this.whenAttached(stream);
      },
      alive: () => (this.alive += 1),
      lost: (stream, error, clean) => this.events.push(`lost ${stream}${error === undefined ? ' replaced' : ''}${clean ? ' clean' : ''}`),
      failed: (error) => {
        this.failures.push(error);
        this.session.fail(error);
      },
    });
  }

  get ids(): number[] {
    return idsOf(this.frames.map(({ frame }) => frame));
  }
}

async function join(a: End, b: End, stream = 0, link: MemoryLink = {}): Promise<ChannelPair> {
  const pair = await channelPair(link);
  const [fromA, fromB] = stream === 0 ? [a.session.received, b.session.received] : [0, 0];
  a.session.attach(stream, { channel: pair.client, remote: '' }, fromB);
  b.session.attach(stream, { channel: pair.server, remote: '' }, fromA);
  return pair;
}

const isViolation = (error: unknown, text: RegExp) => error instanceof ProtocolError && error.code === 'protocol-violation' && text.test(error.message);

describe('control frames of a session', () => {
  it('arrive once and in order, whenever connections come and go', async () => {
    for (let cutAfterMessages = 3; cutAfterMessages < 30; cutAfterMessages += 1) {
      const [a, b] = [new End(), new End()];
      for (let id = 0; id < 5; id += 1) a.session.control(ready(id));
      await join(a, b, 0, { cutAfterMessages });
      for (let id = 5; id < 100; id += 1) {
        a.session.control(ready(id));
        b.session.control(ready(id + 1000));
        if (id % 10 === 0) await turns(2);
      }
      await turns(20);
      await join(a, b);
      await until(() => b.ids.length >= 100 && a.ids.length >= 95);
      await turns(5);
      assert.deepEqual(b.ids, [...Array(100).keys()], `cut after ${cutAfterMessages}`);
      assert.deepEqual(a.ids, [...Array(95).keys()].map((index) => index + 1005));
      assert.deepEqual([...a.failures, ...b.failures], []);
    }
  });

  it('that are sent in the very call that tells of a connection go out once', async () => {
    const [a, b] = [new End(), new End()];
    a.whenAttached = () => a.session.control(ready(7));
    a.session.control(ready(1));
    await join(a, b);
    await until(() => b.ids.length >= 2);
    await turns(5);
    assert.deepEqual(b.ids, [1, 7]);
    assert.equal(b.session.received, 2);
  });

  it('that went out behind the hello are not sent again, and later ones are', async () => {
    const a = new End();
    for (let id = 0; id < 3; id += 1) a.session.control(ready(id));
    const { client, server } = await channelPair();
    const inbox = new Inbox(server);
    const early = a.session.unacked();
    for (const frame of early) client.send(frame);
    a.session.control(ready(3));
    a.session.attach(0, { channel: client, remote: '' }, 0, early.length);
    await until(() => inbox.frames.length >= 4);
    await turns(5);
    assert.deepEqual(idsOf(inbox.frames), [0, 1, 2, 3]);
  });

  it('are let go as they are acked, and kept while they are not', async () => {
    const [a, b] = [new End(), new End()];
    await join(a, b);
    for (let id = 0; id < 31; id += 1) a.session.control(ready(id));
    await until(() => b.ids.length === 31);
    await turns(5);
    assert.equal(a.session.unacked().length, 31);
    a.session.control(ready(31));
    await until(() => a.session.unacked().length === 0);
  });

  it('are told to have arrived whenever an end is at work, and that is heard', async () => {
    const [a, b] = [new End(), new End()];
    await join(a, b);
    a.session.control(ready(1));
    await until(() => b.ids.length === 1);
    b.session.tell();
    b.session.tell();
    await until(() => a.alive === 2);
    assert.deepEqual([a.failures, a.session.unacked()], [[], []]);
  });

  it('that a peer takes without a word for ever end it', async () => {
    const a = new End();
    for (let id = 0; id < 65_536; id += 1) a.session.control(ready(id));
    assert.deepEqual(a.failures, []);
    a.session.control(ready(0));
    assert.ok(isViolation(a.failures[0], /never says so/u));
    await turns(1);
  });
});

describe('the rules of a session', () => {
  for (const [what, received, text] of [
    ['an ack of what was never sent', 3, /acks what it was never sent/u],
    ['an ack that shrinks', 0, /acks what it was never sent/u],
  ] as const) {
    it(`${what} ends it`, async () => {
      const a = new End();
      const { client, server } = await channelPair();
      const inbox = new Inbox(server);
      a.session.attach(0, { channel: client, remote: '' }, 0);
      a.session.control(ready(1));
      a.session.control(ready(2));
      server.send({ type: 'ack', received: 1 });
      server.send({ type: 'ack', received });
      await inbox.ended();
      assert.equal(a.failures.length, 1);
      assert.ok(isViolation(a.failures[0], text));
      assert.ok(inbox.frames.some((frame) => frame.type === 'failure' && frame.code === 'protocol-violation'));
    });
  }

  it('an ack belongs on stream 0, and so does every control frame', async () => {
    for (const frame of [{ type: 'ack', received: 0 } as const, ready(0)]) {
      const a = new End();
      const { client, server } = await channelPair();
      const inbox = new Inbox(server);
      a.session.attach(1, { channel: client, remote: '' }, 0);
      server.send(frame);
      await inbox.ended();
      assert.equal(a.failures.length, 1, frame.type);
      assert.ok(isViolation(a.failures[0], frame.type === 'ack' ? /acks/u : /on another stream than the first/u));
      assert.deepEqual(a.frames, [], 'it is not passed on');
    }
  });

  it('a connection that claims to have what was never sent is refused, and closed', async () => {
    const a = new End();
    const { client, server } = await channelPair();
    const inbox = new Inbox(server);
    a.session.attach(0, { channel: client, remote: '' }, 1);
    assert.ok(isViolation(a.failures[0], /says that it has/u));
    await inbox.ended();
    assert.ok(inbox.frames.some(({ type }) => type === 'failure'));
    assert.deepEqual(a.events, [], 'nobody was told of it');
  });
});

describe('connections of a session', () => {
  it('carry content on any stream; it is lost with its connection', async () => {
    const [a, b] = [new End(), new End()];
    await join(a, b, 0);
    const second = await join(a, b, 5);
    assert.deepEqual(a.session.streams, [0, 5]);
    a.session.content(5, data(1));
    await until(() => b.frames.length === 1);
    assert.deepEqual(b.frames[0]?.stream, 5);
    second.cut();
    await until(() => a.events.includes('lost 5') && b.events.includes('lost 5'));
    assert.equal(a.session.content(5, data(2)), true, 'it goes nowhere, and nobody need wait');
    await join(a, b, 5);
    await turns(10);
    assert.equal(b.frames.length, 1);
    assert.deepEqual(a.events, ['attached 0', 'attached 5', 'lost 5', 'attached 5']);
  });

  it('one that takes the place of another is no loss to whoever dials, and what the old one brings is passed over', async () => {
    const [a, b] = [new End(), new End()];
    const first = await join(a, b);
    first.b.pause();
    a.session.control(ready(1));
    const second = await channelPair();
    b.session.attach(0, { channel: second.server, remote: '' }, 0);
    first.b.resume();
    await turns(10);
    assert.deepEqual(b.ids, []);
    assert.deepEqual(b.events, ['attached 0', 'lost 0 replaced', 'attached 0']);
    a.session.attach(0, { channel: second.client, remote: '' }, b.session.received);
    await until(() => b.ids.length === 1);
    await turns(10);
    assert.deepEqual([b.ids, a.failures, b.failures], [[1], [], []]);
  });

  it('end together, each as it should: closed, failed, or dropped', async () => {
    for (const [how, clean, frames] of [['close', true, 0], ['fail', false, 1], ['drop', false, 0]] as const) {
      const a = new End();
      const pairs = await Promise.all([channelPair(), channelPair()]);
      const inboxes = pairs.map(({ server }) => new Inbox(server));
      pairs.forEach(({ client }, stream) => a.session.attach(stream, { channel: client, remote: '' }, 0));
      if (how === 'fail') a.session.fail(new StorageError('storage-full', 'no space'));
      else a.session[how]();
      const ends = await Promise.all(inboxes.map((inbox) => inbox.ended()));
      assert.deepEqual(ends.map((end) => end.clean), [clean, clean]);
      assert.deepEqual(inboxes.map((inbox) => inbox.frames.length), [frames, frames]);
      await turns(10);
      assert.deepEqual(a.events.filter((event) => event.startsWith('lost')), [], 'it knows');
      assert.deepEqual(a.session.streams, []);
    }
  });
});
