/**
 * `streamer relay`: wiring only.
 *
 * @module
 */
import { UsageError } from '../../errors.js';
import { joinRedisDirectory } from '../../relay/redis-directory.js';
import { ALONE, type RoomDirectory } from '../../relay/directory.js';
import type { RelayLimits } from '../../relay/limits.js';
import { RelayMetrics } from '../../relay/metrics.js';
import { startRelay, type Relay } from '../../relay/relay.js';
import type { RelayLog } from '../../relay/relay-log.js';
import { parseTokens, type TokenList } from '../../relay/tokens.js';
import { checkTlsIdentity, listen, type Listener, type TlsIdentity } from '../../transport/listen.js';
import { isLoopback } from '../../transport/proxy.js';
import type { Context } from '../action.js';
import { FileWatch } from '../file-watch.js';
import { readPemFile, readTextFile } from '../text-file.js';
import { readTlsFiles } from '../tls-files.js';

/** Options as commander gives them; durations in milliseconds, sizes in bytes. */
export interface RelayCommandOptions {
  readonly listen: ListenPlace;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tokenFile?: string;
  readonly open?: boolean;
  readonly maxRooms: number;
  readonly maxConnections: number;
  readonly maxRoomConnections: number;
  readonly maxAddressConnections: number;
  readonly roomBytes?: number;
  readonly roomRate?: number;
  readonly roomLifetime: number;
  readonly idleTimeout: number;
  readonly handshakeTimeout: number;
  readonly drainTimeout: number;
  readonly redis?: string;
  readonly instanceUrl?: string;
  readonly metricsListen?: ListenPlace;
  readonly trustForwardedFor?: boolean;
  readonly ca?: string;
  readonly quiet?: boolean;
}

/** `host:port`. */
export interface ListenPlace {
  readonly host: string;
  readonly port: number;
}

/** Runs a relay until it is told to stop, and its last pair has ended. @throws StreamerError */
export async function runRelay(options: RelayCommandOptions, { renderer, stopSignal }: Context): Promise<void> {
  const stopped = stopSignal();
  const log = options.quiet === true ? () => undefined : jsonLog;
  const limits = limitsOf(options);
  const tls = readTls(options);
  const { tokens, watch } = watchTokens(options, limits, log);
  const directory = await directoryOf(options, log);
  const watches = [watch];
  let own: Listener | undefined;
  try {
    const relay = await startRelay({
      ...options.listen,
      tls,
      tokens,
      limits,
      trustForwarded: options.trustForwardedFor ?? false,
      directory,
      metrics: new RelayMetrics(),
      // They say much of a relay: to all the world only where that is asked for, and a proxy before us has the world come from here.
      publicMetrics: options.metricsListen === undefined && options.trustForwardedFor !== true && isLoopback(options.listen.host),
      ca: options.ca === undefined ? undefined : readPemFile(options.ca),
      log,
    });
    own = options.metricsListen === undefined ? undefined : await listenForMetrics(relay, options.metricsListen);
    if (tls !== undefined) watches.push(watchTls(options, relay, log));
    renderer.print(`Relay is listening on ${tls === undefined ? 'ws' : 'wss'}://${hostText(options.listen.host)}:${relay.port}`, { event: 'listening', port: relay.port, ...(own === undefined ? {} : { metricsPort: own.port }) });
    await new Promise<void>((resolve) => {
      if (stopped.aborted) resolve();
      else stopped.addEventListener('abort', () => resolve(), { once: true });
    });
    await relay.drain(options.drainTimeout);
  } finally {
    for (const each of watches) each?.close();
    await own?.close();
    await directory.close();
  }
}

