/**
 * `streamer login`, `logout`, `whoami` and `profiles`: their options.
 *
 * @module
 */
import { Option, type Command } from 'commander';
import { CLIENT_AUTH_METHODS, FLOWS, SUBJECT_FLOWS } from '../control/auth/flows.js';
import { action, outputOptions } from './action.js';
import { collect, collectWhole, countArgument, durationArgument } from './arguments.js';
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
    .addOption(new Option('--redirect-port <port>', 'for browser: the port of this machine to which it comes back (default: 8888)').argParser(countArgument))
    .option('--redirect-url <url>', 'in its place: the whole address, as it is registered (default: http://127.0.0.1:8888/callback)')
    .option('--no-open', 'for browser: only print the link')
    .option('--no-check', 'do not ask FirecREST afterwards whether it takes the token')
    .addOption(new Option('--timeout <duration>', 'for browser: how long to wait for its return (default: 5m)').argParser(durationArgument))
    .addOption(new Option('--client-auth-method <method>', 'how the client proves who it is (default: client_secret_basic, or private_key_jwt with --key-file)').choices(CLIENT_AUTH_METHODS))
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
    .option('--relay-token-file <file>', 'file that holds the token for it')
    .option('--method <method>', 'how to transfer: auto, streamer, agent or ops')
    .option('--allow-method <method>', 'what auto may take; may be repeated (default: all)', collect)
    .option('--agent-node <source>', 'where Node comes from on the cluster: path, module:<name>, file:<path> or venv')
    .addOption(new Option('--agent-node-version <major>', 'for venv: its major version').argParser(countArgument))
    .option('--agent-partition <name>', "the partition of the agent's job")
    .option('--agent-time <duration>', 'its time limit (default: 2 h)')
    .option('--agent-directive <option>', 'another option of sbatch or qsub, as one word; may be repeated', collectWhole)
    .option('--agent-directory <path>', 'where the agent is kept on the cluster');
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
