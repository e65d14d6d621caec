/**
 * A command as text to its words, without a shell: quotes and backslashes mean what they mean to sh (POSIX.1-2017, Shell Command
 * Language, 2.2), and whatever else a shell would do something with is refused, so that no command is silently run otherwise
 * than was meant.
 *
 * @module
 */
import { UsageError } from '../../errors.js';

/** Between white space: a quoted part, an escaped character, or plain ones. */
const PART = /'(?<single>[^']*)'|"(?<double>(?:[^"\\]|\\[^])*)"|\\(?<escaped>[^\n])|(?<plain>[^\s'"\\]+)/uy;
/** What a shell reads as more than itself, unquoted; and in double quotes. */
const SHELL = /[|&;<>()$`*?[\]{}!#~]/u;
const SHELL_IN_QUOTES = /[$`]/u;

/** @param from names where the command stands: "FIRECREST_TOKEN_COMMAND" @throws UsageError */
export function commandWords(text: string, from: string): readonly [program: string, ...words: string[]] {
  const words: string[] = [];
  let at = 0;
  while ((at += /^\s*/u.exec(text.slice(at))?.[0].length ?? 0) < text.length) {
    let word = '';
    while (at < text.length && !/\s/u.test(text[at] ?? '')) {
      PART.lastIndex = at;
      const groups = PART.exec(text)?.groups;
      if (groups === undefined) throw new UsageError(`${from}: a quote or a backslash at its end is not closed`);
      word += plainPart(groups, from);
      at = PART.lastIndex;
    }
    words.push(word);
  }
  const [program, ...others] = words;
  if (program === undefined || program === '') throw new UsageError(`${from} names no command`);
  return [program, ...others];
}

function plainPart(groups: Readonly<Record<string, string | undefined>>, from: string): string {
  const { single, double, escaped, plain = '' } = groups;
  const shell = (double !== undefined && SHELL_IN_QUOTES.test(double.replace(/\\[^]/gu, ''))) || SHELL.test(plain);
  if (shell) throw new UsageError(`${from} is run without a shell, which its |, $, * and their like are for: quote them, or write sh -c '…'`);
  return single ?? escaped ?? double?.replace(/\\([$`"\\])/gu, '$1') ?? plain;
}
