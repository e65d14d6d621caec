import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deriveKey } from '../../../src/crypto/kdf.js';
import { NoiseHandshake } from '../../../src/crypto/noise.js';
import { AuthError, ConnectError, CoordinatesError } from '../../../src/errors.js';
import { NativeDoor, type NativeDoorOptions } from '../../../src/server/native-door.js';
import type { WebSocketConnection } from '../../../src/transport/websocket.js';
import { channelOver, openChannel, startHeaderHandshake, type Channel, type ChannelKeys } from '../../../src/transfer/channel.js';
import { greetAsClient } from '../../../src/transfer/greeting.js';
import type { Link } from '../../../src/transfer/link.js';
import { PROLOGUE } from '../../../src/wire/constants.js';
import type { Action, HelloFrame, WelcomeFrame } from '../../../src/wire/frame.js';
import { Recorder } from '../../conformance/connection.js';
import { Inbox, SECRET } from '../../support/fake-channel.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns, until } from '../../support/fake-events.js';
import { memoryPair, type MemoryConnection, type MemoryPair } from '../../support/memory-pair.js';

/** A door, and what came of it. */
class Door {
  readonly entered: Link[] = [];
  readonly hellos: HelloFrame[] = [];
  readonly notices: string[] = [];
  readonly door: NativeDoor;

  constructor(more: Partial<NativeDoorOptions> = {}) {
    this.door = new NativeDoor({
      secret: SECRET,
      action: 'receive',
      expiresMs: undefined,
      busyElsewhere: () => false,
      admit: () => Promise.resolve(0),
      enter: (greeted, link) => {
        this.hellos.push(greeted);
        this.entered.push(link);
      },
      notice: (text) => this.notices.push(text),
      ...more,
    });
  }

  /** A connection arrives. The door wants the class, and uses no more than the port. */
  knock(): MemoryPair {
    const pair = memoryPair();
    void this.door.knock(pair.b as unknown as WebSocketConnection);
    return pair;
  }

  /** A client of this id comes, and greets. */
  async client(id: number, action: Action = 'send', secret = SECRET, more: Partial<HelloFrame> = {}): Promise<{ readonly pair: MemoryPair; readonly channel: Channel; readonly welcome: WelcomeFrame }> {
    const pair = this.knock();
    const channel = await openChannel(pair.a, { role: 'client', secret });
    const welcome = await greetAsClient(channel, { ...hello(id, action), ...more });
    return { pair, channel, welcome };
  }
}

const hello = (id: number, action: Action = 'send'): HelloFrame => ({ type: 'hello', client: Buffer.alloc(16, id), stream: 0, received: 0, action, agent: 'test' });
const isClosed = async (connection: MemoryConnection) => (await new Recorder(connection).closed()).code;

