import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { connectOnce, type Connected, type ConnectOptions } from '../../../src/client/connect.js';
import { connectedEvent } from '../../../src/client/links.js';
import type { Coordinates } from '../../../src/coordinates/coordinates.js';
import { AuthError, ConnectError, CoordinatesError, ProtocolError, UsageError } from '../../../src/errors.js';
import type { Frame, HelloFrame } from '../../../src/wire/frame.js';
import { turns, until } from '../../support/fake-events.js';
import { fakeServer, silentServer, type FakeAnswer, type FakeServer, type FakeServerOptions } from '../../support/fake-server.js';

const SECRET = 'the-plain-secret';
const KEY = Buffer.from(SECRET);
const HELLO: HelloFrame = { type: 'hello', client: Buffer.alloc(16, 3), stream: 0, received: 0, action: 'receive', agent: 'test' };

const plain = (...ports: number[]): Coordinates => {
  const [first = 1] = ports;
  return { version: 1, ips: ['127.0.0.1'], ports: [first, ports[1] ?? first], secret: SECRET };
};
const v2 = (...ports: number[]): Coordinates => ({
  version: 2,
  candidates: ports.map((port) => ({ url: `ws://127.0.0.1:${port}/streamer/2` })),
  secret: KEY,
  direction: 'send',
});

/** One search; what it found is closed when the test is over. */
async function connect(t: TestContext, coordinates: Coordinates, more: Partial<ConnectOptions> = {}): Promise<Connected> {
  const connected = await connectOnce({ coordinates, route: 'auto', wire: 'auto', hello: HELLO, ...more });
  t.after(() => (connected.wire === 'native' ? connected.channel.connection : connected.connection).destroy());
  return connected;
}

/** A server that upgrades whoever brings the secret, and answers 401 to whoever does not, as the reference's does. */
const reference = (t: TestContext, withSecret: FakeAnswer = 'compat') =>
  fakeServer(t, { secret: KEY, answer: ({ authorization }) => (authorization === undefined ? 401 : authorization === `Bearer ${SECRET}` ? withSecret : 403) });
const nativeServer = (t: TestContext, secret: Uint8Array = KEY) => fakeServer(t, { secret, answer: () => 'native' });

/** One, and another at the next port. */
async function neighbours(t: TestContext, one: () => Promise<FakeServer>, other: FakeServerOptions): Promise<[FakeServer, FakeServer]> {
  for (;;) {
    const first = await one();
    const second = await fakeServer(t, { ...other, port: first.port + 1 }).catch(() => undefined);
    if (second !== undefined) return [first, second];
  }
}

const asked = (server: FakeServer) => server.knocks.map(({ authorization, protocol }) => `${protocol ?? '-'} ${authorization ?? '-'}`);
const isNotEncrypted = (error: unknown) => error instanceof AuthError && error.code === 'auth-not-encrypted';

describe('with plain coordinates the client', () => {
  it('sends no secret to a server of the native wire: one request, the handshake proves it', async (t) => {
    const server = await nativeServer(t);
    const connected = await connect(t, plain(server.port));
    assert.ok(connected.wire === 'native');
    assert.equal(connected.agent, 'fake');
    assert.deepEqual(asked(server), ['2 -']);
    assert.equal(server.knocks[0]?.path, '/');
    assert.deepEqual(server.hellos, [HELLO]);
  });

  it('sends it to one that answers 401, with the header still, and takes the compat wire from there', async (t) => {
    const server = await reference(t);
    const connected = await connect(t, plain(server.port));
    assert.equal(connected.wire, 'compat');
    assert.deepEqual(asked(server), ['2 -', `2 Bearer ${SECRET}`]);
  });

  it('takes the native wire when it is offered at the second request', async (t) => {
    const server = await reference(t, 'native');
    assert.equal((await connect(t, plain(server.port))).wire, 'native');
    assert.equal(server.knocks.length, 2);
  });

  it('takes the compat wire of one that upgrades unasked, on the same connection, and sends it no secret', async (t) => {
    const server = await fakeServer(t, { answer: () => 'compat' });
    const connected = await connect(t, plain(server.port));
    assert.equal(connected.wire, 'compat');
    assert.deepEqual(connectedEvent(connected), { type: 'connected', remote: `127.0.0.1:${server.port}`, wire: 'compat', encrypted: false });
    assert.deepEqual(asked(server), ['2 -']);
    await turns(10);
    assert.deepEqual(server.connections.map(({ wireBytes }) => wireBytes.received), [0]);
  });

  it('does not take it for the compat wire when the answer is another version of ours', async (t) => {
    const server = await fakeServer(t, { answer: () => 'compat', headers: ['Streamer-Protocol: 3'] });
    await assert.rejects(connect(t, plain(server.port)), isNotEncrypted);
    await until(() => server.closed.length === 1);
  });

  it('has a last look there, too, and lets go of the connection when that fails', async (t) => {
    const server = await fakeServer(t, { answer: () => 'compat' });
    const beforeCompat = () => Promise.reject(new UsageError('not over this wire'));
    await assert.rejects(connect(t, plain(server.port), { beforeCompat }), UsageError);
    await until(() => server.closed.length === 1);
    assert.deepEqual(asked(server), ['2 -']);
  });

  it('that requires encryption stops at a 401, and at an upgrade without the echo', async (t) => {
    for (const answer of [401, 'compat'] as const) {
      const server = await fakeServer(t, { answer: () => answer });
      await assert.rejects(connect(t, plain(server.port), { wire: 'native' }), isNotEncrypted);
      assert.deepEqual(asked(server), ['2 -']);
    }
  });

  it('that wants the compat wire asks once, with the secret and without the header', async (t) => {
    const server = await reference(t);
    assert.equal((await connect(t, plain(server.port), { wire: 'compat' })).wire, 'compat');
    assert.deepEqual(asked(server), [`- Bearer ${SECRET}`]);
  });

  it('has a last look at what needs no peer before the secret is sent, and not for the native wire', async (t) => {
    const [server, native] = [await reference(t), await nativeServer(t)];
    const beforeCompat = () => Promise.reject(new CoordinatesError('coordinates-direction', 'not now'));
    await assert.rejects(connect(t, plain(server.port), { beforeCompat }), CoordinatesError);
    assert.deepEqual(asked(server), ['2 -']);
    assert.equal((await connect(t, plain(native.port), { beforeCompat })).wire, 'native');
  });
});

