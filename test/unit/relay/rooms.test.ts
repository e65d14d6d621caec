import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RELAY_DEFAULTS, ROOM_GRACE_MS, type RoomLimits } from '../../../src/relay/limits.js';
import { Rooms, type InLine, type Room, type RoomRefusal } from '../../../src/relay/rooms.js';
import type { RelayToken } from '../../../src/relay/tokens.js';

const LIMITS: RoomLimits = { ...RELAY_DEFAULTS.room, connections: 6 };
const token = (name: string, rooms = 2): RelayToken => ({ name, rooms, room: LIMITS });

function entered<S>(rooms: Rooms<S>, id: string, { nowMs = 0, limits = LIMITS, by = undefined as RelayToken | undefined } = {}): Room<S> {
  const room = rooms.enter(id, by, limits, nowMs);
  return typeof room === 'string' ? assert.fail(room) : room;
}

describe('a room', () => {
  it('gives the connection that waited longest, and none where none waits', () => {
    const room = entered(new Rooms<string>(1), 'a');
    assert.deepEqual(['s1', 's2', 's3'].map((server) => room.offer(server)), [false, false, false]);
    room.leave('s2', 1);
    assert.deepEqual([room.take(), room.take(), room.take()], ['s1', 's3', undefined]);
  });

  it('gives a connection that comes to the client that is first in line, and no client two', () => {
    const room = entered(new Rooms<string>(1), 'a');
    const got: string[] = [];
    const client = (name: string): InLine<string> => ({ take: (server) => got.push(`${name} ${server}`), end: () => assert.fail() });
    const [one, two, three] = [client('one'), client('two'), client('three')];
    for (const each of [one, two, three]) room.queue(each);
    assert.equal(room.inLine, 3);
    room.leave(two, 1);
    assert.deepEqual(['s1', 's2', 's3'].map((server) => room.offer(server)), [true, true, false]);
    assert.deepEqual(got, ['one s1', 'three s2']);
    assert.deepEqual([room.inLine, room.take()], [0, 's3']);
  });

  it('is the same for all connections of its server, and forgotten when it was empty for a while', () => {
    const rooms = new Rooms<string>(1);
    const room = entered(rooms, 'a');
    assert.equal(entered(rooms, 'a', { nowMs: 5 }), room);
    room.offer('s');
    assert.deepEqual(rooms.sweep(ROOM_GRACE_MS * 10), []);
    room.leave('s', 1_000);
    assert.deepEqual(rooms.sweep(1_000 + ROOM_GRACE_MS - 1), []);
    assert.equal(rooms.get('a'), room);
    assert.deepEqual(rooms.sweep(1_000 + ROOM_GRACE_MS), ['a']);
    assert.deepEqual([rooms.get('a'), rooms.size, [...rooms]], [undefined, 0, []]);
  });

  it('whose bytes or time are used up lets nobody in', () => {
    const rooms = new Rooms<string>(2);
    const limits = { ...LIMITS, bytes: 10, lifetimeMs: 1_000 };
    const room = entered(rooms, 'a', { limits });
    room.budget.take(11, 0);
    assert.equal(rooms.enter('a', undefined, limits, 1), 'bytes');
    entered(rooms, 'b', { limits });
    assert.equal(rooms.enter('b', undefined, limits, 999), rooms.get('b'));
    assert.equal(rooms.enter('b', undefined, limits, 1_000), 'lifetime');
  });
});

