/**
 * The bench's own command line.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { parseDuration, parseSize } from '../src/util/units.js';

/** What the bench was asked for. */
export interface Options {
  /** Size of the file in bytes. */
  readonly size: number;
  /** Runs of each row. */
  readonly runs: number;
  /** Rows whose `id direction` holds one of these texts; all when there is none. */
  readonly only: readonly string[];
  /** Files to write the results to. */
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  /** Small and quick; only the bytes matter. */
  readonly smoke: boolean;
  /** How long the slow receiver is watched, in milliseconds. */
  readonly slowMs: number;
}

/** Help of the command. */
export const HELP = `npm run bench -- [options]
  --size SIZE       size of the file (default 1GiB)
  --runs N          runs of each row, interleaved (default 3)
  --only TEXT       only rows whose "id direction" holds the text; several with commas
  --slow-for TIME   how long the receiver throttled to 5 MB/s is watched (default 20s)
  --json FILE       write the results as JSON
  --markdown FILE   write the tables as Markdown
  --smoke           32 MiB, one run, 3 s: asserts that every row's bytes were right, and no more
  --help            this text
`;

/** Reads the command line. Answers a text when it is to be printed instead: the help, or what is wrong. */
export function parseOptions(args: readonly string[]): Options | { readonly text: string; readonly status: number } {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(args);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
  if (values.help) return { text: HELP, status: 0 };
  const { smoke } = values;
  const size = parseSize(values.size ?? (smoke ? '32MiB' : '1GiB'));
  const runs = Number(values.runs ?? (smoke ? '1' : '3'));
  const slowMs = parseDuration(values['slow-for'] ?? (smoke ? '3s' : '20s'));
  if (size === undefined || size === 0) return wrong('--size takes a size such as 64MiB');
  if (!Number.isInteger(runs) || runs < 1) return wrong('--runs takes a whole number from 1');
  if (slowMs === undefined || slowMs < 1000) return wrong('--slow-for takes a time of a second or more, such as 20s');
  const only = values.only.split(',').filter((text) => text !== '');
  return { size, runs, only, json: values.json, markdown: values.markdown, smoke, slowMs };
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      size: { type: 'string' },
      runs: { type: 'string' },
      only: { type: 'string', default: '' },
      'slow-for': { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

function wrong(text: string): { readonly text: string; readonly status: number } {
  return { text: `bench: ${text}\n`, status: 2 };
}
