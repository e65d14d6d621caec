/**
 * Options of the agent's job, for the commands that move files by FirecREST. What is not given is as the profile has it.
 *
 * @module
 */
import { Option, type Command } from 'commander';
import { UsageError } from '../errors.js';
import { AGENT_WAIT_MS } from '../control/agent/agent-settings.js';
import type { MoveProfile } from '../control/method.js';
import type { AgentProfile } from '../control/profile.js';
import { JOB_DEFAULTS, NODE_VERSIONS } from '../server/job-options.js';
import { defined } from '../util/defined.js';
import { formatDuration } from '../util/units.js';
import { asText, collect, collectWhole, durationArgument, portRangeArgument } from './arguments.js';

/** As commander gives them. */
export interface AgentCommandOptions {
  readonly relay?: string;
  readonly relayTokenFile?: string;
  readonly node?: string;
  /** The text of one of NODE_VERSIONS. */
  readonly nodeVersion?: string;
  readonly partition?: string;
  readonly time?: string;
  readonly directive?: readonly string[];
  readonly waitTimeout?: string;
  readonly publicIps?: readonly string[];
  readonly portRange?: readonly [number, number];
  readonly agentDirectory?: string;
}

/** Adds them to a command. */
export function addAgentOptions(command: Command): Command {
  // Kept as text, as a profile has it.
  const duration = (flags: string, help: string) => new Option(flags, help).argParser(asText(durationArgument));
  return command
    .option('--relay <url>', "agent: a relay that its job and you can reach, such as wss://relay.example.org (default: the profile's)")
    .option('--relay-token-file <file>', "agent: the cluster's file with the token for it")
    .option('--node <source>', 'agent: where its job finds Node: path; module:<name>, an environment module or several between spaces; file:<path of node>; venv or venv:<directory>, from PyPI (default: path)')
    .addOption(new Option('--node-version <major>', `agent: for venv, its major version (default: ${JOB_DEFAULTS.nodeVersion})`).choices(NODE_VERSIONS.map(String)))
    .option('--partition <name>', "agent: the partition (Slurm) or queue (PBS) of its job (default: the site's)")
    .addOption(duration('--time <duration>', `agent: the time limit of its job; what takes longer goes on in another (default: ${formatDuration(JOB_DEFAULTS.timeMs)})`))
    .option('--directive <option>', 'agent: another option of sbatch or qsub, as one word such as --constraint=gpu; may be repeated', collectWhole)
    .addOption(duration('--wait-timeout <duration>', `agent: how long its job waits for you to come, and to come back (default: ${formatDuration(AGENT_WAIT_MS)})`))
    .option('--public-ips <address>', "agent: address at which you reach its node, or @node for the node's own name; may be repeated (default: the site's; else @node without --relay)", collect)
    .addOption(new Option('--port-range <first last>', "agent: ports to try on its node (default: the site's)").argParser(portRangeArgument))
    .option('--agent-directory <path>', "agent: where it is kept on the cluster, absolute (default: .streamer in your directory of the site's default file system)");
}

/**
 * The profile, with what the options say in its place.
 * @throws UsageError for options that do not go together
 */
export function withAgentOptions(given: MoveProfile, options: AgentCommandOptions): MoveProfile {
  const { relay: relayBefore, relayTokenFile: tokenFileBefore, ...profile } = given;
  const { relay = relayBefore, relayTokenFile, node, nodeVersion, directive, agentDirectory } = options;
  if (relayTokenFile !== undefined && relay === undefined) throw new UsageError('--relay-token-file is for a relay: --relay <url>');
  if (nodeVersion !== undefined && !/^venv(?::|$)/u.test(node ?? (profile.agent?.node ?? ''))) throw new UsageError('--node-version is for --node venv');
  const { partition, time, waitTimeout, publicIps, portRange } = options;
  const fields = { node, nodeVersion: nodeVersion === undefined ? undefined : Number(nodeVersion), partition, time, directives: directive, directory: agentDirectory, waitTimeout, publicIps, portRange } satisfies { [K in keyof AgentProfile]-?: AgentProfile[K] | undefined };
  // Another relay has another token.
  const tokenFile = relayTokenFile ?? (options.relay === undefined ? tokenFileBefore : undefined);
  return { ...profile, ...defined({ relay, relayTokenFile: tokenFile }), agent: { ...profile.agent, ...defined(fields) } };
}
