import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ALONE, type Instance, type RoomDirectory } from '../../../src/relay/directory.js';
import { RELAY_DEFAULTS, type RoomLimits } from '../../../src/relay/limits.js';
import { Rooms, type Room } from '../../../src/relay/rooms.js';
import { ServerFinder, type Found, type Seeker } from '../../../src/relay/server-finder.js';
import type { ForwardingConnection } from '../../../src/transport/connection.js';
import { listen, type Admission, type Caller } from '../../../src/transport/listen.js';
import { deferred, until } from '../../support/fake-events.js';
import { FakeForwarding } from '../../support/fake-forwarding.js';
import { silentServer } from '../../support/fake-server.js';

const HOST = '127.0.0.1';
/** Longer than any of these tests takes. */
const LONG_MS = 60_000;
const SEEKER: Seeker = { handshake: undefined, remote: '192.0.2.7:4711', fromInstance: false, gone: () => false };

function roomOf(rooms: Rooms<ForwardingConnection>, id = 'a', limits: RoomLimits = RELAY_DEFAULTS.room): Room<ForwardingConnection> {
  const room = rooms.enter(id, undefined, limits, performance.now());
  return typeof room === 'string' ? assert.fail(room) : room;
}

const alone = (timeoutMs: number) => {
  const rooms = new Rooms<ForwardingConnection>(10);
  return { rooms, finder: new ServerFinder(rooms, ALONE, timeoutMs) };
};

/** A directory that says this of every room. */
function directory(find: () => readonly Instance[]): RoomDirectory {
  return { ...ALONE, key: 'our own', find: () => Promise.resolve(find()) };
}

/** Another instance, which answers as the test says. */
async function instance(t: TestContext, admit: (caller: Caller, path: string) => Admission): Promise<Instance & { readonly asked: string[] }> {
  const asked: string[] = [];
  const listener = await listen({
    host: HOST,
    ports: [0, 0],
    admit: (knock, caller) => {
      asked.push([knock.path, caller.header('Streamer-Room'), caller.header('Streamer-Instance'), caller.header('Streamer-Remote'), knock.handshake].join(' '));
      return admit(caller, knock.path);
    },
    connected: (connection) => {
      connection.attach({ piece: () => undefined, closed: () => undefined });
      t.after(() => connection.destroy());
    },
  });
  t.after(() => listener.close());
  return { url: `ws://${HOST}:${listener.port}/below`, key: 'of the other', asked };
}

const ADMITTED: Admission = { admitted: true, headers: ['Streamer-Protocol: 2'], tag: '', options: { masking: 'none', maxMessageBytes: 1000 } };
const refused = (status: number): Admission => ({ admitted: false, status, text: 'because' });

function given(t: TestContext, found: Found | string): Found {
  if (typeof found === 'string') return assert.fail(found);
  t.after(() => found.server.destroy());
  return found;
}

