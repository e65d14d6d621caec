/**
 * The command line of the single file that is brought to a cluster: the server, and nothing else. It runs when it is loaded.
 *
 * @module
 */
import { Command } from 'commander';
import { VERSION } from '../version.js';
import { runWords } from './run.js';
import { addServerCommand } from './server-command.js';

function buildAgentProgram(): Command {
  const program = new Command('streamer-agent')
    .description("Streamer's server, for a job that was submitted for one transfer.")
    .version(`streamer ${VERSION}`, '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
  addServerCommand(program);
  return program;
}

void runWords(process.argv.slice(2), buildAgentProgram);