describe('rooms', () => {
  it('are no more than there may be, in all and for one token', () => {
    const rooms = new Rooms<string>(4);
    entered(rooms, 'a', { by: token('x') }).offer('s');
    entered(rooms, 'b', { by: token('x') }).offer('s');
    assert.equal(rooms.enter('c', token('x'), LIMITS, 0), 'token-rooms');
    entered(rooms, 'c', { by: token('y') }).offer('s');
    entered(rooms, 'd').offer('s');
    assert.equal(rooms.enter('e', token('y'), LIMITS, 0), 'rooms');
    // Those that are there are no new ones.
    entered(rooms, 'a', { by: token('x') });
  });

  it('that are empty give their place to one that is needed, the one that has been so longest first', () => {
    const rooms = new Rooms<string>(3);
    for (const [index, id] of ['a', 'b', 'c'].entries()) entered(rooms, id, { nowMs: index }).offer('s');
    rooms.get('b')?.leave('s', 10);
    rooms.get('a')?.leave('s', 11);
    entered(rooms, 'd', { nowMs: 12 }).offer('s');
    assert.deepEqual([...rooms].map(({ id }) => id).sort(), ['a', 'c', 'd']);
    // One that has given its place may come back, for that of another.
    entered(rooms, 'b', { nowMs: 13 }).offer('s');
    assert.deepEqual([...rooms].map(({ id }) => id).sort(), ['b', 'c', 'd']);
    assert.equal(rooms.enter('a', undefined, LIMITS, 14), 'rooms');
    assert.deepEqual(rooms.sweep(14), ['a']);
    assert.deepEqual(rooms.sweep(14), []);
  });

  it('of a token give theirs to one of the same token alone', () => {
    const rooms = new Rooms<string>(10);
    entered(rooms, 'other', { by: token('y') });
    entered(rooms, 'a', { by: token('x') }).offer('s');
    entered(rooms, 'b', { by: token('x') }).offer('s');
    assert.equal(rooms.enter('c', token('x'), LIMITS, 1), 'token-rooms');
    rooms.get('a')?.leave('s', 2);
    // The job that was there has ended, and the next one of its owner's comes at once.
    entered(rooms, 'c', { by: token('x'), nowMs: 3 });
    assert.deepEqual([...rooms].map(({ id }) => id).sort(), ['b', 'c', 'other']);
  });
});

/** A room as a list of what is in it. */
interface NaiveRoom {
  readonly token: RelayToken | undefined;
  readonly limits: RoomLimits;
  readonly openedMs: number;
  usedMs: number;
  waiting: string[];
  line: string[];
  pairs: number;
  left: number;
}

const isEmpty = (room: NaiveRoom) => room.waiting.length + room.line.length + room.pairs === 0;

/** The rooms, as the specification tells of them, and nothing else. */
class NaiveRooms {
  readonly rooms = new Map<string, NaiveRoom>();
  closed: string[] = [];
  readonly most: number;

  constructor(most: number) {
    this.most = most;
  }

  refusal(room: NaiveRoom, end: 'server' | 'client', nowMs: number): RoomRefusal | undefined {
    if (room.left < 0) return 'bytes';
    if (nowMs >= room.openedMs + room.limits.lifetimeMs) return 'lifetime';
    const there = room.waiting.length + 2 * room.pairs;
    if (end === 'server') return there >= room.limits.connections ? 'connections' : undefined;
    return room.waiting.length === 0 && there + room.line.length >= room.limits.connections ? 'connections' : undefined;
  }

  enter(id: string, by: RelayToken | undefined, limits: RoomLimits, nowMs: number): RoomRefusal | undefined {
    const there = this.rooms.get(id);
    if (there !== undefined) return this.refusal(there, 'server', nowMs);
    const ofToken = (room: NaiveRoom) => room.token?.name === by?.name;
    if (by !== undefined && [...this.rooms.values()].filter(ofToken).length >= by.rooms && !this.giveUp(ofToken)) return 'token-rooms';
    if (this.rooms.size === this.most && !this.giveUp(() => true)) return 'rooms';
    this.closed = this.closed.filter((one) => one !== id);
    this.rooms.set(id, { token: by, limits, openedMs: nowMs, usedMs: nowMs, waiting: [], line: [], pairs: 0, left: limits.bytes });
    return undefined;
  }

  giveUp(which: (room: NaiveRoom) => boolean): boolean {
    const [longest] = [...this.rooms].filter(([, room]) => isEmpty(room) && which(room)).sort(([, one], [, other]) => one.usedMs - other.usedMs);
    if (longest !== undefined) this.close(longest[0]);
    return longest !== undefined;
  }

  close(id: string): void {
    this.rooms.delete(id);
    this.closed.push(id);
  }

  sweep(nowMs: number): string[] {
    for (const [id, room] of [...this.rooms]) if (isEmpty(room) && nowMs - room.usedMs >= 30_000) this.close(id);
    const { closed } = this;
    this.closed = [];
    return [...new Set(closed)];
  }
}

