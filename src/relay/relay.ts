/**
 * The relay: both ends dial it, a server to wait in a room, a client to join one, and it passes on what they say. It holds
 * no key and reads no message (src/relay/PROTOCOL.md).
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { ForwardingConnection } from '../transport/connection.js';
import { listen, type Admission, type Caller, type Knock, type Listener, type PlainAnswer, type TlsIdentity } from '../transport/listen.js';
import { HOST_HEADER, hostOf, isRoomId, JOIN_PATH, ROOM_HEADER, roomOfHeader, WAIT_PATH, writePairedNotice } from '../transport/rendezvous.js';
import { equalConstantTime } from '../util/bytes.js';
import { addressGroup, forwardedAddress } from './addresses.js';
import { BlockPool } from './block-pool.js';
import { ConnectionCounts } from './connection-counts.js';
import type { RoomDirectory } from './directory.js';
import { HIGH_WATER_BYTES, MESSAGE_MAX, type RelayLimits } from './limits.js';
import type { RelayMetrics } from './metrics.js';
import { Pair, type PairEnd } from './pair.js';
import { PEER_HEADER, REMOTE_HEADER } from './peer.js';
import { RefusalLog } from './refusal-log.js';
import { REFUSALS, type RefusalReason } from './refusals.js';
import { Rooms, type Room } from './rooms.js';
import { ServerFinder, type Found } from './server-finder.js';
import type { TokenList } from './tokens.js';

/** Something that happened, for the log. No secret and no room's id is among the fields. */
export type RelayLog = (event: string, fields: Readonly<Record<string, string | number | boolean | undefined>>) => void;

/** Options of {@link startRelay}. Times in milliseconds, sizes in bytes. */
export interface RelayOptions {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly tls?: TlsIdentity | undefined;
  /** Who may open rooms, asked anew for each; undefined lets everybody. */
  readonly tokens: () => TokenList | undefined;
  readonly limits: RelayLimits;
  /** Believe the last address of X-Forwarded-For: only behind a proxy that writes it. */
  readonly trustForwarded: boolean;
  readonly directory: RoomDirectory;
  readonly metrics: RelayMetrics;
  /** Tell the metrics on the relay's own port. */
  readonly publicMetrics: boolean;
  /** Authorities that other instances' certificates may be of, besides the usual ones, PEM. */
  readonly ca?: string | undefined;
  readonly log: RelayLog;
}

/** A relay that listens. */
export interface Relay {
  readonly port: number;
  renewTls(tls: TlsIdentity): void;
  /** `GET /metrics`, `/healthz` and `/readyz`, for a port of their own. */
  answer(path: string): Promise<PlainAnswer> | undefined;
  /** No new rooms and no new pairs; resolves when the last pair has ended, or after `timeoutMs` when all were ended. */
  drain(timeoutMs: number): Promise<void>;
}

/** Most characters of a client's first message, as base64url: a Noise message of 48 bytes. */
const HANDSHAKE_CHARACTERS_MAX = 1024;
/** How often the clock is looked at. */
const TICK_MS = 1_000;
/** Sockets that may be on their way to an upgrade, waiting clients among them. */
const PENDING_MAX = 4096;
/** Time for close frames to be answered at the end of all. */
const LEAVE_MS = 2_000;

/** What goes with an admission to its connection. */
type Context =
  | { readonly as: 'server'; readonly room: Room<ForwardingConnection>; readonly release: () => void; readonly remote: string }
  | { readonly as: 'client'; readonly found: Found; readonly first: Buffer | undefined; readonly release: () => void; readonly remote: string };

/** Who knocks, as a proxy or another instance before us tells it. */
interface Visitor extends Caller {
  /** Another instance, for a client of its own. */
  readonly fromInstance: boolean;
}

/** Starts a relay. @throws ConnectError 'connect-listen' */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const relay = new RunningRelay(options);
  await relay.start();
  return relay;
}

