import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { AbortError, ConnectError, errorFromPeer, IntegrityError, StorageError, TimeoutError, type StreamerError } from '../../../src/errors.js';
import { ClientWait } from '../../../src/server/client-wait.js';
import { NativeSessions, type Refused, type Running } from '../../../src/server/native-sessions.js';
import type { Link } from '../../../src/transfer/link.js';
import type { ProgressEvent, TransferResult } from '../../../src/transfer/progress.js';
import { Tally } from '../../../src/transfer/tally.js';
import type { TransferSession } from '../../../src/transfer/transfer-session.js';
import type { HelloFrame } from '../../../src/wire/frame.js';
import { fakeClock } from '../../support/fake-clock.js';
import { deferred, turns, type Deferred } from '../../support/fake-events.js';

const LOST = new ConnectError('connect-lost', 'the link was lost');

/** A session whose end is the test's to say. */
class FakeSession implements TransferSession<undefined> {
  readonly attached: string[] = [];
  readonly drops: StreamerError[] = [];
  readonly end: Deferred<undefined> = deferred();
  readonly ended = this.end.promise;
  readonly lost: (stream: number, error: StreamerError) => void;
  over = false;
  complete = false;
  closed = false;
  received = 0;
  streams: number[] = [];
  facts: { readonly remote: string; readonly reconnects: number } | undefined;

  constructor(lost: (stream: number, error: StreamerError) => void) {
    this.lost = lost;
    this.ended.catch(() => undefined);
  }

  early(): readonly [] {
    return [];
  }

  attach(stream: number, { remote }: Link, received: number): void {
    this.attached.push(`${stream} ${remote} ${received}`);
    this.streams.push(stream);
  }

  fail(error: unknown): void {
    this.over = true;
    this.end.reject(error as Error);
  }

  drop(error: StreamerError): void {
    this.drops.push(error);
    this.over = true;
    if (this.complete) this.end.resolve(undefined);
    else this.end.reject(error);
  }

