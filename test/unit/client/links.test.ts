import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { connectOnce } from '../../../src/client/connect.js';
import { ClientLinks, type ClientLinksOptions } from '../../../src/client/links.js';
import type { Coordinates } from '../../../src/coordinates/coordinates.js';
import { AbortError, ConnectError, CoordinatesError, IntegrityError, type StreamerError } from '../../../src/errors.js';
import type { Link } from '../../../src/transfer/link.js';
import type { ProgressEvent } from '../../../src/transfer/progress.js';
import { RateLimit } from '../../../src/transfer/rate-limit.js';
import { Tally } from '../../../src/transfer/tally.js';
import type { TransferSession } from '../../../src/transfer/transfer-session.js';
import type { Frame } from '../../../src/wire/frame.js';
import { fakeClock } from '../../support/fake-clock.js';
import { deferred, turns, until } from '../../support/fake-events.js';
import { fakeServer, type FakeServer } from '../../support/fake-server.js';

const SECRET = 'the-plain-secret';
const KEY = Buffer.from(SECRET);
const LOST = new ConnectError('connect-lost', 'the link was lost');

/** A session that does nothing with its connections but note them. */
class FakeSession implements TransferSession<unknown> {
  readonly attached: { readonly stream: number; readonly link: Link; readonly received: number; readonly early: number }[] = [];
  readonly drops: StreamerError[] = [];
  over = false;
  complete = false;
  received = 0;
  readonly #end = deferred<undefined>();
  readonly #live = new Map<number, Link>();
  readonly ended = this.#end.promise;

