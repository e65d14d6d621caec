/**
 * What every command has in common: how it is run, told about and ended, and the options of its output.
 *
 * @module
 */
import type { Command } from 'commander';
import { chooseWorkers } from '../util/spare-processors.js';
import { failureOf } from './exit.js';
import { createRenderer, type Renderer, type RenderOptions } from './render.js';
import { stopSignal } from './signals.js';

/** What a command is given besides its options. */
export interface Context {
  readonly renderer: Renderer;
  /** From the call on, SIGINT, SIGTERM and SIGHUP abort the signal. Before it they end the process, even one that reads its standard input. */
  readonly stopSignal: () => AbortSignal;
}

/** How long a connection may hold the process when all is said, milliseconds: a closing handshake takes 2 s at the most. */
const LEAVE_MS = 2_500;

/** Runs a command's action with its renderer and signal, and turns its failure into a line and a status. */
export function action(
  run: (words: readonly string[], command: Command, context: Context) => Promise<void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    const command = given.at(-1) as Command;
    const options: RenderOptions & { readonly workers?: number } = command.optsWithGlobals();
    const renderer = createRenderer(options);
    try {
      const workers = options.workers ?? process.env['STREAMER_WORKERS'];
      if (workers !== undefined && workers !== '') chooseWorkers(Number(workers));
      await run((given.slice(0, -2) as (string | string[] | undefined)[]).flat().filter((word) => word !== undefined), command, { renderer, stopSignal });
      renderer.end();
    } catch (error) {
      const failure = failureOf(error);
      renderer.fail(failure);
      process.exitCode = failure.exitCode;
    } finally {
      // A peer that no longer listens is not waited for: what it should be told stands behind data that it does not take.
      setTimeout(() => process.exit(), LEAVE_MS).unref();
    }
  };
}

/** Adds `--json` and `-q`. */
export function outputOptions(command: Command): Command {
  return command
    .option('--json', 'one JSON object a line on standard output, for programs (on standard error where that carries what is received)')
    .option('-q, --quiet', "say only errors, results (a server's lines, a key, a measurement) and that a wire is not encrypted");
}
