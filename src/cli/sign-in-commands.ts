/**
 * `streamer login`, `logout`, `whoami` and `profiles`: their options.
 *
 * @module
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { CLIENT_AUTH_METHODS, FLOWS, SUBJECT_FLOWS } from '../control/auth/flows.js';
import { action, outputOptions } from './action.js';
import { AGENT_WAIT_MS } from '../control/agent/agent-settings.js';
import { JOB_DEFAULTS, NODE_VERSIONS } from '../server/job-options.js';
import { parseNodeSource } from '../server/node-source.js';
import { formatDuration } from '../util/units.js';
import { asText, collect, collectWhole, countArgument, durationArgument, portRangeArgument } from './arguments.js';
import { addControlOptions } from './control-options.js';

/** Adds them. */
export function addSignInCommands(program: Command): void {
  addLogin(program);
  addLogout(program);
  addWhoami(program);
  addProfiles(program);
}

function addLogin(program: Command): void {
  const command = program
    .command('login')
    .description('Sign in to a site, and keep what the other commands need to know of it as a profile. An option that is empty, such as --account "", is taken out of the profile.')
    .option('--profile <name>', 'what to call the site (default: default)')
    .option('--url <url>', "FirecREST's address; or set $FIRECREST_URL")
    .option('--issuer <url>', 'the OpenID provider that it trusts (default: what FirecREST names)')
    .option('--token-url <url>', 'in its place: where tokens are issued; or set $AUTH_TOKEN_URL')
    .option('--client-id <id>', 'the name that this program is registered by there; or set $FIRECREST_CLIENT_ID')
    .addOption(new Option('--flow <flow>', 'how to sign in (default: by what else is given; for a user, browser, or device where there is none)').choices(FLOWS))
    .addOption(new Option('--subject-flow <flow>', 'for token-exchange: how to come by the token that is exchanged (default: browser, or device)').choices(SUBJECT_FLOWS))
    .option('--scope <scopes>', 'what to ask for, between spaces (default: openid for a user; some providers keep one signed in only with "openid offline_access")')
    .option('--audience <name>', 'whom the token is to be for; a URI is asked for as resource (RFC 8707)');
  addClientOptions(command);
  addSiteOptions(command);
  outputOptions(command).action(
    action(async (_words, parsed, context) => {
      const { runLogin } = await import('./commands/login.js');
      await runLogin(parsed.opts(), context);
    }),
  );
}

function addClientOptions(command: Command): void {
  command
    .addOption(mayBeEmpty(new Option('--redirect-port <port>', 'for browser: the port of this machine to which it comes back (default: 8888)').argParser(countArgument)))
    .option('--redirect-url <url>', 'in its place: the whole address, as it is registered (default: http://127.0.0.1:8888/callback)')
    .option('--no-open', 'for browser: only print the link')
    .option('--no-check', 'do not ask FirecREST afterwards whether it takes the token')
    .addOption(new Option('--timeout <duration>', 'for browser: how long to wait for its return (default: 5m)').argParser(durationArgument))
    .addOption(mayBeEmpty(new Option('--client-auth-method <method>', 'how the client proves who it is (default: client_secret_basic, or private_key_jwt with --key-file)').choices(CLIENT_AUTH_METHODS)))
    .option('--client-secret-file <file>', 'file that holds its secret; - reads it from standard input, and keeps it; or set $FIRECREST_CLIENT_SECRET')
    .option('--key-file <file>', "file of the client's private key, PEM or JWK")
    .option('--api-key-file <file>', 'file that holds an API key; - reads it from standard input, and keeps it; or set $FIRECREST_API_KEY')
    .option('--api-key-header <name>', 'the header that it goes in (default: X-API-Key)')
    .option('--api-key-field <name>', 'in its place: the field of the form that it goes in')
    .option('--token-file <file>', 'a file that always holds a good token')
    .option('--token-command <command>', 'a command that prints a token; it is run without a shell')
    .option('--authenticator <module>', 'a module of your own that signs requests');
}

