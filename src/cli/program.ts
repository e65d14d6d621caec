/**
 * The command line's definition: commands, options, units and defaults. What they do is in `commands/`.
 *
 * @module
 */
import { Command, CommanderError, Option } from 'commander';
import { DEFAULTS } from '../options.js';
import { RELAY_DEFAULTS } from '../relay/limits.js';
import { formatDuration, formatSize } from '../util/units.js';
import { VERSION } from '../version.js';
import { action, outputOptions } from './action.js';
import { collect, countArgument, durationArgument, joinPortRange, placeArgument, portRangeArgument, sizeArgument, streamsArgument, wireArgument } from './arguments.js';
import { failureOf } from './exit.js';
import type { ServerCommandOptions } from './commands/server.js';
import { addJobScriptOptions } from './job-script-options.js';
import { addTransferOptions } from './transfer-options.js';
import { addSignInCommands } from './sign-in-commands.js';
import { createRenderer, type RenderOptions } from './render.js';
import { usageError } from './usage-error.js';

/** Parses and runs; sets the process's exit status. */
export async function runProgram(words: readonly string[]): Promise<void> {
  hideArguments(words);
  // A closed pipe or a full disk behind our output must not end a transfer. What could not be said is lost.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  try {
    // As the reference does: the name alone shows the help, and is no error.
    if (words.length === 0) buildProgram().outputHelp();
    else await buildProgram().parseAsync(joinPortRange(words), { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, { json: words.includes('--json') });
  }
}

/**
 * A process list is public, and the reference's options put secrets into it: the title takes their place in
 * /proc/PID/cmdline. For the moment before this runs they can be seen; @file, - and the variables avoid that, too.
 * No space in it: it is in /proc/PID/stat, too, which Slurm's proctrack/linuxproc reads word by word; of a process whose name
 * is two words it finds no parent, so that scancel ends the job and not the process, and the node is drained.
 */
function hideArguments(words: readonly string[]): void {
  const command = words.find((word) => /^(send|receive|server|relay|login|logout|whoami)$/.test(word));
  process.title = command === undefined ? 'streamer' : `streamer-${command}`;
}

function report(error: unknown, options: RenderOptions): number {
  // Help and version end this way, too; commander has written what there is to say.
  if (error instanceof CommanderError && error.exitCode === 0) return 0;
  const failure = failureOf(error instanceof CommanderError ? usageError(error) : error);
  createRenderer(options).fail(failure);
  return failure.exitCode;
}

