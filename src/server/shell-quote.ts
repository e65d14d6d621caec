/**
 * Any text as one word of a bash script.
 *
 * @module
 */
import { UsageError } from '../errors.js';

/** What needs no quotes wherever an argument may stand. */
const PLAIN = /^[\w@%+=:,./-]+$/u;
/** Control characters, and those that change how a line is shown: who reads the script shall see what it does. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/u;
const PARTS = new RegExp(`('|${UNSEEN.source})`, 'u');

/**
 * Quotes a text so that bash takes it literally, whatever it holds. What is not visible is written as `$'\012'`, so that the
 * word is one line: a line feed in a name does not begin a line that sbatch or qsub could read as a directive, and a
 * carriage return does not make them refuse the script.
 * @param name what messages call it.
 * @throws UsageError for what no argument of a program can hold.
 */
export function shellQuote(text: string, name: string): string {
  assertArgument(text, name);
  if (PLAIN.test(text)) return text;
  if (text === '') return "''";
  return text.split(PARTS).filter((part) => part !== '').map(quotePart).join('');
}

/** @throws UsageError for what no argument of a program can hold. */
export function assertArgument(text: string, name: string): void {
  if (text.includes('\0')) throw new UsageError(`${name} holds a NUL byte, which no argument can`);
  if (/\p{Surrogate}/u.test(text)) throw new UsageError(`${name} holds half a character (a lone surrogate), which has no bytes`);
}

function quotePart(part: string): string {
  if (part === "'") return "\\'";
  return UNSEEN.test(part) ? `$'${octal(part)}'` : `'${part}'`;
}

/** Always three digits, so that a digit behind them is not taken for one more. */
function octal(text: string): string {
  return [...Buffer.from(text)].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}
