/**
 * Whom a relay turns away, and what it tells them: HTTP status and a line (src/relay/PROTOCOL.md, "Refusals").
 *
 * @module
 */
import type { RoomRefusal } from './rooms.js';

export type RefusalReason = RoomRefusal | 'path' | 'draining' | 'room-key' | 'room' | 'no-token' | 'token' | 'address' | 'full' | 'unknown' | 'nobody';

export const REFUSALS: Readonly<Record<RefusalReason, { readonly status: number; readonly text: string }>> = {
  path: { status: 404, text: 'There is nothing at this path' },
  draining: { status: 503, text: 'This relay is about to end' },
  'room-key': { status: 400, text: 'No key of a room' },
  room: { status: 400, text: 'No room is named' },
  'no-token': { status: 401, text: 'A token is needed to open a room' },
  token: { status: 403, text: 'The token is not known' },
  address: { status: 429, text: 'Too many connections from this address' },
  full: { status: 503, text: 'All connections are taken' },
  rooms: { status: 503, text: 'All rooms are taken' },
  'token-rooms': { status: 429, text: 'All rooms of this token are taken' },
  connections: { status: 429, text: 'Too many connections of this room' },
  bytes: { status: 410, text: 'The room has carried all that it may' },
  lifetime: { status: 410, text: 'The room has been open for as long as it may' },
  unknown: { status: 404, text: 'No server waits in this room' },
  nobody: { status: 504, text: 'The server of this room has no connection to spare' },
};