function addSiteOptions(command: Command): void {
  command
    .option('--ca <file>', 'PEM file of authorities to trust besides those that node knows')
    .option('--system <name>', 'the system that is meant when a command names none')
    .option('--account <name>', 'whom jobs are charged to')
    .option('--relay <url>', 'a relay for transfers, where the site cannot be reached')
    .option('--relay-token-file <file>', "the cluster's file with the token for it, absolute")
    .option('--method <method>', 'how to transfer: auto, streamer, agent or ops')
    .option('--allow-method <method>', 'what auto may take; may be repeated (default: all)', collect)
    .addOption(mayBeEmpty(new Option('--agent-node <source>', 'where Node comes from on the cluster: path, module:<name>, file:<path> or venv').argParser(asText(nodeArgument))))
    .addOption(mayBeEmpty(new Option('--agent-node-version <major>', `for venv: its major version (default: ${JOB_DEFAULTS.nodeVersion})`).choices(NODE_VERSIONS.map(String))))
    .option('--agent-partition <name>', "the partition of the agent's job")
    .addOption(mayBeEmpty(new Option('--agent-time <duration>', `its time limit (default: ${formatDuration(JOB_DEFAULTS.timeMs)})`).argParser(asText(durationArgument))))
    .option('--agent-directive <option>', 'another option of sbatch or qsub, as one word; may be repeated', collectWhole)
    .option('--agent-directory <path>', 'where the agent is kept on the cluster')
    .addOption(mayBeEmpty(new Option('--agent-wait-timeout <duration>', `how long its job waits for you to come, and to come back (default: ${formatDuration(AGENT_WAIT_MS)})`).argParser(asText(durationArgument))))
    .option('--agent-public-ips <address>', "address at which you reach its node, or @node for the node's own name; may be repeated (default: the site's; else @node without a relay)", collect)
    .addOption(mayBeEmpty(new Option('--agent-port-range <first last>', "ports to try on its node (default: the site's)").argParser(portRangeArgument)));
}

/** By its own option's name: the message of {@link parseNodeSource} has that of another command. */
function nodeArgument(text: string): void {
  try {
    parseNodeSource(text);
  } catch {
    throw new InvalidArgumentError('give path, module:<name>, file:<path of node>, venv or venv:<directory>.');
  }
}

/** An empty value stays empty, whatever else the option takes: it takes the field out. */
function mayBeEmpty(option: Option): Option {
  const parse = option.parseArg;
  return parse === undefined ? option : option.argParser<unknown>((text, before) => (text === '' ? '' : parse(text, before)));
}

function addLogout(program: Command): void {
  const command = program
    .command('logout')
    .description('Sign out: tell the provider, and remove the tokens and secrets that are kept. The profile stays.')
    .option('--profile <name>', 'the site; or set $STREAMER_PROFILE (default: default, or the only one)')
    .option('--remove', 'remove the profile, too');
  outputOptions(command).action(
    action(async (_words, parsed, context) => {
      const { runLogout } = await import('./commands/logout.js');
      await runLogout(parsed.opts(), context);
    }),
  );
}

function addWhoami(program: Command): void {
  const command = program.command('whoami').description('Say who one is to FirecREST, how one is signed in, and for how long. The token is not shown.');
  outputOptions(addControlOptions(command)).action(
    action(async (_words, parsed, context) => {
      const { runWhoami } = await import('./commands/whoami.js');
      await runWhoami(parsed.opts(), context);
    }),
  );
}

function addProfiles(program: Command): void {
  const command = program.command('profiles').description('List the sites that there are profiles of.');
  outputOptions(command).action(
    action(async (_words, _parsed, context) => {
      const { runProfiles } = await import('./commands/profiles.js');
      await runProfiles(context);
    }),
  );
}
