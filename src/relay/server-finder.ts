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

  /** Looks for one until the time is over. */
  async find(id: string, seeker: Seeker): Promise<Found | RefusalReason> {
    const deadlineMs = performance.now() + this.#timeoutMs;
    for (;;) {
      const room = this.#rooms.get(id);
      const refusal = room === undefined ? undefined : this.#rooms.refusalOf(room, 'client', performance.now());
      if (refusal !== undefined) return refusal;
      const server = room?.take();
      if (room !== undefined && server !== undefined) return { server, room };
      // An instance asks all others again and again: there is no use in waiting at one of them.
      if (seeker.fromInstance) return room === undefined ? 'unknown' : 'nobody';
      // Here first, also at the end: one may have come while others were asked.
      if (performance.now() >= deadlineMs || seeker.gone()) return 'nobody';
      const others = await this.#directory.find(id);
      const elsewhere = await this.#askOthers(others, id, seeker, deadlineMs);
      if (elsewhere !== undefined) return { server: elsewhere, room: undefined };
      if (room === undefined && others.length === 0) return 'unknown';
      const leftMs = Math.max(0, deadlineMs - performance.now());
      const came = await inLine(room, this.#directory.key === undefined ? leftMs : Math.min(leftMs, POLL_MS));
      if (room !== undefined && came !== undefined) return { server: came, room };
    }
  }

  /** One after the other: two at once might each give up a connection. */
  async #askOthers(others: readonly Instance[], id: string, { handshake, remote }: Seeker, deadlineMs: number): Promise<ForwardingConnection | undefined> {
    for (const other of others) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) return undefined;
      const server = await joinElsewhere(other, { room: id, handshake, remote, timeoutMs: Math.min(ASK_MS, leftMs), ca: this.#ca });
      if (server !== undefined) return server;
    }
    return undefined;
  }
}

/** Waits in a room's line, or only so long where there is no room here. */
function inLine(room: Room<ForwardingConnection> | undefined, timeoutMs: number): Promise<ForwardingConnection | undefined> {
  return new Promise((resolve) => {
    const client: InLine<ForwardingConnection> = {
      take: (server) => {
        clearTimeout(timer);
        resolve(server);
      },
      end: () => {
        clearTimeout(timer);
        resolve(undefined);
      },
    };
    const timer = setTimeout(() => {
      room?.leave(client, performance.now());
      resolve(undefined);
    }, timeoutMs);
    room?.queue(client);
  });
}
