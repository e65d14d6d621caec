/**
 * The job's side: listen, wait for the one client, one transfer, leave.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { formatCoordinates } from '../coordinates/codec.js';
import type { Coordinates } from '../coordinates/coordinates.js';
import { UsageError } from '../errors.js';
import { checkSecret, checkServerOptions, DEFAULTS, type WireChoice } from '../options.js';
import { assertTargetFree, type Sink } from '../storage/sink.js';
import type { Source } from '../storage/source.js';
import { listen, type Listener } from '../transport/listen.js';
import type { WebSocketConnection } from '../transport/websocket.js';
import type { Link } from '../transfer/link.js';
import type { ProgressListener, TransferResult } from '../transfer/progress.js';
import { compatTarget, receiveCompat } from '../transfer/receive-compat.js';
import { receiveNative } from '../transfer/receive.js';
import { sendCompat } from '../transfer/send-compat.js';
import { openForSending, sendNative } from '../transfer/send.js';
import type { Action } from '../wire/frame.js';
import { NATIVE_PATH } from '../wire/constants.js';
import { admit } from './admission.js';
import { NativeDoor } from './native-door.js';
import { WaitingLinks, WaitingRoom } from './waiting-room.js';

/** Options of {@link serve}. Those that the reference's server has, have its defaults. */
export interface ServeOptions {
  /** What the server does: `send` a file to the client, or `receive` one from it. */
  readonly action: Action;
  /** The file to send, or the target. */
  readonly path: string;
  /** Shared secret, visible ASCII. @default 32 random bytes */
  readonly secret?: string;
  /** Publishes plain coordinates although the secret is generated, so that clients of the reference can come. @default false */
  readonly compat?: boolean;
  /** @default 'auto': the native wire, and the compat wire where the coordinates are plain */
  readonly wire?: WireChoice;
  /** Interface to listen on. @default 'localhost' */
  readonly host?: string;
  /** First and last port to try; `[0, 0]` takes any free one. @default [5665, 5670] */
  readonly portRange?: readonly [first: number, last: number];
  /** Addresses that the coordinates name. @default ['localhost'] */
  readonly publicIps?: readonly string[];
  /** How long to wait for a client, and for its return, milliseconds. @default 24 h */
  readonly waitTimeoutMs?: number;
  /** Most bytes to receive. @default 5 GiB */
  readonly inboundTransferLimit?: number;
  /** Most bytes in flight or waiting for the disk. @default 16 MiB */
  readonly windowBytes?: number;
  /** Stops the server; the transfer can be resumed. */
  readonly signal?: AbortSignal;
  /** Told what happens. It must not throw. */
  readonly onProgress?: ProgressListener;
  /** @internal */
  readonly wrapSink?: (sink: Sink) => Sink;
}

/** A server that listens. */
export interface StreamerServer {
  /** The text that the client needs. Secret. */
  readonly coordinates: string;
  /** `ws://host:port`. */
  readonly url: string;
  readonly port: number;
  /** Settles when the one transfer is over; the server has ended then. @throws StreamerError */
  readonly done: Promise<TransferResult>;
}

/** An authenticated client. */
type Arrival = { readonly wire: 'native'; readonly link: Link } | { readonly wire: 'compat'; readonly connection: WebSocketConnection };

/** Options with every default in its place. */
type Settings = ServeOptions & Required<Omit<ServeOptions, 'secret' | 'signal' | 'wrapSink'>>;

/**
 * Starts a server for one transfer with one client.
 *
 * ```ts
 * import { receive, serve, TimeoutError } from 'firecrest-streamer-ts';
 *
 * const server = await serve({
 *   action: 'send',
 *   path: 'results.h5',
 *   host: '127.0.0.1',
 *   publicIps: ['127.0.0.1'],
 *   portRange: [0, 0],
 *   waitTimeoutMs: 60_000,
 * });
 * // Whoever has the coordinates may take the file: they are as secret as the file.
 * await receive({ coordinates: server.coordinates, path: 'copy.h5' });
 * const { size, remote } = await server.done;
 * console.log(`${size} bytes to ${remote}`);
 *
 * const lonely = await serve({ action: 'receive', path: 'other.h5', portRange: [0, 0], waitTimeoutMs: 100 });
 * await lonely.done.catch((error: unknown) => {
 *   if (!(error instanceof TimeoutError)) throw error;
 *   console.log(error.code, error.exitCode);
 * });
 * ```
 *
 * @param options sizes in bytes, times in milliseconds.
 * @returns when it listens. The transfer's end is the server's `done`, which rejects as `send` does, with
 * TimeoutError when no client came, and with LimitError when the client's file is over `inboundTransferLimit`.
 * @throws UsageError for a bad option; StorageError when the file is missing or the target exists; ConnectError when no
 * port is free.
 */
export async function serve(options: ServeOptions): Promise<StreamerServer> {
  const settings = withDefaults(options);
  checkServerOptions(settings);
  if (settings.compat && settings.wire === 'native') throw new UsageError('--compat asks for coordinates that the Python streamer can use, and --wire native keeps it out: leave one out');
  const secret = chooseSecret(settings);
  // A file that is missing now would be missing later, too: better than a job that waits to say so.
  const source = settings.action === 'send' ? await openForSending(settings.path) : undefined;
  if (source === undefined) {
    await assertTargetFree(settings.path);
    // A client of the reference may come, and it brings no name.
    if (typeof secret === 'string' && settings.wire !== 'native') await compatTarget(settings.path);
  }
  try {
    return await new Session(settings, secret, source).start();
  } catch (error) {
    await source?.close();
    throw error;
  }
}