describe('the native door', () => {
  it('lets in a client that knows the secret and does the other thing', async () => {
    const door = new Door();
    assert.equal(door.door.entered, false);
    const pair = door.knock();
    const channel = await openChannel(pair.a, { role: 'client', secret: SECRET });
    const welcome = await greetAsClient(channel, hello(1));
    assert.equal(welcome.action, 'receive');
    assert.match(welcome.agent, /^streamer\/\d/u);
    assert.equal(door.entered.length, 1);
    assert.equal(door.entered[0]?.remote, 'memory:2');
    assert.equal(door.door.entered, true);
  });

  it('tells what of the session has arrived, and how many streams it takes', async () => {
    const asked: HelloFrame[] = [];
    const door = new Door({ admit: (greeted) => Promise.resolve(asked.push(greeted) + 40) });
    const { welcome } = await door.client(1, 'send', SECRET, { received: 7 });
    assert.deepEqual([welcome.received, welcome.streams], [41, 64]);
    assert.deepEqual(asked.map(({ stream, received }) => [stream, received]), [[0, 7]]);
    assert.deepEqual(door.hellos, asked);
  });

  for (const [why, message] of [['unknown', /does not know the session/u], ['complete', /the one transfer of this server is complete/u]] as const) {
    it(`tells a client why it gets no session (${why}), and lets it not in`, async () => {
      const door = new Door({ admit: () => Promise.resolve(why) });
      await assert.rejects(door.client(1), (error: unknown) => error instanceof ConnectError && error.code === 'connect-lost' && error.fromPeer && !error.retryable && message.test(error.message));
      assert.equal(door.entered.length, 0);
    });
  }

  it('answers a handshake in the headers, and takes the connection from there', async () => {
    const door = new Door();
    assert.equal(door.door.prepare(undefined), undefined);
    assert.equal(door.door.prepare('nonsense'), undefined);
    assert.equal(door.door.prepare(startHeaderHandshake(Buffer.alloc(32, 9)).message), undefined);
    const handshake = startHeaderHandshake(SECRET);
    const prepared = door.door.prepare(handshake.message);
    assert.ok(prepared !== undefined);
    const [, answer = ''] = /^Streamer-Handshake: ([\w-]+)$/u.exec(prepared.headers.join('\n')) ?? [];
    const pair = memoryPair();
    void door.door.knock(pair.b as unknown as WebSocketConnection, prepared.context as ChannelKeys);
    const welcome = await greetAsClient(channelOver(pair.a, handshake.finish(answer)), hello(1));
    assert.equal(welcome.action, 'receive');
    assert.equal(door.entered.length, 1);
  });

  it('keeps out a wrong secret, and tells of the first five', async () => {
    const door = new Door();
    for (let i = 0; i < 8; i += 1) await assert.rejects(door.client(1, 'send', Buffer.alloc(32, 9)), AuthError);
    await turns(20);
    assert.deepEqual(door.notices, Array.from({ length: 5 }, () => 'refused a client at memory:2: wrong secret'));
    assert.deepEqual([door.entered.length, door.door.entered], [0, false]);
    await door.client(1);
    assert.equal(door.entered.length, 1);
  });

  it('tells one that does the same which command to use', async () => {
    const door = new Door();
    await assert.rejects(door.client(1, 'receive'), (error: unknown) => error instanceof CoordinatesError && error.code === 'coordinates-direction' && /"streamer send"/u.test(error.message));
    const other = new Door({ action: 'send' });
    await assert.rejects(other.client(1, 'send'), /"streamer receive"/u);
    assert.equal(door.entered.length + other.entered.length, 0);
  });

  it('keeps out a client while one of the compat wire is served', async () => {
    const door = new Door({ busyElsewhere: () => true });
    await assert.rejects(door.client(1), (error: unknown) => error instanceof ConnectError && error.code === 'connect-busy' && !error.retryable);
  });

  it('ends a connection whose first frame is no hello', async () => {
    const door = new Door();
    const { a } = door.knock();
    const channel = await openChannel(a, { role: 'client', secret: SECRET });
    const inbox = new Inbox(channel);
    channel.send({ type: 'bye' });
    await inbox.ended();
    assert.deepEqual(inbox.frames.map(({ type }) => type), ['failure']);
    assert.equal(door.entered.length, 0);
  });
});

describe('one client at a time', () => {
  it('the same client comes in again at once: the session replaces the connection', async () => {
    const door = new Door();
    await door.client(7);
    const second = await door.client(7);
    assert.equal(door.entered.length, 2);
    await second.pair.a.ping();
  });

  it('has as many connections as it has streams, all at once', async () => {
    const door = new Door();
    const clients = [];
    for (const stream of [0, 1, 63]) clients.push(await door.client(7, 'send', SECRET, { stream }));
    assert.deepEqual(door.hellos.map(({ stream }) => stream), [0, 1, 63]);
    await Promise.all(clients.map(({ pair }) => pair.a.ping()));
  });

  it('lives as long as one of its streams does', async () => {
    const door = new Door();
    const first = await door.client(1);
    const second = await door.client(1, 'send', SECRET, { stream: 1 });
    new Inbox(door.entered[1]?.channel as Channel);
    first.pair.cut();
    await turns(5);
    await assert.rejects(door.client(2), (error: unknown) => error instanceof ConnectError && error.code === 'connect-busy');
    second.pair.cut();
    await turns(5);
    await door.client(2);
    assert.equal(door.entered.length, 3);
  });

  it('loses all its connections when another takes its place', async (t) => {
    const clock = fakeClock(t);
    const door = new Door();
    const clients = [await door.client(1), await door.client(1, 'send', SECRET, { stream: 1 })];
    const inboxes = clients.map(({ channel }) => new Inbox(channel));
    await turns(2);
    for (const { pair } of clients) pair.a.pause();
    const other = door.client(2);
    await turns(20);
    clock.advance(5_000);
    await other;
    for (const { pair } of clients) pair.a.resume();
    for (const inbox of inboxes) assert.equal((await inbox.ended()).clean, false);
  });

  it('another is refused while the first lives, which notices nothing', async () => {
    const door = new Door();
    const first = await door.client(1);
    new Inbox(door.entered[0]?.channel as Channel);
    for (const id of [2, 3]) await assert.rejects(door.client(id), (error: unknown) => error instanceof ConnectError && error.code === 'connect-busy');
    await first.pair.a.ping();
    assert.equal(door.entered.length, 1);
  });

  it('another takes over when the first is gone', async () => {
    const door = new Door();
    const first = await door.client(1);
    first.pair.cut();
    await turns(5);
    await door.client(2);
    assert.equal(door.entered.length, 2);
  });

  it('another takes over when the first does not answer for five seconds, not before', async (t) => {
    const clock = fakeClock(t);
    const door = new Door();
    const first = await door.client(1);
    first.pair.a.pause();
    const second = door.client(2);
    await turns(20);
    clock.advance(4_999);
    await turns(20);
    assert.equal(door.entered.length, 1);
    clock.advance(1);
    await second;
    assert.equal(door.entered.length, 2);
    first.pair.a.resume();
    await new Inbox(first.channel).ended();
  });

  it('of two that wait to take over one does, when the first goes', async () => {
    const door = new Door();
    const first = await door.client(1);
    first.pair.a.pause();
    const others = Promise.allSettled([door.client(2), door.client(3)]);
    await turns(20);
    first.pair.cut();
    const results = await others;
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal(door.entered.length, 2);
  });
});