describe('frames that need no answer', () => {
  const FRAMES = [{ type: 'credit', limit: 5, acked: 0 }, { type: 'ready', id: 7 }] as const;

  it('go right behind the hello, before the welcome, and are counted', async (t) => {
    const early: Frame[] = [];
    const server = await fakeServer(t, {
      secret: KEY,
      answer: () => 'native',
      // It says nothing before it has them.
      welcome: (channel) =>
        channel.attach({
          frame: (frame) => {
            early.push(frame);
            if (early.length === 2) channel.send({ type: 'welcome', action: 'send', received: 0, streams: 9, agent: '' });
          },
          closed: () => undefined,
        }),
    });
    const connected = await connect(t, v2(server.port), { early: () => FRAMES });
    assert.ok(connected.wire === 'native');
    assert.deepEqual([connected.early, connected.received, connected.streams], [2, 0, 9]);
    assert.deepEqual(early, FRAMES);
  });

  it('go to nobody whose secret is another, nor over the compat wire', async (t) => {
    const wrong = await nativeServer(t, Buffer.alloc(32, 1));
    await assert.rejects(connect(t, v2(wrong.port), { early: () => assert.fail('it is not asked for them') }), AuthError);
    const compat = await reference(t);
    assert.equal((await connect(t, plain(compat.port), { early: () => assert.fail('it is not asked for them') })).wire, 'compat');
  });
});

it('the place where a server was found is told, for further streams, and can be the only one to try', async (t) => {
  const [server, other] = [await nativeServer(t), await nativeServer(t)];
  const connected = await connect(t, v2(server.port));
  assert.ok(connected.wire === 'native');
  assert.deepEqual([connected.address.host, connected.address.port], ['127.0.0.1', server.port]);
  const again = await connect(t, v2(other.port), { address: connected.address });
  assert.equal(again.remote, `127.0.0.1:${server.port}`);
  assert.equal(other.knocks.length, 0);
});

describe('with coordinates of version 2 the client', () => {
  it('asks at /streamer/2, and never sends the secret, whatever it is answered', async (t) => {
    for (const answer of ['native', 'compat', 401, 403] as const) {
      const server = await fakeServer(t, { secret: KEY, answer: () => answer });
      const result = await connect(t, v2(server.port)).then(({ wire }) => wire, (error: unknown) => error);
      if (answer === 'native') assert.equal(result, 'native');
      else assert.ok(result instanceof AuthError);
      const [{ handshake = '', ...knock } = {}, ...others] = server.knocks;
      assert.deepEqual([knock, others], [{ path: '/streamer/2', authorization: undefined, protocol: '2' }, []]);
      assert.equal(Buffer.from(handshake, 'base64url').length, 48, 'the first handshake message');
    }
  });
});

