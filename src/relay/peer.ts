/**
 * From one instance of a relay to another, for a client that has landed on the wrong one.
 *
 * @module
 */
import { connectTo, websocketUrl } from '../transport/dial.js';
import { openAsClient } from '../transport/opening-handshake.js';
import type { ForwardingConnection } from '../transport/connection.js';
import { JOIN_PATH, relayPlace, ROOM_HEADER } from '../transport/rendezvous.js';
import type { Instance } from './directory.js';
import { HIGH_WATER_BYTES, MESSAGE_MAX } from './limits.js';

/** Request headers between instances: the key of the one that is asked, and where the client comes from. */
export const PEER_HEADER = 'Streamer-Instance';
export const REMOTE_HEADER = 'Streamer-Remote';

/** What is asked of another instance. */
export interface JoinElsewhere {
  readonly room: string;
  /** The client's first message, as it came. */
  readonly handshake: string | undefined;
  readonly remote: string;
  /** Time for all of it, milliseconds. */
  readonly timeoutMs: number;
  /** Authorities to trust besides the usual ones, PEM. */
  readonly ca?: string | undefined;
}

/** A connection of the server's at that instance; undefined when it has none to spare, or does not answer. */
export async function joinElsewhere(instance: Instance, request: JoinElsewhere): Promise<ForwardingConnection | undefined> {
  const { room, handshake, remote, timeoutMs, ca } = request;
  const deadlineMs = performance.now() + timeoutMs;
  try {
    // What the directory holds is not ours to check.
    const place = relayPlace(instance.url, JOIN_PATH);
    const socket = await connectTo(place, { timeoutMs, ca });
    const opening = await openAsClient({
      url: websocketUrl(place, place.path),
      headers: { [ROOM_HEADER]: room, [PEER_HEADER]: instance.key, [REMOTE_HEADER]: remote, ...(handshake === undefined ? {} : { 'Streamer-Handshake': handshake }) },
      socket,
      timeoutMs: Math.max(1, deadlineMs - performance.now()),
      connection: () => ({ masking: 'zero', maxMessageBytes: MESSAGE_MAX, highWaterBytes: HIGH_WATER_BYTES }),
    });
    return opening.upgraded ? opening.connection : undefined;
  } catch {
    // It may be ending: the next look into the directory tells.
    return undefined;
  }
}
