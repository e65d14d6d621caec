/**
 * A connection of the server's, for a client that joins a room: one that waits here, or at another instance, or that comes
 * in time.
 *
 * @module
 */
import type { ForwardingConnection } from '../transport/connection.js';
import type { RoomDirectory } from './directory.js';
import { joinElsewhere } from './peer.js';
import type { RefusalReason } from './refusals.js';
import type { InLine, Room, Rooms } from './rooms.js';

/** How often other instances are asked again. */
const POLL_MS = 100;

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

  constructor(rooms: Rooms<ForwardingConnection>, directory: RoomDirectory, timeoutMs: number) {
    this.#rooms = rooms;
    this.#directory = directory;
    this.#timeoutMs = timeoutMs;
  }

  /** Looks for one until the time is over. */
  async find(id: string, seeker: Seeker): Promise<Found | RefusalReason> {
    const deadlineMs = performance.now() + this.#timeoutMs;
    for (;;) {
      const room = this.#rooms.get(id);
      const refusal = room === undefined ? undefined : this.#rooms.refusalOf(room, performance.now());
      if (refusal !== undefined && (refusal !== 'connections' || room?.waiting.size === 0)) return refusal;
      const server = room?.take();
      if (room !== undefined && server !== undefined) return { server, room };
      // An instance asks all others again and again: there is no use in waiting at one of them.
      if (seeker.fromInstance) return room === undefined ? 'unknown' : 'nobody';
      const others = await this.#directory.find(id);
      for (const other of others) {
        const elsewhere = await joinElsewhere(other, { room: id, handshake: seeker.handshake, remote: seeker.remote, timeoutMs: this.#timeoutMs });
        if (elsewhere !== undefined) return { server: elsewhere, room: undefined };
      }
      if (room === undefined && others.length === 0) return 'unknown';
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0 || seeker.gone()) return 'nobody';
      const came = await inLine(room, this.#directory.key === undefined ? leftMs : Math.min(leftMs, POLL_MS));
      if (room !== undefined && came !== undefined) return { server: came, room };
    }
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
    };
    const timer = setTimeout(() => {
      room?.leave(client, performance.now());
      resolve(undefined);
    }, timeoutMs);
    room?.queue(client);
  });
}