/** The whole command line. */
export function buildProgram(): Command {
  const program = new Command('streamer')
    .description('Moves files and directories to and from a supercomputer: encrypted, verified, resumable.')
    .version(`streamer ${VERSION}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this help')
    .exitOverride()
    // Its errors are ours to write, in one line.
    .configureOutput({ outputError: () => undefined })
    .configureHelp({ showGlobalOptions: false })
    .addHelpText('after', EXITS)
    .addHelpText('afterAll', UNITS);
  clientCommand(program, 'receive');
  clientCommand(program, 'send');
  serverCommand(program);
  benchCommand(program);
  keygenCommand(program);
  relayCommand(program);
  jobScriptCommand(program);
  addSignInCommands(program);
  return program;
}

const UNITS = `
Sizes: plain numbers are bytes; KiB, MiB, GiB, TiB (or K, M, G, T) are binary, kB, MB, GB, TB decimal.
Durations: plain numbers are seconds; ms, s, m, h, d, also together: 1h30m.`;
const EXITS = `
Exit status: 0 done; 2 usage; 3 coordinates; 4 refused; 5 no connection; 6 protocol; 7 integrity; 8 storage;
9 limit; 10 time-out; 11 FirecREST or its job; 130 interrupted; 143 terminated; 70 a bug.`;

function wireOption(help: string): Option {
  return new Option('--wire <wire>', `${help}: auto, native (encrypted) or compat (the Python streamer's, not encrypted)`)
    .argParser(wireArgument)
    .default(DEFAULTS.wire);
}

function windowOption(): Option {
  return new Option('--window <size>', 'most bytes in flight or waiting for the disk, 8MiB to 1GiB').argParser(sizeArgument).default(DEFAULTS.windowBytes, formatSize(DEFAULTS.windowBytes));
}

function clientCommand(program: Command, name: 'send' | 'receive'): void {
  const receives = name === 'receive';
  const command = program
    .command(name)
    .description(receives ? 'Receive a file or a directory from a server, by its secret coordinates.' : 'Send files and directories to a server, by its secret coordinates.')
    .argument('[coordinates]', 'the secret coordinates; @file reads them from a file, - from standard input; default: $STREAMER_COORDINATES')
    .argument(receives ? '[path]' : '[path...]', receives ? "target: a file, or a directory to receive a file into; for a directory, its copy; - for standard output; default: the sender's name, here" : 'the files and directories to send, or - for standard input')
    .option('--coordinates <coordinates>', 'the same as the argument')
    .option('--path <path>', 'the same as the argument')
    .addOption(identityOption())
    .addOption(caOption())
    .option('--direct', 'only the server itself (default: the relay that the coordinates name, where the server does not answer soon)')
    .option('--via-relay', 'only the relay that the coordinates name')
    .addOption(wireOption('how to talk to the server'))
    .option('--require-encryption', 'the same as --wire native')
    .addOption(new Option('--connect-timeout <duration>', 'how long to look for the server').argParser(durationArgument).default(DEFAULTS.connectTimeoutMs, formatDuration(DEFAULTS.connectTimeoutMs)))
    .addOption(new Option('--retry-timeout <duration>', 'how long to try to have a lost link back').argParser(durationArgument).default(DEFAULTS.retryTimeoutMs, formatDuration(DEFAULTS.retryTimeoutMs)));
  command.addOption(new Option('--streams <number>', 'connections to use: auto begins with one and adds some while that pays').argParser(streamsArgument).default('auto'));
  if (receives) command.addOption(windowOption());
  addTransferOptions(command);
  outputOptions(command).action(
    action(async (words, parsed, context) => {
      const { runClient } = await import('./commands/client.js');
      await runClient(name, words, parsed.opts(), context);
    }),
  );
}

function identityOption(): Option {
  return new Option('--identity <file>', 'the identity that opens sealed coordinates; or set $STREAMER_IDENTITY (default: the one of "streamer keygen")');
}

function caOption(): Option {
  return new Option('--ca <file>', 'PEM file of authorities to trust, where the server or the relay speaks TLS (default: those that node knows)');
}

function keygenCommand(program: Command): void {
  const command = program
    .command('keygen')
    .description('Make an identity, for which a server can seal its coordinates (--seal-to), and print its public key.')
    .option('--identity <file>', 'where to keep it; or set $STREAMER_IDENTITY (default: streamer/identity in $XDG_CONFIG_HOME or ~/.config)')
    .option('--public', 'make none: print the public key of the one that is there');
  outputOptions(command).action(
    action(async (_words, parsed, context) => {
      const { runKeygen } = await import('./commands/keygen.js');
      await runKeygen(parsed.opts(), context);
    }),
  );
}

function benchCommand(program: Command): void {
  const command = program
    .command('bench')
    .description('Measure the path to a "streamer server bench", memory to memory, and say what bounds it.')
    .argument('[coordinates]', 'the secret coordinates; @file reads them from a file, - from standard input; default: $STREAMER_COORDINATES')
    .option('--coordinates <coordinates>', 'the same as the argument')
    .addOption(identityOption())
    .addOption(caOption())
    .option('--direct', 'only the server itself')
    .option('--via-relay', 'only the relay that the coordinates name')
    .addOption(new Option('--size <size>', 'bytes to send, where the server receives').argParser(sizeArgument).default(1024 ** 3, '1 GiB'))
    .addOption(new Option('--streams <number>', 'connections to use: auto begins with one and adds some while that pays').argParser(streamsArgument).default('auto'))
    .addOption(windowOption())
    .addOption(new Option('--connect-timeout <duration>', 'how long to look for the server').argParser(durationArgument).default(DEFAULTS.connectTimeoutMs, formatDuration(DEFAULTS.connectTimeoutMs)));
  outputOptions(command).action(
    action(async (words, parsed, context) => {
      const { runBench } = await import('./commands/bench.js');
      await runBench(words, parsed.opts(), context);
    }),
  );
}

function relayCommand(program: Command): void {
  const { rooms, connections, addressConnections, handshakeMs, idleMs, room } = RELAY_DEFAULTS;
  const duration = (flags: string, help: string, value: number) => new Option(flags, help).argParser(durationArgument).default(value, formatDuration(value));
  const count = (flags: string, help: string, value: number) => new Option(flags, help).argParser(countArgument).default(value);
  const command = program
    .command('relay')
    .description('Relay between servers and clients that cannot reach each other. It passes on what it cannot read.')
    .addOption(new Option('--listen <host:port>', 'where to listen; port 0 takes any free one').argParser(placeArgument).default({ host: 'localhost', port: 5680 }, 'localhost:5680'))
    .option('--tls-cert <file>', 'PEM file of a certificate and its chain: speak TLS (wss:); read again when it changes (default: none, for behind a proxy that does)')
    .option('--tls-key <file>', 'PEM file of its private key')
    .option('--token-file <file>', 'who may open rooms: lines of "name token [rooms=10] [connections=64] [bytes=1TiB] [rate=100MB] [lifetime=24h]"; read again when it changes')
    .option('--open', 'let everybody open rooms')
    .addOption(count('--max-rooms <number>', 'rooms at once', rooms))
    .addOption(count('--max-connections <number>', 'connections at once in all; each two may hold 1 MiB', connections))
    .addOption(count('--max-room-connections <number>', 'connections of one room at once, of both ends', room.connections))
    .addOption(count('--max-address-connections <number>', 'connections at once from one address (IPv6: one /64)', addressConnections))
    .addOption(new Option('--room-bytes <size>', 'bytes that a room may carry in all (default: no limit)').argParser(sizeArgument))
    .addOption(new Option('--room-rate <size>', 'bytes per second that a room may carry (default: no limit)').argParser(sizeArgument))
    .addOption(duration('--room-lifetime <duration>', 'how long a room may be open', room.lifetimeMs))
    .addOption(duration('--idle-timeout <duration>', 'how long a pair may carry nothing', idleMs))
    .addOption(duration('--handshake-timeout <duration>', 'time for a request, for a client to be paired, and for each end to speak', handshakeMs))
    .addOption(duration('--drain-timeout <duration>', 'on SIGTERM: how long transfers may go on', 60_000))
    .option('--redis <url>', 'Redis or Valkey, where several instances share their directory of rooms; with a password, set $STREAMER_REDIS_URL (default: one instance, which needs none)')
    .option('--instance-url <url>', 'with --redis: where the other instances reach this one, such as ws://10.0.0.7:5680')
    .addOption(new Option('--metrics-listen <host:port>', 'tell /metrics there, and not at --listen (default: at --listen, where that is loopback; else nowhere)').argParser(placeArgument))
    .option('--ca <file>', "PEM file of authorities to trust for other instances' TLS (default: those that node knows)")
    .option('--trust-forwarded-for', 'behind a proxy: believe the last address of X-Forwarded-For');
  outputOptions(command).action(
    action(async (_words, parsed, context) => {
      const { runRelay } = await import('./commands/relay.js');
      await runRelay(parsed.opts(), context);
    }),
  );
}

function isGiven(command: Command, option: string): boolean {
  return command.getOptionValueSource(option) === 'cli';
}

function serverCommand(program: Command): void {
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
  command
    .command('bench')
    .description('let a client measure the path, memory to memory: "streamer bench <coordinates>"')
    .addOption(new Option('--size <size>', 'bytes to send').argParser(sizeArgument).default(1024 ** 3, '1 GiB'))
    .option('--receive', 'have the client send')
    .addHelpText('after', '\nMore options, before or after this word: streamer server --help')
    .action(
      action(async (_words, parsed, context) => {
        const { runServerBench } = await import('./commands/bench.js');
        await runServerBench(parsed.optsWithGlobals(), context);
      }),
    );
}

function jobScriptCommand(program: Command): void {
  const command = program
    .command('job-script')
    .description('Print the script of a scheduler job that serves one transfer: for sbatch (Slurm) or qsub (PBS). Paths are those of the cluster, taken literally.');
  addJobScriptOptions(command);
  outputOptions(command);
  for (const name of ['send', 'receive'] as const) {
    command
      .command(name)
      .description(name === 'send' ? 'a job that sends files and directories to the client' : 'a job that receives files and directories from the client')
      .argument(name === 'send' ? '[path...]' : '[path]', name === 'send' ? 'the files and directories to send' : 'the target: a file, or the directory that is to be the copy')
      .option('--path <path>', 'the same as the argument')
      .addHelpText('after', '\nMore options, before or after this word: streamer job-script --help')
      .action(
        action(async (words, parsed, context) => {
          const { runJobScript } = await import('./commands/job-script.js');
          runJobScript(name, words, parsed.optsWithGlobals(), context);
        }),
      );
  }
}
