/**
 * The client's two verbs: coordinates to dial to transfer.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { parseCoordinates } from '../coordinates/codec.js';
import { checkDirection, checkExpiry, type Coordinates } from '../coordinates/coordinates.js';
import { CoordinatesError, UsageError } from '../errors.js';
import { checkDuration, checkWindow, DEFAULTS, type WireChoice } from '../options.js';
import { assertTargetFree } from '../storage/sink.js';
import type { Sink } from '../storage/sink.js';
import type { ProgressListener, TransferResult } from '../transfer/progress.js';
import { compatTarget, receiveCompat } from '../transfer/receive-compat.js';
import { receiveNative } from '../transfer/receive.js';
import { sendCompat } from '../transfer/send-compat.js';
import { openForSending, sendNative } from '../transfer/send.js';
import { AGENT } from '../version.js';
import { CLIENT_ID_BYTES } from '../wire/constants.js';
import type { Action } from '../wire/frame.js';
import { countCandidates, type Connected } from './connect.js';
import { connectPatiently, RedialingLinks, type RedialOptions } from './redial.js';

/** Most addresses that coordinates may name: a hundred nodes with FirecREST's default range of 10,001 ports. */
const CANDIDATES_MAX = 1_000_100;

/** What both verbs take. */
export interface ClientOptions {
  /** Secret coordinates: the text that the server published, or what {@link parseCoordinates} made of it. */
  readonly coordinates: string | Coordinates;
  /** Stops the transfer; it can be resumed. */
  readonly signal?: AbortSignal;
  /** Told what happens. It must not throw. */
  readonly onProgress?: ProgressListener;
  /** @default 'auto': native where the server has it, else compat, which is not encrypted. `'native'` requires encryption. */
  readonly wire?: WireChoice;
  /** How long to look for the server, milliseconds. @default 10,000 */
  readonly connectTimeoutMs?: number;
  /** How long to try to have a lost link back, milliseconds; counted anew whenever something has moved. @default 120,000 */
  readonly retryTimeoutMs?: number;
}

/** Options of {@link send}. */
export interface SendOptions extends ClientOptions {
  /** The regular file to send. */
  readonly path: string;
}

/** Options of {@link receive}. */
export interface ReceiveOptions extends ClientOptions {
  /** Target file, or an existing directory to receive into. @default the sender's file name, in the current directory */
  readonly path?: string;
  /** Most bytes in flight or waiting for the disk. @default 16 MiB */
  readonly windowBytes?: number;
  /** @internal */
  readonly wrapSink?: (sink: Sink) => Sink;
}

/**
 * Sends one file to a server that receives.
 *
 * ```ts
 * import { send, serve } from 'firecrest-streamer-ts';
 *
 * const server = await serve({ action: 'receive', path: 'copy.h5', portRange: [0, 0] });
 * const result = await send({
 *   coordinates: server.coordinates,
 *   path: 'results.h5',
 *   signal: AbortSignal.timeout(3_600_000),
 *   onProgress: (event) => {
 *     if (event.type === 'progress') console.log(`${event.bytes} of ${event.size} bytes`);
 *   },
 * });
 * console.log(`${result.size} bytes in ${result.durationMs} ms, ${result.digest.algorithm} ${result.digest.hex}`);
 * ```
 *
 * @param options sizes in bytes, times in milliseconds.
 * @returns when the receiver has confirmed that it holds the file, verified and durable (compat wire: when it has closed
 * cleanly, which is all that the reference says).
 * @throws UsageError for a bad option; CoordinatesError when they are malformed, expired, or for the other direction;
 * StorageError when the file cannot be read here or written there; AuthError for a wrong secret, or no encryption where
 * it is required; ConnectError when nobody answers, another client is served, or a lost link cannot be had again;
 * LimitError when the file is over the receiver's limit; IntegrityError when the file changes meanwhile or arrives
 * altered; ProtocolError; TimeoutError for a silent peer; AbortError by `signal`. All are StreamerErrors, with `code`
 * and `exitCode`.
 */
