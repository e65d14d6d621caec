/**
 * The client's two verbs: coordinates to dial to transfer.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { coordinatesOf } from '../coordinates/codec.js';
import { checkDirection, checkExpiry, type Coordinates } from '../coordinates/coordinates.js';
import { ConnectError, CoordinatesError, UsageError, type StreamerError } from '../errors.js';
import { DEFAULTS, type ExistingPolicy, type Route, type WireChoice } from '../options.js';
import { checkRules, type FilterRule } from '../storage/path-filter.js';
import { assertTargetFree, type Sink } from '../storage/sink.js';
import { assertAllMoved } from '../transfer/all-moved.js';
import { ARGUMENTS, checkArguments, ONE_PATH } from '../transfer/argument-checks.js';
import type { ProgressListener, TransferResult } from '../transfer/progress.js';
import type { RateLimit } from '../transfer/rate-limit.js';
import { compatTarget, receiveCompat } from '../transfer/receive-compat.js';
import { startReceiving } from '../transfer/receive.js';
import { sendCompat } from '../transfer/send-compat.js';
import { openSending, startSending, type Sending } from '../transfer/send.js';
import type { TransferSettings } from '../transfer/settings.js';
import { AGENT } from '../version.js';
import { CLIENT_ID_BYTES } from '../wire/constants.js';
import type { Action } from '../wire/frame.js';
import { countPlaces } from './candidates.js';
import type { Connected } from './connect.js';
import { ClientLinks, connectedEvent, type ClientLinksOptions } from './links.js';
import { connectAmongOthers, connectPatiently } from './redial.js';

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
  /** Certificates of authorities to trust besides the usual ones, PEM, where the server speaks TLS (`wss:`). @default none */
  readonly ca?: string;
  /** @default 'auto': native where the server has it, else compat, which is not encrypted. `'native'` requires encryption. */
  readonly wire?: WireChoice;
  /** Which way to the server: itself where it answers soon, else the relay that the coordinates name; or one of these only. @default 'auto' */
  readonly route?: Route;
  /** How long to look for the server, milliseconds. @default 10,000 */
  readonly connectTimeoutMs?: number;
  /** How long to try to have a lost link back, milliseconds; counted anew whenever something has moved. @default 120,000 */
  readonly retryTimeoutMs?: number;
  /** Connections to use, 1 to 64. @default 'auto': begins with one, and adds some while that raises the rate */
  readonly streams?: number | 'auto';
  /** What to do with files that are there and differ. @default what the other end asks; else 'refuse' for a single file, 'overwrite' in a tree */
  readonly existing?: ExistingPolicy;
  /** Compare content, and not times, where sizes are equal. @default false */
  readonly checksum?: boolean;
  /** Change nothing, only tell what would be done. @default false */
  readonly dryRun?: boolean;
  /** Remove what is at the target and not in the sender's tree; it is told of before it is removed. @default false */
  readonly delete?: boolean;
  /** Which entries of a tree to take, in order: the last that matches decides. @default all */
  readonly rules?: readonly FilterRule[];
  /** Most bytes per second, over all connections; may be changed meanwhile. @default no limit */
  readonly rate?: RateLimit;
  /**
   * Others' servers may be at the addresses, and ours only later: while it is looked for, what they refuse is not its answer.
   * @internal
   */
  readonly amongOthers?: boolean;
}

/** Options of {@link send}. */
export interface SendOptions extends ClientOptions {
  /** What to send: a file, a directory, several of them, or `-` for standard input. */
  readonly path: string | readonly string[];
  /** `sha256`: each file's SHA-256 is checked, too, and told. @default none */
  readonly digest?: 'sha256';
}

/** Options of {@link receive}. */
export interface ReceiveOptions extends ClientOptions {
  /**
   * Target. For a file: its path, or an existing directory to receive into. For a tree: the directory that is to be its
   * copy, or, with a slash at its end, the one to put it into. `-`: standard output. @default the sender's name, in the current directory
   */
  readonly path?: string;
  /** Most bytes in flight or waiting for the disk. @default 16 MiB */
  readonly windowBytes?: number;
  /** @internal */
  readonly wrapSink?: (sink: Sink) => Sink;
}

