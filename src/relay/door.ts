/**
 * Who is let into a relay: a server to wait in a room, a client to be joined with it, and whom it turns away.
 *
 * @module
 */
import type { Admission, Knock } from '../transport/listen.js';
import { HOST_HEADER, hostOf, isRoomId, JOIN_PATH, ROOM_HEADER, roomOfHeader, WAIT_PATH } from '../transport/rendezvous.js';
import type { ForwardingConnection } from '../transport/connection.js';
import { addressGroup } from './addresses.js';
import type { ConnectionCounts } from './connection-counts.js';
import { HIGH_WATER_BYTES, MESSAGE_MAX, type RoomLimits } from './limits.js';
import type { Guest } from './meetings.js';
import type { RelayMetrics } from './metrics.js';
import { shortName } from './relay-log.js';
import type { RefusalLog } from './refusal-log.js';
import { REFUSALS, type RefusalReason } from './refusals.js';
import type { Rooms } from './rooms.js';
import type { ServerFinder } from './server-finder.js';
import type { TokenList } from './tokens.js';
import type { Visitor } from './visitor.js';

/** What admission depends on. */
export interface RelayDoorOptions {
  readonly rooms: Rooms<ForwardingConnection>;
  readonly counts: ConnectionCounts;
  readonly finder: ServerFinder;
  readonly refusals: RefusalLog;
  readonly metrics: RelayMetrics;
  /** Who may open rooms, asked anew for each; undefined lets everybody. */
  readonly tokens: () => TokenList | undefined;
  /** Of a room whose token says nothing else. */
  readonly roomLimits: RoomLimits;
}

/** Most characters of a client's first message, as base64url: a Noise message of 48 bytes. */
const HANDSHAKE_CHARACTERS_MAX = 1024;

/** See the module's head. */
export class RelayDoor {
  readonly #options: RelayDoorOptions;
  #shut = false;

  constructor(options: RelayDoorOptions) {
    this.#options = options;
  }

  /** From now on nobody is let in, and whoever is on the way in is not either. */
  shut(): void {
    this.#shut = true;
  }

  admit(knock: Knock, visitor: Visitor): Admission | Promise<Admission> {
    switch (placeOf(knock.path)) {
      case WAIT_PATH:
        return this.#admitServer(knock, visitor);
      case JOIN_PATH:
        return this.#admitClient(knock, visitor);
      default:
        return this.#refuse('path', visitor);
    }
  }

  #admitServer(knock: Knock, visitor: Visitor): Admission {
    if (this.#shut) return this.#refuse('draining', visitor);
    const { rooms, counts, roomLimits } = this.#options;
    const id = roomOfHeader(visitor.header(HOST_HEADER));
    if (id === undefined) return this.#refuse('room-key', visitor);
    const tokens = this.#options.tokens();
    const token = tokens?.match(knock.authorization);
    if (tokens !== undefined && token === undefined) return this.#refuse(knock.authorization === undefined ? 'no-token' : 'token', visitor);
    const release = counts.take(visitor.address);
    if (typeof release === 'string') return this.#refuse(release, visitor);
    const room = rooms.enter(id, token, token?.room ?? roomLimits, performance.now());
    if (typeof room === 'string') {
      release();
      return this.#refuse(room, visitor, id);
    }
    return admitted({ as: 'server', room, release, remote: visitor.remote });
  }

  async #admitClient(knock: Knock, visitor: Visitor): Promise<Admission> {
    const id = visitor.header(ROOM_HEADER);
    if (!isRoomId(id)) return this.#refuse('room', visitor);
    if (this.#shut) return this.#refuse('draining', visitor);
    const handshake = knock.handshake ?? '';
    if (handshake.length > HANDSHAKE_CHARACTERS_MAX) return this.#refuse('room', visitor);
    const release = this.#countClient(id, visitor);
    if (typeof release === 'string') return this.#refuse(release, visitor, id);
    const found = await this.#options.finder.find(id, { handshake: knock.handshake, remote: visitor.remote, fromInstance: visitor.fromInstance, gone: () => visitor.gone() || this.#isShut() });
    if (typeof found === 'string') {
      release();
      return this.#refuse(this.#isShut() ? 'draining' : found, visitor, id);
    }
    // Another instance has been given it, and passes it on.
    const first = found.room === undefined || handshake === '' ? undefined : Buffer.from(handshake, 'base64url');
    return admitted({ as: 'client', found, first, release, remote: visitor.remote });
  }

  /** Counts a client; returns what gives that back. */
  #countClient(id: string, visitor: Visitor): (() => void) | RefusalReason {
    const { counts, rooms } = this.#options;
    // Another instance has counted it, but for the room, which is here.
    const counted = counts.take(visitor.fromInstance ? undefined : visitor.address);
    if (typeof counted === 'string') return counted;
    const ofRoom = rooms.get(id)?.clients;
    const inRoom = ofRoom === undefined ? () => undefined : ofRoom.take(addressGroup(hostOf(visitor.remote)));
    if (inRoom === undefined) {
      counted();
      return 'address';
    }
    return () => {
      counted();
      inRoom();
    };
  }

  /** It may have been shut while something was waited for. */
  #isShut(): boolean {
    return this.#shut;
  }

  #refuse(reason: RefusalReason, visitor: Visitor, id?: string): Admission {
    // Another instance asks again and again, and refuses its client itself.
    if (!visitor.fromInstance) {
      this.#options.metrics.refused(reason);
      this.#options.refusals.tell(reason, { remote: visitor.remote, room: id === undefined ? undefined : shortName(id) }, performance.now());
    }
    return { admitted: false, ...REFUSALS[reason] };
  }
}

/** Which of a relay's two places a path leads to. */
export function placeOf(path: string): typeof WAIT_PATH | typeof JOIN_PATH | undefined {
  const bare = path.split('?')[0] ?? '';
  // A proxy may have us below a path of its own.
  if (bare.endsWith(WAIT_PATH)) return WAIT_PATH;
  return bare.endsWith(JOIN_PATH) ? JOIN_PATH : undefined;
}

function admitted(context: Guest): Admission {
  return { admitted: true, tag: context.as, context, headers: ['Streamer-Protocol: 2'], options: { masking: 'none', maxMessageBytes: MESSAGE_MAX, highWaterBytes: HIGH_WATER_BYTES } };
}
