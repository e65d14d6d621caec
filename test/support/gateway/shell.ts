/**
 * Commands at the other end of FirecREST's SSH connection: here, in a shell of this machine, with FirecREST's limits of time
 * and output, and its reading of what they say. As with FirecREST, a quote in a path ends the shell's quotes.
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { ApiError } from './errors.js';

/** Where and how long a command runs. */
export interface ShellOptions {
  readonly home: string;
  readonly user: string;
  /** Time limit, milliseconds. */
  readonly limitMs: number;
  /** Output of this many bytes is too much. */
  readonly outputLimit: number;
  /** What runs the shell: another user, for example. */
  readonly prefix: readonly string[];
}

/** How a command ended. */
interface Ended {
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * Runs a command.
 * @param input for its standard input, which is left open when this is empty, as FirecREST does
 * @returns what it wrote
 * @throws ApiError 408 at the time limit, 413 past the output's, and what fits the command's own error
 */
export async function shell(command: string, options: ShellOptions, input = ''): Promise<Buffer> {
  const { status, stdout, stderr } = await run(command, options, input);
  if (stdout.length >= options.outputLimit || stderr.length >= options.outputLimit) throw new ApiError(413, 'Command output exceeded buffer limit.');
  if (status !== 0) throw failure(status, stderr.toString());
  return stdout;
}

function run(command: string, { home, user, limitMs, prefix }: ShellOptions, input: string): Promise<Ended> {
  const [program, ...words] = [...prefix, 'bash', '-c', command];
  const child = spawn(program, words, { cwd: home, env: { PATH: process.env['PATH'], HOME: home, USER: user, LANG: 'C.UTF-8' }, detached: true });
  child.stdin.on('error', () => undefined);
  if (input !== '') child.stdin.end(input);
  const output: { stdout: Buffer[]; stderr: Buffer[] } = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr'] as const) child[name].on('data', (piece: Buffer) => output[name].push(piece));
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      reject(new ApiError(408, 'Command execution timeout limit exceeded.'));
    }, limitMs);
    child.once('error', reject);
    child.once('close', (code) => {
      clearTimeout(timer);
      resolve({ status: code ?? 255, stdout: Buffer.concat(output.stdout), stderr: Buffer.concat(output.stderr) });
    });
  });
}

const STATUSES: readonly (readonly [words: string, status: number])[] = [
  ['No such file or directory', 404],
  ['Permission denied', 403],
  ['Operation not permitted', 403],
  ['File exists', 400],
  ['invalid user', 400],
];

function failure(status: number, stderr: string): ApiError {
  const [, code = 500] = STATUSES.find(([words]) => stderr.includes(words)) ?? [];
  return new ApiError(code, `Remote process failed with exit status:${status}${stderr === '' ? '' : ` and error message:${stderr.trim()}`}`);
}
