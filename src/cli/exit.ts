/**
 * An error to one line on standard error, in the command line's words (`flags.ts`), and one exit status.
 *
 * @module
 */
import { EXIT_BUG, StreamerError } from '../errors.js';
import { inFlags } from './flags.js';

/** What the user is told of a failure. */
export interface Failure {
  readonly exitCode: number;
  /** Stable code, or 'bug'. */
  readonly code: string;
  readonly message: string;
  /** The stack, for bugs only. */
  readonly detail?: string;
}

/** Translates anything that was thrown. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StreamerError) return { exitCode: error.exitCode, code: error.code, message: oneLine(inFlags(error.message)) };
  const message = error instanceof Error ? error.message : String(error);
  const detail = error instanceof Error ? (error.stack ?? '') : '';
  return { exitCode: EXIT_BUG, code: 'bug', message: `internal error: ${oneLine(message)}; please report it`, detail };
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}
