/**
 * The options that users set: choices, units, defaults and bounds. The command line, the library and the manual all take them
 * from here; `transfer/argument-checks.ts` checks them.
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
export const WINDOW_MIN = 8 * 1024 ** 2;
export const WINDOW_MAX = 1024 ** 3;

/** Most connections that a client may ask for. */
export const STREAMS_MAX = 64;

/**
 * A secret must be fit for an HTTP header, which the compat wire puts it into: visible ASCII.
 * @throws UsageError; the message does not hold the secret.
 */
export function checkSecret(secret: string): void {
  if (secret.length === 0) throw new UsageError('the secret is empty');
  if (secret.length > 1024) throw new UsageError('the secret is longer than 1024 characters');
  if (!/^[\x21-\x7e]+$/.test(secret)) throw new UsageError('the secret has characters other than visible ASCII, which an HTTP header cannot carry');
}
