import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { AuthError, ConnectError, LimitError, ProtocolError, StorageError, TimeoutError } from '../../../src/errors.js';
import type { CloseInfo } from '../../../src/transport/connection.js';
import { errorOfClose, openChannel, type Channel } from '../../../src/transfer/channel.js';
import type { Frame } from '../../../src/wire/frame.js';
import { channelPair, Inbox, memoryPairWithMeddler, SECRET, type Passing } from '../../support/fake-channel.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns, until } from '../../support/fake-events.js';
import { FRAMES, plain } from '../../support/fake-frames.js';

const credit = (limit: number): Frame => ({ type: 'credit', limit, acked: 0 });
const isAuth = (error: unknown) => error instanceof AuthError && error.code === 'auth-handshake';

describe('a channel', () => {
  it('carries every frame both ways, in order, however the messages are cut', async () => {
    for (const link of [{}, { pieceBytes: 1 }, { pieceBytes: 17 }]) {
      const { client, server } = await channelPair(link);
      // Those that say nothing are nobody's but the channel's.
      const frames = FRAMES.filter(({ type }) => type !== 'alive');
      for (const [from, to] of [[client, server], [server, client]] as const) {
        const inbox = new Inbox(to);
        for (const frame of frames) from.send(frame);
        assert.deepEqual((await inbox.arrived(frames.length)).map(plain), frames.map(plain));
      }
    }
  });

  it('shows nothing of a frame on the way', async () => {
    const seen: Buffer[] = [];
    const { client, server } = memoryPairWithMeddler(({ bytes }) => {
      seen.push(bytes);
      return [{ bytes }];
    });
    const [ours, theirs] = await Promise.all([openChannel(client, { role: 'client', secret: SECRET }), openChannel(server, { role: 'server', secret: SECRET })]);
    const inbox = new Inbox(theirs);
    const payload = Buffer.alloc(1000, 'a secret text ');
    ours.send({ type: 'data', id: 0, offset: 0, length: 1000, hash: 0n, payload: [payload] });
    await inbox.arrived(1);
    const wire = Buffer.concat(seen);
    assert.deepEqual(seen.map(({ length }) => length), [48, 48, 1000 + 28 + 16]);
    assert.equal(wire.includes('secret'), false);
    assert.equal(wire.includes(SECRET), false);
  });

  it('holds frames back while nobody is there to take them, and the other end with them', async () => {
    const { client, server, b } = await channelPair();
    for (let limit = 0; limit < 10; limit += 1) client.send(credit(limit));
    await turns(50);
    assert.equal(b.paused, true);
    const inbox = new Inbox(server);
    assert.equal(inbox.frames.length, 0, 'not in the turn of attach itself');
    assert.deepEqual((await inbox.arrived(10)).map((frame) => frame.type === 'credit' && frame.limit), [...Array(10).keys()]);
    assert.equal(b.paused, false);
    server.attach(undefined);
    client.send(credit(10));
    await turns(50);
    assert.equal(inbox.frames.length, 10);
    assert.equal((await new Inbox(server).arrived(1)).length, 1);
  });

  it('hands over in the middle of what has come, in order, and tells the end last', async () => {
    const { client, server, b } = await channelPair();
    for (let limit = 0; limit < 5; limit += 1) client.send(credit(limit));
    await turns(50);
    client.connection.close(1000, '');
    const second: unknown[] = [];
    server.attach({
      frame: () => {
        server.attach(undefined);
        queueMicrotask(() => server.attach({ frame: (frame) => second.push(frame.type === 'credit' && frame.limit), closed: (_error, clean) => second.push(clean) }));
      },
      closed: () => assert.fail('the end was told to the first'),
    });
    await until(() => second.length >= 5);
    await turns(20);
    assert.deepEqual(second, [1, 2, 3, 4, true]);
    assert.equal(b.buffered, 0);
  });

  it('tells the end once: clean for 1000 from the other end, else lost', async () => {
    for (const [end, clean] of [
      [({ client }: { client: Channel }) => client.connection.close(1000, ''), true],
      [({ client }: { client: Channel }) => client.connection.close(1001, ''), false],
      [({ client }: { client: Channel }) => client.connection.destroy(), false],
    ] as const) {
      const pair = await channelPair();
      const inbox = new Inbox(pair.server);
      end(pair);
      const info = await inbox.ended();
      await turns(20);
      assert.equal(inbox.ends.length, 1);
      assert.equal(info.clean, clean);
      assert.ok(info.error instanceof ConnectError && info.error.code === 'connect-lost' && info.error.retryable);
    }
  });

  it('takes no more than 4 KiB before the first record has opened, be it good, and any size after it', async () => {
    const text = (length: number): Frame => ({ type: 'data', id: 0, offset: 0, length, hash: 0n, payload: [Buffer.alloc(length)] });
    const most = 4096 - 16 - 28;
    const good = await channelPair({ pieceBytes: 1000 });
    const inbox = new Inbox(good.server);
    for (const frame of [text(most), text(1_000_000)]) good.client.send(frame);
    assert.equal((await inbox.arrived(2)).length, 2);
    const bad = await channelPair({ pieceBytes: 1000 });
    const strict = new Inbox(bad.server);
    bad.client.send(text(most + 1));
    assert.ok(isAuth((await strict.ended()).error));
    assert.equal(strict.frames.length, 0);
  });

  it('says when the socket is behind', async () => {
    const { client, server, b } = await channelPair({ highWaterBytes: 1000, wireBytes: 100 });
    const inbox = new Inbox(server);
    b.pause();
    const big: Frame = { type: 'data', id: 0, offset: 0, length: 600, hash: 0n, payload: [Buffer.alloc(600)] };
    assert.deepEqual([client.send(big), client.send(big)], [true, false]);
    b.resume();
    await client.connection.drained();
    assert.equal((await inbox.arrived(2)).length, 2);
  });
});

