/**
 * Which entries of a tree are taken: patterns as `--include` and `--exclude` give them.
 *
 * Rules are in the order in which the user wrote them, and the last one that matches decides. Where none does, an entry
 * is taken; unless all rules are includes: then a file is left out, and directories are still gone through, since what
 * was asked for may lie in them.
 *
 * - A pattern without a slash matches the last name of a path, at any depth: `*.o`.
 * - With a slash it starts at the tree's root: `src/*.o`, `/build`. `**` stands for any number of directories.
 * - With a slash at its end it matches directories only. What is in a directory that is left out is left out with it.
 * - `*`, `?`, `[a-z]` and `{a,b}` as in a shell, but a leading dot is nothing special. A backslash takes the meaning away.
 *
 * @module
 */
import picomatch from 'picomatch';
import { UsageError } from '../errors.js';
import { visible } from './fs-error.js';

/** One `--include` or `--exclude`. */
export interface FilterRule {
  readonly kind: 'include' | 'exclude';
  readonly pattern: string;
}

/** Longest pattern in UTF-16 code units: as long as a path may be. */
export const PATTERN_MAX = 4096;
const SHOWN = 80;
/** A leading `!` is a letter, as in every file name, and so is a leading dot; `[!a]` is known only to `posix`. */
const OPTIONS = { dot: true, nonegate: true, noextglob: true, posix: true, strictSlashes: true, fastpaths: false } as const;
/** What picomatch takes for a group, an alternative or a quotation, and what people have in names: `data (1).nc`. */
const LITERAL = /\\[^]|[()|"+]/gu;

interface CompiledRule {
  readonly include: boolean;
  readonly directoriesOnly: boolean;
  /** Matched against the whole path; else against its last name. */
  readonly anchored: boolean;
  readonly matches: (text: string) => boolean;
}

/** Rules, ready to be asked. */
export class PathFilter {
  readonly #rules: readonly CompiledRule[];
  readonly #onlyIncludes: boolean;

  /** @throws UsageError for a pattern that is empty, too long, holds a NUL byte or cannot be understood. */
  constructor(rules: readonly FilterRule[]) {
    // The last that matches decides, so the last is asked first.
    this.#rules = rules.map(compile).reverse();
    this.#onlyIncludes = rules.length > 0 && rules.every(({ kind }) => kind === 'include');
  }

  /** @param path relative to the tree's root, names joined by `/`. The directories it lies in were asked about before. */
  takes(path: string, isDirectory: boolean): boolean {
    const name = path.slice(path.lastIndexOf('/') + 1);
    for (const rule of this.#rules) {
      if (rule.directoriesOnly && !isDirectory) continue;
      if (rule.matches(rule.anchored ? path : name)) return rule.include;
    }
    return isDirectory || !this.#onlyIncludes;
  }
}

/** @throws UsageError as a {@link PathFilter} of them does */
export function checkRules(rules: readonly FilterRule[] = []): void {
  rules.forEach(compile);
}

function compile({ kind, pattern }: FilterRule): CompiledRule {
  const trouble = troubleOf(pattern);
  if (trouble !== undefined) throw badPattern(kind, pattern, trouble);
  const directoriesOnly = pattern.endsWith('/');
  const body = directoriesOnly ? pattern.replace(/\/+$/u, '') : pattern;
  const anchored = body.includes('/');
  try {
    const glob = body.replace(/^\/+/u, '').replace(LITERAL, (found) => (found.length > 1 ? found : `\\${found}`));
    const matches = picomatch(glob, OPTIONS);
    return { include: kind === 'include', directoriesOnly, anchored, matches: (text) => matches(text) };
  } catch (cause) {
    throw badPattern(kind, pattern, 'it cannot be understood', cause);
  }
}

function troubleOf(pattern: string): string | undefined {
  if (/^\/*$/u.test(pattern)) return 'it is empty';
  if (pattern.includes('\0')) return 'it holds a NUL byte';
  if (pattern.length > PATTERN_MAX) return `it is longer than ${PATTERN_MAX} characters`;
  return undefined;
}

function badPattern(kind: string, pattern: string, reason: string, cause?: unknown): UsageError {
  const shown = visible(pattern.length > SHOWN ? `${pattern.slice(0, SHOWN)}…` : pattern);
  return new UsageError(`the \`${kind}\` pattern "${shown}" is refused: ${reason}; write one such as *.nc`, { cause });
}
