/**
 * A server's life: listen, wait at the relay, serve the one client, leave.
 *
 * @module
 */
import { formatCoordinates } from '../coordinates/codec.js';
import type { Coordinates } from '../coordinates/coordinates.js';
import { deriveKey } from '../crypto/kdf.js';
import { UsageError, type StreamerError } from '../errors.js';
import { listen, type Listener } from '../transport/listen.js';
import { roomOf } from '../transport/rendezvous.js';
import type { WebSocketConnection } from '../transport/websocket.js';
import { assertAllMoved } from '../transfer/all-moved.js';
import type { ChannelKeys } from '../transfer/channel.js';
import { MemoryInbound } from '../transfer/memory-ends.js';
import { abortReason } from '../transfer/outcome.js';
import type { TransferResult } from '../transfer/progress.js';
import { receiveCompat } from '../transfer/receive-compat.js';
import { startReceiving } from '../transfer/receive.js';
import { sendCompat } from '../transfer/send-compat.js';
import { startSending, type Sending } from '../transfer/send.js';
import { NATIVE_PATH } from '../wire/constants.js';
import { admit } from './admission.js';
import { ClientWait } from './client-wait.js';
import { NativeDoor } from './native-door.js';
import { NativeSessions, type Running } from './native-sessions.js';
import { RelayRoom } from './relay-room.js';
import { settingsOf, type Settings } from './serve-options.js';
import type { StreamerServer } from './streamer-server.js';

/** Loaded only where it is needed: its arithmetic takes milliseconds to begin. */
const sealing = () => import('../coordinates/sealed.js');

/** One server's life. */
export class OneTransfer {
  readonly #settings: Settings;
  readonly #secret: string | Uint8Array;
  readonly #sending: Sending | undefined;
  readonly #wait: ClientWait;
  readonly #door: NativeDoor;
  readonly #sessions: NativeSessions;
  readonly #ended: Promise<TransferResult>;
  #end: { readonly resolve: (result: TransferResult) => void; readonly reject: (error: Error) => void } | undefined;
  #wire: 'native' | 'compat' | undefined;
  readonly #room: RelayRoom | undefined;

