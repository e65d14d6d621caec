/**
 * What every {@link Connection} must do, whatever carries it.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { ConnectError } from '../../src/errors.js';
import type { CloseInfo, Connection, MessageKind } from '../../src/transport/connection.js';
import { turns } from '../support/fake-events.js';

/** Two connected ends; what they need is taken down by the test's `after`. */
export interface ConnectionPair {
  readonly client: Connection;
  readonly server: Connection;
}
export type Setup = (t: TestContext) => Promise<ConnectionPair>;

/** Where a carrier's own specification has it otherwise than most. */
export interface Traits {
  /** Whether it carries text messages. @default true */
  readonly text?: boolean;
  /** What an end hears of one that has gone without a word. @default nobody's 1006 */
  readonly lost?: Pick<CloseInfo, 'by' | 'code'>;
}

/** What one end was given, with something to wait on. */
export class Recorder {
  readonly messages: { readonly bytes: Buffer; readonly kind: MessageKind }[] = [];
  readonly closes: CloseInfo[] = [];
  readonly connection: Connection;
  #pieces: Buffer[] = [];
  #waiters: { readonly met: () => boolean; readonly resolve: () => void }[] = [];
  onMessage: () => void = () => undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.attach({
      piece: (bytes, last, kind) => {
        assert.equal(this.closes.length, 0, 'a piece after the end');
        this.#pieces.push(Buffer.from(bytes));
        if (!last) return;
        this.messages.push({ bytes: Buffer.concat(this.#pieces), kind });
        this.#pieces = [];
        this.onMessage();
        this.#wake();
      },
      closed: (info) => {
        this.closes.push(info);
        this.#wake();
      },
    });
  }

  /** Resolves when `count` messages are there. */
  async arrived(count: number): Promise<readonly Buffer[]> {
    await this.#until(() => this.messages.length >= count || this.closes.length > 0);
    assert.ok(this.messages.length >= count, `closed after ${this.messages.length} of ${count} messages`);
    return this.messages.map(({ bytes }) => bytes);
  }

  async closed(): Promise<CloseInfo> {
    await this.#until(() => this.closes.length > 0);
    return this.closes[0] as CloseInfo;
  }

  #until(met: () => boolean): Promise<void> {
    if (met()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ met, resolve }));
  }

  #wake(): void {
    const ready = this.#waiters.filter(({ met }) => met());
    this.#waiters = this.#waiters.filter((waiter) => !ready.includes(waiter));
    for (const { resolve } of ready) resolve();
  }
}

const MIB = 1024 * 1024;

