/**
 * The relay: both ends dial it, a server to wait in a room, a client to join one, and it passes on what they say. It holds
 * no key and reads no message (src/relay/PROTOCOL.md).
 *
 * @module
 */
import type { ForwardingConnection } from '../transport/connection.js';
import { listen, type Listener, type PlainAnswer, type TlsIdentity } from '../transport/listen.js';
import { ConnectionCounts } from './connection-counts.js';
import type { RoomDirectory } from './directory.js';
import { RelayDoor } from './door.js';
import type { RelayLimits } from './limits.js';
import { Meetings, type Guest } from './meetings.js';
import type { RelayMetrics } from './metrics.js';
import { Pages } from './pages.js';
import { RefusalLog } from './refusal-log.js';
import { shortName, type RelayLog } from './relay-log.js';
import { Rooms } from './rooms.js';
import { ServerFinder } from './server-finder.js';
import type { TokenList } from './tokens.js';
import { visitorOf } from './visitor.js';

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

/** How often the clock is looked at. */
const TICK_MS = 1_000;
/** Sockets that may be on their way to an upgrade, waiting clients among them. */
const PENDING_MAX = 4096;
/** Most time for close frames to be answered at the end of all: an end that does not is destroyed then. */
const LEAVE_MS = 2_500;

/** Starts a relay. @throws ConnectError 'connect-listen' */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const relay = new RunningRelay(options);
  await relay.start();
  return relay;
}

class RunningRelay implements Relay {
  readonly #options: RelayOptions;
  readonly #rooms: Rooms<ForwardingConnection>;
  readonly #refusals: RefusalLog;
  readonly #meetings: Meetings;
  readonly #door: RelayDoor;
  readonly #pages: Pages;
  #listener: Listener | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #draining = false;

  constructor(options: RelayOptions) {
    const { limits, directory, metrics, log, tokens, publicMetrics, ca } = options;
    this.#options = options;
    const rooms = new Rooms<ForwardingConnection>(limits.rooms);
    this.#rooms = rooms;
    this.#refusals = new RefusalLog(log);
    this.#meetings = new Meetings({ rooms, limits, directory, metrics, log });
    const finder = new ServerFinder(rooms, directory, limits.handshakeMs, ca);
    this.#door = new RelayDoor({ rooms, counts: new ConnectionCounts(limits), finder, refusals: this.#refusals, metrics, tokens, roomLimits: limits.room });
    this.#pages = new Pages({ metrics, publicMetrics, notReady: () => this.#notReady() });
  }

  async start(): Promise<void> {
    const { host, port, tls, limits, metrics, trustForwarded, directory } = this.#options;
    metrics.watch({
      rooms: () => this.#rooms.size,
      pairs: () => this.#meetings.size,
      waiting: () => [...this.#rooms].reduce((sum, { waiting }) => sum + waiting.size, 0),
      buffered: () => this.#meetings.buffered,
    });
    this.#listener = await listen({
      host,
      ports: [port, port],
      tls,
      admit: (knock, caller) => this.#door.admit(knock, visitorOf(caller, { trustForwarded, instanceKey: directory.key })),
      connected: (connection, _tag, guest) => this.#meetings.take(connection, guest as Guest),
      abandoned: (_tag, guest) => this.#meetings.abandoned(guest as Guest),
      answer: (path) => this.#pages.public(path),
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
    return this.#pages.own(path);
  }

  #notReady(): string | undefined {
    if (this.#draining) return 'draining';
    return this.#options.directory.ready ? undefined : 'the directory of rooms cannot be reached';
  }

  async drain(timeoutMs: number): Promise<void> {
    const { directory, log } = this.#options;
    if (!this.#draining) {
      this.#draining = true;
      this.#door.shut();
      log('draining', { rooms: this.#rooms.size, pairs: this.#meetings.size });
      await directory.close();
      // Elsewhere they find another instance, or wait for this one's successor.
      for (const room of this.#rooms) {
        for (const server of room.waiting) server.close(1012, '');
        room.endLine();
      }
    }
    await this.#meetings.ended(timeoutMs);
    const cut = this.#meetings.endAll();
    await this.#meetings.gone(LEAVE_MS);
    clearInterval(this.#ticker);
    await this.#listener?.close();
    log('ended', { cut });
  }

  #tick(nowMs: number): void {
    this.#meetings.tick(nowMs);
    this.#refusals.tick(nowMs);
    for (const id of this.#rooms.sweep(nowMs)) {
      this.#options.directory.withdraw(id);
      this.#options.log('room-closed', { room: shortName(id) });
    }
  }
}