/** One JSON object a line on standard error. */
const jsonLog: RelayLog = (event, fields) => {
  process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), event, ...fields })}\n`);
};

function limitsOf(options: RelayCommandOptions): RelayLimits {
  const counts = { '--max-connections': options.maxConnections, '--max-rooms': options.maxRooms, '--max-room-connections': options.maxRoomConnections, '--max-address-connections': options.maxAddressConnections };
  for (const [name, value] of Object.entries(counts)) if (value < 1) throw new UsageError(`${name} takes a number from 1 on`);
  if (options.maxRoomConnections < 3) throw new UsageError('--max-room-connections takes a number from 3 on: a client, its server, and the server that waits for the next');
  const times = { '--handshake-timeout': options.handshakeTimeout, '--idle-timeout': options.idleTimeout, '--room-lifetime': options.roomLifetime };
  for (const [name, value] of Object.entries(times)) if (value < 1000) throw new UsageError(`${name} takes a duration from 1s on`);
  return {
    rooms: options.maxRooms,
    connections: options.maxConnections,
    addressConnections: options.maxAddressConnections,
    handshakeMs: options.handshakeTimeout,
    idleMs: options.idleTimeout,
    room: {
      connections: options.maxRoomConnections,
      bytes: options.roomBytes ?? Number.MAX_SAFE_INTEGER,
      bytesPerSecond: options.roomRate ?? Infinity,
      lifetimeMs: options.roomLifetime,
    },
  };
}

/** The tokens, read again when their file changes. A file that cannot be used changes nothing. */
function watchTokens({ tokenFile, open }: RelayCommandOptions, limits: RelayLimits, log: RelayLog): { readonly tokens: () => TokenList | undefined; readonly watch?: FileWatch } {
  if (tokenFile === undefined && open !== true) throw new UsageError('who may open rooms? --token-file <file> names tokens, --open lets everybody');
  if (tokenFile !== undefined && open === true) throw new UsageError('--open lets everybody open rooms: leave it out, or --token-file');
  if (tokenFile === undefined) return { tokens: () => undefined };
  const read = () => parseTokens(readTextFile(tokenFile, 'the token file'), limits);
  let list = read();
  const watch = new FileWatch([tokenFile], () => {
    try {
      list = read();
      log('tokens-read', {});
    } catch (error) {
      log('tokens-kept', { error: (error as Error).message });
    }
  });
  return { tokens: () => list, watch };
}

function readTls(options: RelayCommandOptions): TlsIdentity | undefined {
  const tls = readTlsFiles(options);
  try {
    if (tls !== undefined) checkTlsIdentity(tls);
  } catch (cause) {
    throw new UsageError(`the TLS certificate and its key cannot be used: ${(cause as Error).message}; they are PEM, and of each other`, { cause });
  }
  return tls;
}

/** One of the two files may be new before the other is: then the next change brings both. */
function watchTls(options: RelayCommandOptions, relay: Relay, log: RelayLog): FileWatch {
  return new FileWatch([options.tlsCert ?? '', options.tlsKey ?? ''], () => {
    try {
      const tls = readTls(options);
      if (tls !== undefined) relay.renewTls(tls);
      log('tls-renewed', {});
    } catch (error) {
      log('tls-kept', { error: (error as Error).message });
    }
  });
}

function directoryOf({ redis, instanceUrl }: RelayCommandOptions, log: RelayLog): Promise<RoomDirectory> {
  if (redis !== undefined && URL.canParse(redis) && new URL(redis).password !== '') throw new UsageError('--redis: a password on the command line is seen by others: set $STREAMER_REDIS_URL');
  const url = redis ?? process.env['STREAMER_REDIS_URL'];
  if (url === undefined || url === '') {
    if (instanceUrl !== undefined) throw new UsageError('--instance-url is for several instances, which share a directory: --redis <url>');
    return Promise.resolve(ALONE);
  }
  if (!/^rediss?:\/\//u.test(url) || !URL.canParse(url)) throw new UsageError('--redis takes a URL such as redis://directory.example.org:6379');
  if (instanceUrl === undefined || !/^wss?:\/\//u.test(instanceUrl) || !URL.canParse(instanceUrl)) throw new UsageError('--instance-url takes the URL at which the other instances reach this one, such as ws://10.0.0.7:5680');
  return joinRedisDirectory({ redis: url, url: instanceUrl, notice: (message) => log('directory', { message }) });
}

/** A port that only answers for health and metrics. */
function listenForMetrics(relay: Relay, { host, port }: ListenPlace): Promise<Listener> {
  return listen({
    host,
    ports: [port, port],
    admit: () => ({ admitted: false, status: 404, text: 'Nothing here' }),
    connected: (connection) => connection.destroy(),
    answer: (path) => relay.answer(path),
  });
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
