/**
 * Measures the path to a server memory to memory, as iperf3 does, with everything on that a transfer has: encryption,
 * checksums, credit, parallel connections. No disk.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { coordinatesOf } from '../coordinates/codec.js';
import type { Coordinates } from '../coordinates/coordinates.js';
import { readTcpCounters } from '../storage/tcp-counters.js';
import { ARGUMENTS, checkArguments } from '../transfer/argument-checks.js';
import { MemoryInbound, memorySending } from '../transfer/memory-ends.js';
import type { ProgressListener, TransferResult } from '../transfer/progress.js';
import { startReceiving, type RunningReceive } from '../transfer/receive.js';
import { startSending, type RunningSend } from '../transfer/send.js';
import { ProtocolError } from '../errors.js';
import { DEFAULTS, type Route } from '../options.js';
import { AGENT } from '../version.js';
import { CLIENT_ID_BYTES } from '../wire/constants.js';
import { ClientLinks, type ClientLinksOptions } from './links.js';
import { judgePath, type PathMeasurement, type PathVerdict } from './path-verdict.js';
import { connectPatiently } from './redial.js';

/** Options of {@link benchPath}. */
export interface PathBenchOptions {
  readonly coordinates: string | Coordinates;
  /** Bytes to send, where the server receives; one that sends has its own. @default 1 GiB */
  readonly size?: number;
  /** @default 'auto' */
  readonly streams?: number | 'auto';
  /** Most bytes in flight where this end receives. @default 16 MiB */
  readonly windowBytes?: number;
  /** Which way to the server. @default 'auto' */
  readonly route?: Route;
  readonly connectTimeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** Certificates of authorities to trust besides the usual ones, PEM. */
  readonly ca?: string;
}

/** What was measured, and what it says. */
export interface PathBenchResult {
  readonly result: TransferResult;
  readonly measurement: PathMeasurement;
  readonly verdict: PathVerdict;
}

const SIZE_DEFAULT = 1024 ** 3;
/** Between two looks at the round trip, milliseconds. */
const PING_MS = 250;

/** Moves a file that is nowhere. @throws StreamerError */
export async function benchPath(options: PathBenchOptions): Promise<PathBenchResult> {
  checkArguments(options, ARGUMENTS, 'coordinates');
  const coordinates = coordinatesOf(options.coordinates);
  const theirs = coordinates.version === 2 ? coordinates.direction : coordinates.operation;
  const action = theirs === 'receive' ? 'send' : 'receive';
  const plan: ClientLinksOptions = {
    coordinates,
    wire: 'native',
    hello: { type: 'hello', client: randomBytes(CLIENT_ID_BYTES), stream: 0, action, received: 0, agent: AGENT },
    signal: options.signal,
    onProgress: options.onProgress ?? (() => undefined),
    route: options.route ?? 'auto',
    connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
    retryTimeoutMs: DEFAULTS.retryTimeoutMs,
    ca: options.ca,
    streams: options.streams ?? 'auto',
  };
  const links = new ClientLinks(plan);
  const running = await start(action, options, links, plan);
  const connected = await connectPatiently({ ...plan, early: () => running.session.early() }, plan.connectTimeoutMs);
  if (connected.wire !== 'native') throw new ProtocolError('protocol-version', 'the server does not speak the native wire');
  const rtts: number[] = [];
  const before = { cpu: process.cpuUsage(), atMs: performance.now(), segments: await readTcpCounters() };
  const ping = () => void connected.channel.connection.ping().then((ms) => rtts.push(ms), () => undefined);
  const pinging = setInterval(ping, PING_MS);
  let streams = 1;
  try {
    // Before it nothing is read, so no answer would be heard.
    links.start(running.session, running.tally, connected);
    ping();
    const looking = setInterval(() => (streams = Math.max(streams, running.session.streams.length)), PING_MS);
    const result = await running.result(links).finally(() => clearInterval(looking));
    const cpu = process.cpuUsage(before.cpu);
    const after = await readTcpCounters();
    const sent = after === undefined || before.segments === undefined ? 0 : after.sent - before.segments.sent;
    const again = after === undefined || before.segments === undefined ? 0 : after.again - before.segments.again;
    const measurement: PathMeasurement = {
      bytesPerSecond: result.bytesPerSecond,
      rttMs: Math.min(...rtts),
      streams,
      cpuShare: (cpu.user + cpu.system) / 1000 / (performance.now() - before.atMs),
      retransmitted: sent > 0 ? again / sent : undefined,
      windowBytes: (options.windowBytes ?? DEFAULTS.windowBytes) * Math.max(1, streams / 4),
    };
    return { result, measurement, verdict: judgePath(measurement) };
  } finally {
    clearInterval(pinging);
  }
}

async function start(action: 'send' | 'receive', options: PathBenchOptions, links: ClientLinks, { signal, onProgress }: ClientLinksOptions): Promise<RunningSend | RunningReceive> {
  const common = { settings: {}, signal, onProgress, lost: (stream: number, error: Parameters<ClientLinks['lost']>[1]) => links.lost(stream, error) };
  if (action === 'send') return startSending(await memorySending(options.size ?? SIZE_DEFAULT).outbound(), common);
  const windowBytes = options.windowBytes ?? DEFAULTS.windowBytes;
  return startReceiving({ ...common, limitBytes: Number.MAX_SAFE_INTEGER, windowBytes, into: () => Promise.resolve(new MemoryInbound()) });
}
