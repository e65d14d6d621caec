import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { ConnectError } from '../../../src/errors.js';
import { bind } from '../../../src/transport/bind.js';

const HOST = '127.0.0.1';

/** A server for which ports are what the test says; those that it does not name are free. */
class FakeServer extends EventEmitter {
  readonly asked: number[] = [];
  readonly #trouble: Readonly<Record<number, string>>;
  #port = 0;

  constructor(trouble: Readonly<Record<number, string>>) {
    super();
    this.#trouble = trouble;
  }

  listen({ port }: { readonly port: number }, listening?: () => void): void {
    this.asked.push(port);
    // As node does: for good, whatever becomes of this attempt.
    if (listening !== undefined) this.once('listening', listening);
    const code = this.#trouble[port];
    this.#port = port;
    queueMicrotask(() => {
      if (code === undefined) this.emit('listening');
      else this.emit('error', Object.assign(new Error(`listen ${code}`), { code }));
    });
  }

  address(): { readonly port: number } {
    return { port: this.#port };
  }
}

const taken = (first: number, last: number, code = 'EADDRINUSE') => Object.fromEntries(Array.from({ length: last - first + 1 }, (_, index) => [first + index, code]));
const asServer = (fake: FakeServer) => fake as unknown as Server;

async function listening(t: TestContext): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  t.after(() => server.close());
  server.listen(0, HOST);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

describe('binding', () => {
  it('takes the first port that is free, and tells of those that are not', async () => {
    const fake = new FakeServer({ ...taken(5000, 5001), ...taken(5002, 5002, 'EACCES') });
    const told: number[] = [];
    assert.equal(await bind(asServer(fake), { host: HOST, ports: [5000, 5009], portTaken: (port) => told.push(port) }), 5003);
    assert.deepEqual([fake.asked, told], [[5000, 5001, 5002, 5003], [5000, 5001, 5002]]);
  });

  it('leaves nothing behind of the ports that were taken, however many they are', async () => {
    const fake = new FakeServer(taken(5000, 5499));
    const warnings: Error[] = [];
    const note = (warning: Error) => warnings.push(warning);
    process.on('warning', note);
    assert.equal(await bind(asServer(fake), { host: HOST, ports: [5000, 5999] }), 5500);
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    assert.deepEqual([fake.listenerCount('listening'), fake.listenerCount('error'), warnings], [0, 0, []]);
  });

  it('says so when none is free: which they were, why, and that trying again is of no use', async () => {
    for (const [ports, says] of [[[5000, 5003], /127\.0\.0\.1, a port of 5000-5003: listen EADDRINUSE/u], [[5000, 5000], /127\.0\.0\.1, port 5000: listen EADDRINUSE/u]] as const) {
      const fake = new FakeServer(taken(5000, 5003));
      await assert.rejects(bind(asServer(fake), { host: HOST, ports }), (error) => error instanceof ConnectError && error.code === 'connect-listen' && !error.retryable && says.test(error.message) && error.cause instanceof Error);
    }
  });

  it('tries no other port where the host is the trouble', async () => {
    const fake = new FakeServer(taken(5000, 5000, 'EADDRNOTAVAIL'));
    const told: number[] = [];
    await assert.rejects(bind(asServer(fake), { host: '192.0.2.1', ports: [5000, 5999], portTaken: (port) => told.push(port) }), { code: 'connect-listen' });
    assert.deepEqual([fake.asked, told], [[5000], []]);
  });

  it('takes any free port for 0', async (t) => {
    const [server, other] = [createServer(), await listening(t)];
    t.after(() => server.close());
    const port = await bind(server, { host: HOST, ports: [0, 0] });
    assert.ok(port > 0 && port !== other.port);
    assert.equal((server.address() as AddressInfo).port, port);
  });

  it('fails for a real port that is taken', async (t) => {
    const { port } = await listening(t);
    await assert.rejects(bind(createServer(), { host: HOST, ports: [port, port] }), { code: 'connect-listen' });
  });
});
