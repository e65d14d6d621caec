/**
 * What a server is told, with its defaults, and what does not go together.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { UsageError } from '../errors.js';
import { checkSecret, DEFAULTS, type ExistingPolicy, type WireChoice } from '../options.js';
import type { FilterRule } from '../storage/path-filter.js';
import type { Sink } from '../storage/sink.js';
import { checkTlsIdentity } from '../transport/listen.js';
import type { ProgressListener } from '../transfer/progress.js';
import type { RateLimit } from '../transfer/rate-limit.js';
import type { TransferSettings } from '../transfer/settings.js';
import type { Action } from '../wire/frame.js';

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
  /** Where clients can meet the server that cannot reach it. @default no relay */
  readonly relay?: RelayChoice;
  /** Whether to listen for clients that can reach the server; without, it opens no port. @default true */
  readonly direct?: boolean;
  /** Certificates of authorities to trust besides the usual ones, PEM, where the relay speaks TLS (`wss:`). @default none */
  readonly ca?: string;
  /** From when on no new client is let in, in whole seconds since 1970; coordinates of version 2 say so. @default never */
  readonly expiresAt?: number;
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

/** What the server shows over TLS, PEM. */
export interface TlsIdentity {
  /** The certificate and its chain. */
  readonly cert: string;
  /** Its private key. */
  readonly key: string;
}

/** A relay, and what lets us open a room there. */
export interface RelayChoice {
  /** `ws://` or `wss://`, maybe with a path. */
  readonly url: string;
  /** Visible ASCII. Secret. @default none */
  readonly token?: string;
}

/** Options with every default in its place. */
export type Settings = ServeOptions & Required<Pick<ServeOptions, keyof typeof DEFAULTS & keyof ServeOptions | 'compat' | 'onProgress'>>;

export function withDefaults(options: ServeOptions): Settings {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as unknown as ServeOptions;
  return { ...DEFAULTS, compat: false, onProgress: () => undefined, ...given };
}

/** What the compat wire cannot do is not offered to its clients. @throws UsageError when they were asked for. */
export function withoutCompat(settings: Settings): Settings {
  const { action, compat, wire, dryRun, existing = 'refuse' } = settings;
  const replacing = action === 'receive' && existing !== 'refuse';
  if (dryRun !== true && !replacing) return settings;
  if (!compat && wire !== 'compat') return { ...settings, wire: 'native' };
  const lacking = dryRun === true ? 'the compat wire cannot say what it would do: leave out `dryRun`' : 'on the compat wire nothing is ever replaced: leave out `existing`';
  throw new UsageError(`${lacking}, or \`compat\` and \`wire: 'compat'\``);
}

/** The secret: text where the coordinates are to be plain, bytes where they are of version 2. */
export function chooseSecret(settings: Settings): string | Uint8Array {
  if (settings.secret !== undefined) {
    checkSecret(settings.secret);
    return settings.secret;
  }
  const generated = randomBytes(32);
  return settings.compat || settings.wire === 'compat' ? generated.toString('base64url') : generated;
}

/** @throws UsageError when nobody could come */
export function checkReach({ direct, relay, compat, wire, secret, tls, portRange: [first, last] }: Settings): void {
  if (first > last) throw new UsageError(`\`portRange\` ${first} ${last}: the first port is above the last`);
  if (direct === false && relay === undefined) throw new UsageError('a server that does not listen needs a relay: give `relay.url`');
  if (direct === false && (compat || wire === 'compat')) throw new UsageError('the Python streamer knows no relays: leave out `direct: false`, or `compat`');
  if (direct === false && secret !== undefined) throw new UsageError('with a secret of your own the coordinates are plain ones, which name a port: leave out `direct: false`, or the secret');
  if (direct === false && tls !== undefined) throw new UsageError('TLS is for who comes to our port, and there is none: leave out `tls`');
  if (wire === 'compat' && relay !== undefined) throw new UsageError("a relay carries the native wire only: leave out `wire: 'compat'`");
  if (relay !== undefined && !(/^wss?:\/\//u.test(relay.url) && URL.canParse(relay.url))) throw new UsageError('`relay.url` takes a URL such as wss://relay.example.org');
  if (relay?.token !== undefined && !/^[\x21-\x7e]{1,1024}$/u.test(relay.token)) throw new UsageError("the relay's token is not 1 to 1024 visible ASCII characters");
}

export function checkTls({ tls }: Settings): void {
  try {
    if (tls !== undefined) checkTlsIdentity(tls);
  } catch (cause) {
    throw new UsageError(`the TLS certificate and its key cannot be used: ${(cause as Error).message}; they are PEM, and of each other`, { cause });
  }
}

export function settingsOf({ existing, checksum, dryRun, delete: remove, rules, rate, digest }: Settings): TransferSettings {
  return { existing, checksum, dryRun, delete: remove, rules, rate, sha256: digest === 'sha256' };
}
