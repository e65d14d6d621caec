/**
 * Who waits for whom: a server's connections, and clients for which none is there yet. Pure: the clock is passed in, and
 * what a connection is does not matter here.
 *
 * @module
 */
import { AddressCount } from './address-count.js';
import { Budget } from './budget.js';
import { ROOM_ADDRESS_CLIENTS, ROOM_GRACE_MS, type RoomLimits } from './limits.js';
import type { RelayToken } from './tokens.js';

/** Why somebody is not let in. */
export type RoomRefusal = 'rooms' | 'token-rooms' | 'connections' | 'bytes' | 'lifetime';

/** A client that waits for a connection of the server's. */
export interface InLine<S> {
  /** It gets one. */
  readonly take: (server: S) => void;
  /** It gets none. */
  readonly end: () => void;
}

/** One room. */
export class Room<S> {
  readonly id: string;
  readonly token: RelayToken | undefined;
  readonly limits: RoomLimits;
  readonly openedMs: number;
  readonly budget: Budget;
  /** Clients by address, in line and paired: who knows the room's id, and no more, shall not fill it from one place. */
  readonly clients = new AddressCount(ROOM_ADDRESS_CLIENTS);
  /** Told of: a server has waited in it. */
  announced = false;
  readonly #waiting = new Set<S>();
  readonly #line = new Set<InLine<S>>();
  /** Pairs. */
  #pairs = 0;
  #usedMs: number;

  constructor(id: string, token: RelayToken | undefined, limits: RoomLimits, nowMs: number) {
    this.id = id;
    this.token = token;
    this.limits = limits;
    this.openedMs = this.#usedMs = nowMs;
    this.budget = new Budget(limits);
  }

  get waiting(): ReadonlySet<S> {
    return this.#waiting;
  }

  /** Clients that wait. */
  get inLine(): number {
    return this.#line.size;
  }

  /** Whether another connection is too many. Clients in line do not keep out the server that they wait for. */
  isFullFor(end: 'server' | 'client'): boolean {
    const there = this.#waiting.size + this.#pairs * 2;
    return end === 'server' ? there >= this.limits.connections : this.#waiting.size === 0 && there + this.#line.size >= this.limits.connections;
  }

  /** Nobody comes for those in line. */
  endLine(): void {
    const line = [...this.#line];
    this.#line.clear();
    for (const client of line) client.end();
  }

  /** A server's connection comes: whoever waits longest gets it at once. Returns whether it was taken. */
  offer(server: S): boolean {
    const [next] = this.#line;
    if (next === undefined) {
      this.#waiting.add(server);
      return false;
    }
    this.#line.delete(next);
    next.take(server);
    return true;
  }

  /** A connection of the server's, for a client; undefined when none waits. The longest wait is over first. */
  take(): S | undefined {
    const [server] = this.#waiting;
    if (server !== undefined) this.#waiting.delete(server);
    return server;
  }

  /** A client gets in line. */
  queue(client: InLine<S>): void {
    this.#line.add(client);
  }

  /** One that waited has gone. */
  leave(gone: S | InLine<S>, nowMs: number): void {
    this.#waiting.delete(gone as S);
    this.#line.delete(gone as InLine<S>);
    this.#usedMs = nowMs;
  }

  paired(): void {
    this.#pairs += 1;
  }

  unpaired(nowMs: number): void {
    this.#pairs -= 1;
    this.#usedMs = nowMs;
  }

  /** Since when it has been empty; undefined where it is not. */
  get emptySinceMs(): number | undefined {
    return this.#waiting.size + this.#line.size + this.#pairs === 0 ? this.#usedMs : undefined;
  }

  isExpired(nowMs: number): boolean {
    return nowMs - this.openedMs >= this.limits.lifetimeMs;
  }
}

/** All rooms of a relay. */
export class Rooms<S> {
  readonly #most: number;
  readonly #rooms = new Map<string, Room<S>>();
  readonly #closed = new Set<string>();

  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#rooms.size;
  }

  get(id: string): Room<S> | undefined {
    return this.#rooms.get(id);
  }

  [Symbol.iterator](): IterableIterator<Room<S>> {
    return this.#rooms.values();
  }

  /** The server's room, opened where it is not: or why not. An empty one gives its place, of all or of its token. */
  enter(id: string, token: RelayToken | undefined, limits: RoomLimits, nowMs: number): Room<S> | RoomRefusal {
    const there = this.#rooms.get(id);
    if (there !== undefined) return this.refusalOf(there, 'server', nowMs) ?? there;
    const ofToken = (room: Room<S>) => room.token?.name === token?.name;
    if (token !== undefined && this.#count(ofToken) >= token.rooms && !this.#giveUp(ofToken)) return 'token-rooms';
    if (this.#rooms.size >= this.#most && !this.#giveUp(() => true)) return 'rooms';
    const room = new Room<S>(id, token, limits, nowMs);
    this.#rooms.set(id, room);
    return room;
  }

  /** Why nobody else is let into a room. */
  refusalOf(room: Room<S>, end: 'server' | 'client', nowMs: number): RoomRefusal | undefined {
    return this.overOf(room, nowMs) ?? (room.isFullFor(end) ? 'connections' : undefined);
  }

  /** Why nobody is joined there any more, not even who is in line. */
  overOf(room: Room<S>, nowMs: number): RoomRefusal | undefined {
    if (room.budget.spent) return 'bytes';
    return room.isExpired(nowMs) ? 'lifetime' : undefined;
  }

  /** Forgets a room in which nobody has waited after all. */
  forget(room: Room<S>): void {
    if (!room.announced && room.emptySinceMs !== undefined) this.#rooms.delete(room.id);
  }

  /** Closes those that nobody comes back to, and returns the ids of all that were closed since it was last asked. */
  sweep(nowMs: number): readonly string[] {
    for (const { id, emptySinceMs } of this.#rooms.values()) if (emptySinceMs !== undefined && nowMs - emptySinceMs >= ROOM_GRACE_MS) this.#close(id);
    // One may be there anew.
    const closed = [...this.#closed].filter((id) => !this.#rooms.has(id));
    this.#closed.clear();
    return closed;
  }

  /** Closes the one that has been empty longest. Returns whether there was one. */
  #giveUp(which: (room: Room<S>) => boolean): boolean {
    let [found, sinceMs]: [string | undefined, number] = [undefined, Infinity];
    for (const room of this.#rooms.values()) {
      const { emptySinceMs } = room;
      if (emptySinceMs === undefined || emptySinceMs >= sinceMs || !which(room)) continue;
      [found, sinceMs] = [room.id, emptySinceMs];
    }
    if (found !== undefined) this.#close(found);
    return found !== undefined;
  }

  #close(id: string): void {
    this.#rooms.delete(id);
    this.#closed.add(id);
  }

  #count(which: (room: Room<S>) => boolean): number {
    let count = 0;
    for (const room of this.#rooms.values()) if (which(room)) count += 1;
    return count;
  }
}
