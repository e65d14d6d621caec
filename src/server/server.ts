/**
 * The job's side: listen, wait for the one client, one transfer, leave.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { formatCoordinates } from '../coordinates/codec.js';
import type { Coordinates } from '../coordinates/coordinates.js';
import { UsageError, type StreamerError } from '../errors.js';
import { checkSecret, checkServerOptions, DEFAULTS, type WireChoice } from '../options.js';
import type { FilterRule } from '../storage/path-filter.js';
import { isDirectory } from '../storage/safe-path.js';
import { assertTargetFree, type Sink } from '../storage/sink.js';
import type { ExistingPolicy } from '../storage/tree.js';
import { checkTlsIdentity, listen, type Listener, type TlsIdentity } from '../transport/listen.js';
import type { WebSocketConnection } from '../transport/websocket.js';
import { assertAllMoved } from '../transfer/all-moved.js';
import type { ChannelKeys } from '../transfer/channel.js';
import { MemoryInbound, memorySending } from '../transfer/memory-ends.js';
import { abortReason } from '../transfer/outcome.js';
import type { ProgressListener, TransferResult } from '../transfer/progress.js';
import type { RateLimit } from '../transfer/rate-limit.js';
import { compatTarget, receiveCompat } from '../transfer/receive-compat.js';
import { startReceiving } from '../transfer/receive.js';
import { sendCompat } from '../transfer/send-compat.js';
import { openSending, startSending, type Sending } from '../transfer/send.js';
import type { TransferSettings } from '../transfer/settings.js';
import type { Action } from '../wire/frame.js';
import { NATIVE_PATH } from '../wire/constants.js';
import { admit } from './admission.js';
import { ClientWait } from './client-wait.js';
import { NativeDoor } from './native-door.js';
import { NativeSessions, type Running } from './native-sessions.js';

/** Options of {@link serve}. Those that the reference's server has, have its defaults. */
export interface ServeOptions {
  /** What the server does: `send` a file to the client, or `receive` one from it. */
  readonly action: Action;
  /** What to send: a file, a directory, several of them, or `-` for standard input. Or the target. */
  readonly path: string | readonly string[];
  /** Shared secret, visible ASCII. @default 32 random bytes */
  readonly secret?: string;
  /** Publishes plain coordinates although the secret is generated, so that clients of the reference can come. @default false */
  readonly compat?: boolean;
  /** Public keys of `generateIdentity`: the coordinates are sealed, and only the holders of these can open them. @default not sealed */
  readonly sealTo?: readonly string[];
  /** @default 'auto': the native wire, and the compat wire where the coordinates are plain */
  readonly wire?: WireChoice;
  /** Certificate chain and private key, PEM: the server speaks TLS (`wss:`), on the native wire only. @default no TLS */
  readonly tls?: TlsIdentity;
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
  /** What to do with files that are there and differ. @default what the client asks; else 'refuse' for a single file, 'overwrite' in a tree */
  readonly existing?: ExistingPolicy;
  /** Compare content, and not times, where sizes are equal. @default false */
  readonly checksum?: boolean;
  /** Change nothing, only tell what would be done. @default false */
  readonly dryRun?: boolean;
  /** Remove what is at the target and not in the sender's tree. @default false */
  readonly delete?: boolean;
  /** Which entries of a tree to take, in order: the last that matches decides. @default all */
  readonly rules?: readonly FilterRule[];
  /** Most bytes per second, over all connections; may be changed meanwhile. @default no limit */
  readonly rate?: RateLimit;
  /** `sha256`: each sent file's SHA-256 is checked, too, and told. @default none */
  readonly digest?: 'sha256';
  /** Stops the server; the transfer can be resumed. */
  readonly signal?: AbortSignal;
  /** Told what happens. It must not throw. */
  readonly onProgress?: ProgressListener;
  /** Measures the path: the content is made up, of so many bytes, or thrown away; `path` is not looked at. @default off */
  readonly memoryBytes?: number;
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

/** Options with every default in its place. */
type Settings = ServeOptions & Required<Pick<ServeOptions, keyof typeof DEFAULTS & keyof ServeOptions | 'compat' | 'onProgress'>>;

/**
 * Starts a server for one transfer with one client.
 *
 * ```ts
 * import { mkdir } from 'node:fs/promises';
 * import { RateLimit, receive, send, serve, TimeoutError } from 'firecrest-streamer-ts';
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
 * // A directory, at most 20 MB per second; what is there already is replaced only where the sender's is newer.
 * const collecting = await serve({ action: 'receive', path: 'collected', portRange: [0, 0], existing: 'update', rate: new RateLimit(20e6) });
 * await mkdir('run/logs', { recursive: true });
 * await send({ coordinates: collecting.coordinates, path: ['run', 'results.h5'] });
 * const { entries } = await collecting.done;
 * console.log(`${entries.moved} files moved, ${entries.placed} directories and links`);
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
  const asked = withDefaults(options);
  checkServerOptions(asked);
  const settings = withoutCompat(asked);
  if (settings.compat && settings.wire === 'native') throw new UsageError('--compat asks for coordinates that the Python streamer can use, and --wire native keeps it out: leave one out');
  const secret = chooseSecret(settings);
  checkTls(settings);
  if (settings.tls !== undefined && typeof secret === 'string') throw new UsageError('TLS needs coordinates that say so, which plain ones cannot: leave out the secret, --compat and --wire compat, or --tls-cert');
  // A file that is missing now would be missing later, too: better than a job that waits to say so.
  const sending = settings.action === 'send' ? await openWhat(settings) : undefined;
  try {
    let { wire } = settings;
    if (sending === undefined) wire = await assertReceivable(settings, typeof secret === 'string');
    else if (sending.file === undefined && (settings.wire === 'compat' || settings.compat)) throw new UsageError('the compat wire carries one file: send a single file, or leave out --compat and --wire compat');
    // What the Python streamer cannot take is not offered to it.
    else if (sending.file === undefined) wire = 'native';
    return await new Session({ ...settings, wire }, secret, sending).start();
  } catch (error) {
    await sending?.close();
    throw error;
  }
}

function openWhat({ path, rules, memoryBytes }: Settings): Promise<Sending> {
  if (memoryBytes !== undefined) return Promise.resolve(memorySending(memoryBytes));
  return openSending(typeof path === 'string' ? [path] : path, rules);
}

/** Loaded only where it is needed: its arithmetic takes milliseconds to begin. */
const sealing = () => import('../coordinates/sealed.js');

function checkTls({ tls }: Settings): void {
  try {
    if (tls !== undefined) checkTlsIdentity(tls);
  } catch (cause) {
    throw new UsageError(`the TLS certificate and its key cannot be used: ${(cause as Error).message}; they are PEM, and of each other`, { cause });
  }
}

/** Returns the wire to offer. @throws UsageError, StorageError */
async function assertReceivable({ path, wire, compat, existing = 'refuse', memoryBytes }: Settings, plain: boolean): Promise<WireChoice> {
  if (memoryBytes !== undefined) return wire;
  if (typeof path !== 'string') throw new UsageError('a server receives into one path');
  if (path === '-') throw new UsageError('a server does not write to standard output, where it tells its coordinates: name a file or a directory');
  if (existing === 'refuse') await assertTargetFree(path);
  if (!plain || wire === 'native') return wire;
  // A client of the reference brings no name: into a directory it could receive nothing, and is not served.
  if (wire === 'auto' && !compat && (await isDirectory(path))) return 'native';
  await compatTarget(path);
  return wire;
}

function withDefaults(options: ServeOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as ServeOptions;
  return { ...DEFAULTS, compat: false, onProgress: () => undefined, ...given };
}

/** What the compat wire cannot do is not offered to its clients. @throws UsageError when they were asked for. */
function withoutCompat(settings: Settings): Settings {
  const { action, compat, wire, dryRun, existing = 'refuse' } = settings;
  const replacing = action === 'receive' && existing !== 'refuse';
  if (dryRun !== true && !replacing) return settings;
  if (!compat && wire !== 'compat') return { ...settings, wire: 'native' };
  const lacking = dryRun === true ? 'the compat wire cannot say what it would do: leave out --dry-run' : 'on the compat wire nothing is ever replaced: leave out --overwrite and its like';
  throw new UsageError(`${lacking}, or --compat and --wire compat`);
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
  readonly #sending: Sending | undefined;
  readonly #wait: ClientWait;
  readonly #door: NativeDoor;
  readonly #sessions: NativeSessions;
  readonly #ended: Promise<TransferResult>;
  #end: { readonly resolve: (result: TransferResult) => void; readonly reject: (error: Error) => void } | undefined;
  #wire: 'native' | 'compat' | undefined;

  constructor(settings: Settings, secret: string | Buffer, sending: Sending | undefined) {
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
      busyElsewhere: () => this.#wire === 'compat',
      admit: (hello) => this.#sessions.admit(hello).catch((error: unknown) => {
        this.#fail(error);
        return undefined;
      }),
      enter: (hello, link) => {
        this.#wire = 'native';
        this.#sessions.enter(hello, link);
      },
      notice: (message) => onProgress({ type: 'notice', message }),
    });
  }

  #fail(error: unknown): void {
    this.#end?.reject(error instanceof Error ? error : new Error(String(error)));
  }

  async start(): Promise<StreamerServer> {
    const { host, portRange, onProgress, tls } = this.#settings;
    await this.#assertPublishable();
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
    const url = this.#urlAt(host, listener.port);
    onProgress({ type: 'listening', url, host, port: listener.port });
    const done = this.#run(listener);
    // Whoever waits for it gets the error; nobody waiting is no crash.
    done.catch(() => undefined);
    return { coordinates: await this.#published(listener.port), url, port: listener.port, done };
  }

  /** Before anything listens: coordinates that cannot be written would leave a server behind that nobody can find. */
  async #assertPublishable(): Promise<void> {
    try {
      formatCoordinates(this.#coordinates(1));
    } catch (cause) {
      throw new UsageError('--public-ips takes addresses or host names, 64 at the most', { cause });
    }
    const { sealTo } = this.#settings;
    if (sealTo !== undefined) (await sealing()).readersOf(sealTo);
  }

  async #published(port: number): Promise<string> {
    const { sealTo } = this.#settings;
    const text = formatCoordinates(this.#coordinates(port));
    return sealTo === undefined ? text : (await sealing()).sealCoordinates(text, sealTo);
  }

  #urlAt(host: string, port: number): string {
    return `${this.#settings.tls === undefined ? 'ws' : 'wss'}://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
  }

  #coordinates(port: number): Coordinates {
    const { publicIps, action } = this.#settings;
    if (typeof this.#secret === 'string') return { version: 1, ports: [port, port], ips: publicIps, secret: this.#secret, operation: action };
    const candidates = publicIps.map((ip) => ({ url: `${this.#urlAt(ip, port)}${NATIVE_PATH}` }));
    return { version: 2, candidates, secret: this.#secret, direction: action };
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

  async #run(listener: Listener): Promise<TransferResult> {
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
      await Promise.all([listener.close(), this.#sending?.close()]);
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

function settingsOf({ existing, checksum, dryRun, delete: remove, rules, rate, digest }: Settings): TransferSettings {
  return { existing, checksum, dryRun, delete: remove, rules, rate, sha256: digest === 'sha256' };
}
