import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ALONE } from '../../../src/relay/directory.js';
import { RELAY_DEFAULTS } from '../../../src/relay/limits.js';
import { Meetings } from '../../../src/relay/meetings.js';
import { RelayMetrics } from '../../../src/relay/metrics.js';
import { Rooms } from '../../../src/relay/rooms.js';
import type { ForwardingConnection } from '../../../src/transport/connection.js';
import { fakeClock, type FakeClock } from '../../support/fake-clock.js';
import { turns } from '../../support/fake-events.js';
import { FakeForwarding } from '../../support/fake-forwarding.js';

const MINUTE_MS = 60_000;

interface Met {
  readonly meetings: Meetings;
  readonly clock: FakeClock;
  readonly server: FakeForwarding;
  readonly client: FakeForwarding;
  /** What was waited for and has come. */
  readonly came: string[];
}

/** A room in which a server waits, and a client that is paired with it. */
function meet(t: TestContext): Met {
  const clock = fakeClock(t);
  const rooms = new Rooms<ForwardingConnection>(10);
  const meetings = new Meetings({ rooms, limits: RELAY_DEFAULTS, directory: ALONE, metrics: new RelayMetrics(), log: () => undefined });
  const room = rooms.enter('a', undefined, RELAY_DEFAULTS.room, 0);
  if (typeof room === 'string') return assert.fail(room);
  const [server, client] = [new FakeForwarding(), new FakeForwarding()];
  const release = () => undefined;
  meetings.take(server, { as: 'server', room, release, remote: server.remote });
  assert.equal(room.take(), server);
  meetings.take(client, { as: 'client', found: { server, room }, first: undefined, release, remote: client.remote });
  const came: string[] = [];
  return { meetings, clock, server, client, came };
}

const CLOSED = { by: 'us', code: 1012, reason: '' } as const;

describe('pairs of a relay', () => {
  it('are waited for until the last has ended, and then until its connections are gone, and no longer', async (t) => {
    const { meetings, clock, server, client, came } = meet(t);
    void meetings.ended(MINUTE_MS).then(() => came.push('ended'));
    void meetings.gone(MINUTE_MS).then(() => came.push('gone'));
    await turns();
    assert.deepEqual([came, meetings.size], [[], 1]);
    assert.equal(meetings.endAll(), 1);
    await turns();
    assert.deepEqual([came, meetings.size, server.closes, client.closes], [['ended'], 0, ['1012 '], ['1012 ']]);
    server.isClosed(CLOSED);
    await turns();
    assert.deepEqual(came, ['ended']);
    client.isClosed(CLOSED);
    await turns();
    assert.deepEqual([came, clock.timers], [['ended', 'gone'], 0]);
    await Promise.all([meetings.ended(MINUTE_MS), meetings.gone(MINUTE_MS)]);
  });

  it('are waited for no longer than was said', async (t) => {
    const { meetings, clock, came } = meet(t);
    void meetings.ended(1_000).then(() => came.push('ended'));
    void meetings.gone(2_000).then(() => came.push('gone'));
    clock.advance(1_000);
    await turns();
    assert.deepEqual(came, ['ended']);
    clock.advance(1_000);
    await turns();
    assert.deepEqual(came, ['ended', 'gone']);
  });
});