/**
 * Sends a file, or directories and files, to a server that receives.
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
 * console.log(`${result.size} bytes in ${result.durationMs} ms, ${result.digest?.algorithm} ${result.digest?.hex}`);
 * ```
 *
 * A directory, again and again: only what differs is moved, and what is gone here is removed there.
 *
 * ```ts
 * import { mkdir, rm, writeFile } from 'node:fs/promises';
 * import { send, serve, type EntryCounts } from 'firecrest-streamer-ts';
 *
 * await mkdir('run/logs', { recursive: true });
 * await writeFile('run/input.nml', '&run steps = 10 /');
 * await writeFile('run/logs/1.log', 'a line');
 *
 * async function mirror(): Promise<EntryCounts> {
 *   const server = await serve({ action: 'receive', path: 'mirror', portRange: [0, 0] });
 *   const { entries } = await send({
 *     coordinates: server.coordinates,
 *     path: 'run',
 *     delete: true,
 *     rules: [{ kind: 'exclude', pattern: '*.tmp' }],
 *     onProgress: (event) => {
 *       if (event.type === 'entry' && event.how === 'failed') console.log(event.path, event.error?.message);
 *       if (event.type === 'extra') console.log(`${event.path} goes`);
 *     },
 *   });
 *   await server.done;
 *   return entries;
 * }
 * console.log((await mirror()).moved);
 * await rm('run/logs/1.log');
 * const { moved, equal, removed } = await mirror();
 * console.log(moved, equal, removed);
 * ```
 *
 * @param options sizes in bytes, times in milliseconds.
 * @returns when the receiver has confirmed that it holds everything, verified and durable (compat wire: when it has closed
 * cleanly, which is all that the reference says).
 * @throws UsageError for a bad option; CoordinatesError when they are malformed, expired, or for the other direction;
 * StorageError when the file cannot be read here or written there, and with `storage-incomplete` when some entries of a
 * tree could not be moved: each was told of, and all others were moved; AuthError for a wrong secret, or no encryption where
 * it is required; ConnectError when nobody answers, another client is served, or a lost link cannot be had again;
 * LimitError when the file is over the receiver's limit; IntegrityError when the file changes meanwhile or arrives
 * altered; ProtocolError; TimeoutError for a silent peer; AbortError by `signal`. All are StreamerErrors, with `code`
 * and `exitCode`.
 */
export async function send(options: SendOptions): Promise<TransferResult> {
  checkArguments(options, ARGUMENTS, 'coordinates', 'path');
  const paths = typeof options.path === 'string' ? [options.path] : options.path;
  // The file first: a missing one must not use up the server's one client.
  const plan = planOf(options, 'send');
  const sending = await openSending(paths, options.rules);
  try {
    if (plan.wire === 'compat') fileForCompat(sending, options);
    return await throughRestarts(plan, (links, again) => sendOnce(options, sending, again, links));
  } finally {
    await sending.close();
  }
}

async function sendOnce(options: SendOptions, sending: Sending, plan: ClientPlan, links: ClientLinks): Promise<TransferResult> {
  const { signal } = options;
  const { onProgress } = plan;
  const settings: TransferSettings = { ...settingsOf(options), sha256: options.digest === 'sha256' };
  const outbound = await sending.outbound();
  const running = await startSending(outbound, { settings, signal, onProgress, lost: (stream, error) => links.lost(stream, error) });
  const connected = await connectAndTell({ ...plan, early: () => running.session.early(), beforeCompat: () => Promise.resolve(fileForCompat(sending, options)) }).catch(async (error: unknown) => {
    await abandon(running);
    await outbound.close();
    throw error;
  });
  if (connected.wire === 'native') {
    links.start(running.session, running.tally, connected);
    return told(await running.result(links), onProgress);
  }
  await abandon(running);
  await outbound.close();
  const { source, path } = fileForCompat(sending, options);
  return told(await sendCompat(connected.connection, source, { path, rate: options.rate, signal, onProgress }), onProgress);
}

