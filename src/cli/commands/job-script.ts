/**
 * `streamer job-script send|receive`: wiring only.
 *
 * @module
 */
import { parsePublicKey } from '../../coordinates/keys.js';
import { UsageError } from '../../errors.js';
import { NODE_VERSIONS, SCHEDULERS, type JobScriptOptions } from '../../server/job-options.js';
import { jobScript } from '../../server/job-script.js';
import { parseNodeSource } from '../../server/node-source.js';
import { readKeys } from '../arguments.js';
import { defined } from '../../util/defined.js';
import type { Context } from '../action.js';

/** Options as commander gives them; durations in milliseconds, sizes in bytes. */
export interface JobScriptCommandOptions extends Pick<JobScriptOptions, 'jobName' | 'account' | 'partition' | 'nodes' | 'cpus' | 'workingDirectory' | 'output' | 'sealTo' | 'publicIps' | 'host' | 'portRange' | 'inboundTransferLimit' | 'coordinatesFile'> {
  readonly scheduler?: string;
  readonly time?: number;
  readonly grace?: number;
  readonly directive?: readonly string[];
  readonly node?: string;
  /** The text of one of NODE_VERSIONS. */
  readonly nodeVersion?: string;
  readonly streamer?: string;
  readonly relay?: string;
  readonly relayTokenFile?: string;
  readonly waitTimeout?: number;
  readonly serverOption?: readonly string[];
  readonly path?: string;
}

/** Prints the script. @throws StreamerError */
export function runJobScript(action: 'send' | 'receive', words: readonly string[], options: JobScriptCommandOptions, { renderer }: Context): void {
  if (words.length > 0 && options.path !== undefined) throw new UsageError('the path is given twice: as an argument and with --path');
  const scheduler = SCHEDULERS.find((known) => known === options.scheduler);
  if (scheduler === undefined) throw new UsageError('which scheduler? --scheduler slurm, or --scheduler pbs');
  if (options.nodeVersion !== undefined && !/^venv(?::|$)/u.test(options.node ?? '')) throw new UsageError('--node-version is for --node venv');
  const sealTo = readKeys(options.sealTo);
  for (const key of sealTo ?? []) parsePublicKey(key);
  const { time, grace, waitTimeout, directive, serverOption, node, nodeVersion, streamer, relay, relayTokenFile, path, ...same } = options;
  if (relay === undefined && relayTokenFile !== undefined) throw new UsageError('--relay-token-file is for a relay: --relay <url>');
  const script: JobScriptOptions = {
    ...same,
    ...defined({ timeMs: time, graceMs: grace, waitTimeoutMs: waitTimeout, directives: directive, serverOptions: serverOption, node: node === undefined ? undefined : parseNodeSource(node), sealTo, streamerCommand: streamer, relay: relay === undefined ? undefined : { url: relay, ...defined({ tokenFile: relayTokenFile }) }, nodeVersion: NODE_VERSIONS.find((major) => String(major) === nodeVersion) }),
    scheduler,
    action,
    paths: path === undefined ? words : [path],
  };
  const text = jobScript(script);
  if (sealTo === undefined && options.coordinatesFile === undefined) {
    renderer.onProgress({ type: 'notice', message: "the job's log will hold the coordinates for all who may read it: --seal-to <your key>, of \"streamer keygen\", or --coordinates-file prevents that" });
  }
  renderer.print(text.trimEnd(), { event: 'job-script', script: text });
}
