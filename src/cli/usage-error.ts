/**
 * What commander says of a wrong command line, without the words that may be secrets: coordinates without their command, a
 * secret without its option, an option that is misspelt and so not known for one that takes a secret.
 *
 * @module
 */
import type { CommanderError } from 'commander';
import { UsageError } from '../errors.js';
import { looksLikeCoordinates } from './arguments.js';

/** Longest word that is quoted. */
const QUOTED_MAX = 20;

/** Translates; a word is quoted only where it can hardly be a secret. */
export function usageError({ code, message }: Pick<CommanderError, 'code' | 'message'>): UsageError {
  if (code === 'commander.help') return new UsageError('which command? streamer --help shows them');
  return new UsageError(`${withoutSecrets(message.replace(/^error: /, '')).replace(/\.$/, '')}; streamer --help shows how`);
}

function withoutSecrets(message: string): string {
  // Greedy, since the word itself may have quotes and line feeds; what follows it, commander wrote.
  const [, unknown, word = '', rest = ''] = /^unknown (command|option) '(.*)'(\n\(Did you mean [^\n]*)?$/su.exec(message) ?? [];
  if (unknown === 'command') return /^[a-z-]{1,20}$/u.test(word) ? message : `that is no command${looksLikeCoordinates(word) ? ' (did you forget receive or send?)' : ''}${rest}`;
  if (unknown === 'option') return `unknown option${optionName(word)}${rest}`;
  return message.replace(/ argument '(.*)' is invalid\./su, (all: string, value: string) => (value.length > QUOTED_MAX || looksLikeCoordinates(value) ? ' has an invalid argument.' : all));
}

/** ` '--secret'` of `--secret=VALUE`, ` '-s'` of `-sVALUE`. */
function optionName(word: string): string {
  const name = /^(?:--[a-z][a-z-]{0,29}(?==|$)|-[a-zA-Z](?!-))/u.exec(word)?.[0];
  return name === undefined ? '' : ` '${name}'`;
}