/** Most times that a server may be started anew while one command goes on. */
const RESTARTS_MAX = 10;

/** Runs a transfer, and again with a new session where the server was started anew and knows nothing of the old one. */
async function throughRestarts(plan: ClientPlan, run: (links: ClientLinks, plan: ClientPlan) => Promise<TransferResult>): Promise<TransferResult> {
  let now = plan;
  let reconnects = 0;
  for (let attempt = 1; ; attempt += 1) {
    const links = new ClientLinks(now);
    links.reconnects = reconnects;
    try {
      return await run(links, now);
    } catch (error) {
      if (!links.sessionUnknown || attempt >= RESTARTS_MAX) throw error;
      plan.onProgress({ type: 'notice', message: 'the server was started anew: going on from what has arrived' });
      reconnects = links.reconnects + 1;
      // It has spoken the native wire, so that whoever answers 401 now is not it, and gets no secret. It may be gone again by now.
      now = { ...plan, wire: 'native', proven: true, connectTimeoutMs: Math.max(plan.connectTimeoutMs, plan.retryTimeoutMs), hello: { ...plan.hello, client: randomBytes(CLIENT_ID_BYTES) } };
    }
  }
}

/** What a server of the reference can be sent. @throws UsageError when it is something else, or only to be tried. */
function fileForCompat({ file }: Sending, { dryRun }: SendOptions): NonNullable<Sending['file']> {
  if (dryRun === true) throw cannotTry();
  if (file === undefined) throw new UsageError('the server speaks only the compat wire, which carries one file: pack a directory first, or send a single file');
  return file;
}

function cannotTry(): UsageError {
  return new UsageError('the compat wire cannot say what it would do: leave out `dryRun`, or use a server that speaks the native wire');
}

/** A session that gets no connection. */
async function abandon({ session }: { readonly session: { readonly ended: Promise<unknown>; drop(error: ConnectError): void; close(): Promise<void> } }): Promise<void> {
  session.ended.catch(() => undefined);
  session.drop(new ConnectError('connect-failed', 'no connection'));
  await session.close();
}

function told(result: TransferResult, onProgress: ProgressListener): TransferResult {
  onProgress({ type: 'done', result });
  assertAllMoved(result);
  return result;
}

function settingsOf({ existing, checksum, dryRun, delete: remove, rules, rate }: ClientOptions): TransferSettings {
  return { existing, checksum, dryRun, delete: remove, rules, rate };
}

/**
 * Receives what a server sends: a file, a tree, or a stream of bytes.
 *
 * ```ts
 * import { receive, serve, StorageError } from 'firecrest-streamer-ts';
 *
 * const server = await serve({ action: 'send', path: 'results.h5', portRange: [0, 0] });
 * const { path, resumedBytes, movedBytes } = await receive({ coordinates: server.coordinates, path: 'copy.h5' });
 * console.log(`${path}: ${resumedBytes} bytes were there, ${movedBytes} were moved`);
 *
 * // A single file is overwritten only where that is asked: `existing: 'overwrite'`.
 * await receive({ coordinates: server.coordinates, path: 'copy.h5' }).catch((error: unknown) => {
 *   if (!(error instanceof StorageError) || error.code !== 'storage-exists') throw error;
 *   console.log(error.message);
 * });
 * ```
 *
 * What would be done with a tree:
 *
 * ```ts
 * import { mkdir, writeFile } from 'node:fs/promises';
 * import { receive, serve } from 'firecrest-streamer-ts';
 *
 * await mkdir('data');
 * await writeFile('data/new.h5', 'some bytes');
 * const server = await serve({ action: 'send', path: ['data', 'results.h5'], portRange: [0, 0] });
 * const { entries } = await receive({
 *   coordinates: server.coordinates,
 *   path: 'all',
 *   dryRun: true,
 *   existing: 'update',
 *   onProgress: (event) => {
 *     if (event.type === 'entry') console.log(event.how, event.kind, event.path, event.size);
 *   },
 * });
 * console.log(`${entries.would} to be moved or made, ${entries.equal} equal`);
 * ```
 *
 * @param options sizes in bytes, times in milliseconds.
 * @returns when everything is verified, durable and under its name. Until then there is nothing under a file's name, or
 * what was there before.
 * @throws as {@link send} does, StorageError also when the target exists or its name is not safe. On the native wire what
 * has arrived is kept, and the same call resumes.
 */
