import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { connectOnce } from '../../../src/client/connect.js';
import { connectPatiently, RedialingLinks, type RedialOptions } from '../../../src/client/redial.js';
import type { Coordinates } from '../../../src/coordinates/coordinates.js';
import { AbortError, ConnectError, CoordinatesError, errorFromPeer, IntegrityError, ProtocolError } from '../../../src/errors.js';
import type { Link } from '../../../src/transfer/link.js';
import type { ProgressEvent } from '../../../src/transfer/progress.js';
import { until } from '../../support/fake-events.js';
import { fakeServer, type FakeServer } from '../../support/fake-server.js';

const SECRET = 'the-plain-secret';
const KEY = Buffer.from(SECRET);
const LOST = new ConnectError('connect-lost', 'the link was lost');

/** Options for a server at this port, and what was told meanwhile. */
function options(port: number, more: Partial<RedialOptions> = {}): RedialOptions & { readonly events: ProgressEvent[] } {
  const coordinates: Coordinates = { version: 1, ips: ['127.0.0.1'], ports: [port, port], secret: SECRET };
  const events: ProgressEvent[] = [];
  return {
    coordinates,
    wire: 'auto',
    hello: { type: 'hello', client: Buffer.alloc(16, 3), action: 'receive', agent: 'test' },
    connectTimeoutMs: 1_000,
    retryTimeoutMs: 600,
    onProgress: (event) => events.push(event),
    events,
    ...more,
  };
}

const native = (t: TestContext, port?: number) => fakeServer(t, { secret: KEY, answer: () => 'native', ...(port === undefined ? {} : { port }) });
const attempts = (events: readonly ProgressEvent[]) => events.flatMap((event) => (event.type === 'connecting' ? [event.attempt] : []));

async function firstLink(t: TestContext, server: FakeServer): Promise<Link> {
  const connected = await connectOnce(options(server.port));
  assert.ok(connected.wire === 'native');
  t.after(() => connected.channel.connection.destroy());
  return { channel: connected.channel, remote: connected.remote };
}

describe('looking for the server', () => {
  it('goes on until it answers', async (t) => {
    const gone = await native(t);
    await gone.close();
    const some = options(gone.port);
    const searching = connectPatiently(some, 5_000);
    await until(() => attempts(some.events).length >= 2);
    await native(t, gone.port);
    const connected = await searching;
    assert.ok(connected.wire === 'native');
    connected.channel.connection.destroy();
    assert.deepEqual(attempts(some.events), attempts(some.events).map((_, index) => index + 1));
  });

  it('ends when its time is over, with what was last the matter', async (t) => {
    const gone = await native(t);
    await gone.close();
    const some = options(gone.port);
    const startMs = performance.now();
    await assert.rejects(connectPatiently(some, 400), (error: unknown) => error instanceof ConnectError && error.code === 'connect-failed' && /ECONNREFUSED/u.test(error.message));
    assert.ok(performance.now() - startMs < 3_000);
    assert.ok(attempts(some.events).length >= 2);
    const once = options(gone.port);
    await assert.rejects(connectPatiently(once, 0), ConnectError);
    assert.deepEqual(attempts(once.events), [1]);
  });

  it('tries again where the server is busy, or a proxy before it has trouble; and nothing else', async (t) => {
    for (const [status, again] of [[503, true], [502, true], [403, false], [404, false]] as const) {
      const server = await fakeServer(t, { answer: () => status });
      const some = options(server.port);
      await assert.rejects(connectPatiently(some, 350));
      assert.equal(attempts(some.events).length > 1, again, `${status}`);
    }
  });

  it('is stopped by its caller at once, with the caller’s reason', async (t) => {
    const gone = await native(t);
    await gone.close();
    const stop = new AbortController();
    const some = options(gone.port, { signal: stop.signal });
    const searching = connectPatiently(some, 60_000);
    await until(() => attempts(some.events).length >= 2);
    stop.abort(new AbortError('interrupted', { signal: 'SIGTERM' }));
    await assert.rejects(searching, (error: unknown) => error instanceof AbortError && error.exitCode === 143);
  });
});

