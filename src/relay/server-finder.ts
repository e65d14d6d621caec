/**
 * A connection of the server's, for a client that joins a room: one that waits here, or at another instance, or that comes
 * in time.
 *
 * @module
 */
import type { ForwardingConnection } from '../transport/connection.js';
import type { Instance, RoomDirectory } from './directory.js';
import { joinElsewhere } from './peer.js';
import type { RefusalReason } from './refusals.js';
import type { InLine, Room, Rooms } from './rooms.js';

/** How often other instances are asked again. */
const POLL_MS = 100;
/** Time for one of them, milliseconds: they answer at once, and one that has died without a word is in the directory for a while. */
const ASK_MS = 2_000;

/** A connection of the server's, and where it waited: no room where another instance had it. */
export interface Found {
  readonly server: ForwardingConnection;
  readonly room: Room<ForwardingConnection> | undefined;
}

/** Who asks. */
export interface Seeker {
  /** Its first message, as it came. */
  readonly handshake: string | undefined;
  readonly remote: string;
  /** Another instance asks, for a client of its own. */
  readonly fromInstance: boolean;
  /** Whether there is no use in looking any longer. */
  readonly gone: () => boolean;
}

/** See the module's head. */
export class ServerFinder {
  readonly #rooms: Rooms<ForwardingConnection>;
  readonly #directory: RoomDirectory;
  readonly #timeoutMs: number;
  readonly #ca: string | undefined;

  /** @param ca authorities that other instances' certificates may be of, PEM. */
  constructor(rooms: Rooms<ForwardingConnection>, directory: RoomDirectory, timeoutMs: number, ca?: string) {
    this.#rooms = rooms;
    this.#directory = directory;
    this.#timeoutMs = timeoutMs;
    this.#ca = ca;
  }

  /** Looks for one until the time is over. Whoever came first is given what comes here first, also while it asks elsewhere. */
  async find(id: string, seeker: Seeker): Promise<Found | RefusalReason> {
    const deadlineMs = performance.now() + this.#timeoutMs;
    let place: PlaceInLine | undefined;
    try {
      for (;;) {
        const nowMs = performance.now();
        const room = place?.room ?? this.#rooms.get(id);
        const refusal = room === undefined ? undefined : place === undefined ? this.#rooms.refusalOf(room, 'client', nowMs) : this.#rooms.overOf(room, nowMs);
        if (refusal !== undefined) return refusal;
        const server = place === undefined ? room?.take() : place.server;
        if (room !== undefined && server !== undefined) return { server, room };
        // An instance asks all others again and again: there is no use in waiting at one of them.
        if (seeker.fromInstance) return room === undefined ? 'unknown' : 'nobody';
        if (nowMs >= deadlineMs || seeker.gone() || place?.ended === true) return 'nobody';
        if (room !== undefined) place ??= new PlaceInLine(room);
        const others = (await first(place, this.#directory.find(id))) ?? [];
        const elsewhere = await this.#askOthers(others, id, seeker, deadlineMs, place);
        if (elsewhere !== undefined) return { server: elsewhere, room: undefined };
        if (room === undefined && others.length === 0) return 'unknown';
        const leftMs = Math.max(0, deadlineMs - performance.now());
        await pause(place, this.#directory.key === undefined ? leftMs : Math.min(leftMs, POLL_MS));
      }
    } finally {
      place?.leave();
    }
  }

  /** One after the other: two at once might each give up a connection. */
  async #askOthers(others: readonly Instance[], id: string, { handshake, remote }: Seeker, deadlineMs: number, place: PlaceInLine | undefined): Promise<ForwardingConnection | undefined> {
    for (const other of others) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0 || isOver(place)) return undefined;
      const asked = joinElsewhere(other, { room: id, handshake, remote, timeoutMs: Math.min(ASK_MS, leftMs), ca: this.#ca });
      const server = await first(place, asked);
      if (!isOver(place) && server !== undefined) return server;
      // One came here meanwhile.
      if (isOver(place)) void asked.then((late) => late?.close(4005, ''));
    }
    return undefined;
  }
}

/** A client's place in a room's line. */
class PlaceInLine implements InLine<ForwardingConnection> {
  readonly room: Room<ForwardingConnection>;
  /** What it was given. */
  server: ForwardingConnection | undefined;
  /** Nobody comes any more. */
  ended = false;
  /** Resolves when it is over, either way. */
  readonly whenOver: Promise<void>;
  #settle: () => void = () => undefined;

  constructor(room: Room<ForwardingConnection>) {
    this.room = room;
    this.whenOver = new Promise((resolve) => (this.#settle = resolve));
    room.queue(this);
  }

  get over(): boolean {
    return this.ended || this.server !== undefined;
  }

  take(server: ForwardingConnection): void {
    this.server = server;
    this.#settle();
  }

  end(): void {
    this.ended = true;
    this.#settle();
  }

  leave(): void {
    this.room.leave(this, performance.now());
  }
}

/** It may be so by now, whatever it was before. */
function isOver(place: PlaceInLine | undefined): boolean {
  return place?.over ?? false;
}

/** What it resolves to, or undefined when the place in line is over before. */
function first<T>(place: PlaceInLine | undefined, work: Promise<T>): Promise<T | undefined> {
  return place === undefined ? work : Promise.race([place.whenOver.then(() => undefined), work]);
}

/** Waits until the place in line is over, and no longer than so long. */
function pause(place: PlaceInLine | undefined, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    void place?.whenOver.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