  succeed(): void {
    this.over = true;
    this.end.resolve(undefined);
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

/** A server's sessions, and what came of them. */
class Server {
  readonly sessions: FakeSession[] = [];
  readonly events: ProgressEvent[] = [];
  readonly connected: string[] = [];
  readonly outcomes: ({ readonly result: TransferResult } | { readonly error: unknown })[] = [];
  readonly destroyed: string[] = [];
  readonly clock;
  readonly all: NativeSessions;
  beginning: Promise<void> = Promise.resolve();
  /** What a session's result waits for when the session is over: its files are closed. */
  closing: Promise<unknown> = Promise.resolve();

  constructor(t: TestContext) {
    this.clock = fakeClock(t);
    const onProgress = (event: ProgressEvent) => this.events.push(event);
    this.all = new NativeSessions({
      begin: async (lost): Promise<Running> => {
        await this.beginning;
        const session = new FakeSession(lost);
        this.sessions.push(session);
        return {
          session,
          tally: new Tally(onProgress),
          result: async (facts) => {
            session.facts = facts;
            await session.ended.finally(() => this.closing);
            return { remote: facts.remote, reconnects: facts.reconnects } as TransferResult;
          },
        };
      },
      wait: new ClientWait({ waitTimeoutMs: 60_000, onProgress }),
      connected: (remote, again) => this.connected.push(`${remote}${again ? ' again' : ''}`),
      ended: (outcome) => this.outcomes.push(outcome),
    });
  }

  get session(): FakeSession {
    return this.sessions.at(-1) ?? assert.fail('no session');
  }

  /** A client greets, and enters where it may. */
  async come(id: number, more: Partial<HelloFrame> = {}, remote = `client ${id}`): Promise<number | Refused> {
    const hello: HelloFrame = { type: 'hello', client: Buffer.alloc(16, id), stream: 0, action: 'send', received: 0, agent: '', ...more };
    const received = await this.all.admit(hello);
    if (typeof received === 'number') this.all.enter(hello, this.link(remote));
    return received;
  }

  link(remote: string): Link {
    return { remote, channel: { connection: { destroy: () => this.destroyed.push(remote) } } } as unknown as Link;
  }

  get waits(): boolean[] {
    return this.events.flatMap((event) => (event.type === 'waiting' ? [event.again] : []));
  }
}

describe('a server’s sessions', () => {
  it('begin with a client, and end with its result', async (t) => {
    const server = new Server(t);
    assert.equal(server.all.active, false);
    assert.equal(await server.come(1), 0);
    assert.equal(server.all.active, true);
    assert.deepEqual(server.session.attached, ['0 client 1 0']);
    assert.deepEqual(server.connected, ['client 1']);
    server.session.succeed();
    await turns(3);
    assert.deepEqual(server.outcomes, [{ result: { remote: 'client 1', reconnects: 0 } }]);
    assert.equal(server.clock.timers, 0);
  });

  it('take further streams of the same client, which nobody is told of as a client', async (t) => {
    const server = new Server(t);
    await server.come(1);
    assert.equal(await server.come(1, { stream: 5 }), 0);
    assert.deepEqual(server.session.attached, ['0 client 1 0', '5 client 1 0']);
    assert.deepEqual(server.connected, ['client 1']);
    assert.deepEqual(server.events, [{ type: 'streams', streams: 2 }]);
  });

  it('wait for a client that is lost, and go on when it comes back, where it was', async (t) => {
    const server = new Server(t);
    await server.come(1);
    server.session.received = 17;
    server.session.lost(0, LOST);
    assert.deepEqual(server.waits, [true]);
    assert.equal(await server.come(1, { received: 9 }, 'elsewhere'), 17);
    assert.deepEqual(server.session.attached, ['0 client 1 0', '0 elsewhere 9']);
    assert.deepEqual(server.connected, ['client 1', 'elsewhere again']);
    assert.equal(server.clock.timers, 0, 'nobody waits any more');
    server.session.succeed();
    await turns(3);
    assert.deepEqual(server.outcomes, [{ result: { remote: 'elsewhere', reconnects: 1 } }]);
    assert.equal(server.sessions.length, 1);
  });

  it('wait for stream 0 only', async (t) => {
    const server = new Server(t);
    await server.come(1);
    await server.come(1, { stream: 1 });
    server.session.streams = [0];
    server.session.lost(1, LOST);
    assert.deepEqual(server.waits, []);
    assert.deepEqual(server.events.at(-1), { type: 'streams', streams: 1 });
    assert.deepEqual(server.session.drops, []);
  });

  it('end when the client that was lost does not come back in time', async (t) => {
    const server = new Server(t);
    await server.come(1);
    server.session.lost(0, LOST);
    server.clock.advance(59_999);
    assert.deepEqual(server.session.drops, []);
    server.clock.advance(1);
    await turns(3);
    const [outcome] = server.outcomes;
    assert.ok(outcome !== undefined && 'error' in outcome && outcome.error instanceof TimeoutError && outcome.error.code === 'timeout-wait');
  });

  it('that have everything are not waited for: they end by themselves, and take their client back until then', async (t) => {
    const server = new Server(t);
    await server.come(1);
    server.session.complete = true;
    server.session.lost(0, LOST);
    assert.deepEqual([server.waits, server.clock.timers], [[], 0]);
    assert.equal(await server.come(1), 0);
    server.session.lost(0, LOST);
    server.session.succeed();
    await turns(3);
    assert.deepEqual(server.outcomes, [{ result: { remote: 'client 1', reconnects: 1 } }]);
    assert.equal(server.clock.timers, 0);
  });

  it('that get everything while their client is away end what was begun for it', async (t) => {
    const server = new Server(t);
    await server.come(1);
    server.session.lost(0, LOST);
    assert.equal(server.clock.timers, 1);
    server.session.complete = true;
    server.session.succeed();
    await turns(3);
    assert.deepEqual([server.outcomes.map((outcome) => 'result' in outcome), server.clock.timers], [[true], 0]);
  });

  it('are the last when one has come to its end: who was on its way in meanwhile begins none', async (t) => {
    const server = new Server(t);
    await server.come(1);
    server.session.succeed();
    await Promise.resolve();
    assert.equal(await server.come(2), 'complete');
    await turns(3);
    assert.equal(await server.come(3), 'complete');
    assert.deepEqual([server.sessions.length, server.outcomes.length], [1, 1]);
  });

  it('that have everything are good when another client comes, which is not served', async (t) => {
    const server = new Server(t);
    await server.come(1);
    server.session.complete = true;
    server.session.lost(0, LOST);
    assert.equal(await server.come(2), 'complete');
    await turns(3);
    assert.deepEqual(server.outcomes.map((outcome) => 'result' in outcome), [true]);
    assert.deepEqual([server.sessions.length, server.clock.timers], [1, 0]);
  });

  it('end for a broken record, without waiting', async (t) => {
    const server = new Server(t);
    await server.come(1);
    const error = new IntegrityError('integrity-tag', 'a record was altered');
    server.session.lost(1, error);
    await turns(3);
    assert.deepEqual(server.session.drops, [error]);
    assert.deepEqual(server.outcomes, [{ error }]);
  });

  it('that have failed for good give way to no client that comes before that is told', async (t) => {
    const server = new Server(t);
    const closed = deferred<undefined>();
    server.closing = closed.promise;
    await server.come(1);
    const error = new IntegrityError('integrity-tag', 'a record was altered');
    server.session.lost(0, error);
    await turns(3);
    assert.deepEqual([await server.come(1, { received: 3 }), await server.come(2)], ['unknown', 'unknown']);
    assert.deepEqual([server.sessions.length, server.outcomes], [1, []]);
    closed.resolve(undefined);
    await turns(3);
    assert.deepEqual(server.outcomes, [{ error }]);
  });

  it('are not known when a client takes up one of another server, or joins one', async (t) => {
    const server = new Server(t);
    assert.equal(await server.come(1, { received: 3 }), 'unknown');
    assert.equal(await server.come(1, { stream: 1 }), 'unknown');
    assert.equal(server.sessions.length, 0);
    await server.come(1);
    assert.equal(await server.come(2, { stream: 1 }), 'unknown');
    assert.deepEqual([server.sessions.length, server.session.drops], [1, []]);
  });

  it('one of a client that is gone gives way to another’s, and its end is nobody’s business', async (t) => {
    const server = new Server(t);
    await server.come(1);
    const first = server.session;
    first.lost(0, LOST);
    assert.equal(await server.come(2), 0);
    await turns(5);
    assert.deepEqual([first.drops.length, first.closed, server.sessions.length], [1, true, 2]);
    assert.deepEqual(server.outcomes, []);
    assert.equal(server.clock.timers, 0);
    assert.deepEqual(server.session.attached, ['0 client 2 0']);
    // A late connection of the first is let go.
    server.all.enter({ type: 'hello', client: Buffer.alloc(16, 1), stream: 1, action: 'send', received: 0, agent: '' }, server.link('late'));
    assert.deepEqual(server.destroyed, ['late']);
    server.session.succeed();
    await turns(3);
    assert.deepEqual(server.outcomes, [{ result: { remote: 'client 2', reconnects: 1 } }]);
  });

  it('begin one at a time, however many come at once', async (t) => {
    const server = new Server(t);
    const gate = deferred<undefined>();
    server.beginning = gate.promise;
    const both = Promise.all([server.come(1), server.come(1, { stream: 1 }), server.come(1)]);
    await turns(5);
    assert.equal(server.sessions.length, 0);
    gate.resolve(undefined);
    assert.deepEqual(await both, [0, 0, 0]);
    assert.equal(server.sessions.length, 1);
  });

  it('that cannot begin are an error of whoever asked, and the next may try', async (t) => {
    const server = new Server(t);
    const error = new StorageError('storage-io', 'standard input was read once');
    server.beginning = Promise.reject(error);
    server.beginning.catch(() => undefined);
    await assert.rejects(server.come(1), error);
    server.beginning = Promise.resolve();
    assert.equal(await server.come(2), 0);
  });
});

describe('after a session that failed', () => {
  for (const error of [
    new ConnectError('connect-lost', 'x'),
    errorFromPeer('aborted', ''),
    errorFromPeer('connect-lost', ''),
    errorFromPeer('storage-full', ''),
    errorFromPeer('storage-exists', ''),
    errorFromPeer('integrity-source', ''),
  ]) {
    it(`by its client’s own trouble (${error.code}) the server waits for its return`, async (t) => {
      const server = new Server(t);
      await server.come(1);
      server.session.fail(error);
      await turns(3);
      assert.deepEqual([server.outcomes, server.waits, server.all.active], [[], [true], false]);
      assert.equal(await server.come(2), 0);
      assert.equal(server.sessions.length, 2);
      server.session.fail(error);
      await turns(3);
      server.clock.advance(60_000);
      assert.ok(server.outcomes[0] !== undefined && 'error' in server.outcomes[0] && server.outcomes[0].error instanceof TimeoutError);
    });
  }

  for (const error of [
    new StorageError('storage-full', 'ours'),
    new IntegrityError('integrity-source', 'ours'),
    errorFromPeer('integrity-digest', ''),
    errorFromPeer('limit-inbound', ''),
    errorFromPeer('nonsense', ''),
    new IntegrityError('integrity-tag', 'x'),
    new ConnectError('connect-busy', 'x', { retryable: false }),
    new AbortError('ours'),
    new Error('a bug'),
  ]) {
    it(`by anything else (${error.message}) it ends`, async (t) => {
      const server = new Server(t);
      await server.come(1);
      server.session.fail(error);
      await turns(3);
      assert.deepEqual(server.outcomes, [{ error }]);
      assert.deepEqual([server.waits, server.clock.timers], [[], 0]);
    });
  }
});