  get streams(): readonly number[] {
    return [...this.#live.keys()];
  }

  early(): readonly Frame[] {
    return [];
  }

  attach(stream: number, link: Link, received: number, early = 0): void {
    this.#live.set(stream, link);
    this.attached.push({ stream, link, received, early });
  }

  /** A connection is gone. */
  lose(stream: number): void {
    this.#live.get(stream)?.channel.connection.destroy();
    this.#live.delete(stream);
  }

  end(): void {
    this.over = true;
    for (const { channel } of this.#live.values()) channel.connection.destroy();
    this.#end.resolve(undefined);
  }

  fail(): void {
    this.end();
  }

  drop(error: StreamerError): void {
    if (!this.over) this.drops.push(error);
    this.end();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A client whose session has its first connection. */
class Client {
  readonly session = new FakeSession();
  readonly events: ProgressEvent[] = [];
  readonly tally = new Tally((event) => this.events.push(event));
  readonly links: ClientLinks;
  readonly #options: ClientLinksOptions;

  constructor(t: TestContext, port: number, more: Partial<ClientLinksOptions> = {}) {
    const coordinates: Coordinates = { version: 1, ips: ['127.0.0.1'], ports: [port, port], secret: SECRET };
    this.#options = {
      coordinates,
      route: 'auto',
      wire: 'auto',
      hello: { type: 'hello', client: Buffer.alloc(16, 3), stream: 0, action: 'receive', received: 0, agent: 'test' },
      streams: 1,
      connectTimeoutMs: 1_000,
      retryTimeoutMs: 600,
      onProgress: (event) => this.events.push(event),
      ...more,
    };
    this.links = new ClientLinks(this.#options);
    t.after(() => this.session.end());
  }

  async start(): Promise<this> {
    const connected = await connectOnce(this.#options);
    assert.ok(connected.wire === 'native');
    this.links.start(this.session, this.tally, connected);
    return this;
  }

  lose(stream: number, error: StreamerError = LOST): void {
    this.session.lose(stream);
    this.links.lost(stream, error);
  }

  get attachedStreams(): number[] {
    return this.session.attached.map(({ stream }) => stream);
  }

  /** Events of the connections, in order. */
  get steps(): string[] {
    return this.events.map(({ type }) => type).filter((type) => type !== 'streams');
  }
}

const native = (t: TestContext, more: Partial<Parameters<typeof fakeServer>[1]> = {}) => fakeServer(t, { secret: KEY, answer: () => 'native', ...more });
const welcoming = (received: number, streams = 64): Exclude<Parameters<typeof fakeServer>[1]['welcome'], undefined> => (channel) => channel.send({ type: 'welcome', action: 'send', received, streams, agent: 'fake' });
const streamsOf = (server: FakeServer) => server.hellos.map(({ stream }) => stream);

describe('the first stream', () => {
  it('is the connection that was found, with what the server says of it', async (t) => {
    const server = await native(t, { welcome: welcoming(3) });
    const client = await new Client(t, server.port).start();
    assert.deepEqual(client.session.attached.map(({ stream, received, early }) => [stream, received, early]), [[0, 3, 0]]);
    assert.equal(client.links.remote, `127.0.0.1:${server.port}`);
    assert.equal(client.links.reconnects, 0);
  });

  it('is dialled again when it is lost, by the same client, who says what has arrived', async (t) => {
    const server = await native(t, { welcome: (channel, { received }) => channel.send({ type: 'welcome', action: 'send', received: received + 1, streams: 64, agent: 'fake' }) });
    const client = await new Client(t, server.port).start();
    client.session.received = 41;
    client.lose(0);
    await until(() => client.session.attached.length === 2);
    assert.deepEqual(server.hellos.map(({ client: id, stream, received }) => [Buffer.from(id).toString('hex'), stream, received]), [['03'.repeat(16), 0, 0], ['03'.repeat(16), 0, 41]]);
    assert.deepEqual(client.session.attached.map(({ received, early }) => [received, early]), [[1, 0], [42, 0]]);
    assert.equal(client.links.reconnects, 1);
    assert.deepEqual(client.steps, ['reconnecting', 'connecting', 'connected']);
    const [first] = client.events.filter(({ type }) => type === 'reconnecting');
    assert.ok(first?.type === 'reconnecting' && first.reason === LOST.message && first.delayMs >= 125 && first.delayMs <= 250);
    assert.deepEqual(client.session.drops, []);
  });

  it('is dialled only where it was: nobody else gets to know of it, and nobody gets the secret', async (t) => {
    const server = await native(t);
    const client = await new Client(t, server.port).start();
    await server.close();
    const thief = await fakeServer(t, { port: server.port, answer: ({ authorization }) => (authorization === undefined ? 401 : 'compat') });
    client.lose(0);
    await until(() => client.session.over);
    assert.ok(client.session.drops[0] instanceof ConnectError && client.session.drops[0].code === 'connect-lost');
    assert.ok(thief.knocks.length >= 1);
    assert.ok(thief.knocks.every(({ authorization }) => authorization === undefined));
  });

  it('that nobody answers for is given up, and what is lost is said: nothing', async (t) => {
    const server = await native(t);
    const client = await new Client(t, server.port).start();
    await server.close();
    client.lose(0);
    await until(() => client.session.over);
    const [error] = client.session.drops;
    assert.ok(error instanceof ConnectError && error.code === 'connect-lost' && !error.retryable && error.cause === LOST);
    assert.match(error.message, /run the same command again to resume \(.*ECONNREFUSED/u);
    assert.equal(client.links.sessionUnknown, false);
  });

  it('has patience anew when something has moved since the last loss, and what is left of it when nothing has', async (t) => {
    const clock = fakeClock(t);
    const server = await native(t);
    const client = await new Client(t, server.port, { retryTimeoutMs: 10_000 }).start();
    const again = async (moved: number) => {
      client.tally.add(moved);
      const before = client.session.attached.length;
      client.lose(0);
      for (let i = 0; i < 200 && client.session.attached.length === before && !client.session.over; i += 1) {
        await turns(20);
        if (i < 2) clock.advance(250);
      }
    };
    await again(0);
    clock.advance(9_000);
    await again(5);
    clock.advance(9_000);
    await again(0);
    assert.deepEqual([client.session.attached.length, client.session.over], [4, false]);
    clock.advance(9_000);
    await again(0);
    assert.deepEqual(client.session.drops, [LOST], 'ten seconds after the last progress it is over');
  });

  it('is looked for no longer when the session, which had everything, has ended by itself', async (t) => {
    const clock = fakeClock(t);
    const server = await native(t);
    const client = await new Client(t, server.port, { retryTimeoutMs: 3_600_000 }).start();
    await server.close();
    client.session.complete = true;
    client.lose(0);
    for (let step = 0; step < 20; step += 1) {
      await turns(20);
      clock.advance(250);
    }
    const dialled = () => client.steps.filter((step) => step === 'connecting').length;
    assert.ok(dialled() > 1 && !client.session.over, `${dialled()} times`);
    client.session.end();
    await turns(20);
    const before = dialled();
    clock.advance(60_000);
    await turns(20);
    assert.deepEqual([dialled(), clock.timers, client.session.drops], [before, 0, []]);
  });

  it('that the server that was meant refuses is final, and so is one whose session it does not know', async (t) => {
    for (const [refusal, unknown] of [
      [new CoordinatesError('coordinates-direction', 'no'), false],
      [new ConnectError('connect-lost', 'this server does not know the session'), true],
    ] as const) {
      const server = await native(t, { welcome: (channel, hello) => (server.hellos.length > 1 ? channel.fail(refusal) : welcoming(0)(channel, hello)) });
      const client = await new Client(t, server.port, { retryTimeoutMs: 60_000 }).start();
      client.lose(0);
      await until(() => client.session.over);
      const [error] = client.session.drops;
      assert.ok(error?.code === refusal.code && error.fromPeer);
      assert.equal(client.links.sessionUnknown, unknown);
      assert.equal(client.steps.filter((step) => step === 'connecting').length, 1);
    }
  });

  it('is given up when the caller stops', async (t) => {
    const server = await native(t);
    const stop = new AbortController();
    const client = await new Client(t, server.port, { signal: stop.signal }).start();
    client.lose(0);
    stop.abort(new AbortError('interrupted', { signal: 'SIGTERM' }));
    await until(() => client.session.over);
    const [error] = client.session.drops;
    assert.ok(error instanceof AbortError && error.exitCode === 143 && /resume/u.test(error.message));
  });

  it('is dialled again for a lost link only', async (t) => {
    for (const stream of [0, 1]) {
      const server = await native(t);
      const client = await new Client(t, server.port).start();
      const error = new IntegrityError('integrity-tag', 'a record was altered');
      client.links.lost(stream, error);
      assert.deepEqual(client.session.drops, [error]);
      await turns(20);
      assert.equal(server.hellos.length, 1);
    }
  });
});

describe('further streams', () => {
  it('are as many as were asked for, or as the server takes', async (t) => {
    for (const [asked, taken, expected] of [[4, 64, [0, 1, 2, 3]], [9, 3, [0, 1, 2]], [1, 64, [0]]] as const) {
      const server = await native(t, { welcome: welcoming(0, taken) });
      const client = await new Client(t, server.port, { streams: asked }).start();
      await until(() => client.session.attached.length === expected.length);
      await turns(50);
      assert.deepEqual([...client.attachedStreams].sort(), expected);
      assert.deepEqual(streamsOf(server).sort(), expected);
      assert.ok(server.hellos.every(({ client: id, received }) => Buffer.from(id).equals(Buffer.alloc(16, 3)) && received === 0));
      assert.deepEqual(client.steps, [], 'nobody is told of looking for the server');
    }
  });

  it('one that is lost is had again, and the first stays what it is', async (t) => {
    const server = await native(t);
    const client = await new Client(t, server.port, { streams: 3 }).start();
    await until(() => client.session.attached.length === 3);
    client.lose(2);
    await until(() => client.session.attached.length === 4);
    assert.equal(client.attachedStreams.at(-1), 2);
    assert.deepEqual(client.events.flatMap((event) => (event.type === 'streams' ? [event.streams] : [])).slice(-2), [2, 3]);
    assert.equal(client.links.reconnects, 0);
  });

  it('one that nobody answers for is tried again, for as long as the session goes on', async (t) => {
    const clock = fakeClock(t);
    let closed = true;
    const server = await fakeServer(t, { secret: KEY, answer: () => (closed && server.hellos.length > 0 ? 503 : 'native') });
    const client = await new Client(t, server.port, { streams: 2 }).start();
    while (server.knocks.length < 4) {
      await turns(5);
      clock.advance(500);
    }
    closed = false;
    while (client.session.attached.length < 2) {
      await turns(5);
      clock.advance(500);
    }
    assert.deepEqual(client.session.drops, []);
  });

  it('one that the server refuses is let be', async (t) => {
    const server = await native(t, { welcome: (channel, hello) => (hello.stream > 0 ? channel.fail(new ConnectError('connect-busy', 'no')) : welcoming(0)(channel, hello)) });
    const client = await new Client(t, server.port, { streams: 2 }).start();
    await until(() => server.hellos.length === 2);
    await turns(100);
    assert.equal(server.hellos.length, 2);
    assert.deepEqual([client.session.drops, client.attachedStreams], [[], [0]]);
  });

  it('are dialled no more when the session is over, and one that is on its way is let go', async (t) => {
    const held: (() => void)[] = [];
    const server = await native(t, { welcome: (channel, hello) => (hello.stream === 0 ? welcoming(0)(channel, hello) : held.push(() => welcoming(0)(channel, hello))) });
    const client = await new Client(t, server.port, { streams: 3 }).start();
    await until(() => held.length === 2);
    client.session.end();
    for (const release of held) release();
    await until(() => server.connections.length === 3);
    await turns(100);
    assert.deepEqual(client.attachedStreams, [0]);
    assert.equal(server.hellos.length, 3);
  });

  it('do not come while a limit on the rate is what holds it back, and do when that is taken away', async (t) => {
    const clock = fakeClock(t);
    const server = await native(t);
    const rate = new RateLimit(1_000);
    const client = await new Client(t, server.port, { streams: 'auto', rate }).start();
    const run = async (bytesPerStream: number) => {
      for (let sample = 0; sample < 12; sample += 1) {
        rate.spend(bytesPerStream * client.session.streams.length);
        client.tally.add(bytesPerStream * client.session.streams.length);
        clock.advance(500);
        await turns(60);
      }
    };
    await run(700);
    assert.deepEqual(client.attachedStreams, [0]);
    rate.change(undefined);
    await run(700);
    assert.ok(client.session.streams.length >= 4, `${client.session.streams.length} streams`);
  });

  it('come with a rate that rises, where their number is left to the client', async (t) => {
    const clock = fakeClock(t);
    const server = await native(t);
    const client = await new Client(t, server.port, { streams: 'auto' }).start();
    assert.deepEqual(client.attachedStreams, [0]);
    let bytesPerStream = 10;
    for (let sample = 0; sample < 12; sample += 1) {
      client.tally.add(bytesPerStream * client.session.streams.length);
      clock.advance(500);
      await turns(60);
    }
    assert.ok(client.session.streams.length >= 4, `${client.session.streams.length} streams`);
    const before = client.session.streams.length;
    bytesPerStream = 0;
    for (let sample = 0; sample < 12; sample += 1) {
      clock.advance(500);
      await turns(20);
    }
    assert.equal(client.session.streams.length, before);
    client.session.end();
    await turns(5);
    assert.equal(clock.timers, 0);
  });
});
