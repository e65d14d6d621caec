import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { connectTo, dial, type Address, type Answered } from '../../../src/transport/dial.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns, until } from '../../support/fake-events.js';

const HOST = '127.0.0.1';

/** A server, and the sockets that reached it. */
async function listener(t: TestContext): Promise<{ address: Address; server: Server; reached: Socket[] }> {
  const reached: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    reached.push(socket);
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  t.after(() => {
    for (const socket of reached) socket.destroy();
    server.close();
  });
  return { address: { host: HOST, port: (server.address() as AddressInfo).port }, server, reached };
}

/** A port at which nobody listens. */
async function closedPort(t: TestContext): Promise<Address> {
  const { address, server } = await listener(t);
  server.close();
  await once(server, 'close');
  return address;
}

async function all(answers: AsyncIterable<Answered>, t: TestContext): Promise<Answered[]> {
  const found: Answered[] = [];
  for await (const answered of answers) {
    found.push(answered);
    t.after(() => answered.socket.destroy());
  }
  return found;
}

describe('dial', () => {
  it('yields those that answer, and tells why the others do not', async (t) => {
    const [here, there, gone] = [await listener(t), await listener(t), await closedPort(t)];
    const failed: string[] = [];
    const found = await all(dial([gone, here.address, there.address], {}, ({ port }, error) => failed.push(`${port} ${error.message}`)), t);
    assert.deepEqual(found.map(({ address }) => address.port).sort(), [here.address.port, there.address.port].sort());
    assert.equal(failed.length, 1);
    assert.match(failed[0] ?? '', new RegExp(`^${gone.port} .*ECONNREFUSED`, 'u'));
    for (const { socket } of found) assert.equal(socket.readyState, 'open');
  });

  it('ends at once with no candidates', async (t) => {
    assert.deepEqual(await all(dial([]), t), []);
  });

  it('destroys what was not taken when the caller stops', async (t) => {
    const { address, reached } = await listener(t);
    const answers = dial(Array.from({ length: 20 }, () => address));
    const first = await answers.next();
    assert.ok(first.value !== undefined);
    await until(() => reached.length === 20);
    await answers.return();
    // Those that were destroyed end here; the one that was taken is the caller's.
    const open = () => reached.filter((socket) => !socket.resume().closed && !socket.readableEnded);
    await until(() => open().length === 1);
    await turns(20);
    assert.equal(first.value.socket.destroyed, false);
    assert.equal(open().length, 1);
    first.value.socket.destroy();
  });

  it('bounds the connects under way and the sockets that wait, however many answer', async (t) => {
    const { address, reached } = await listener(t);
    let asked = 0;
    function* candidates() {
      for (; asked < 2_000; asked += 1) yield address;
    }
    const answers = dial(candidates());
    const first = await answers.next();
    await turns(300);
    assert.ok(asked < 150, `${asked} candidates are taken although nobody wants more`);
    assert.ok(reached.length < 150);
    let count = 1;
    first.value?.socket.destroy();
    for await (const { socket } of answers) {
      socket.destroy();
      count += 1;
      if (count === 600) break;
    }
    assert.equal(count, 600);
    assert.ok(asked < 800);
  });

  it('stops when it is told to, with connects under way', async (t) => {
    const { address, reached } = await listener(t);
    const stop = new AbortController();
    const found: Answered[] = [];
    for await (const answered of dial(Array.from({ length: 500 }, () => address), { signal: stop.signal })) {
      found.push(answered);
      stop.abort();
    }
    assert.ok(found.length < 100);
    for (const { socket } of found) socket.destroy();
    await until(() => reached.every((socket) => socket.resume().closed));
  });

  it('yields nothing when it was told to stop before it began', async (t) => {
    const { address, reached } = await listener(t);
    assert.deepEqual(await all(dial([address], { signal: AbortSignal.abort() }), t), []);
    await turns(20);
    assert.equal(reached.length, 0);
  });

  it('does not yield a socket that was dropped while it waited', async (t) => {
    const { address, reached } = await listener(t);
    const failed: string[] = [];
    const answers = dial([address, address], {}, (_address, error) => failed.push(error.message));
    const first = await answers.next();
    await until(() => reached.length === 2);
    const other = reached.find((socket) => socket.remotePort !== first.value?.socket.localPort);
    other?.resetAndDestroy();
    await turns(100);
    const second = await answers.next();
    first.value?.socket.destroy();
    if (second.done !== true) second.value.socket.destroy();
    assert.deepEqual([second.done, failed], [true, ['closed by the other end']]);
  });

  it('passes on what the candidates throw, and leaves nothing open', async (t) => {
    const { address, reached } = await listener(t);
    function* candidates() {
      yield address;
      throw new Error('no such candidate');
    }
    await assert.rejects(async () => {
      for await (const { socket } of dial(candidates())) socket.destroy();
    }, /no such candidate/u);
    await until(() => reached.every((socket) => socket.resume().closed));
  });
});

describe('one connect', () => {
  it('gives up when its time is over, and destroys the socket', async (t) => {
    const { address, reached } = await listener(t);
    const clock = fakeClock(t);
    const connecting = connectTo(address, { timeoutMs: 5_000 });
    clock.advance(5_000);
    await assert.rejects(connecting, /no answer within 5 s/u);
    assert.equal(clock.timers, 0);
    await until(() => reached.every((socket) => socket.resume().closed));
  });

  it('leaves no timer and no listener behind when it succeeds', async (t) => {
    const { address } = await listener(t);
    const clock = fakeClock(t);
    const stop = new AbortController();
    const socket = await connectTo(address, { timeoutMs: 5_000, signal: stop.signal });
    assert.equal(clock.timers, 0);
    stop.abort();
    assert.equal(socket.destroyed, false);
    socket.destroy();
  });

  it('stops when told to, before and during', async (t) => {
    const { address } = await listener(t);
    await assert.rejects(connectTo(address, { timeoutMs: 5_000, signal: AbortSignal.abort() }), /stopped/u);
    const stop = new AbortController();
    const connecting = connectTo(address, { timeoutMs: 5_000, signal: stop.signal });
    stop.abort();
    await assert.rejects(connecting, /stopped/u);
  });

  it('gives a socket whose later errors are nobody’s crash', async (t) => {
    const { address, reached } = await listener(t);
    const socket = await connectTo(address, { timeoutMs: 5_000 });
    await until(() => reached.length === 1);
    socket.emit('error', new Error('later'));
    socket.destroy();
  });
});
