/**
 * How a command line is run, from its words to its exit status.
 *
 * @module
 */
import { CommanderError, type Command } from 'commander';
import { joinPortRange } from './arguments.js';
import { failureOf } from './exit.js';
import { createRenderer, type RenderOptions } from './render.js';
import { usageError } from './usage-error.js';

/** Parses the words, runs the command that they name, and sets the process's exit status. @param build makes the program. */
export async function runWords(words: readonly string[], build: () => Command): Promise<void> {
  hideArguments(words);
  // A closed pipe or a full disk behind our output must not end a transfer. What could not be said is lost.
  process.stdout.on('error', () => undefined);
  process.stderr.on('error', () => undefined);
  try {
    // As the reference does: the name alone shows the help, and is no error.
    if (words.length === 0) build().outputHelp();
    else await build().parseAsync(joinPortRange(words), { from: 'user' });
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
