/**
 * `streamer download` and `streamer upload`: their options.
 *
 * @module
 */
import { Option, type Command } from 'commander';
import { START_TIMEOUT_MS } from '../control/move-defaults.js';
import { DEFAULTS } from '../options.js';
import { formatDuration } from '../util/units.js';
import { action, outputOptions } from './action.js';
import { addAgentOptions } from './agent-options.js';
import { durationArgument, sizeArgument, streamsArgument } from './arguments.js';
import { addControlOptions } from './control-options.js';
import { addTransferOptions } from './transfer-options.js';

/** Adds both. */
export function addMoveCommands(program: Command): void {
  for (const name of ['download', 'upload'] as const) {
    const command = program
      .command(name)
      .description(name === 'download' ? 'Download files and directories from a system, by FirecREST: ask, wait, move, check, clean up.' : 'Upload files and directories to a system, by FirecREST: ask, wait, move, check, clean up.')
      .argument('<paths...>', name === 'download' ? 'what to download, as SYSTEM:/path, and where to (default: the current directory)' : 'what to upload, and where to, as SYSTEM:/path');
    addControlOptions(command);
    addMoveOptions(command);
    addAgentOptions(command);
    addTransferOptions(command);
    outputOptions(command)
      .addHelpText('after', HELP)
      .action(
        action(async (words, parsed, context) => {
          const { runMove } = await import('./commands/move.js');
          await runMove(name, words, parsed.opts(), context);
        }),
      );
  }
}

function addMoveOptions(command: Command): void {
  command
    .addOption(new Option('--method <method>', "how: the site's transfer service (streamer), a job of our own (agent), FirecREST itself for small files (ops), or whichever fits (default: the profile's, or auto)").choices(['auto', 'streamer', 'agent', 'ops']))
    .option('--verify', "compare with FirecREST's checksum, whatever the wire (default: where the wire does not compare itself)")
    .option('--no-verify', 'do not')
    .option('--require-encryption', 'move nothing in the clear')
    .addOption(new Option('--start-timeout <duration>', 'how long a job may wait in the queue').argParser(durationArgument).default(START_TIMEOUT_MS, formatDuration(START_TIMEOUT_MS)))
    .option('--keep-job', 'when stopped, or when it fails: leave the job, so that the same command can go on with it')
    .addOption(new Option('--connect-timeout <duration>', "how long to look for the job's server, once it runs (default: as long as it waits)").argParser(durationArgument))
    .addOption(new Option('--retry-timeout <duration>', 'how long to try to have a lost link back').argParser(durationArgument).default(DEFAULTS.retryTimeoutMs, formatDuration(DEFAULTS.retryTimeoutMs)))
    .addOption(new Option('--streams <number>', 'connections to use: auto begins with one and adds some while that pays').argParser(streamsArgument).default('auto'))
    .addOption(new Option('--window <size>', 'most bytes in flight or waiting for the disk here (default: 16 MiB)').argParser(sizeArgument))
    .option('--identity <file>', 'identity to which a job of our own seals its coordinates (default: as for "streamer keygen", and made where there is none)')
    .option('--direct', 'only the node itself, no relay')
    .option('--via-relay', 'only the relay, of --relay or the profile');
}

const HELP = `
A relative path on a system begins at your own directory there: daint:run7/out.h5.
A path with a colon is written as ./a:b here, and after its system there.
A job is cancelled when the transfer is stopped (Ctrl-C) or fails. A run that was killed leaves its job, and the next run of the
same command goes on with it, or cancels it.`;