  constructor(settings: Settings, secret: string | Uint8Array, sending: Sending | undefined) {
    this.#settings = settings;
    this.#secret = secret;
    this.#sending = sending;
    this.#ended = new Promise((resolve, reject) => (this.#end = { resolve, reject }));
    const { onProgress } = settings;
    this.#wait = new ClientWait(settings);
    this.#sessions = new NativeSessions({
      begin: (lost) => this.#begin(lost),
      wait: this.#wait,
      connected: (remote) => onProgress({ type: 'connected', remote, wire: 'native', encrypted: true }),
      ended: (outcome) => {
        if ('result' in outcome) this.#end?.resolve(outcome.result);
        else this.#fail(outcome.error);
      },
    });
    this.#door = new NativeDoor({
      secret: Buffer.from(secret),
      action: settings.action,
      expiresMs: settings.expiresAt === undefined ? undefined : settings.expiresAt * 1000,
      busyElsewhere: () => this.#wire === 'compat',
      admit: (hello) => this.#sessions.admit(hello).catch((error: unknown) => {
        this.#fail(error);
        return 'unknown' as const;
      }),
      enter: (hello, link) => {
        this.#wire = 'native';
        this.#sessions.enter(hello, link);
      },
      notice: (message) => onProgress({ type: 'notice', message }),
    });
    const { relay, ca } = settings;
    this.#room = relay === undefined ? undefined : new RelayRoom({
      url: relay.url,
      token: relay.token,
      hostKey: this.#hostKey,
      ca,
      joined: (connection, remote) => void this.#door.knock(connection, undefined, remote),
      notice: (message) => onProgress({ type: 'notice', message }),
      refused: (error) => {
        // No job waits for a client that cannot come.
        if (settings.direct === false) this.#wait.giveUp(error);
      },
    });
  }

  get #hostKey(): Buffer {
    return deriveKey(Buffer.from(this.#secret), 'relay host');
  }

  #fail(error: unknown): void {
    this.#end?.reject(error instanceof Error ? error : new Error(String(error)));
  }

  async start(): Promise<StreamerServer> {
    const { direct = true, relay, signal, onProgress } = this.#settings;
    await this.#assertPublishable();
    const listener = direct ? await this.#listen() : undefined;
    try {
      await this.#room?.open(signal);
    } catch (error) {
      this.#room?.close();
      await listener?.close();
      throw signal?.aborted === true ? abortReason(signal) : error;
    }
    if (relay !== undefined) onProgress({ type: 'at-relay', url: relay.url });
    const done = this.#run(listener);
    // Whoever waits for it gets the error; nobody waiting is no crash.
    done.catch(() => undefined);
    const { port } = listener ?? {};
    return { coordinates: await this.#published(port), url: port === undefined ? undefined : this.#urlAt(this.#settings.host, port), port, done };
  }

  async #listen(): Promise<Listener> {
    const { host, portRange, onProgress, tls } = this.#settings;
    const policy = {
      wire: this.#settings.wire,
      secret: typeof this.#secret === 'string' ? this.#secret : undefined,
      busy: () => this.#wire !== undefined || this.#door.entered,
    };
    const listener = await listen({
      host,
      ports: portRange,
      tls,
      admit: (knock) => admit(policy, knock),
      prepare: (knock, tag) => (tag === 'native' ? this.#door.prepare(knock.handshake) : undefined),
      connected: (connection, tag, keys) => this.#connected(connection, tag, keys as ChannelKeys | undefined),
      portTaken: (port) => onProgress({ type: 'notice', message: `port ${port} is taken, trying the next` }),
    });
    onProgress({ type: 'listening', url: this.#urlAt(host, listener.port), host, port: listener.port });
    return listener;
  }

  /** Before anything listens: coordinates that cannot be written would leave a server behind that nobody can find. */
  async #assertPublishable(): Promise<void> {
    try {
      formatCoordinates(this.#coordinates(this.#settings.direct === false ? undefined : 1));
    } catch (cause) {
      if (this.#settings.relay !== undefined && /URL/u.test((cause as Error).message)) throw new UsageError('`relay.url` takes a URL such as wss://relay.example.org', { cause });
      throw new UsageError('`publicIps` takes addresses or host names, 64 at the most', { cause });
    }
    const { sealTo } = this.#settings;
    if (sealTo !== undefined) (await sealing()).readersOf(sealTo);
  }

  async #published(port: number | undefined): Promise<string> {
    const { sealTo } = this.#settings;
    const text = formatCoordinates(this.#coordinates(port));
    return sealTo === undefined ? text : (await sealing()).sealCoordinates(text, sealTo);
  }

  #urlAt(host: string, port: number): string {
    return `${this.#settings.tls === undefined ? 'ws' : 'wss'}://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
  }

  /** @param port undefined where none is open. */
  #coordinates(port: number | undefined): Coordinates {
    const { publicIps, action, relay, expiresAt } = this.#settings;
    const meeting = relay === undefined ? {} : { relay: { url: relay.url, room: roomOf(this.#hostKey) } };
    if (typeof this.#secret === 'string') return { version: 1, ports: [port ?? 0, port ?? 0], ips: publicIps, secret: this.#secret, operation: action, ...meeting };
    const candidates = port === undefined ? [] : publicIps.map((ip) => ({ url: `${this.#urlAt(ip, port)}${NATIVE_PATH}` }));
    return { version: 2, candidates, secret: this.#secret, direction: action, ...(expiresAt === undefined ? {} : { expiresAt }), ...meeting };
  }

  #connected(connection: WebSocketConnection, tag: string, keys: ChannelKeys | undefined): void {
    if (tag === 'native') {
      void this.#door.knock(connection, keys);
      return;
    }
    this.#wire = 'compat';
    this.#wait.stop();
    this.#runCompat(connection).then((result) => this.#end?.resolve(result), (error: unknown) => this.#fail(error));
  }

  async #run(listener: Listener | undefined): Promise<TransferResult> {
    const { onProgress, signal } = this.#settings;
    // A session under way has the signal itself, and ends what it has begun.
    const stopped = () => {
      if (this.#wire !== 'compat' && !this.#sessions.active) this.#fail(abortReason(signal, this.#wire !== undefined));
    };
    signal?.addEventListener('abort', stopped, { once: true });
    if (signal?.aborted === true) stopped();
    try {
      this.#wait.start(false, (error) => this.#fail(error));
      const result = await this.#ended;
      onProgress({ type: 'done', result });
      assertAllMoved(result);
      return result;
    } finally {
      signal?.removeEventListener('abort', stopped);
      this.#wait.stop();
      this.#door.close();
      this.#room?.close();
      await Promise.all([listener?.close(), this.#sending?.close()]);
    }
  }

  async #begin(lost: (stream: number, error: StreamerError) => void): Promise<Running> {
    const { path, signal, onProgress, inboundTransferLimit, windowBytes, wrapSink, memoryBytes } = this.#settings;
    const settings = settingsOf(this.#settings);
    if (this.#sending !== undefined) return startSending(await this.#sending.outbound(), { settings, signal, onProgress, lost });
    const into = memoryBytes === undefined ? undefined : () => Promise.resolve(new MemoryInbound());
    const limitBytes = memoryBytes === undefined ? inboundTransferLimit : Number.MAX_SAFE_INTEGER;
    return startReceiving({ path: onePath(path), settings, limitBytes, windowBytes, signal, onProgress, lost, wrapSink, into });
  }

  async #runCompat(connection: WebSocketConnection): Promise<TransferResult> {
    const { path, signal, onProgress, inboundTransferLimit: limitBytes, wrapSink, rate } = this.#settings;
    onProgress({ type: 'connected', remote: connection.remote, wire: 'compat', encrypted: false });
    const file = this.#sending?.file;
    if (file !== undefined) return sendCompat(connection, file.source, { path: file.path, rate, signal, onProgress });
    return receiveCompat(connection, onePath(path), { limitBytes, rate, signal, onProgress, wrapSink });
  }
}

function onePath(path: string | readonly string[]): string {
  return typeof path === 'string' ? path : (path[0] ?? '');
}
