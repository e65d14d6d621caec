/**
 * The options that users set, each with its type, unit and default, and one check function. The command line, the
 * library and the manual all take them from here.
 *
 * @module
 */
import { UsageError } from './errors.js';

export const WIRE_CHOICES = ['auto', 'native', 'compat'] as const;
/** Which wires an end may use. `auto`: native with a peer that has it, else compat. */
export type WireChoice = (typeof WIRE_CHOICES)[number];

export const ROUTES = ['auto', 'direct', 'relay'] as const;
/** Which way a client takes to the server. `auto`: the server itself where it answers soon, else the relay. */
export type Route = (typeof ROUTES)[number];

export const EXISTING_POLICIES = ['refuse', 'overwrite', 'skip', 'update'] as const;
/**
 * What happens to a file that is there already and is not equal.
 * - `refuse`: it stays, and the entry fails with `storage-exists`.
 * - `overwrite`: it is replaced.
 * - `skip`: it stays.
 * - `update`: it is replaced when the sender's is newer.
 */
export type ExistingPolicy = (typeof EXISTING_POLICIES)[number];

/** Defaults. Those that the reference has are its own (firecrest-streamer 0.0.21). */
export const DEFAULTS = {
  /** Interface to listen on. */
  host: 'localhost',
  /** Ports to try, first to last. */
  portRange: [5665, 5670] as readonly [number, number],
  /** Addresses that the coordinates name. */
  publicIps: ['localhost'] as readonly string[],
  /** Wait for a client, and for its return: 24 h, in milliseconds. */
  waitTimeoutMs: 86_400_000,
  /** Most bytes that a receiving server accepts: 5 GiB. */
  inboundTransferLimit: 5 * 1024 ** 3,
  wire: 'auto' as WireChoice,
  /** How long a client looks for the server before it gives up, in milliseconds. */
  connectTimeoutMs: 10_000,
  /** How long a client tries to have a lost link back, in milliseconds. */
  retryTimeoutMs: 120_000,
  /** Most payload bytes in flight or waiting for the receiver's disk. */
  windowBytes: 16 * 1024 ** 2,
} as const;

/** Longest a timer can be: 2^31 - 1 ms, near 25 days. A longer wait would fire at once. */
export const TIMER_MAX_MS = 2 ** 31 - 1;

/** Smallest and largest receive window: two of the largest chunks; what memory allows. */
const WINDOW_MIN = 8 * 1024 ** 2;
const WINDOW_MAX = 1024 ** 3;

/** Options of a server that can be checked before anything is done. */
export interface CheckedServerOptions {
  readonly portRange: readonly [number, number];
  readonly publicIps: readonly string[];
  readonly waitTimeoutMs: number;
  readonly inboundTransferLimit: number;
  readonly windowBytes: number;
}

/** @throws UsageError that names the option. */
export function checkServerOptions(options: CheckedServerOptions): void {
  const [first, last] = options.portRange;
  const isPort = (port: number) => Number.isInteger(port) && port >= 1 && port <= 65_535;
  if (!(isPort(first) && isPort(last)) && !(first === 0 && last === 0)) throw new UsageError('`portRange` takes two ports between 1 and 65535, such as 5665 and 5670');
  if (first > last) throw new UsageError(`\`portRange\` ${first} ${last}: the first port is above the last`);
  if (options.publicIps.length === 0 || options.publicIps.some((ip) => ip === '')) throw new UsageError('`publicIps` takes addresses or host names');
  if (!Number.isFinite(options.waitTimeoutMs) || options.waitTimeoutMs < 0) throw new UsageError('`waitTimeoutMs` takes a duration of 0 ms or more');
  if (!Number.isSafeInteger(options.inboundTransferLimit) || options.inboundTransferLimit < 0) {
    throw new UsageError('`inboundTransferLimit` takes a whole number of bytes');
  }
  checkWindow(options.windowBytes);
}

/** @throws UsageError when the window is out of its bounds. */
export function checkWindow(bytes: number): void {
  if (!Number.isSafeInteger(bytes) || bytes < WINDOW_MIN || bytes > WINDOW_MAX) throw new UsageError('`windowBytes` takes a size from 8MiB to 1GiB');
}

/** Most connections that a client may ask for. */
export const STREAMS_MAX = 64;

/** @throws UsageError when it is no number of connections. */
export function checkStreams(streams: number | 'auto'): number | 'auto' {
  if (streams !== 'auto' && (!Number.isInteger(streams) || streams < 1 || streams > STREAMS_MAX)) throw new UsageError(`\`streams\` takes auto, or a number from 1 to ${STREAMS_MAX}`);
  return streams;
}

/** @throws UsageError when a duration cannot be a timer. */
export function checkDuration(option: string, milliseconds: number): void {
  if (!Number.isFinite(milliseconds) || milliseconds < 0 || milliseconds > TIMER_MAX_MS) throw new UsageError(`\`${option}\` takes a duration of 0 to ${TIMER_MAX_MS} ms, 24 days`);
}

/**
 * A secret must be fit for an HTTP header, which the compat wire puts it into: visible ASCII.
 * @throws UsageError; the message does not hold the secret.
 */
export function checkSecret(secret: string): void {
  if (secret.length === 0) throw new UsageError('the secret is empty');
  if (secret.length > 1024) throw new UsageError('the secret is longer than 1024 characters');
  if (!/^[\x21-\x7e]+$/.test(secret)) throw new UsageError('the secret has characters other than visible ASCII, which an HTTP header cannot carry');
}