describe('strangers', () => {
  it('who do not finish the handshake in 10 s are dropped: 4010', async (t) => {
    const clock = fakeClock(t);
    const door = new Door();
    const silent = door.knock();
    const closed = isClosed(silent.a);
    clock.advance(9_999);
    await turns(10);
    const slow = door.knock();
    const channel = await openChannel(slow.a, { role: 'client', secret: SECRET });
    const inbox = new Inbox(channel);
    clock.advance(1);
    assert.equal(await closed, 4010);
    clock.advance(9_998);
    await turns(10);
    assert.equal(inbox.ends.length, 0);
    clock.advance(1);
    await inbox.ended();
    assert.equal(door.entered.length, 0);
    await turns(20);
    assert.equal(clock.timers, 0);
  });

  it('get no more than what is left of the 10 s for their hello', async (t) => {
    const clock = fakeClock(t);
    const door = new Door();
    const { a } = door.knock();
    await turns(5);
    clock.advance(7_000);
    const inbox = new Inbox(await openChannel(a, { role: 'client', secret: SECRET }));
    clock.advance(2_999);
    await turns(10);
    assert.equal(inbox.ends.length, 0);
    clock.advance(1);
    await inbox.ended();
  });

  it('who replay a client’s first message are answered, and are nobody', async (t) => {
    const clock = fakeClock(t);
    const noise = new NoiseHandshake({ role: 'initiator', prologue: Buffer.from(PROLOGUE), psk: deriveKey(SECRET, 'handshake psk') });
    const recorded = noise.writeMessage(Buffer.alloc(0));
    const door = new Door();
    for (let i = 0; i < 3; i += 1) {
      const { a } = door.knock();
      const recorder = new Recorder(a);
      a.send([Buffer.from(recorded)], 'binary');
      assert.equal((await recorder.arrived(1))[0]?.length, 48);
      if (i === 0) a.send([Buffer.alloc(100)], 'binary');
      else clock.advance(10_000);
      assert.equal((await recorder.closed()).code, i === 0 ? 4007 : 4010);
    }
    assert.deepEqual([door.entered.length, door.door.entered], [0, false]);
    await door.client(1);
    assert.equal(door.entered.length, 1);
    await turns(20);
  });

  it('are 64 at the most; the oldest has to go, and the real client comes in', async (t) => {
    const clock = fakeClock(t);
    const door = new Door();
    const strangers = Array.from({ length: 70 }, () => new Recorder(door.knock().a));
    await until(() => strangers.filter(({ closes }) => closes.length > 0).length >= 6);
    await turns(20);
    assert.deepEqual(strangers.map(({ closes }) => closes.length > 0), strangers.map((_, index) => index < 6));
    await door.client(1);
    assert.equal(door.entered.length, 1);
    door.door.close();
    await until(() => strangers.every(({ closes }) => closes.length === 1));
    await turns(20);
    assert.equal(clock.timers, 0);
    await door.entered[0]?.channel.connection.ping();
  });
});
