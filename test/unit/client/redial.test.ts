import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { connectAmongOthers, connectPatiently, type RedialOptions } from '../../../src/client/redial.js';
import type { Coordinates } from '../../../src/coordinates/coordinates.js';
import { AbortError, AuthError, ConnectError, StorageError } from '../../../src/errors.js';
import type { ProgressEvent } from '../../../src/transfer/progress.js';
import { until } from '../../support/fake-events.js';
import { fakeServer } from '../../support/fake-server.js';

const SECRET = 'the-plain-secret';
const KEY = Buffer.from(SECRET);

/** Options for a server at this port, and what was told meanwhile. */
function options(port: number, more: Partial<RedialOptions> = {}): RedialOptions & { readonly events: ProgressEvent[] } {
  const coordinates: Coordinates = { version: 1, ips: ['127.0.0.1'], ports: [port, port], secret: SECRET };
  const events: ProgressEvent[] = [];
  return {
    coordinates,
    route: 'auto',
    wire: 'auto',
    hello: { type: 'hello', client: Buffer.alloc(16, 3), stream: 0, received: 0, action: 'receive', agent: 'test' },
    connectTimeoutMs: 1_000,
    retryTimeoutMs: 600,
    onProgress: (event) => events.push(event),
    events,
    ...more,
  };
}

const native = (t: TestContext, port?: number) => fakeServer(t, { secret: KEY, answer: () => 'native', ...(port === undefined ? {} : { port }) });
const attempts = (events: readonly ProgressEvent[]) => events.flatMap((event) => (event.type === 'connecting' ? [event.attempt] : []));

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

  it('goes on whatever else answers there, when the secret was right once: also whoever closes as a wrong secret would be closed', async (t) => {
    const other = await fakeServer(t, { secret: Buffer.from('another secret'), answer: () => 'native' });
    await assert.rejects(connectPatiently(options(other.port), 350), AuthError);
    const some = options(other.port, { proven: true });
    const searching = connectPatiently(some, 20_000);
    await until(() => attempts(some.events).length >= 2);
    await other.close();
    await native(t, other.port);
    const connected = await searching;
    assert.ok(connected.wire === 'native');
    connected.channel.connection.destroy();
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

describe("looking for a job's server among others'", () => {
  it('passes over those that refuse the secret, until its own answers', async (t) => {
    for (const status of [401, 403, 404] as const) {
      const stranger = await fakeServer(t, { answer: () => status });
      const some = options(stranger.port, { connectTimeoutMs: 20_000 });
      const searching = connectAmongOthers(some);
      await until(() => attempts(some.events).length >= 2);
      await stranger.close();
      await native(t, stranger.port);
      const connected = await searching;
      assert.ok(connected.wire === 'native');
      connected.channel.connection.destroy();
    }
  });

  it('does not go on where a check of its own has failed, or the right server has refused', async (t) => {
    const stranger = await fakeServer(t, { answer: () => 401 });
    const some = options(stranger.port, { beforeCompat: () => Promise.reject(new StorageError('storage-exists', 'it is there')) });
    await assert.rejects(connectAmongOthers(some), StorageError);
    assert.deepEqual(attempts(some.events), [1]);
  });
});
