/**
 * What every option of `send`, `receive` and `serve` takes, checked before anything is opened or dialled: types keep only those
 * who compile with them from a slip. What options mean together is checked where they are used.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import { EXISTING_POLICIES, ROUTES, STREAMS_MAX, TIMER_MAX_MS, WINDOW_MAX, WINDOW_MIN, WIRE_CHOICES } from '../options.js';
import { RateLimit } from './rate-limit.js';

/** What an option takes, in words that go behind its name, and whether a value is that. */
export interface Argument {
  readonly takes: string;
  readonly is: (value: unknown) => boolean;
}

const isText = (value: unknown) => typeof value === 'string';
const isFunction = (value: unknown) => typeof value === 'function';
const isPem = (value: unknown) => typeof value === 'string' && value.includes('-----BEGIN ');
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isList = (value: unknown, is: (item: unknown) => boolean): value is readonly unknown[] => Array.isArray(value) && value.every(is);
const isWhole = (least: number, most: number) => (value: unknown) => Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most;
const isMs = (most: number) => (value: unknown) => typeof value === 'number' && value >= 0 && value <= most;
const isRule = (value: unknown) => isObject(value) && (value['kind'] === 'include' || value['kind'] === 'exclude') && isText(value['pattern']);

const oneOf = (...choices: readonly string[]): Argument => ({ takes: choices.join(', ').replace(/, ([^,]*)$/u, ' or $1'), is: (value) => choices.some((choice) => choice === value) });
const trueOrFalse: Argument = { takes: 'true or false', is: (value) => typeof value === 'boolean' };
const callable: Argument = { takes: 'a function', is: isFunction };
const bytes: Argument = { takes: 'a whole number of bytes', is: isWhole(0, Number.MAX_SAFE_INTEGER) };
const timer: Argument = { takes: `a duration of 0 to ${TIMER_MAX_MS} ms (24 days)`, is: isMs(TIMER_MAX_MS) };

/** The `path` of a client that receives. */
export const ONE_PATH: Argument = { takes: 'one path', is: isText };

/** By the option's name, which means the same everywhere but for {@link ONE_PATH}. */
export const ARGUMENTS = {
  action: oneOf('send', 'receive'),
  amongOthers: trueOrFalse,
  ca: { takes: 'certificates as PEM text', is: isPem },
  checksum: trueOrFalse,
  compat: trueOrFalse,
  connectTimeoutMs: timer,
  coordinates: { takes: 'the text that a server publishes, or what parseCoordinates makes of it', is: (value) => isText(value) || isObject(value) },
  delete: trueOrFalse,
  digest: oneOf('sha256'),
  direct: trueOrFalse,
  dryRun: trueOrFalse,
  existing: oneOf(...EXISTING_POLICIES),
  expiresAt: { takes: 'whole seconds since 1970', is: isWhole(0, 8.64e12) },
  host: { takes: 'a host name or an address', is: isText },
  inboundTransferLimit: bytes,
  memoryBytes: bytes,
  onProgress: callable,
  path: { takes: 'a path, or a list of paths', is: (value) => isText(value) || isList(value, isText) },
  portRange: { takes: 'two ports between 1 and 65535, such as 5665 and 5670; or 0 and 0 for any', is: (value) => isList(value, isWhole(0, 65_535)) && value.length === 2 && (value[0] === 0) === (value[1] === 0) },
  publicIps: { takes: 'addresses or host names', is: (value) => isList(value, (ip) => isText(ip) && ip !== '') && value.length > 0 },
  rate: { takes: 'a RateLimit', is: (value) => value instanceof RateLimit },
  relay: { takes: 'a url and, where the relay wants one, a token', is: (value) => isObject(value) && isText(value['url']) && (value['token'] === undefined || isText(value['token'])) },
  retryTimeoutMs: timer,
  route: oneOf(...ROUTES),
  rules: { takes: "a list of rules, each with its kind, 'include' or 'exclude', and its pattern", is: (value) => isList(value, isRule) },
  sealTo: { takes: 'a list of public keys', is: (value) => isList(value, isText) },
  secret: { takes: 'text', is: isText },
  signal: { takes: 'an AbortSignal', is: (value) => value instanceof AbortSignal },
  size: bytes,
  streams: { takes: `auto, or a number from 1 to ${STREAMS_MAX}`, is: (value) => value === 'auto' || isWhole(1, STREAMS_MAX)(value) },
  tls: { takes: 'a certificate (cert) and its key, both as PEM text', is: (value) => isObject(value) && isPem(value['cert']) && isPem(value['key']) },
  waitTimeoutMs: { takes: 'a duration of 0 ms or more', is: isMs(Number.MAX_VALUE) },
  windowBytes: { takes: 'a size from 8MiB to 1GiB', is: isWhole(WINDOW_MIN, WINDOW_MAX) },
  wire: oneOf(...WIRE_CHOICES),
  wrapSink: callable,
} satisfies Readonly<Record<string, Argument>>;

/**
 * @param checks one for each option that there is, which the compiler sees to.
 * @param needed those that have no default.
 * @throws UsageError that names the option and quotes nothing: it may be a secret in the wrong place.
 */
export function checkArguments<Options extends object>(options: Options, checks: Readonly<Record<keyof Options, Argument>>, ...needed: readonly (keyof Options)[]): void {
  if (!isObject(options)) throw new UsageError('the options are missing: give them as one object');
  for (const [name, { takes, is }] of Object.entries<Argument>(checks)) {
    const value = options[name];
    if (value === undefined ? needed.some((one) => one === name) : !is(value)) throw new UsageError(`\`${name}\` takes ${takes}`);
  }
}
