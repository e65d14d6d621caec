/**
 * The token that a command prints, such as a password manager's or a site's own. It is run without a shell, once for as long as its
 * token lasts.
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { AuthError, TimeoutError } from '../../errors.js';
import type { AuthenticatorContext } from './authenticator.js';
import { commandWords } from './command-words.js';
import { isFresh } from './freshness.js';
import { assertUnexpired } from './given-token.js';
import { checkToken, type TokenSource } from './token-source.js';
import { lifetimeOf } from './tokens.js';

/** How long it may take: it may ask its user something, at the terminal that it shares with us. */
const COMMAND_TIMEOUT_MS = 60_000;
/** More is no token. */
const OUTPUT_MAX = 64 * 1024;

interface Printed {
  readonly token: string;
  readonly atMs: number;
}

/**
 * @param command its words, as for a shell: see command-words.ts
 * @param from names where the command stands: "FIRECREST_TOKEN_COMMAND"
 * @throws UsageError for a command that is not plain
 */
export function tokenCommand(command: string, from: string, timeoutMs: number = COMMAND_TIMEOUT_MS): TokenSource {
  const words = commandWords(command, from);
  let printed: Printed | undefined;
  let running: Promise<Printed> | undefined;
  const run = (context: AuthenticatorContext) => (running ??= runCommand(words, from, timeoutMs, context.signal).finally(() => (running = undefined)));
  return {
    token: async (context) => {
      if (printed === undefined || !lasts(printed)) printed = await run(context);
      return printed.token;
    },
    refused: async (context) => {
      const before = printed?.token;
      printed = await run(context);
      return printed.token !== before;
    },
  };
}

function lasts({ token, atMs }: Printed): boolean {
  return isFresh(lifetimeOf(token, atMs), Date.now());
}

async function runCommand([program, ...words]: readonly [string, ...string[]], from: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<Printed> {
  const output = await outputOf(program, words, from, timeoutMs, signal);
  const token = checkToken(output, `the output of ${from}`);
  const atMs = Date.now();
  assertUnexpired(token, from, atMs);
  return { token, atMs };
}

/** Its standard error is the user's own to see: a prompt, or why it failed. */
function outputOf(program: string, words: readonly string[], from: string, timeoutMs: number, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, words, { stdio: ['inherit', 'pipe', 'inherit'], signal });
    const stop = (error: Error) => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      // A grandchild may hold the pipe for longer.
      child.stdout.destroy();
      reject(error);
    };
    const timer = setTimeout(() => stop(new TimeoutError('timeout-wait', `${from} has not ended within ${timeoutMs / 1000} s: run it by hand to see why`)), timeoutMs);
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.length > OUTPUT_MAX) stop(new AuthError('auth-token', `${from} prints more than a token: it must print that alone`));
    });
    child.once('error', (error: NodeJS.ErrnoException) => stop(new AuthError('auth-missing', `${from} cannot be run (${error.code ?? error.name}): check that its first word is a program`)));
    child.once('close', (code, killedBy) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else reject(new AuthError('auth-missing', `${from} ended with ${code === null ? (killedBy ?? 'a signal') : `status ${code}`}: run it by hand to see why`));
    });
  });
}
