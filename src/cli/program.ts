/**
 * The command line's definition: commands, options, units and defaults. What they do is in `commands/`.
 *
 * @module
 */
import { Command, Option } from 'commander';
import { DEFAULTS } from '../options.js';
import { RELAY_DEFAULTS } from '../relay/limits.js';
import { formatDuration } from '../util/units.js';
import { VERSION } from '../version.js';
import { action, outputOptions } from './action.js';
import { countArgument, durationArgument, placeArgument, sizeArgument, streamsArgument } from './arguments.js';
import { addControlCommands } from './control-commands.js';
import { addJobScriptOptions } from './job-script-options.js';
import { addMoveCommands } from './move-commands.js';
import { addTransferOptions } from './transfer-options.js';
import { runWords } from './run.js';
import { addServerCommand } from './server-command.js';
import { addSignInCommands } from './sign-in-commands.js';
import { caOption, windowOption, wireOption, workersOption } from './wire-options.js';

/** Parses and runs; sets the process's exit status. */
export const runProgram = (words: readonly string[]): Promise<void> => runWords(words, buildProgram);

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
  serverBenchCommand(addServerCommand(program));
  benchCommand(program);
  keygenCommand(program);
  relayCommand(program);
  jobScriptCommand(program);
  addMoveCommands(program);
  addSignInCommands(program);
  addControlCommands(program);
  return program;
}

const UNITS = `
Sizes: plain numbers are bytes; KiB, MiB, GiB, TiB (or K, M, G, T) are binary, kB, MB, GB, TB decimal.
Durations: plain numbers are seconds; ms, s, m, h, d, also together: 1h30m.`;
const EXITS = `
Exit status: 0 done; 2 usage; 3 coordinates; 4 refused; 5 no connection; 6 protocol; 7 integrity; 8 storage;
9 limit; 10 time-out; 11 FirecREST or its job; 130 interrupted; 143 terminated; 70 a bug.`;

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
    .addOption(workersOption())
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
    .addOption(new Option('--metrics-listen <host:port>', 'tell /metrics there, and not at --listen (default: at --listen, where that is loopback and --trust-forwarded-for is not given; else nowhere)').argParser(placeArgument))
    .option('--ca <file>', "PEM file of authorities to trust for other instances' TLS (default: those that node knows)")
    .option('--trust-forwarded-for', 'behind a proxy: believe the last address of X-Forwarded-For');
  outputOptions(command).action(
    action(async (_words, parsed, context) => {
      const { runRelay } = await import('./commands/relay.js');
      await runRelay(parsed.opts(), context);
    }),
  );
}

function serverBenchCommand(command: Command): void {
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