class RunningRelay implements Relay {
  readonly #options: RelayOptions;
  readonly #rooms: Rooms<ForwardingConnection>;
  readonly #counts: ConnectionCounts;
  readonly #refusals: RefusalLog;
  readonly #finder: ServerFinder;
  readonly #pairs = new Map<Pair, Room<ForwardingConnection> | undefined>();
  readonly #blocks = new BlockPool();
  /** What gives back the count of a server's connection, while that is there: in a pair it has other handlers than here. */
  readonly #releases = new WeakMap<ForwardingConnection, () => void>();
  #listener: Listener | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #draining = false;
  #emptied: () => void = () => undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#rooms = new Rooms(options.limits.rooms);
    this.#counts = new ConnectionCounts(options.limits);
    this.#refusals = new RefusalLog(options.log);
    this.#finder = new ServerFinder(this.#rooms, options.directory, options.limits.handshakeMs, options.ca);
  }

  async start(): Promise<void> {
    const { host, port, tls, limits, metrics } = this.#options;
    metrics.watch({
      rooms: () => this.#rooms.size,
      pairs: () => this.#pairs.size,
      waiting: () => sum(this.#rooms, ({ waiting }) => waiting.size),
      buffered: () => sum(this.#pairs.keys(), ({ buffered }) => buffered),
    });
    this.#listener = await listen({
      host,
      ports: [port, port],
      tls,
      admit: (knock, caller) => this.#admit(knock, this.#seen(caller)),
      connected: (connection, _tag, context) => this.#connected(connection, context as Context),
      abandoned: (_tag, context) => this.#abandoned(context as Context),
      answer: (path) => this.#answer(path),
      pendingMax: PENDING_MAX,
      headersTimeoutMs: limits.handshakeMs,
    });
    this.#ticker = setInterval(() => this.#tick(performance.now()), TICK_MS);
  }

  get port(): number {
    return this.#listener?.port ?? 0;
  }

  renewTls(tls: TlsIdentity): void {
    this.#listener?.renewTls(tls);
  }

  answer(path: string): Promise<PlainAnswer> | undefined {
    const { metrics, directory } = this.#options;
    const text = (status: number, body: string) => Promise.resolve({ status, type: 'text/plain', body: `${body}\n` });
    switch (path.split('?')[0]) {
      case '/healthz':
        return text(200, 'ok');
      case '/readyz':
        if (this.#draining) return text(503, 'draining');
        return directory.ready ? text(200, 'ready') : text(503, 'the directory of rooms cannot be reached');
      case '/metrics':
        return metrics.text().then((body) => ({ status: 200, type: metrics.contentType, body }));
      default:
        return undefined;
    }
  }

  async drain(timeoutMs: number): Promise<void> {
    const { directory, log } = this.#options;
    if (!this.#draining) {
      this.#draining = true;
      log('draining', { rooms: this.#rooms.size, pairs: this.#pairs.size });
      await directory.close();
      // Elsewhere they find another instance, or wait for this one's successor.
      for (const room of this.#rooms) {
        for (const server of room.waiting) server.close(1012, '');
        room.endLine();
      }
    }
    await within(timeoutMs, (emptied) => {
      this.#emptied = emptied;
      if (this.#pairs.size === 0) emptied();
    });
    const cut = this.#pairs.size;
    for (const pair of [...this.#pairs.keys()]) pair.end('drained');
    if (cut > 0) await within(LEAVE_MS, () => undefined);
    clearInterval(this.#ticker);
    await this.#listener?.close();
    log('ended', { cut });
  }

  /** The caller's address, as a proxy before us tells it where that is believed. */
  #seen(caller: Caller): Visitor {
    if (this.#isInstance(caller)) return { ...caller, fromInstance: true, remote: caller.header(REMOTE_HEADER) ?? caller.remote };
    const address = this.#options.trustForwarded ? forwardedAddress(caller.header('X-Forwarded-For')) : undefined;
    return { ...caller, fromInstance: false, ...(address === undefined ? {} : { address, remote: address }) };
  }

  #isInstance(caller: Caller): boolean {
    const { key } = this.#options.directory;
    const shown = caller.header(PEER_HEADER);
    return key !== undefined && shown !== undefined && equalConstantTime(Buffer.from(key), Buffer.from(shown));
  }

  #answer(path: string): Promise<PlainAnswer> | undefined {
    if (/^\/metrics(?:\?|$)/u.test(path) && !this.#options.publicMetrics) return plain(404, 'Nothing here');
    const known = this.answer(path);
    if (known !== undefined) return known;
    return placeOf(path) === undefined ? plain(404, 'Nothing here') : plain(426, 'This is a relay for `streamer`');
  }

  #admit(knock: Knock, caller: Visitor): Admission | Promise<Admission> {
    switch (placeOf(knock.path)) {
      case WAIT_PATH:
        return this.#admitServer(knock, caller);
      case JOIN_PATH:
        return this.#admitClient(knock, caller);
      default:
        return this.#refuse('path', caller);
    }
  }

  #admitServer(knock: Knock, caller: Visitor): Admission {
    if (this.#draining) return this.#refuse('draining', caller);
    const id = roomOfHeader(caller.header(HOST_HEADER));
    if (id === undefined) return this.#refuse('room-key', caller);
    const tokens = this.#options.tokens();
    const token = tokens?.match(knock.authorization);
    if (tokens !== undefined && token === undefined) return this.#refuse(knock.authorization === undefined ? 'no-token' : 'token', caller);
    const release = this.#counts.take(caller.address);
    if (typeof release === 'string') return this.#refuse(release, caller);
    const room = this.#rooms.enter(id, token, token?.room ?? this.#options.limits.room, performance.now());
    if (typeof room === 'string') {
      release();
      return this.#refuse(room, caller, id);
    }
    return admitted({ as: 'server', room, release, remote: caller.remote });
  }

  async #admitClient(knock: Knock, caller: Visitor): Promise<Admission> {
    const id = caller.header(ROOM_HEADER);
    if (!isRoomId(id)) return this.#refuse('room', caller);
    if (this.#draining) return this.#refuse('draining', caller);
    const handshake = knock.handshake ?? '';
    if (handshake.length > HANDSHAKE_CHARACTERS_MAX) return this.#refuse('room', caller);
    // Another instance has counted it, but for the room, which is here.
    const counted = this.#counts.take(caller.fromInstance ? undefined : caller.address);
    if (typeof counted === 'string') return this.#refuse(counted, caller, id);
    const ofRoom = this.#rooms.get(id)?.clients;
    const inRoom = ofRoom === undefined ? () => undefined : ofRoom.take(addressGroup(hostOf(caller.remote)));
    const release = () => {
      counted();
      inRoom?.();
    };
    if (inRoom === undefined) {
      release();
      return this.#refuse('address', caller, id);
    }
    const found = await this.#finder.find(id, { handshake: knock.handshake, remote: caller.remote, fromInstance: caller.fromInstance, gone: () => caller.gone() || this.#isDraining() });
    if (typeof found === 'string') {
      release();
      return this.#refuse(this.#isDraining() ? 'draining' : found, caller, id);
    }
    // Another instance has been given it, and passes it on.
    const first = found.room === undefined || handshake === '' ? undefined : Buffer.from(handshake, 'base64url');
    return admitted({ as: 'client', found, first, release, remote: caller.remote });
  }

  #isDraining(): boolean {
    return this.#draining;
  }

  #connected(connection: ForwardingConnection, context: Context): void {
    if (context.as === 'server') this.#wait(connection, context);
    else this.#pair(connection, context);
  }

  #wait(connection: ForwardingConnection, { room, release, remote }: Extract<Context, { as: 'server' }>): void {
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

  #pair(client: ForwardingConnection, { found, first, release, remote }: Extract<Context, { as: 'client' }>): void {
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
        this.#pairEnded(why, room, { remote, seconds: Math.round(performance.now() - beganMs) / 1000, toClient: moved['to-client'], toServer: moved['to-server'] });
      },
    });
    this.#pairs.set(pair, room);
    room?.paired();
    if (room !== undefined) server.send([writePairedNotice({ remote, waiting: room.inLine })], 'text');
    pair.start(first);
  }

  #pairEnded(why: PairEnd, room: Room<ForwardingConnection> | undefined, fields: { readonly remote: string; readonly seconds: number; readonly toClient: number; readonly toServer: number }): void {
    this.#options.metrics.ended(why);
    this.#options.log('pair-ended', { room: room === undefined ? undefined : shortName(room.id), elsewhere: room === undefined, why, ...fields });
    if (this.#pairs.size === 0) this.#emptied();
  }

  /** A client's socket that was gone when its turn came, or no valid upgrade: what it was given waits on, for another. */
  #abandoned(context: Context): void {
    context.release();
    if (context.as === 'server') {
      this.#rooms.forget(context.room);
      return;
    }
    const { server, room } = context.found;
    if (room !== undefined && this.#releases.has(server)) room.offer(server);
    else server.close(4005, '');
  }

  #tick(nowMs: number): void {
    for (const pair of [...this.#pairs.keys()]) pair.tick(nowMs);
    for (const room of this.#rooms) {
      if (!room.isExpired(nowMs)) continue;
      for (const server of room.waiting) server.close(4009, '');
      for (const [pair, of] of [...this.#pairs]) if (of === room) pair.end('lifetime');
    }
    this.#refusals.tick(nowMs);
    for (const id of this.#rooms.sweep(nowMs)) {
      this.#options.directory.withdraw(id);
      this.#options.log('room-closed', { room: shortName(id) });
    }
  }

  #refuse(reason: RefusalReason, caller: Visitor, id?: string): Admission {
    // Another instance asks again and again, and refuses its client itself.
    if (!caller.fromInstance) {
      this.#options.metrics.refused(reason);
      this.#refusals.tell(reason, { remote: caller.remote, room: id === undefined ? undefined : shortName(id) }, performance.now());
    }
    return { admitted: false, ...REFUSALS[reason] };
  }
}

/** A room in the log: which lines are of the same one, and no way into it. */
export function shortName(id: string): string {
  return createHash('sha256').update(id).digest('hex').slice(0, 12);
}

function placeOf(path: string): typeof WAIT_PATH | typeof JOIN_PATH | undefined {
  const bare = path.split('?')[0] ?? '';
  // A proxy may have us below a path of its own.
  if (bare.endsWith(WAIT_PATH)) return WAIT_PATH;
  return bare.endsWith(JOIN_PATH) ? JOIN_PATH : undefined;
}

function admitted(context: Context): Admission {
  return { admitted: true, tag: context.as, context, headers: ['Streamer-Protocol: 2'], options: { masking: 'none', maxMessageBytes: MESSAGE_MAX, highWaterBytes: HIGH_WATER_BYTES } };
}

function plain(status: number, text: string): Promise<PlainAnswer> {
  return Promise.resolve({ status, type: 'text/plain', body: `${text}\n` });
}

function within(timeoutMs: number, begin: (done: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    begin(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

function sum<T>(items: Iterable<T>, of: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
}
