/**
 * The options that every command has which asks FirecREST: which site, which system, and who asks.
 *
 * @module
 */
import type { Command } from 'commander';
import type { ControlChoice } from '../control/open.js';
import { defined } from '../util/defined.js';

/** Options as commander gives them. */
export type ControlOptions = Omit<ControlChoice, 'env'>;

/** Adds them. */
export function addControlOptions(command: Command): Command {
  return command
    .option('--profile <name>', 'the site, as "streamer login --profile <name>" has named it; or set $STREAMER_PROFILE (default: default, or the only one)')
    .option('--url <url>', "FirecREST's address; or set $FIRECREST_URL (default: the profile's)")
    .option('--system <name>', "the system there; or set $FIRECREST_SYSTEM (default: the profile's)")
    .option('--account <name>', "whom jobs are charged to (default: the profile's, or the site's)")
    .option('--authenticator <module>', "a module of your own that signs requests (default: the profile's sign-in, or $FIRECREST_TOKEN and its like)")
    .option('--ca <file>', 'PEM file of authorities to trust besides those that node knows');
}

/** What they choose, with the variables that fill in what they leave out. */
export function controlChoice({ profile, url, system, account, authenticator, ca }: ControlOptions, env: NodeJS.ProcessEnv = process.env): ControlChoice {
  return { ...defined({ profile, url, system, account, authenticator, ca }), env };
}
