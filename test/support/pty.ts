/**
 * A program on a terminal of its own: by `script` of util-linux, else by Python's pty module.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';

/** Wraps a command so that it runs on a new terminal, whose output is the wrapper's standard output. */
export type Terminal = (argv: readonly string[]) => readonly string[];

/** A new terminal need not have a size; a bar wants one. */
const SIZED = ['sh', '-c', 'stty cols 120 rows 30 && exec "$@"', 'sh'];
const PYTHON_PTY = 'import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

const WAYS: readonly Terminal[] = [
  (argv) => ['script', '--quiet', '--return', '--command', [...SIZED, ...argv].map(quoted).join(' '), '/dev/null'],
  (argv) => ['python3', '-c', PYTHON_PTY, ...SIZED, ...argv],
];

/** The first way that gives a terminal on this machine; undefined when none does. */
export function findTerminal(): Terminal | undefined {
  return WAYS.find((way) => {
    const [program = '', ...args] = way(['test', '-t', '2']);
    return spawnSync(program, args, { stdio: ['ignore', 'ignore', 'ignore'], timeout: 10_000 }).status === 0;
  });
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
