/**
 * What becomes of connections that a relay has let in: a server's wait in their room, a client's is paired with one of them.
 *
 * @module
 */
import type { ForwardingConnection } from '../transport/connection.js';
import { writePairedNotice } from '../transport/rendezvous.js';
import { BlockPool } from './block-pool.js';
import type { RoomDirectory } from './directory.js';
import type { RelayLimits } from './limits.js';
import type { RelayMetrics } from './metrics.js';
import { Pair, type PairEnd } from './pair.js';
import { shortName, type RelayLog } from './relay-log.js';
import type { Room, Rooms } from './rooms.js';
import type { Found } from './server-finder.js';

/** What goes with an admission to its connection. */
export type Guest =
  | { readonly as: 'server'; readonly room: Room<ForwardingConnection>; readonly release: () => void; readonly remote: string }
  | { readonly as: 'client'; readonly found: Found; readonly first: Buffer | undefined; readonly release: () => void; readonly remote: string };

/** Options of {@link Meetings}. */
export interface MeetingsOptions {
  readonly rooms: Rooms<ForwardingConnection>;
  readonly limits: Pick<RelayLimits, 'handshakeMs' | 'idleMs'>;
  readonly directory: RoomDirectory;
  readonly metrics: RelayMetrics;
  readonly log: RelayLog;
}

type Server = Extract<Guest, { as: 'server' }>;
type Client = Extract<Guest, { as: 'client' }>;

/** See the module's head. */
export class Meetings {
  readonly #options: MeetingsOptions;
  readonly #pairs = new Map<Pair, Room<ForwardingConnection> | undefined>();
  /** Pairs whose connections are not all gone: those above, and those that are being closed. */
  readonly #there = new Set<Pair>();
  readonly #blocks = new BlockPool();
  /** What gives back the count of a server's connection, while that is there: in a pair it has other handlers than here. */
  readonly #releases = new WeakMap<ForwardingConnection, () => void>();
  #watchers: { readonly isSo: () => boolean; readonly tell: () => void }[] = [];

  constructor(options: MeetingsOptions) {
    this.#options = options;
  }

  /** Pairs. */
  get size(): number {
    return this.#pairs.size;
  }

  /** Bytes that ends of pairs have sent and their others not taken. */
  get buffered(): number {
    let total = 0;
    for (const { buffered } of this.#pairs.keys()) total += buffered;
    return total;
  }

  /** Takes a connection that was let in. */
  take(connection: ForwardingConnection, guest: Guest): void {
    if (guest.as === 'server') this.#wait(connection, guest);
    else this.#pair(connection, guest);
  }

  /** A client's socket that was gone when its turn came, or no valid upgrade: what it was given waits on, for another. */
  abandoned(guest: Guest): void {
    guest.release();
    if (guest.as === 'server') {
      this.#options.rooms.forget(guest.room);
      return;
    }
    const { server, room } = guest.found;
    if (room !== undefined && this.#releases.has(server)) room.offer(server);
    else server.close(4005, '');
  }

  /** Looks at the clock. */
  tick(nowMs: number): void {
    for (const pair of [...this.#pairs.keys()]) pair.tick(nowMs);
    for (const room of this.#options.rooms) {
      if (!room.isExpired(nowMs)) continue;
      for (const server of room.waiting) server.close(4009, '');
      for (const [pair, of] of [...this.#pairs]) if (of === room) pair.end('lifetime');
    }
  }

  /** Ends all that there are. Returns how many. */
  endAll(): number {
    const count = this.#pairs.size;
    for (const pair of [...this.#pairs.keys()]) pair.end('drained');
    return count;
  }

  /** Resolves when no pair is left, or after so long. */
  ended(timeoutMs: number): Promise<void> {
    return this.#until(() => this.#pairs.size === 0, timeoutMs);
  }

  /** Resolves when no connection of a pair is left, or after so long. */
  gone(timeoutMs: number): Promise<void> {
    return this.#until(() => this.#there.size === 0, timeoutMs);
  }

  #until(isSo: () => boolean, timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      const tell = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#watchers.push({ isSo, tell });
      this.#look();
    });
  }

  #look(): void {
    const met = this.#watchers.filter(({ isSo }) => isSo());
    this.#watchers = this.#watchers.filter((watcher) => !met.includes(watcher));
    for (const { tell } of met) tell();
  }

  #wait(connection: ForwardingConnection, { room, release, remote }: Server): void {
    if (!room.announced) {
      room.announced = true;
      this.#options.directory.announce(room.id);
      this.#options.log('room-opened', { remote, room: shortName(room.id), token: room.token?.name });
    }
    connection.attach({
      // Nobody is there to say anything to. It is given to nobody while its close is on the way.
      piece: () => {
        room.leave(connection, performance.now());
        connection.close(1002, '');
      },
      closed: () => {
        release();
        this.#releases.delete(connection);
        room.leave(connection, performance.now());
      },
    });
    this.#releases.set(connection, release);
    room.offer(connection);
  }

  #pair(client: ForwardingConnection, { found, first, release, remote }: Client): void {
    const { server, room } = found;
    const { limits, metrics } = this.#options;
    const beganMs = performance.now();
    const moved = { 'to-client': 0, 'to-server': 0 };
    const pair = new Pair({
      server,
      client,
      handshakeMs: limits.handshakeMs,
      idleMs: limits.idleMs,
      budget: room?.budget,
      blocks: this.#blocks,
      moved: (way, bytes) => {
        moved[way] += bytes;
        metrics.moved(way, bytes);
      },
      ended: (why) => {
        release();
        this.#releases.get(server)?.();
        room?.unpaired(performance.now());
        this.#pairs.delete(pair);
        // Whoever waits for more would wait in vain.
        if (why === 'bytes') for (const waiting of room?.waiting ?? []) waiting.close(4009, '');
        this.#ended(why, room, { remote, seconds: Math.round(performance.now() - beganMs) / 1000, toClient: moved['to-client'], toServer: moved['to-server'] });
      },
      gone: () => {
        this.#there.delete(pair);
        this.#look();
      },
    });
    this.#pairs.set(pair, room);
    this.#there.add(pair);
    room?.paired();
    if (room !== undefined) server.send([writePairedNotice({ remote, waiting: room.inLine })], 'text');
    pair.start(first);
  }

  #ended(why: PairEnd, room: Room<ForwardingConnection> | undefined, fields: { readonly remote: string; readonly seconds: number; readonly toClient: number; readonly toServer: number }): void {
    this.#options.metrics.ended(why);
    this.#options.log('pair-ended', { room: room === undefined ? undefined : shortName(room.id), elsewhere: room === undefined, why, ...fields });
    this.#look();
  }
}
