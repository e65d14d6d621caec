// A whole relay, in this process: who is let in, who is not and why, and what becomes of connections.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { RELAY_DEFAULTS } from '../../../src/relay/limits.js';
import { shortName } from '../../../src/relay/relay-log.js';
import { parseTokens } from '../../../src/relay/tokens.js';
import { readPairedNotice, roomOf } from '../../../src/transport/rendezvous.js';
import { Recorder } from '../../conformance/connection.js';
import { until } from '../../support/fake-events.js';
import { askToJoin, askToWait, granted, refused, relayHere } from '../../support/relay-ends.js';
import { exchange, upgradeRequest } from '../../support/tcp.js';

const TOKEN = 'a-token-of-the-lab-0001';
const newRoom = () => {
  const key = randomBytes(32);
  return { key, id: roomOf(key) };
};

describe('a relay', () => {
  it('joins a client to the connection that waits, and tells that one so, then the first message', async (t) => {
    const { port } = await relayHere(t);
    const { key, id } = newRoom();
    const server = new Recorder(await granted(askToWait(t, port, key)));
    const client = new Recorder(await granted(askToJoin(t, port, id, { 'Streamer-Handshake': Buffer.from('first').toString('base64url') })));
    client.connection.send([Buffer.from('second')], 'binary');
    server.connection.send([Buffer.from('answer')], 'binary');
    await server.arrived(3);
    const [notice, ...messages] = server.messages;
    assert.equal(notice?.kind, 'text');
    const read = readPairedNotice(String(notice.bytes));
    assert.match(read?.remote ?? '', /^127\.0\.0\.1:\d+$/u);
    assert.equal(read?.waiting, 0);
    assert.deepEqual(messages.map(({ bytes, kind }) => [String(bytes), kind]), [['first', 'binary'], ['second', 'binary']]);
    assert.deepEqual((await client.arrived(1)).map(String), ['answer']);
  });

  it('says how many more are in line, and gives them what comes in its order', async (t) => {
    const { port } = await relayHere(t);
    const { key, id } = newRoom();
    const first = await granted(askToWait(t, port, key));
    const served = new Recorder(await granted(askToJoin(t, port, id)));
    const inLine = [askToJoin(t, port, id), askToJoin(t, port, id)];
    await new Promise((resolve) => setTimeout(resolve, 100));
    const waits: Recorder[] = [];
    for (let i = 0; i < 2; i += 1) waits.push(new Recorder(await granted(askToWait(t, port, key))));
    const clients = (await Promise.all(inLine.map(granted))).map((connection) => new Recorder(connection));
    const counts = [];
    for (const waiting of waits) counts.push(readPairedNotice(String((await waiting.arrived(1))[0]))?.waiting);
    assert.deepEqual(counts, [1, 0]);
    clients.forEach((client, index) => client.connection.send([Buffer.of(index)], 'binary'));
    for (const [index, waiting] of waits.entries()) assert.equal((await waiting.arrived(2))[1]?.[0], index);
    first.destroy();
    assert.equal((await served.closed()).code, 4005);
  });

  it('refuses whoever names no room, or one where nobody waits', async (t) => {
    const { port, logged } = await relayHere(t);
    const { id } = newRoom();
    assert.equal(await refused(askToWait(t, port, Buffer.alloc(31))), '400 No key of a room');
    for (const wrong of ['x', `${id}x`, '']) assert.equal(await refused(askToJoin(t, port, wrong)), '400 No room is named');
    assert.match(await refused(askToJoin(t, port, id)), /^404 /u);
    assert.match(await refused(askToJoin(t, port, id, { 'Streamer-Handshake': 'A'.repeat(1025) })), /^400 /u);
    assert.deepEqual(logged.map(({ event, reason }) => [event, reason]), ['room-key', 'room', 'room', 'room', 'unknown', 'room'].map((reason) => ['refused', reason]));
  });

  it('lets only who has a token open a room, and no more rooms than the token may have', async (t) => {
    const tokens = parseTokens(`lab ${TOKEN} rooms=1`, { rooms: 5, room: RELAY_DEFAULTS.room });
    const { port, logged } = await relayHere(t, { tokens: () => tokens });
    const [{ key, id }, other] = [newRoom(), newRoom()];
    assert.match(await refused(askToWait(t, port, key)), /^401 /u);
    assert.match(await refused(askToWait(t, port, key, { Authorization: 'Bearer something-else-0001' })), /^403 /u);
    await granted(askToWait(t, port, key, { Authorization: `Bearer ${TOKEN}` }));
    assert.match(await refused(askToWait(t, port, other.key, { Authorization: `Bearer ${TOKEN}` })), /^429 /u);
    // A client needs none.
    await granted(askToJoin(t, port, id));
    assert.ok(logged.some(({ event, token }) => event === 'room-opened' && token === 'lab'));
    assert.ok(!JSON.stringify(logged).includes(TOKEN));
  });

  it('does not let one address have more connections than it may, and counts those that end', async (t) => {
    const { port } = await relayHere(t, { limits: { addressConnections: 2 } });
    const { key, id } = newRoom();
    const [first] = [await granted(askToWait(t, port, key)), await granted(askToWait(t, port, key))];
    assert.match(await refused(askToWait(t, port, key)), /^429 Too many connections from this address/u);
    assert.match(await refused(askToJoin(t, port, id)), /^429 /u);
    first.destroy();
    for (;;) {
      const again = await askToJoin(t, port, id);
      if (again.upgraded) break;
      assert.equal(again.refusal.status, 429);
    }
    // Both ends of the pair count until it ends.
    assert.match(await refused(askToWait(t, port, key)), /^429 /u);
  });

  it('gives the place of an empty room to one that is needed, and tells of both', async (t) => {
    const { port, logged } = await relayHere(t, { limits: { rooms: 1 } });
    const [one, other] = [newRoom(), newRoom()];
    const server = await granted(askToWait(t, port, one.key));
    assert.match(await refused(askToWait(t, port, other.key)), /^503 All rooms are taken/u);
    server.destroy();
    for (;;) {
      const again = await askToWait(t, port, other.key);
      if (again.upgraded) break;
    }
    assert.match(await refused(askToJoin(t, port, one.id)), /^404 /u);
    await until(() => logged.some(({ event }) => event === 'room-closed'));
    const of = (name: string) => logged.filter(({ event }) => event === name).map(({ room }) => room);
    assert.deepEqual([of('room-opened'), of('room-closed')], [[shortName(one.id), shortName(other.id)], [shortName(one.id)]]);
  });

  it('closes one that sends a message of more than 8 MiB, and tells the other that it is gone', async (t) => {
    const { port } = await relayHere(t);
    const { key, id } = newRoom();
    const server = new Recorder(await granted(askToWait(t, port, key)));
    const client = new Recorder(await granted(askToJoin(t, port, id)));
    client.connection.send([Buffer.alloc(8 * 1024 * 1024)], 'binary');
    await server.arrived(2);
    client.connection.send([Buffer.alloc(8 * 1024 * 1024 + 1)], 'binary');
    assert.deepEqual([(await client.closed()).code, (await server.closed()).code], [1009, 4005]);
    assert.equal(server.messages.length, 2);
  });

  it('closes a waiting connection that speaks, and gives it to nobody', async (t) => {
    const { port, logged } = await relayHere(t);
    for (const kind of ['binary', 'text'] as const) {
      const { key, id } = newRoom();
      const hasty = await granted(askToWait(t, port, key));
      const other = await granted(askToWait(t, port, key));
      // It answers no close frame: to itself it is open still.
      hasty.send([Buffer.from('hello')], kind);
      await new Promise((resolve) => setTimeout(resolve, 50));
      const client = new Recorder(await granted(askToJoin(t, port, id)));
      client.connection.send([Buffer.from('for the other')], 'binary');
      assert.equal(String((await new Recorder(other).arrived(2))[1]), 'for the other');
      const end = await new Recorder(hasty).closed();
      assert.deepEqual([end.by, end.code], ['peer', 1002]);
    }
    assert.equal(logged.filter(({ event }) => event === 'pair-ended').length, 0);
  });

  it('has a connection wait on that was given to a request that is no valid upgrade', async (t) => {
    const { port, logged } = await relayHere(t);
    const { key, id } = newRoom();
    const server = new Recorder(await granted(askToWait(t, port, key)));
    for (let i = 0; i < 3; i += 1) {
      const broken = upgradeRequest(port, '/join', { 'Streamer-Room': id }).replace('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 7');
      assert.match(await exchange(t, port, broken), /^HTTP\/1\.1 4\d\d /u);
    }
    await granted(askToJoin(t, port, id));
    await server.arrived(1);
    assert.equal(server.closes.length, 0);
    assert.equal(logged.filter(({ event }) => event === 'room-opened').length, 1);
  });

  it('gives a connection that was lost to nobody', async (t) => {
    const { port } = await relayHere(t);
    const { key, id } = newRoom();
    const [lost, other] = [await granted(askToWait(t, port, key)), await granted(askToWait(t, port, key))];
    lost.destroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const client = await granted(askToJoin(t, port, id));
    client.send([Buffer.from('x')], 'binary');
    await new Recorder(other).arrived(2);
  });

  it('takes the key’s own id for another room: who knows only the id cannot wait in it', async (t) => {
    const { port } = await relayHere(t);
    const { key, id } = newRoom();
    const server = await granted(askToWait(t, port, key));
    const hijacker = new Recorder(await granted(askToWait(t, port, Buffer.from(id, 'base64url'))));
    for (let i = 0; i < 2; i += 1) {
      if (i > 0) void askToWait(t, port, key);
      await granted(askToJoin(t, port, id));
    }
    await new Recorder(server).arrived(1);
    assert.equal(hijacker.messages.length, 0);
  });

  it('tells no room, no key and no first message in its log or its metrics', async (t) => {
    const { port, logged, relay } = await relayHere(t);
    const { key, id } = newRoom();
    const first = Buffer.from('first').toString('base64url');
    new Recorder(await granted(askToWait(t, port, key)));
    const client = new Recorder(await granted(askToJoin(t, port, id, { 'Streamer-Handshake': first })));
    client.connection.close(1000, '');
    await until(() => logged.some(({ event }) => event === 'pair-ended'));
    const told = JSON.stringify(logged) + ((await relay.answer('/metrics'))?.body ?? '');
    for (const secret of [id, key.toString('base64url'), key.toString('hex'), key.toString('base64'), Buffer.from(id, 'base64url').toString('hex'), first]) assert.ok(!told.includes(secret));
    assert.ok(told.includes(shortName(id)), 'which lines are of one room can be seen');
    assert.match(told, /streamer_relay_pairs_ended_total\{why="closed"\} 1/u);
  });

  it('when it is about to end lets nobody in, sends those away who wait, and waits for pairs', async (t) => {
    const { port, relay } = await relayHere(t);
    const { key, id } = newRoom();
    const waits = [new Recorder(await granted(askToWait(t, port, key))), new Recorder(await granted(askToWait(t, port, key)))];
    const client = new Recorder(await granted(askToJoin(t, port, id)));
    const drained = relay.drain(60_000);
    assert.deepEqual([(await waits[1]?.closed())?.code, waits[0]?.closes.length], [1012, 0]);
    assert.match(await refused(askToWait(t, port, key)), /^503 /u);
    assert.match(await refused(askToJoin(t, port, id)), /^503 /u);
    assert.deepEqual([(await relay.answer('/readyz'))?.status, (await relay.answer('/healthz'))?.status], [503, 200]);
    client.connection.send([Buffer.from('still')], 'binary');
    assert.equal(String((await waits[0]?.arrived(2))?.[1]), 'still');
    client.connection.close(1000, '');
    await drained;
    await assert.rejects(granted(askToJoin(t, port, id)));
  });

  it('that has to cut pairs ends though nobody reads what they are told', { timeout: 60_000 }, async (t) => {
    const { port, relay, logged } = await relayHere(t);
    const { key, id } = newRoom();
    await granted(askToWait(t, port, key));
    await granted(askToJoin(t, port, id));
    await relay.drain(0);
    assert.deepEqual(logged.filter(({ event }) => event === 'ended'), [{ event: 'ended', cut: 1 }]);
  });

  it('answers what is no upgrade, with and without its metrics', async (t) => {
    for (const publicMetrics of [true, false]) {
      const { port } = await relayHere(t, { publicMetrics });
      const statusOf = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
      const statuses = await Promise.all(['/healthz', '/readyz', '/metrics', '/metrics?x=1', '/wait', '/join', '/below/join?x', '/', '/other'].map(statusOf));
      assert.deepEqual(statuses, [200, 200, publicMetrics ? 200 : 404, publicMetrics ? 200 : 404, 426, 426, 426, 404, 404]);
    }
  });
});