describe('what a server answers', () => {
  for (const [answer, type, code, retryable] of [
    [401, AuthError, 'auth-missing', false],
    [403, AuthError, 'auth-refused', false],
    [503, ConnectError, 'connect-busy', true],
    [502, ConnectError, 'connect-failed', true],
    [404, ProtocolError, 'protocol-violation', false],
    [301, ProtocolError, 'protocol-violation', false],
  ] as const) {
    it(`${answer} is ${code}`, async (t) => {
      const server = await fakeServer(t, { answer: () => answer });
      await assert.rejects(connect(t, plain(server.port)), (error: unknown) => error instanceof type && error.code === code && error.retryable === retryable);
    });
  }

  it('a wrong secret is an AuthError, by handshake or by header', async (t) => {
    const native = await nativeServer(t, Buffer.alloc(32, 1));
    await assert.rejects(connect(t, plain(native.port)), (error: unknown) => error instanceof AuthError && error.code === 'auth-handshake');
    const other = await fakeServer(t, { answer: ({ authorization }) => (authorization === undefined ? 401 : 403) });
    await assert.rejects(connect(t, plain(other.port)), (error: unknown) => error instanceof AuthError && error.code === 'auth-refused');
  });

  it('a welcome of the same action is a broken rule', async (t) => {
    const server = await fakeServer(t, { secret: KEY, answer: () => 'native', welcome: (channel, { action }) => channel.send({ type: 'welcome', received: 0, streams: 16, action, agent: '' }) });
    await assert.rejects(connect(t, plain(server.port)), (error: unknown) => error instanceof ProtocolError && /receives, as we do/u.test(error.message));
  });

  it('nothing at all is a ConnectError that says so, and may be tried again', async (t) => {
    const server = await nativeServer(t);
    await server.close();
    const one = (error: unknown) => error instanceof ConnectError && error.code === 'connect-failed' && error.retryable && /at the address.*ECONNREFUSED/u.test(error.message);
    await assert.rejects(connect(t, plain(server.port)), one);
    await assert.rejects(connect(t, v2(server.port, server.port)), /at any of the 2 addresses/u);
  });
});

describe('of several candidates', () => {
  it('the one with the right secret is found behind silent, refusing and wrong ones', async (t) => {
    const silent = await silentServer(t);
    const wrong = await nativeServer(t, Buffer.alloc(32, 1));
    const refusing = await fakeServer(t, { answer: () => 403 });
    const right = await nativeServer(t);
    const connected = await connect(t, v2(silent.port, wrong.port, refusing.port, right.port));
    assert.equal(connected.remote, `127.0.0.1:${right.port}`);
    // Those that were asked besides are let go.
    await until(() => silent.sockets.every((socket) => socket.closed));
  });

  it('the native one is preferred, and the one that wants the secret never gets it', async (t) => {
    const [greedy, native] = await neighbours(t, () => reference(t), { secret: KEY, answer: () => 'native' });
    assert.equal((await connect(t, plain(greedy.port, native.port))).wire, 'native');
    assert.ok(greedy.knocks.every(({ authorization }) => authorization === undefined));
  });

  it('one that lets everybody in comes last: behind the native one, and the one that wants the secret', async (t) => {
    const open = () => fakeServer(t, { answer: () => 'compat' });
    for (const [wire, other] of [
      ['native', { secret: KEY, answer: () => 'native' }],
      ['compat', { answer: ({ authorization }) => (authorization === undefined ? 401 : 'compat') }],
    ] as const satisfies readonly (readonly [string, FakeServerOptions])[]) {
      const [unasked, right] = await neighbours(t, open, other);
      const connected = await connect(t, plain(unasked.port, right.port));
      assert.deepEqual([connected.wire, connected.remote], [wire, `127.0.0.1:${right.port}`]);
      assert.deepEqual(asked(unasked), ['2 -']);
      await until(() => unasked.closed.length === unasked.connections.length);
    }
  });

  it('a refusal behind the handshake is final: it was the right server', async (t) => {
    const refusing = (error: CoordinatesError | ConnectError) => fakeServer(t, { secret: KEY, answer: () => 'native', welcome: (channel) => channel.fail(error) });
    const direction = await refusing(new CoordinatesError('coordinates-direction', 'wrong way'));
    await assert.rejects(connect(t, v2(direction.port)), (error: unknown) => error instanceof CoordinatesError && error.fromPeer);
    const busy = await refusing(new ConnectError('connect-busy', 'another is served'));
    await assert.rejects(connect(t, v2(busy.port)), (error: unknown) => error instanceof ConnectError && error.code === 'connect-busy' && !error.retryable);
  });
});

describe('the client is stopped', () => {
  it('while a server is silent: before the answer, in the handshake, before the welcome', async (t) => {
    const silent = await silentServer(t);
    const mute = await fakeServer(t, { answer: () => 'native', secret: KEY, welcome: () => undefined });
    for (const [port, ready] of [
      [silent.port, () => silent.sockets.length > 0],
      [mute.port, () => mute.hellos.length > 0],
    ] as const) {
      const stop = new AbortController();
      const searching = connect(t, v2(port), { signal: stop.signal });
      searching.catch(() => undefined);
      await until(ready);
      await turns(5);
      const startMs = performance.now();
      stop.abort();
      await assert.rejects(searching);
      assert.ok(performance.now() - startMs < 1_000, 'it does not wait for the server');
    }
    await until(() => silent.sockets.every((socket) => socket.closed));
  });

  it('before it began asks nobody', async (t) => {
    const server = await nativeServer(t);
    await assert.rejects(connect(t, v2(server.port), { signal: AbortSignal.abort() }));
    assert.equal(server.knocks.length, 0);
  });
});