describe('at an instance that is alone, a client', () => {
  it('is given the connection that has waited longest', async (t) => {
    const { rooms, finder } = alone(LONG_MS);
    const room = roomOf(rooms);
    const servers = [new FakeForwarding(), new FakeForwarding()];
    for (const server of servers) room.offer(server);
    for (const server of servers) assert.deepEqual(given(t, await finder.find('a', SEEKER)), { server, room });
  });

  it('of a room that is not there hears so at once', async () => {
    assert.equal(await alone(LONG_MS).finder.find('a', SEEKER), 'unknown');
  });

  it('waits in line where none waits for it, and is given the one that comes, in the order of the line', async () => {
    const { rooms, finder } = alone(LONG_MS);
    const room = roomOf(rooms);
    const order: number[] = [];
    const found = [0, 1].map((which) => finder.find('a', SEEKER).then((one) => (order.push(which), one)));
    await until(() => room.inLine === 2);
    const servers = [new FakeForwarding(), new FakeForwarding(), new FakeForwarding()];
    assert.deepEqual(servers.map((server) => room.offer(server)), [true, true, false]);
    assert.deepEqual(await Promise.all(found), [{ server: servers[0], room }, { server: servers[1], room }]);
    assert.deepEqual([order, room.inLine], [[0, 1], 0]);
  });

  it('waits for so long, and leaves the line', async () => {
    const { rooms, finder } = alone(20);
    const room = roomOf(rooms);
    assert.equal(await finder.find('a', SEEKER), 'nobody');
    assert.equal(room.inLine, 0);
  });

  it('is refused by a room whose bytes or time are used up, even where one waits', async () => {
    const { rooms, finder } = alone(LONG_MS);
    const spent = roomOf(rooms, 'spent', { ...RELAY_DEFAULTS.room, bytes: 1 });
    spent.offer(new FakeForwarding());
    spent.budget.take(2, 0);
    roomOf(rooms, 'old', { ...RELAY_DEFAULTS.room, lifetimeMs: 0 }).offer(new FakeForwarding());
    assert.deepEqual([await finder.find('spent', SEEKER), await finder.find('old', SEEKER)], ['bytes', 'lifetime']);
  });

  it('is refused by a room that is full, but for the connections that wait in it', async (t) => {
    const { rooms, finder } = alone(LONG_MS);
    const room = roomOf(rooms, 'a', { ...RELAY_DEFAULTS.room, connections: 3 });
    room.paired();
    room.offer(new FakeForwarding());
    assert.equal(room.isFullFor('server'), true);
    given(t, await finder.find('a', SEEKER));
    room.paired();
    assert.equal(await finder.find('a', SEEKER), 'connections');
  });

  it('that another instance asks for does not wait here', async () => {
    const { rooms, finder } = alone(LONG_MS);
    assert.equal(await finder.find('a', { ...SEEKER, fromInstance: true }), 'unknown');
    const room = roomOf(rooms);
    assert.equal(await finder.find('a', { ...SEEKER, fromInstance: true }), 'nobody');
    const server = new FakeForwarding();
    room.offer(server);
    assert.deepEqual(await finder.find('a', { ...SEEKER, fromInstance: true }), { server, room });
  });
});

