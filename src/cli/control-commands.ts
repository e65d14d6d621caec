/**
 * `streamer systems`, `jobs`, `cancel`, `ls`, `stat` and `checksum`: their options.
 *
 * @module
 */
import { Option, type Command } from 'commander';
import { action, outputOptions } from './action.js';
import { addControlOptions } from './control-options.js';

const PLACE = 'SYSTEM:/path; a relative path begins at your own directory there';

/** Adds them. */
export function addControlCommands(program: Command): void {
  addSystems(program);
  addJobs(program);
  addCancel(program);
  addLs(program);
  addStat(program);
  addChecksum(program);
}

function addSystems(program: Command): void {
  const command = program.command('systems').description('Show the systems of a site: whether they are up, how they move files, for how long a transfer waits, and what it may be.');
  outputOptions(addControlOptions(command)).action(
    action(async (_words, parsed, context) => {
      const { runSystems } = await import('./commands/systems.js');
      await runSystems(parsed.opts(), context);
    }),
  );
}

function addJobs(program: Command): void {
  const command = program
    .command('jobs')
    .description('Show your jobs on a system.')
    .argument('[ids...]', 'only these (default: all)')
    .option('--name <name>', 'only jobs of this name')
    .addOption(new Option('--since <window>', 'how far back (default: 24h)').choices(['1h', '8h', '24h', '3d', '7d']))
    .option('--all-users', "others' jobs, too, where the scheduler shows them");
  outputOptions(addControlOptions(command)).action(
    action(async (words, parsed, context) => {
      const { runJobs } = await import('./commands/jobs.js');
      await runJobs(words, parsed.opts(), context);
    }),
  );
}

function addCancel(program: Command): void {
  const command = program.command('cancel').description('End jobs on a system.').argument('<ids...>', 'which; see "streamer jobs"');
  outputOptions(addControlOptions(command)).action(
    action(async (words, parsed, context) => {
      const { runCancel } = await import('./commands/jobs.js');
      await runCancel(words, parsed.opts(), context);
    }),
  );
}

function addLs(program: Command): void {
  const command = program
    .command('ls')
    .description('List a directory on a system. Times are of its own zone.')
    .argument('<places...>', PLACE)
    .option('-a, --all', 'names that begin with a dot, too')
    .option('-R, --recursive', 'what is in its directories, too')
    .option('-n, --numeric', 'users and groups as numbers')
    .option('-L, --dereference', 'what a link leads to in its place');
  outputOptions(addControlOptions(command)).action(
    action(async (words, parsed, context) => {
      const { runLs } = await import('./commands/look.js');
      await runLs(words, parsed.opts(), context);
    }),
  );
}

function addStat(program: Command): void {
  const command = program.command('stat').description('Say what is at a place on a system.').argument('<places...>', PLACE).option('-L, --dereference', 'what a link leads to in its place');
  outputOptions(addControlOptions(command)).action(
    action(async (words, parsed, context) => {
      const { runStat } = await import('./commands/look.js');
      await runStat(words, parsed.opts(), context);
    }),
  );
}

function addChecksum(program: Command): void {
  const command = program.command('checksum').description('Have a system compute the SHA-256 of a file there, within the seconds that the site allows.').argument('<places...>', PLACE);
  outputOptions(addControlOptions(command)).action(
    action(async (words, parsed, context) => {
      const { runChecksum } = await import('./commands/look.js');
      await runChecksum(words, parsed.opts(), context);
    }),
  );
}
