/**
 * What a relay allows: sizes in bytes, times in milliseconds.
 *
 * @module
 */

/** Bounds on one room. A token may set its own. */
export interface RoomLimits {
  /** Connections at once, of both ends. */
  readonly connections: number;
  /** Bytes that may be carried in all, both ways together. */
  readonly bytes: number;
  /** Bytes per second, both ways together. */
  readonly bytesPerSecond: number;
  /** How long a room may be open. */
  readonly lifetimeMs: number;
}

/** Bounds on a relay. */
export interface RelayLimits {
  /** Rooms at once. */
  readonly rooms: number;
  /** Connections at once, of all rooms and both ends. */
  readonly connections: number;
  /** Connections at once from one address. */
  readonly addressConnections: number;
  /** Time for a request to come, for a client to be given a connection of the server's, and for each end to speak. */
  readonly handshakeMs: number;
  /** How long a pair may carry nothing. */
  readonly idleMs: number;
  readonly room: RoomLimits;
}

export const RELAY_DEFAULTS: RelayLimits = {
  rooms: 10_000,
  connections: 10_000,
  addressConnections: 512,
  handshakeMs: 10_000,
  // Longer than the ends themselves put up with (src/wire/PROTOCOL.md, section 11).
  idleMs: 15 * 60_000,
  // 64 streams are 128 connections; the rest wait, or are there anew before the old ones are known to be lost.
  room: { connections: 256, bytes: Number.MAX_SAFE_INTEGER, bytesPerSecond: Infinity, lifetimeMs: 7 * 24 * 3_600_000 },
};

/** Clients of one room from one address: the streams of a session, and as many as are there anew before the old are known to be lost. */
export const ROOM_ADDRESS_CLIENTS = 72;

/** How long an empty room is kept, so that an end that redials finds it. */
export const ROOM_GRACE_MS = 30_000;

/** Most bytes of a message: more than any that the ends send (`MESSAGE_MAX` of the native wire). */
export const MESSAGE_MAX = 8 * 1024 * 1024;

/** Bytes that an end may be behind with before the other is read no more. The kernel holds more, as it finds the path to be. */
export const HIGH_WATER_BYTES = 256 * 1024;
