/**
 * The options of `streamer job-script`: they are the scheduler's, Node's, and those of the server that the job runs.
 *
 * @module
 */
import { Option, type Command } from 'commander';
import { DEFAULTS } from '../options.js';
import { JOB_DEFAULTS, NODE_VERSIONS } from '../server/job-options.js';
import { formatDuration, formatSize } from '../util/units.js';
import { collect, collectWhole, countArgument, durationArgument, portRangeArgument, sizeArgument } from './arguments.js';

/** Adds them to the command. */
export function addJobScriptOptions(command: Command): void {
  const duration = (flags: string, help: string, value: number) => new Option(flags, help).argParser(durationArgument).default(value, formatDuration(value));
  command
    .option('--scheduler <name>', 'slurm, or pbs (OpenPBS, PBS Professional)')
    .option('--job-name <name>', 'the name of the job', JOB_DEFAULTS.jobName)
    .addOption(duration('--time <duration>', "the job's time limit; a transfer that takes longer goes on in the next job", JOB_DEFAULTS.timeMs))
    .addOption(duration('--grace <duration>', 'Slurm: how long before that limit the job ends its transfer, or up to a minute earlier', JOB_DEFAULTS.graceMs))
    .option('--account <name>', 'whom the job is charged to')
    .option('--partition <name>', "the partition (Slurm) or queue (PBS) (default: the site's)")
    .addOption(new Option('--nodes <number>', 'nodes to ask for, of which the first is used (default: 1)').argParser(countArgument))
    .addOption(new Option('--cpus <number>', 'processors of each node (default: 1)').argParser(countArgument))
    .option('--working-directory <path>', 'where the job runs, absolute (default: where it is submitted)')
    .option('--output <path>', "the job's log; with Slurm, patterns such as %j mean what they mean to sbatch (default: the scheduler's)")
    .option('--directive <option>', 'another option of sbatch or qsub, as one word such as --constraint=gpu or -lplace=excl; may be repeated', collectWhole)
    .option('--node <source>', 'where Node comes from: path; module:<name>, an environment module or several between spaces; file:<path of node>; venv or venv:<directory>, from PyPI and kept there for later jobs (default: path; the directory: ~/.cache/streamer)')
    .addOption(new Option('--node-version <major>', `for venv: its major version (default: ${JOB_DEFAULTS.nodeVersion})`).choices(NODE_VERSIONS.map(String)))
    .option('--streamer <command>', "streamer there: a command, or the path of its script or program", JOB_DEFAULTS.streamerCommand)
    .option('--seal-to <key>', 'seal the coordinates for the holder of this public key ("streamer keygen") alone; @file reads keys from a file here; may be repeated', collect)
    .option('--relay <url>', 'wait for the client at this relay, such as wss://relay.example.org')
    .option('--relay-token-file <file>', "the cluster's file with the token for it")
    .option('--public-ips <address>', "address at which the client can reach the node, or @node for the node's own name; may be repeated (default: @node without --relay; with it none, and no port is opened)", collect)
    .option('--host <host>', 'interface to listen on (default: all)')
    .addOption(new Option('--port-range <first last>', `ports to try (default: ${DEFAULTS.portRange.join(' ')})`).argParser(portRangeArgument))
    .addOption(new Option('--wait-timeout <duration>', `how long to wait for a client, and for its return (default: ${formatDuration(JOB_DEFAULTS.waitTimeoutMs)}, or the time limit if that is less)`).argParser(durationArgument))
    .addOption(new Option('--inbound-transfer-limit <size>', `most bytes to receive (default: ${formatSize(DEFAULTS.inboundTransferLimit)})`).argParser(sizeArgument))
    .option('--coordinates-file <file>', 'write the coordinates to this file, mode 0600, and, if they are not sealed, not into the log')
    .option('--server-option <option>', 'another option of "streamer server", as one word such as --overwrite or --rate=50MB; may be repeated', collectWhole);
}