type Step =
  | { readonly do: 'enter' | 'offer' | 'take' | 'queue' | 'paired' | 'unpaired'; readonly id: string; readonly token: number }
  | { readonly do: 'leave'; readonly id: string; readonly which: number }
  | { readonly do: 'spend'; readonly id: string; readonly bytes: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'sweep' };

const id = fc.constantFrom('a', 'b', 'c', 'd');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constantFrom('enter' as const, 'offer' as const, 'take' as const, 'queue' as const, 'paired' as const, 'unpaired' as const), id, token: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), id, which: fc.nat(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('spend' as const), id, bytes: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.oneof(fc.nat(1_000), fc.constant(30_000)) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'sweep' as const }) },
);

describe('rooms and a naive model of them', () => {
  it('agree, whatever happens in whatever order', () => {
    const limits: RoomLimits = { connections: 5, bytes: 100, bytesPerSecond: Infinity, lifetimeMs: 90_000 };
    const tokens = [undefined, token('x', 1), token('y', 2)];
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const [real, naive] = [new Rooms<string>(3), new NaiveRooms(3)];
        // Who is in line, by name, and what each was given.
        const lines = new Map<string, InLine<string>>();
        const given: string[] = [];
        let [nowMs, names] = [500, 0];
        for (const now of steps) {
          if (now.do === 'wait') nowMs += now.ms;
          else if (now.do === 'sweep') assert.deepEqual([...real.sweep(nowMs)].sort(), naive.sweep(nowMs).sort());
          else if (now.do === 'enter') {
            const by = tokens[now.token];
            const got = real.enter(now.id, by, limits, nowMs);
            assert.equal(typeof got === 'string' ? got : undefined, naive.enter(now.id, by, limits, nowMs));
            if (typeof got !== 'string') assert.deepEqual([got, got.id, got.token], [real.get(now.id), now.id, naive.rooms.get(now.id)?.token]);
          } else {
            const [room, model] = [real.get(now.id), naive.rooms.get(now.id)];
            assert.equal(room === undefined, model === undefined);
            if (room === undefined || model === undefined) continue;
            const name = `${now.do} ${(names += 1)}`;
            switch (now.do) {
              case 'offer': {
                const before = given.length;
                const [first] = model.line.splice(0, 1);
                if (first === undefined) model.waiting.push(name);
                assert.equal(room.offer(name), first !== undefined);
                assert.deepEqual(given.slice(before), first === undefined ? [] : [`${first} ${name}`]);
                break;
              }
              case 'take':
                assert.equal(room.take(), model.waiting.shift());
                break;
              case 'queue': {
                // A client gets in line only where no connection waits.
                if (model.waiting.length > 0) break;
                const client: InLine<string> = { take: (server) => given.push(`${name} ${server}`), end: () => assert.fail() };
                lines.set(name, client);
                room.queue(client);
                model.line.push(name);
                break;
              }
              case 'leave': {
                const all = [...model.waiting, ...model.line];
                const gone = all[now.which % Math.max(1, all.length)];
                if (gone === undefined) break;
                room.leave(lines.get(gone) ?? gone, nowMs);
                model.waiting = model.waiting.filter((one) => one !== gone);
                model.line = model.line.filter((one) => one !== gone);
                model.usedMs = nowMs;
                break;
              }
              case 'paired':
                room.paired();
                model.pairs += 1;
                break;
              case 'unpaired':
                if (model.pairs === 0) break;
                room.unpaired(nowMs);
                model.pairs -= 1;
                model.usedMs = nowMs;
                break;
              case 'spend':
                room.budget.take(now.bytes, nowMs);
                model.left -= now.bytes;
                break;
            }
          }
          assert.deepEqual([...real].map((room) => room.id).sort(), [...naive.rooms.keys()].sort());
          for (const room of real) {
            const model = naive.rooms.get(room.id) ?? assert.fail();
            assert.deepEqual([[...room.waiting], room.inLine, room.isExpired(nowMs)], [model.waiting, model.line.length, nowMs - model.openedMs >= limits.lifetimeMs]);
            for (const end of ['server', 'client'] as const) assert.equal(real.refusalOf(room, end, nowMs), naive.refusal(model, end, nowMs));
          }
        }
      }),
      { numRuns: 400 },
    );
  });
});