describe('where instances share a directory, a client', () => {
  it('is given a connection of another, which is told whose it is', async (t) => {
    const other = await instance(t, () => ADMITTED);
    const finder = new ServerFinder(new Rooms(10), directory(() => [other]), LONG_MS);
    const { room } = given(t, await finder.find('a', { ...SEEKER, handshake: 'AAAA' }));
    assert.equal(room, undefined);
    assert.deepEqual(other.asked, ['/below/join a of the other 192.0.2.7:4711 AAAA']);
  });

  it('is given one that waits here rather', async (t) => {
    const other = await instance(t, () => ADMITTED);
    const rooms = new Rooms<ForwardingConnection>(10);
    const room = roomOf(rooms);
    room.offer(new FakeForwarding());
    assert.equal(given(t, await new ServerFinder(rooms, directory(() => [other]), LONG_MS).find('a', SEEKER)).room, room);
    assert.deepEqual(other.asked, []);
  });

  it('is given one of the next where an instance has none, is gone, is none, or is written wrongly', async (t) => {
    const nowhere = { url: 'ws://127.0.0.1:1', key: 'x' };
    const others = [{ url: 'no URL', key: 'x' }, { url: 'ws://[::', key: '' }, nowhere, await instance(t, () => refused(404)), await instance(t, () => refused(504)), await instance(t, () => refused(200)), await instance(t, () => ADMITTED)];
    given(t, await new ServerFinder(new Rooms(10), directory(() => others), LONG_MS).find('a', SEEKER));
  });

  it('has them asked again and again, until one has a connection to spare', async (t) => {
    let busy = 3;
    const other = await instance(t, () => ((busy -= 1) < 0 ? ADMITTED : refused(504)));
    given(t, await new ServerFinder(new Rooms(10), directory(() => [other]), LONG_MS).find('a', SEEKER));
    assert.equal(other.asked.length, 4);
  });

  it('is given the one that comes here meanwhile', async (t) => {
    const other = await instance(t, () => refused(504));
    const rooms = new Rooms<ForwardingConnection>(10);
    const room = roomOf(rooms);
    const found = new ServerFinder(rooms, directory(() => [other]), LONG_MS).find('a', SEEKER);
    await until(() => other.asked.length > 0);
    const server = new FakeForwarding();
    room.offer(server);
    assert.deepEqual(given(t, await found), { server, room });
    assert.equal(room.inLine, 0);
  });

  it('is given one that waits here at the end of its time, where another instance has died without a word', async (t) => {
    const dead = await silentServer(t);
    const rooms = new Rooms<ForwardingConnection>(10);
    const room = roomOf(rooms);
    const found = new ServerFinder(rooms, directory(() => [{ url: `ws://${HOST}:${dead.port}`, key: 'x' }]), 200).find('a', SEEKER);
    await until(() => dead.sockets.length > 0);
    const server = new FakeForwarding();
    room.offer(server);
    assert.deepEqual(given(t, await found), { server, room });
  });

  it('hears that nobody is there when its time is over, wherever that was spent', async (t) => {
    const dead = await silentServer(t);
    const others = [1, 2, 3].map(() => ({ url: `ws://${HOST}:${dead.port}`, key: 'x' }));
    assert.equal(await new ServerFinder(new Rooms(10), directory(() => others), 50).find('a', SEEKER), 'nobody');
    // Each may take what is left of the client's time, not all of it again.
    assert.ok(dead.sockets.length < 3, `${dead.sockets.length} were asked, one after the other`);
  });

  it('of a room that nobody has hears so at once', async () => {
    assert.equal(await new ServerFinder(new Rooms(10), directory(() => []), LONG_MS).find('a', SEEKER), 'unknown');
  });

  it('that has gone is not looked for any more', async (t) => {
    const other = await instance(t, () => refused(504));
    let gone = false;
    const found = new ServerFinder(new Rooms(10), directory(() => [other]), LONG_MS).find('a', { ...SEEKER, gone: () => gone });
    await until(() => other.asked.length > 1);
    gone = true;
    assert.equal(await found, 'nobody');
  });

  it('keeps its place in line here while it asks the directory, and while it asks others', async (t) => {
    const rooms = new Rooms<ForwardingConnection>(10);
    const room = roomOf(rooms);
    const slow = await silentServer(t);
    const answer = deferred<readonly Instance[]>();
    const asked = deferred<undefined>();
    let finds = 0;
    const find = () => {
      finds += 1;
      if (finds === 1) return answer.promise;
      asked.resolve(undefined);
      return Promise.resolve([{ url: `ws://${HOST}:${slow.port}`, key: 'x' }]);
    };
    const finder = new ServerFinder(rooms, { ...ALONE, key: 'x', find }, LONG_MS);
    const clients = [finder.find('a', SEEKER)];
    await until(() => room.inLine === 1);
    clients.push(finder.find('a', SEEKER));
    await asked.promise;
    await until(() => slow.sockets.length > 0);
    assert.equal(room.inLine, 2);
    const servers = [new FakeForwarding(), new FakeForwarding()];
    for (const server of servers) room.offer(server);
    assert.deepEqual(await Promise.all(clients), servers.map((server) => ({ server, room })));
    assert.equal(room.inLine, 0);
  });

  it('that is given one here lets go of what another instance grants too late', async (t) => {
    const rooms = new Rooms<ForwardingConnection>(10);
    const room = roomOf(rooms);
    const granting = deferred<undefined>();
    const closed = deferred<number>();
    let asked = false;
    const listener = await listen({
      host: HOST,
      ports: [0, 0],
      admit: async () => {
        asked = true;
        await granting.promise;
        return ADMITTED;
      },
      connected: (connection) => connection.attach({ piece: () => undefined, closed: ({ code }) => closed.resolve(code) }),
    });
    t.after(() => listener.close());
    const found = new ServerFinder(rooms, directory(() => [{ url: `ws://${HOST}:${listener.port}`, key: 'x' }]), LONG_MS).find('a', SEEKER);
    await until(() => asked);
    const server = new FakeForwarding();
    room.offer(server);
    assert.deepEqual(await found, { server, room });
    granting.resolve(undefined);
    assert.equal(await closed.promise, 4005);
  });

  it('whose place in line is taken away, since the relay ends, hears that nobody comes', async () => {
    const rooms = new Rooms<ForwardingConnection>(10);
    const room = roomOf(rooms);
    const found = new ServerFinder(rooms, directory(() => []), LONG_MS).find('a', SEEKER);
    await until(() => room.inLine === 1);
    room.endLine();
    assert.equal(await found, 'nobody');
  });
});