/** The suite. */
export function connectionConformance(name: string, setup: Setup, { text = true, lost = { by: 'link', code: 1006 } }: Traits = {}): void {
  const textOr: MessageKind = text ? 'text' : 'binary';
  const both = async (t: TestContext): Promise<[Recorder, Recorder]> => {
    const { client, server } = await setup(t);
    return [new Recorder(client), new Recorder(server)];
  };
  /** Each way: the end that sends, and the end that receives. */
  const ways = async (t: TestContext) => {
    const [client, server] = await both(t);
    return [
      [client, server],
      [server, client],
    ] as const;
  };

  describe(`a connection over ${name}`, () => {
    it('delivers messages of every size whole, in order and of their kind, both ways', async (t) => {
      for (const [from, to] of await ways(t)) {
        const sizes = [0, 1, 3, 125, 126, 127, 65_535, 65_536, 65_537, MIB, 5 * MIB, 0, 2];
        const sent = sizes.map((size) => randomBytes(size));
        sent.forEach((bytes, index) => from.connection.send([Buffer.from(bytes)], index % 3 === 1 ? textOr : 'binary'));
        const got = await to.arrived(sizes.length);
        got.forEach((bytes, index) => assert.ok(bytes.equals(sent[index] as Buffer), `message ${index} of ${sizes[index]} bytes`));
        to.messages.forEach(({ kind }, index) => assert.equal(kind, index % 3 === 1 ? textOr : 'binary'));
      }
    });

    it('joins the parts of a message, and sends one of no parts as empty', async (t) => {
      const [client, server] = await both(t);
      const parts = [Buffer.from('a'), Buffer.alloc(0), Buffer.from('bcd'), randomBytes(70_000)];
      client.connection.send(parts.map((part) => Buffer.from(part)), 'binary');
      client.connection.send([], 'binary');
      client.connection.send([Buffer.alloc(0), Buffer.alloc(0)], textOr);
      const [first, second, third] = await server.arrived(3);
      assert.ok(first?.equals(Buffer.concat(parts)));
      assert.deepEqual([second?.length, third?.length], [0, 0]);
    });

    it('delivers nothing before somebody is attached, then all of it', async (t) => {
      const { client, server } = await setup(t);
      const sender = new Recorder(client);
      for (let i = 0; i < 20; i += 1) sender.connection.send([Buffer.of(i)], 'binary');
      await turns(20);
      const receiver = new Recorder(server);
      assert.equal(receiver.messages.length, 0, 'not in the turn of attach itself');
      assert.deepEqual(Buffer.concat(await receiver.arrived(20)), Buffer.from([...Array(20).keys()]));
    });

    it('hands later messages to a handler that takes the place of the first', async (t) => {
      const [client, server] = await both(t);
      client.connection.send([Buffer.from('one')], 'binary');
      await server.arrived(1);
      const second = new Recorder(server.connection);
      client.connection.send([Buffer.from('two')], 'binary');
      assert.deepEqual((await second.arrived(1)).map(String), ['two']);
      client.connection.close(1000, '');
      await second.closed();
      assert.deepEqual([server.messages.length, server.closes.length], [1, 0]);
    });

    it('calls `written` once for every message, the empty ones and those after the end among them', async (t) => {
      const [client, server] = await both(t);
      const calls = new Map<number, number>();
      const written = (index: number) => () => void calls.set(index, (calls.get(index) ?? 0) + 1);
      [[], [Buffer.alloc(0)], [Buffer.alloc(3 * MIB)], [Buffer.of(1), Buffer.of(2)]].forEach((parts, index) => client.connection.send(parts, 'binary', written(index)));
      await server.arrived(4);
      client.connection.close(1000, '');
      client.connection.send([Buffer.of(9)], 'binary', written(4));
      await client.closed();
      client.connection.send([Buffer.of(9)], 'binary', written(5));
      await turns();
      assert.deepEqual([...calls].sort(), [0, 1, 2, 3, 4, 5].map((index) => [index, 1]));
      assert.equal(server.messages.length, 4);
    });

    it('calls `written` when the other end has gone and nothing more can be', async (t) => {
      const [client, server] = await both(t);
      server.connection.pause();
      const left = new Set<number>();
      for (let index = 0, open = true; open; index += 1) {
        left.add(index);
        open = client.connection.send([Buffer.alloc(MIB)], 'binary', () => left.delete(index));
      }
      assert.ok(left.size > 0);
      client.connection.destroy();
      await client.closed();
      await turns();
      assert.equal(left.size, 0);
    });

    it('tells a sender to wait while the other end does not read, holds little, and goes on when it reads', async (t) => {
      for (const [from, to] of await ways(t)) {
        to.connection.pause();
        let sent = 0;
        const fill = async (): Promise<void> => {
          while (from.connection.send([Buffer.alloc(256 * 1024, sent & 0xff)], 'binary')) {
            sent += 1;
            assert.ok(sent < 1024, 'the sender is never told to wait');
            await turns(1);
          }
          sent += 1;
        };
        // A few turns may find room in the kernel's buffers: on until they find none.
        const wait = { over: true, drained: Promise.resolve() };
        while (wait.over) {
          await fill();
          wait.over = false;
          wait.drained = from.connection.drained().then(() => void (wait.over = true));
          await turns(50);
        }
        assert.ok(from.connection.buffered <= 4.5 * MIB, `${from.connection.buffered} bytes are held`);
        assert.ok(to.messages.length < sent);
        to.connection.resume();
        await wait.drained;
        const got = await to.arrived(sent);
        got.forEach((bytes, index) => assert.equal(bytes[0], index & 0xff));
        await from.connection.drained();
        assert.equal(got.length, sent);
      }
    });

    it('stops within one read when its user pauses it in the middle, and goes on where it was', async (t) => {
      const [client, server] = await both(t);
      server.onMessage = () => server.connection.pause();
      const sent = Array.from({ length: 40 }, (_, index) => Buffer.alloc(128 * 1024, index));
      for (const bytes of sent) client.connection.send([Buffer.from(bytes)], 'binary');
      await server.arrived(1);
      await turns(100);
      assert.ok(server.messages.length <= 4, `${server.messages.length} messages came after the pause`);
      server.onMessage = () => undefined;
      server.connection.resume();
      const got = await server.arrived(sent.length);
      assert.ok(Buffer.concat(got).equals(Buffer.concat(sent)));
    });

    it('resolves `drained` when the connection ends, and at once when nothing waits', async (t) => {
      const [client, server] = await both(t);
      await client.connection.drained();
      server.connection.pause();
      while (client.connection.send([Buffer.alloc(MIB)], 'binary'));
      const drained = client.connection.drained();
      client.connection.destroy();
      await drained;
      await client.closed();
      await client.connection.drained();
      // So that the other end notices.
      server.connection.resume();
      assert.equal((await server.closed()).code, lost.code);
    });
  });

  describe(`the end of a connection over ${name}`, () => {
    it('carries code and reason to the other end, both ways, and is told once at each', async (t) => {
      for (const which of [0, 1] as const) {
        for (const [code, reason] of [[1000, ''], [1001, 'gone'], [4007, 'ünïcode'], [3003, '{"type":"error"}']] as const) {
          const ends = await both(t);
          const [closer, other] = [ends[which], ends[1 - which] as Recorder];
          closer.connection.close(code, reason);
          const [ours, theirs] = await Promise.all([closer.closed(), other.closed()]);
          assert.deepEqual({ ...theirs, cause: undefined }, { by: 'peer', code, reason, cause: undefined });
          assert.deepEqual({ ...ours, cause: undefined }, { by: 'us', code, reason, cause: undefined });
          closer.connection.close(1011, 'again');
          other.connection.destroy();
          await turns();
          assert.deepEqual([closer.closes.length, other.closes.length], [1, 1]);
        }
      }
    });

    it('comes after all that was sent before it, however much that is', async (t) => {
      const [client, server] = await both(t);
      const sent = Array.from({ length: 24 }, () => randomBytes(512 * 1024));
      for (const bytes of sent) client.connection.send([Buffer.from(bytes)], 'binary');
      client.connection.close(4008, 'done');
      const info = await server.closed();
      assert.deepEqual([info.by, info.code, info.reason], ['peer', 4008, 'done']);
      assert.ok(Buffer.concat(server.messages.map(({ bytes }) => bytes)).equals(Buffer.concat(sent)));
      assert.equal((await client.closed()).by, 'us');
    });

    it('is heard by an end that had stopped reading and closes', async (t) => {
      const [client, server] = await both(t);
      server.connection.pause();
      client.connection.send([Buffer.from('unread')], 'binary');
      await turns();
      server.connection.close(1001, 'enough');
      const info = await client.closed();
      assert.deepEqual([info.by, info.code, info.reason], ['peer', 1001, 'enough']);
      assert.equal((await server.closed()).by, 'us');
      assert.equal(server.messages.length, 0, 'nothing is delivered after close');
    });

    it(`comes without a close frame when an end destroys: 1006 there, ${lost.code} at the other, and nothing more is delivered`, async (t) => {
      const [client, server] = await both(t);
      server.onMessage = () => server.connection.destroy();
      for (let i = 0; i < 10; i += 1) client.connection.send([Buffer.of(i)], 'binary');
      const [ours, theirs] = await Promise.all([server.closed(), client.closed()]);
      assert.deepEqual([ours.by, ours.code], ['us', 1006]);
      assert.deepEqual([theirs.by, theirs.code], [lost.by, lost.code]);
      assert.equal(server.messages.length, 1);
    });

    it('is told to a handler that comes too late for it', async (t) => {
      const { client, server } = await setup(t);
      server.destroy();
      await turns(20);
      const late = new Recorder(server);
      assert.equal((await late.closed()).code, 1006);
      await turns();
      assert.equal(late.closes.length, 1);
      assert.equal((await new Recorder(client).closed()).code, lost.code);
    });

    it('sends nothing that comes after close', async (t) => {
      const [client, server] = await both(t);
      client.connection.send([Buffer.from('before')], 'binary');
      client.connection.close(1000, '');
      client.connection.send([Buffer.from('after')], 'binary');
      await Promise.all([client.closed(), server.closed()]);
      assert.deepEqual(server.messages.map(({ bytes }) => String(bytes)), ['before']);
    });
  });

  describe(`pings over ${name}`, () => {
    it('come back, several at once, both ways', async (t) => {
      for (const [from] of await ways(t)) {
        const times = await Promise.all(Array.from({ length: 5 }, () => from.connection.ping()));
        for (const ms of times) assert.ok(ms >= 0 && ms < 5_000);
      }
    });

    it('fail when the connection ends, and after it', async (t) => {
      const [client, server] = await both(t);
      server.connection.pause();
      const failed = assert.rejects(client.connection.ping(), ConnectError);
      await turns();
      client.connection.destroy();
      await failed;
      await client.closed();
      await assert.rejects(client.connection.ping(), ConnectError);
    });
  });

  it(`a connection over ${name} counts its bytes, knows when it last heard, and whom`, async (t) => {
    const [client, server] = await both(t);
    const before = performance.now();
    client.connection.send([Buffer.alloc(100_000)], 'binary');
    await server.arrived(1);
    assert.ok(client.connection.wireBytes.sent >= 100_000);
    assert.ok(server.connection.wireBytes.received >= 100_000);
    assert.ok(server.connection.lastHeardMs >= before);
    assert.match(server.connection.remote, /^\S+:\d+$/u);
  });
}