describe('a channel of which both ends keep alive', () => {
  /** Two that do, and what is on the wire between them. */
  async function keeping(t: TestContext) {
    const clock = fakeClock(t);
    const passing: Passing[] = [];
    const state = { drop: false };
    const pair = memoryPairWithMeddler((message) => {
      passing.push(message);
      return state.drop ? [] : [message];
    });
    const [client, server] = await Promise.all([openChannel(pair.client, { role: 'client', secret: SECRET }), openChannel(pair.server, { role: 'server', secret: SECRET })]);
    for (const channel of [client, server]) channel.keepAlive();
    const inboxes = { client: new Inbox(client), server: new Inbox(server) };
    // The handshake's are none of these.
    const records = (from: Passing['from']) => passing.filter((message) => message.from === from && message.index > 0).length;
    const pass = async (milliseconds: number) => {
      for (let passed = 0; passed < milliseconds; passed += 1_000) {
        clock.advance(Math.min(1_000, milliseconds - passed));
        await turns(3);
      }
    };
    return { clock, client, server, inboxes, records, pass, state };
  }

  it('sends a record each 15 s where there is nothing else to send, which nobody is told of', async (t) => {
    const { client, inboxes, records, pass } = await keeping(t);
    await pass(14_000);
    assert.deepEqual([records('client'), records('server')], [0, 0]);
    await pass(1_000);
    assert.deepEqual([records('client'), records('server')], [1, 1]);
    await pass(8_000);
    client.send(credit(1));
    await pass(8_000);
    assert.deepEqual([records('client'), records('server')], [2, 2], 'whoever has sent something need not');
    await pass(600_000);
    assert.deepEqual([inboxes.client.frames, inboxes.server.frames.length], [[], 1]);
    assert.deepEqual([inboxes.client.ends, inboxes.server.ends], [[], []]);
  });

  it('notices a message that was dropped at a lull', async (t) => {
    const { client, inboxes, pass, state } = await keeping(t);
    state.drop = true;
    client.send(credit(1));
    await turns();
    state.drop = false;
    await pass(14_000);
    assert.equal(inboxes.server.ends.length, 0);
    await pass(6_000);
    assert.equal((await inboxes.server.ended()).error.code, 'integrity-tag');
    assert.deepEqual(inboxes.server.frames, []);
  });

  it('takes one whose messages are all dropped for lost after two minutes, whatever answers its pings', async (t) => {
    const { clock, inboxes, pass, state } = await keeping(t);
    await pass(60_000);
    state.drop = true;
    await pass(119_000);
    assert.deepEqual([inboxes.client.ends, inboxes.server.ends], [[], []]);
    await pass(20_000);
    for (const { ends } of Object.values(inboxes)) {
      assert.equal(ends.length, 1);
      assert.ok(ends[0]?.error instanceof ConnectError && ends[0].error.retryable && !ends[0].clean);
    }
    assert.equal(clock.timers, 0);
  });

  it('does not mistake its own sleep, or that nobody takes what has come, for the other end’s silence', async (t) => {
    const { clock, client, server, inboxes, pass } = await keeping(t);
    clock.sleep(3_600_000);
    await turns();
    await pass(30_000);
    assert.deepEqual([inboxes.client.ends, inboxes.server.ends], [[], []]);
    server.attach(undefined);
    client.send(credit(1));
    await pass(600_000);
    const late = new Inbox(server);
    await turns();
    assert.deepEqual([late.frames, late.ends], [[credit(1)], []]);
    await pass(60_000);
    assert.deepEqual(late.ends, []);
  });

  it('leaves no timer behind when it ends', async (t) => {
    const { clock, client, inboxes } = await keeping(t);
    client.connection.close(1000, '');
    await Promise.all([inboxes.client.ended(), inboxes.server.ended()]);
    client.keepAlive();
    // The link's own, for its closing handshakes.
    await turns(20);
    assert.equal(clock.timers, 0);
  });
});