describe('having a lost link back', () => {
  it('dials again with the same client id, and says so', async (t) => {
    const server = await native(t);
    const some = options(server.port);
    const links = new RedialingLinks(await firstLink(t, server), some);
    const first = await links.next();
    first.channel.connection.destroy();
    const second = await links.next({ error: LOST, progressed: true });
    assert.notEqual(second.channel, first.channel);
    second.channel.connection.destroy();
    assert.deepEqual(server.hellos.map(({ client }) => Buffer.from(client).toString('hex')), Array(2).fill('03'.repeat(16)));
    assert.deepEqual(some.events.map(({ type }) => type), ['reconnecting', 'connecting', 'connected']);
    const [reconnecting] = some.events;
    assert.ok(reconnecting?.type === 'reconnecting' && reconnecting.reason === LOST.message && reconnecting.delayMs >= 125 && reconnecting.delayMs <= 250);
  });

  it('sends the secret to nobody: it was a native server that was lost', async (t) => {
    const server = await native(t);
    const links = new RedialingLinks(await firstLink(t, server), options(server.port));
    await links.next();
    await server.close();
    const thief = await fakeServer(t, { port: server.port, answer: ({ authorization }) => (authorization === undefined ? 401 : 'compat') });
    await assert.rejects(links.next({ error: LOST, progressed: true }), (error: unknown) => error instanceof ConnectError && error.code === 'connect-lost');
    assert.ok(thief.knocks.length >= 1);
    assert.ok(thief.knocks.every(({ authorization }) => authorization === undefined));
  });

  it('gives up when nobody answers for long enough, and says that nothing is lost', async (t) => {
    const server = await native(t);
    const links = new RedialingLinks(await firstLink(t, server), options(server.port));
    await links.next();
    await server.close();
    const isLost = (error: unknown) =>
      error instanceof ConnectError && error.code === 'connect-lost' && !error.retryable && error.cause === LOST && /run the same command again to resume \(.*ECONNREFUSED/u.test(error.message);
    const startMs = performance.now();
    await assert.rejects(links.next({ error: LOST, progressed: true }), isLost);
    const tookMs = performance.now() - startMs;
    assert.ok(tookMs >= 250 && tookMs < 3_000, `${tookMs} ms`);
    // Nothing has moved since: no patience is left. Where something has, it is counted anew.
    await assert.rejects(links.next({ error: LOST, progressed: false }));
    const again = await native(t, server.port);
    const link = await links.next({ error: LOST, progressed: true });
    link.channel.connection.destroy();
    assert.equal(again.hellos.length, 1);
  });

  it('has no more patience than a receiver that is complete has', async (t) => {
    const server = await native(t);
    const links = new RedialingLinks(await firstLink(t, server), options(server.port, { retryTimeoutMs: 60_000 }));
    await links.next();
    await server.close();
    const startMs = performance.now();
    await assert.rejects(links.next({ error: LOST, progressed: true, graceMs: 300 }));
    assert.ok(performance.now() - startMs < 5_000);
  });

  it('takes a refusal of the server that was meant for final', async (t) => {
    const server = await fakeServer(t, { secret: KEY, answer: () => 'native', welcome: (channel) => (server.hellos.length > 1 ? channel.fail(new CoordinatesError('coordinates-direction', 'no')) : channel.send({ type: 'welcome', action: 'send', agent: '' })) });
    const some = options(server.port, { retryTimeoutMs: 60_000 });
    const links = new RedialingLinks(await firstLink(t, server), some);
    await links.next();
    await assert.rejects(links.next({ error: LOST, progressed: true }), (error: unknown) => error instanceof CoordinatesError && error.fromPeer);
    assert.deepEqual(attempts(some.events), [1]);
  });

  it('is stopped by its caller while it waits', async (t) => {
    const server = await native(t);
    const stop = new AbortController();
    const links = new RedialingLinks(await firstLink(t, server), options(server.port, { signal: stop.signal }));
    await links.next();
    const next = links.next({ error: LOST, progressed: true });
    stop.abort();
    await assert.rejects(next, AbortError);
  });

  it('is for lost links only', async (t) => {
    const server = await native(t);
    const links = new RedialingLinks(await firstLink(t, server), options(server.port));
    assert.equal(links.recoverable(LOST), true);
    for (const error of [errorFromPeer('connect-lost', ''), errorFromPeer('aborted', ''), new ProtocolError('protocol-violation', ''), new IntegrityError('integrity-tag', ''), new AbortError(''), new Error('')]) {
      assert.equal(links.recoverable(error), false);
    }
  });
});