function withDefaults(options: ServeOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as ServeOptions;
  return { ...DEFAULTS, compat: false, onProgress: () => undefined, ...given };
}

/** The secret: text where the coordinates are to be plain, bytes where they are of version 2. */
function chooseSecret(settings: Settings): string | Buffer {
  if (settings.secret !== undefined) {
    checkSecret(settings.secret);
    return settings.secret;
  }
  const generated = randomBytes(32);
  return settings.compat || settings.wire === 'compat' ? generated.toString('base64url') : generated;
}

/** One server's life. */
class Session {
  readonly #settings: Settings;
  readonly #secret: string | Buffer;
  readonly #source: Source | undefined;
  /** Clients before the first transfer starts, then the native client's returns. */
  readonly #first: WaitingRoom<Arrival>;
  readonly #returns: WaitingRoom<Link>;
  readonly #door: NativeDoor;
  #wire: Arrival['wire'] | undefined;

  constructor(settings: Settings, secret: string | Buffer, source: Source | undefined) {
    this.#settings = settings;
    this.#secret = secret;
    this.#source = source;
    const { waitTimeoutMs, signal, onProgress } = settings;
    this.#first = new WaitingRoom({ waitTimeoutMs, signal, onProgress });
    this.#returns = new WaitingRoom({ waitTimeoutMs, signal, onProgress });
    this.#door = new NativeDoor({
      secret: Buffer.from(secret),
      action: settings.action,
      busyElsewhere: () => this.#wire === 'compat',
      enter: (link) => this.#enter(link),
      notice: (message) => onProgress({ type: 'notice', message }),
    });
  }

  async start(): Promise<StreamerServer> {
    const { host, portRange, onProgress } = this.#settings;
    this.#assertPublishable();
    const policy = {
      wire: this.#settings.wire,
      secret: typeof this.#secret === 'string' ? this.#secret : undefined,
      busy: () => this.#wire !== undefined || this.#door.entered,
    };
    const listener = await listen({
      host,
      ports: portRange,
      admit: (knock) => admit(policy, knock),
      connected: (connection, tag) => this.#connected(connection, tag),
      portTaken: (port) => onProgress({ type: 'notice', message: `port ${port} is taken, trying the next` }),
    });
    const url = `ws://${host.includes(':') ? `[${host}]` : host}:${listener.port}`;
    onProgress({ type: 'listening', url, host, port: listener.port });
    const done = this.#run(listener);
    // Whoever waits for it gets the error; nobody waiting is no crash.
    done.catch(() => undefined);
    return { coordinates: formatCoordinates(this.#coordinates(listener.port)), url, port: listener.port, done };
  }

  /** Before anything listens: coordinates that cannot be written would leave a server behind that nobody can find. */
  #assertPublishable(): void {
    try {
      formatCoordinates(this.#coordinates(1));
    } catch (cause) {
      throw new UsageError('--public-ips takes addresses or host names, 64 at the most', { cause });
    }
  }

  #coordinates(port: number): Coordinates {
    const { publicIps, action } = this.#settings;
    if (typeof this.#secret === 'string') return { version: 1, ports: [port, port], ips: publicIps, secret: this.#secret, operation: action };
    const candidates = publicIps.map((ip) => ({ url: `ws://${ip.includes(':') && !ip.startsWith('[') ? `[${ip}]` : ip}:${port}${NATIVE_PATH}` }));
    return { version: 2, candidates, secret: this.#secret, direction: action };
  }

  #connected(connection: WebSocketConnection, tag: string): void {
    if (tag === 'native') {
      void this.#door.knock(connection);
      return;
    }
    this.#wire = 'compat';
    this.#arrive({ wire: 'compat', connection });
  }

  #enter(link: Link): void {
    if (this.#wire === 'native') this.#returns.offer(link)?.channel.connection.destroy();
    else this.#arrive({ wire: 'native', link });
    this.#wire = 'native';
  }

  #arrive(arrival: Arrival): void {
    this.#first.offer(arrival);
  }

  async #run(listener: Listener): Promise<TransferResult> {
    const { onProgress } = this.#settings;
    try {
      const arrival = await this.#first.take(false);
      const result = arrival.wire === 'native' ? await this.#runNative(arrival.link) : await this.#runCompat(arrival.connection);
      onProgress({ type: 'done', result });
      return result;
    } finally {
      this.#door.close();
      await Promise.all([listener.close(), this.#source?.close()]);
    }
  }

  async #runNative(link: Link): Promise<TransferResult> {
    this.#settings.onProgress({ type: 'connected', remote: link.remote, wire: 'native', encrypted: true });
    const links = new WaitingLinks(link, this.#returns);
    return this.#source === undefined ? receiveNative(links, this.#receiveRequest()) : sendNative(links, this.#source, this.#settings);
  }

  async #runCompat(connection: WebSocketConnection): Promise<TransferResult> {
    this.#settings.onProgress({ type: 'connected', remote: connection.remote, wire: 'compat', encrypted: false });
    return this.#source === undefined
      ? receiveCompat(connection, this.#settings.path, this.#receiveRequest())
      : sendCompat(connection, this.#source, this.#settings);
  }

  #receiveRequest(): Parameters<typeof receiveNative>[1] {
    const { path, inboundTransferLimit, windowBytes, signal, onProgress, wrapSink } = this.#settings;
    return { path, limitBytes: inboundTransferLimit, windowBytes, signal, onProgress, wrapSink };
  }
}