export async function send(options: SendOptions): Promise<TransferResult> {
  const { path, signal } = options;
  const onProgress = options.onProgress ?? (() => undefined);
  // The file first: a missing one must not use up the server's one client.
  const plan = planOf(options, 'send');
  const source = await openForSending(path);
  try {
    const connected = await connectAndTell(plan);
    const request = { path, signal, onProgress };
    const result =
      connected.wire === 'native'
        ? await sendNative(new RedialingLinks(connected, plan), source, request)
        : await sendCompat(connected.connection, source, request);
    onProgress({ type: 'done', result });
    return result;
  } finally {
    await source.close();
  }
}

/**
 * Receives one file from a server that sends.
 *
 * ```ts
 * import { receive, serve, StorageError } from 'firecrest-streamer-ts';
 *
 * const server = await serve({ action: 'send', path: 'results.h5', portRange: [0, 0] });
 * const { path, resumedBytes, movedBytes } = await receive({ coordinates: server.coordinates, path: 'copy.h5' });
 * console.log(`${path}: ${resumedBytes} bytes were there, ${movedBytes} were moved`);
 *
 * // Nothing is ever overwritten.
 * await receive({ coordinates: server.coordinates, path: 'copy.h5' }).catch((error: unknown) => {
 *   if (!(error instanceof StorageError) || error.code !== 'storage-exists') throw error;
 *   console.log(error.message);
 * });
 * ```
 *
 * @param options sizes in bytes, times in milliseconds.
 * @returns when the file is verified, durable and under its name. Until then there is nothing under that name.
 * @throws as {@link send} does, StorageError also when the target exists or its name is not safe. On the native wire what
 * has arrived is kept, and the same call resumes.
 */
export async function receive(options: ReceiveOptions): Promise<TransferResult> {
  const { path, signal, windowBytes = DEFAULTS.windowBytes, wrapSink } = options;
  checkWindow(windowBytes);
  const onProgress = options.onProgress ?? (() => undefined);
  const plan = planOf(options, 'receive');
  if (path !== undefined) await assertTargetFree(path);
  const connected = await connectAndTell({ ...plan, beforeCompat: () => compatTarget(path) });
  const request = { path, signal, onProgress, windowBytes, limitBytes: Number.MAX_SAFE_INTEGER, wrapSink };
  const result =
    connected.wire === 'native'
      ? await receiveNative(new RedialingLinks(connected, plan), request)
      : await receiveCompat(connected.connection, await compatTarget(path), request);
  onProgress({ type: 'done', result });
  return result;
}

function planOf(options: ClientOptions, action: Action): RedialOptions {
  const coordinates = typeof options.coordinates === 'string' ? parseCoordinates(options.coordinates) : options.coordinates;
  checkDirection(coordinates, action);
  checkExpiry(coordinates, Date.now());
  if (countCandidates(coordinates) === 0) throw new CoordinatesError('coordinates-version', 'these coordinates name no address that this version can use: it knows ws: URLs, no wss: and no relays');
  if (countCandidates(coordinates) > CANDIDATES_MAX) throw new CoordinatesError('coordinates-malformed', `these coordinates name ${countCandidates(coordinates)} addresses: no server is to be found that way`);
  const wire = options.wire ?? DEFAULTS.wire;
  if (wire === 'compat' && coordinates.version === 2) throw new UsageError('these coordinates are for the native wire: leave out --wire compat');
  const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs;
  const retryTimeoutMs = options.retryTimeoutMs ?? DEFAULTS.retryTimeoutMs;
  checkDuration('--connect-timeout', connectTimeoutMs);
  checkDuration('--retry-timeout', retryTimeoutMs);
  return {
    coordinates,
    wire,
    hello: { type: 'hello', client: randomBytes(CLIENT_ID_BYTES), action, agent: AGENT },
    signal: options.signal,
    onProgress: options.onProgress ?? (() => undefined),
    connectTimeoutMs,
    retryTimeoutMs,
  };
}

async function connectAndTell(plan: RedialOptions): Promise<Connected> {
  const connected = await connectPatiently(plan, plan.connectTimeoutMs);
  const { wire, remote } = connected;
  const agent = connected.wire === 'native' ? { agent: connected.agent } : {};
  plan.onProgress({ type: 'connected', remote, wire, encrypted: wire === 'native', ...agent });
  return connected;
}