it('a frame that says nothing is a broken rule where that was not agreed', async () => {
  const { client, server } = await channelPair();
  const inbox = new Inbox(server);
  client.send({ type: 'alive' });
  const { error } = await inbox.ended();
  assert.ok(error instanceof ProtocolError && /alive/u.test(error.message));
});

describe('failing a channel', () => {
  it('tells the other end code and text, then closes with the class’s code', async () => {
    for (const [error, code, close] of [
      [new StorageError('storage-full', 'no space'), 'storage-full', 4008],
      [new ProtocolError('protocol-violation', 'nonsense'), 'protocol-violation', 1002],
      [new LimitError('limit-inbound', 'too large'), 'limit-inbound', 1009],
    ] as const) {
      const { client, server } = await channelPair();
      const inbox = new Inbox(server);
      const recorder = closeOf(client);
      server.fail(error);
      client.attach({ frame: (frame) => recorder.frames.push(frame), closed: () => undefined });
      assert.equal((await recorder.info()).code, close);
      assert.deepEqual(recorder.frames, [{ type: 'failure', code, message: error.message }]);
      await inbox.ended();
    }
  });

  it('keeps a bug’s text to itself, and cuts a long text between characters', async () => {
    const { client, server } = await channelPair();
    const inbox = new Inbox(client);
    server.fail(new Error('with /a/secret/path in it'));
    assert.deepEqual(await inbox.arrived(1), [{ type: 'failure', code: 'protocol-violation', message: 'internal error' }]);
    for (const text of ['x'.repeat(2_000), 'ü'.repeat(700), '€'.repeat(400), '𝄞'.repeat(300), `x${'𝄞'.repeat(300)}`]) {
      const pair = await channelPair();
      const received = new Inbox(pair.client);
      pair.server.fail(new StorageError('storage-io', text));
      const [frame] = await received.arrived(1);
      assert.ok(frame?.type === 'failure', 'it is decoded, so it is within its bounds');
      assert.ok(text.startsWith(frame.message.slice(0, -1)) && frame.message.endsWith('…') && !frame.message.includes('\uFFFD'));
      assert.ok(Buffer.byteLength(frame.message) > 980);
    }
  });
});

/** Listens to the connection below a channel, besides the channel. */
function closeOf(channel: Channel): { frames: Frame[]; info: () => Promise<CloseInfo> } {
  let info: CloseInfo | undefined;
  const { connection } = channel;
  connection.attach({
    piece: (bytes, last, kind) => channel.piece(bytes, last, kind),
    closed: (closed) => {
      info = closed;
      channel.closed(closed);
    },
  });
  return {
    frames: [],
    info: async () => {
      await until(() => info !== undefined);
      return info as CloseInfo;
    },
  };
}

it('a frame that breaks the rules closes the channel with its class, and is told to both', async () => {
  const { client, server } = await channelPair();
  const [ours, theirs] = [new Inbox(client), new Inbox(server)];
  client.send({ type: 'ready', id: 1.5 });
  assert.ok((await theirs.ended()).error instanceof ProtocolError);
  const [frame] = await ours.arrived(1);
  assert.ok(frame?.type === 'failure' && frame.code === 'protocol-violation');
});

it('the end of a connection means what it says', () => {
  const cause = new LimitError('limit-frame', 'x');
  assert.equal(errorOfClose({ by: 'us', code: 1009, reason: '', cause }), cause);
  assert.ok(isAuth(errorOfClose({ by: 'peer', code: 1008, reason: '' })));
  const proven = errorOfClose({ by: 'peer', code: 1008, reason: '' }, true);
  assert.ok(proven instanceof ConnectError && proven.code === 'connect-lost' && proven.retryable && /1008/u.test(proven.message));
  const lost = [
    { by: 'peer', code: 1000, reason: '' },
    { by: 'us', code: 1008, reason: '' },
    { by: 'link', code: 1006, reason: '' },
    { by: 'link', code: 1006, reason: '', cause: new Error('ECONNRESET') },
    { by: 'link', code: 1006, reason: '', cause: new TimeoutError('timeout-idle', 'silent for 45 s') },
  ] as const;
  for (const info of lost) {
    const error = errorOfClose(info);
    assert.ok(error instanceof ConnectError && error.code === 'connect-lost' && error.retryable);
    if ('cause' in info) assert.ok(error.message.includes(info.cause.message));
  }
});