export async function receive(options: ReceiveOptions): Promise<TransferResult> {
  checkArguments(options, { ...ARGUMENTS, path: ONE_PATH }, 'coordinates');
  const { path, signal, windowBytes = DEFAULTS.windowBytes, wrapSink } = options;
  const onProgress = options.onProgress ?? (() => undefined);
  // What goes to standard output has to come in order.
  const plan = planOf(path === '-' ? { ...options, streams: 1 } : options, 'receive');
  if (path !== undefined && path !== '-' && !mayExist(options)) await assertTargetFree(path);
  return throughRestarts(plan, async (links, again) => {
    const request = { path, signal, onProgress, windowBytes, limitBytes: Number.MAX_SAFE_INTEGER, wrapSink, settings: settingsOf(options), lost: (stream: number, error: StreamerError) => links.lost(stream, error) };
    const running = await startReceiving(request);
    const connected = await connectAndTell({ ...again, early: () => running.session.early(), beforeCompat: () => compatPath(options) }).catch(async (error: unknown) => {
      await abandon(running);
      throw error;
    });
    if (connected.wire === 'native') {
      links.start(running.session, running.tally, connected);
      return told(await running.result(links), onProgress);
    }
    await abandon(running);
    return told(await receiveCompat(connected.connection, await compatPath(options), { ...request, rate: options.rate }), onProgress);
  });
}

function mayExist({ existing = 'refuse' }: ReceiveOptions): boolean {
  return existing !== 'refuse';
}

/** A server of the reference names no file and knows no policies. */
function compatPath(options: ReceiveOptions): Promise<string> {
  const { path, dryRun } = options;
  if (dryRun === true) throw cannotTry();
  if (path === '-') throw new UsageError('the server speaks only the compat wire, which is verified only at its end: name a file, not standard output');
  if (mayExist(options)) throw new UsageError('the server speaks only the compat wire, on which nothing is ever replaced: leave out `existing`');
  return compatTarget(path);
}

interface ClientPlan extends ClientLinksOptions {
  readonly amongOthers: boolean;
}

function planOf(options: ClientOptions, action: Action): ClientPlan {
  const coordinates = coordinatesOf(options.coordinates);
  checkRules(options.rules);
  checkDirection(coordinates, action);
  checkExpiry(coordinates, Date.now());
  const route = options.route ?? 'auto';
  const places = countPlaces(coordinates, route);
  if (places === 0) throw new UsageError(route === 'relay' ? "these coordinates name no relay: leave out `route: 'relay'`" : "these coordinates name no address of the server, only a relay: leave out `route: 'direct'`");
  if (places > CANDIDATES_MAX) throw new CoordinatesError('coordinates-malformed', `these coordinates name ${places} addresses: no server is to be found that way`);
  const wire = options.wire ?? DEFAULTS.wire;
  if (wire === 'compat' && coordinates.version === 2) throw new UsageError("these coordinates are for the native wire: leave out `wire: 'compat'`");
  return {
    coordinates,
    route,
    wire,
    hello: { type: 'hello', client: randomBytes(CLIENT_ID_BYTES), stream: 0, action, received: 0, agent: AGENT, alive: true },
    streams: options.streams ?? 'auto',
    rate: options.rate,
    signal: options.signal,
    onProgress: options.onProgress ?? (() => undefined),
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    retryTimeoutMs: options.retryTimeoutMs ?? DEFAULTS.retryTimeoutMs,
    ca: options.ca,
    amongOthers: options.amongOthers ?? false,
  };
}

async function connectAndTell(plan: ClientPlan): Promise<Connected> {
  const connected = plan.amongOthers ? await connectAmongOthers(plan) : await connectPatiently(plan, plan.connectTimeoutMs);
  plan.onProgress(connectedEvent(connected));
  return connected;
}
