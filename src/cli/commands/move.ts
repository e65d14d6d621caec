/**
 * `streamer download` and `streamer upload`: wiring only.
 *
 * @module
 */
import path from 'node:path';
import { configurationDirectory } from '../../control/configuration.js';
import { download } from '../../control/download.js';
import type { MethodChoice, MoveDirection } from '../../control/method.js';
import type { MoveOptions } from '../../control/move.js';
import { openControl } from '../../control/open.js';
import { namesSystem } from '../../control/remote-path.js';
import { upload } from '../../control/upload.js';
import { UsageError } from '../../errors.js';
import type { Context } from '../action.js';
import { agentIdentity } from '../agent-identity.js';
import { withAgentOptions, type AgentCommandOptions } from '../agent-options.js';
import { controlChoice, type ControlOptions } from '../control-options.js';
import { readPemFile } from '../text-file.js';
import { transferChoices, type TransferCommandOptions } from '../transfer-options.js';
import { withTransferTools } from '../transfer-tools.js';
import { routeOf } from './client.js';
import { defined } from '../../util/defined.js';

/** Options as commander gives them; durations in milliseconds, sizes in bytes. */
export interface MoveCommandOptions extends TransferCommandOptions, ControlOptions, AgentCommandOptions {
  readonly method?: MethodChoice;
  readonly verify?: boolean;
  readonly requireEncryption?: boolean;
  readonly startTimeout: number;
  readonly keepJob?: boolean;
  readonly connectTimeout?: number;
  readonly retryTimeout: number;
  readonly streams: number | 'auto';
  readonly window?: number;
  readonly identity?: string;
  readonly direct?: boolean;
  readonly viaRelay?: boolean;
}

/** Runs one of the two. @throws StreamerError */
export async function runMove(name: MoveDirection, words: readonly string[], options: MoveCommandOptions, { renderer, stopSignal }: Context): Promise<void> {
  const { from, to } = name === 'download' ? downloadWords(words) : uploadWords(words);
  const choices = transferChoices(options);
  const route = routeOf(options);
  const { client, profile, system, account } = await openControl(controlChoice(options, process.env));
  // A site's relay has a certificate of the same authority as the site.
  const ca = options.ca ?? profile.ca;
  const method = options.method ?? profile.method ?? 'auto';
  const identity = method === 'streamer' || method === 'ops' ? undefined : await agentIdentity(options.identity, process.env, (message) => renderer.onProgress({ type: 'notice', message }));
  await withTransferTools(options, renderer, true, async ({ rate, onProgress }) => {
    const common: MoveOptions = {
      ...choices,
      ...defined({ system, account, verify: options.verify, requireEncryption: options.requireEncryption, keepJob: options.keepJob, connectTimeoutMs: options.connectTimeout, windowBytes: options.window, identity }),
      ...(ca === undefined ? {} : { ca: readPemFile(ca) }),
      client,
      profile: withAgentOptions(profile, options),
      method,
      rate,
      onProgress,
      route,
      signal: stopSignal(),
      startTimeoutMs: options.startTimeout,
      retryTimeoutMs: options.retryTimeout,
      streams: options.streams,
      ...defined({ stateDirectory: stateDirectory(process.env) }),
    };
    if (name === 'download') await download({ ...common, from, ...defined({ to }) });
    else await upload({ ...common, from, to: to ?? '' });
  });
}

/** Undefined where the user has no place for it: then jobs are not remembered. */
function stateDirectory(env: NodeJS.ProcessEnv): string | undefined {
  try {
    return path.join(configurationDirectory(env), 'jobs');
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}

interface Words {
  readonly from: readonly string[];
  readonly to: string | undefined;
}

/** The last word is where to, unless it names a system: then all are what to download. */
export function downloadWords(words: readonly string[]): Words {
  const last = words.at(-1);
  if (words.length < 2 || last === undefined || namesSystem(last)) return { from: words, to: undefined };
  return { from: words.slice(0, -1), to: last };
}

/** The last word is where to. @throws UsageError where one of the others is on a system, too */
export function uploadWords(words: readonly string[]): Words {
  if (words.length < 2) throw new UsageError('upload what, and where to? streamer upload <path...> SYSTEM:/path');
  const from = words.slice(0, -1);
  const remote = from.find((word) => namesSystem(word));
  if (remote !== undefined) throw new UsageError(`upload takes paths of this machine, and its last word says where to; write ./${remote} for a file that is called so`);
  return { from, to: words.at(-1) };
}
