/**
 * The definition of `streamer server`, which is all of the command line that a job needs.
 *
 * @module
 */
import { Option, type Command } from 'commander';
import { DEFAULTS } from '../options.js';
import { action, outputOptions } from './action.js';
import { collect, durationArgument, portRangeArgument, sizeArgument } from './arguments.js';
import type { ServerCommandOptions } from './commands/server.js';
import { addTransferOptions } from './transfer-options.js';
import { caOption, windowOption, wireOption } from './wire-options.js';

function isGiven(command: Command, option: string): boolean {
  return command.getOptionValueSource(option) === 'cli';
}

/** Adds `server send|receive` to a program. @returns the command `server`, for what else it may do. */
export function addServerCommand(program: Command): Command {
  const command = program
    .command('server')
    .description('Serve one transfer to one client, as a scheduler job does: listen, print the coordinates, wait, move the file, leave.')
    .option('--secret <secret>', 'shared secret (visible to other users while the process starts: prefer the next two)')
    .option('--secret-file <file>', 'file that holds it; or set $STREAMER_SECRET; default: generated')
    .option('--public-ips <address>', 'address at which the server can be reached; may be repeated (default: localhost)', collect)
    .option('--host <host>', 'interface to listen on', DEFAULTS.host)
    .addOption(new Option('--port-range <first last>', 'ports to try').argParser(portRangeArgument).default([...DEFAULTS.portRange], DEFAULTS.portRange.join(' ')))
    .addOption(new Option('--wait-timeout <duration>', 'how long to wait for a client, and for its return; a plain number is seconds').argParser(durationArgument).default(DEFAULTS.waitTimeoutMs, '86400, 24 h'))
    .addOption(new Option('--inbound-transfer-limit <size>', 'most bytes to receive').argParser(sizeArgument).default(DEFAULTS.inboundTransferLimit, '5368709120, 5 GiB'))
    .option('--coordinates-file <file>', 'write the coordinates to this file, mode 0600, and not to standard output')
    .option('--seal-to <key>', 'publish the coordinates sealed, for the holder of this public key ("streamer keygen") alone; @file reads keys from a file; may be repeated', collect)
    .option('--relay <url>', 'wait for clients at this relay, too, such as wss://relay.example.org; without --public-ips, --host or --port-range: there only, and no port is opened')
    .option('--relay-token-file <file>', 'file that holds the token with which the relay opens a room; or set $STREAMER_RELAY_TOKEN')
    .option('--no-direct', 'open no port: only at the relay')
    .addOption(caOption())
    .addOption(new Option('--expires <duration>', 'let no new client in after this time, and say so in the coordinates (default: at the end of the Slurm job, where it is one)').argParser(durationArgument))
    .option('--tls-cert <file>', 'PEM file of a certificate and its chain: speak TLS (wss:), for clients with coordinates of this server only (default: none; the native wire is encrypted without)')
    .option('--tls-key <file>', 'PEM file of its private key')
    .option('--compat', 'with a generated secret: publish coordinates that the Python streamer can use, too')
    .addOption(wireOption('which clients to serve'))
    .addOption(windowOption());
  addTransferOptions(command);
  outputOptions(command);
  for (const name of ['send', 'receive'] as const) {
    command
      .command(name)
      .description(name === 'send' ? 'send files and directories to the client' : 'receive files and directories from the client')
      .argument(name === 'send' ? '[path...]' : '[path]', name === 'send' ? 'the files and directories to send, or - for standard input' : 'the target: a file, or the directory that is to be the copy')
      .option('--path <path>', 'the same as the argument')
      .addHelpText('after', '\nMore options, before or after this word: streamer server --help')
      .action(
        action(async (words, parsed, context) => {
          const { runServer } = await import('./commands/server.js');
          await runServer(name, words, { ...parsed.optsWithGlobals<ServerCommandOptions>(), hostGiven: isGiven(command, 'host'), portRangeGiven: isGiven(command, 'portRange') }, context);
        }),
      );
  }
  return command;
}
