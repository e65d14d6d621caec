/**
 * What a download and an upload have in common: the place on the cluster, both ends looked at, the way that fits, and its run.
 *
 * @module
 */
import { ControlError, UsageError } from '../errors.js';
import { TIMER_MAX_MS } from '../options.js';
import { checkRules } from '../storage/path-filter.js';
import { ARGUMENTS, type Argument } from '../transfer/argument-checks.js';
import type { ProgressListener, TransferResult } from '../transfer/progress.js';
import { chooseMethod } from './choose-method.js';
import type { Method, MethodChoice, MoveDirection, MoveItem, MoveProfile, MoveSettings, TransferRequest } from './method.js';
import { START_TIMEOUT_MS } from './move-defaults.js';
import type { PlanRequest } from './plan.js';
import { TRANSFER_METHODS } from './profile.js';
import { absolutePath, parseRemotePlace, type RemotePlace } from './remote-path.js';
import { callOptions, type CallOptions, type Site, type SiteSystem } from './site.js';

/** FirecREST, as it is asked: {@link FirecrestClient}. */
export interface MoveClient extends Site {
  /** FirecREST's address. */
  readonly url: string;
  /** @throws ControlError for one that there is not */
  system(name: string, options?: CallOptions): Promise<SiteSystem>;
}

/** What both verbs take. Sizes in bytes, times in milliseconds. */
export interface MoveOptions extends MoveSettings {
  readonly client: MoveClient;
  /** Needed where the place on the cluster names none. */
  readonly system?: string;
  /** Whom the job is charged to. @default as the site has it */
  readonly account?: string;
  /** @default the profile's, or `auto` */
  readonly method?: MethodChoice;
  /** Which ways are allowed, and how the agent's job is to be run. @default nothing in particular */
  readonly profile?: MoveProfile;
  /** Compare with FirecREST's own checksum. @default where the wire cannot vouch for the file: the compat wire, and `ops` */
  readonly verify?: boolean;
  /** Leave the job when the transfer is stopped or fails. @default false */
  readonly keepJob?: boolean;
  /** How long a job may wait to be started. @default 1 h */
  readonly startTimeoutMs?: number;
  /** Where jobs are remembered, 0600, so that one of a process that was killed is found again. @default nowhere */
  readonly stateDirectory?: string;
  /** Text of the identity that the agent's coordinates are sealed to. @default one that is lost with this process, and a job of its with it */
  readonly identity?: string;
  /** Stops the transfer, and cancels its job. */
  readonly signal?: AbortSignal;
  /** Told what happens. It must not throw. */
  readonly onProgress?: ProgressListener;
}

const text: Argument = { takes: 'text', is: (value) => typeof value === 'string' };
const { ca, checksum, connectTimeoutMs, delete: remove, digest, dryRun, existing, onProgress, path, rate, retryTimeoutMs, route, rules, signal, streams, windowBytes } = ARGUMENTS;
const trueOrFalse = dryRun;

/** By the option's name. */
export const MOVE_ARGUMENTS = {
  client: { takes: 'a FirecrestClient', is: (value) => typeof value === 'object' && value !== null && 'startTransfer' in value },
  system: text,
  account: text,
  method: { takes: `auto, ${TRANSFER_METHODS.join(' or ')}`, is: (value) => ['auto', ...TRANSFER_METHODS].includes(value as string) },
  profile: { takes: 'an object', is: (value) => typeof value === 'object' && value !== null },
  verify: trueOrFalse,
  keepJob: trueOrFalse,
  startTimeoutMs: { takes: `a duration of 0 to ${TIMER_MAX_MS} ms (24 days)`, is: connectTimeoutMs.is },
  stateDirectory: text,
  identity: text,
  requireEncryption: trueOrFalse,
  from: path,
  ca, checksum, connectTimeoutMs, delete: remove, digest, dryRun, existing, onProgress, rate, retryTimeoutMs, route, rules, signal, streams, windowBytes,
} satisfies Readonly<Record<string, Argument>>;

/** What differs between the two. */
export interface Move {
  readonly direction: MoveDirection;
  /** As the user wrote them. */
  readonly remote: readonly string[];
  readonly local: readonly string[];
  readonly plan: (request: PlanRequest) => Promise<readonly MoveItem[]>;
}

/** Moves. @throws StreamerError */
export async function move({ direction, remote, local, plan }: Move, options: MoveOptions, methods: readonly Method[]): Promise<TransferResult> {
  const { client, signal, method, onProgress: listener = () => undefined } = options;
  checkRules(options.rules);
  const places = remote.map(parseRemotePlace);
  const system = await client.system(systemOf(places, options.system), callOptions(signal));
  const paths: string[] = [];
  for (const { path: written } of places) paths.push(await absolutePath(written, system, client, signal));
  const items = await plan({ client, system, signal, remote: paths, local });
  const request: TransferRequest = { ...requestOf(options), direction, client, system, remote: paths, local, items, onProgress: listener };
  const { method: chosen, why } = chooseMethod(request, method, methods);
  listener({ type: 'phase', phase: 'method', message: `method ${chosen.name}: ${why}` });
  return chosen.run(request);
}

function systemOf(places: readonly RemotePlace[], given: string | undefined): string {
  const named = new Set(places.flatMap(({ system }) => (system === undefined ? [] : [system.toLowerCase()])));
  if (named.size > 1) throw new UsageError('one transfer is with one system: move the others on their own');
  const [name = given] = named;
  if (name === undefined || name === '') throw new UsageError('which system? Write SYSTEM:/path, or name it with `system`');
  return name;
}

function requestOf({ client, account, profile = {}, verify, keepJob = false, startTimeoutMs = START_TIMEOUT_MS, stateDirectory, identity, signal: stop, ...settings }: MoveOptions): Omit<TransferRequest, 'direction' | 'client' | 'system' | 'remote' | 'local' | 'items' | 'onProgress'> {
  return { url: client.url, account, profile, verify, keepJob, startTimeoutMs, stateDirectory, identity, signal: stop, settings };
}

/** @throws ControlError when there is nothing to move */
export function listOf(given: string | readonly string[]): readonly string[] {
  const list = typeof given === 'string' ? [given] : given;
  if (list.length === 0) throw new ControlError('control-unsuitable', 'there is nothing to move: `from` is empty');
  return list;
}
