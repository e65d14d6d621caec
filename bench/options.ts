/**
 * The bench's own command line.
 *
 * @module
 */
import { parseArgs } from 'node:util';
import { parseDuration, parseSize } from '../src/util/units.js';
import { isNetworkChoice, NETWORK_CHOICES, type NetworkChoice } from './network.js';
import { isScenarioName, QUICK_SCENARIOS, SCENARIO_NAMES, type ScenarioName } from './scenarios/names.js';

/** What the bench was asked for. */
export interface Options {
  readonly scenarios: readonly ScenarioName[];
  /** Sizes of the one file in bytes. */
  readonly sizes: readonly number[];
  /** A size was named: it holds for every scenario, however large its own file would be. */
  readonly sizeAsked: boolean;
  /** Runs of each row. */
  readonly runs: number;
  /** Rows whose `id direction` holds one of these texts; all when there is none. */
  readonly only: readonly string[];
  /** What to set `--streams` of ours to, besides its default. */
  readonly streams: readonly string[];
  /** Pairs of server and client at once. */
  readonly sessions: number;
  /** What the two ends are joined by. */
  readonly network: NetworkChoice;
  /** Versions of node to run ours with, besides this one. */
  readonly nodes: readonly string[];
  readonly node24: boolean;
  /** Everything, the scenarios that take long and much memory included. */
  readonly full: boolean;
  /** Small and quick; only the bytes matter. */
  readonly smoke: boolean;
  /** How long the slow receiver is watched, in milliseconds. */
  readonly slowMs: number;
  /** Files to write the results to. */
  readonly json: string | undefined;
  readonly markdown: string | undefined;
  readonly html: string | undefined;
}

/** Help of the command. */
export const HELP = `npm run bench -- [options]
  --scenario NAME   ${SCENARIO_NAMES.join(', ')};
                    several with commas (default: all but wide-area)
  --full            every scenario at its full size, memory with a 20 GiB sparse file and a million files
  --smoke           small files, one run: asserts that every row's bytes were right, and no more
  --size SIZE       size of the file; several with commas (default 1GiB)
  --runs N          runs of each row, interleaved (default 3)
  --only TEXT       only rows whose "id direction" holds the text; several with commas
  --streams LIST    connections of ours, besides its default (default 1,8)
  --sessions N      pairs at once (default 8)
  --network KIND    ${NETWORK_CHOICES.join(', ')} (default auto: the first of the others that can be had)
  --node PATH       run ours with this node, too; may be repeated
  --node24          run ours with node 24, too (from PyPI)
  --slow-for TIME   how long the receiver throttled to 5 MB/s is watched (default 20s)
  --json FILE       write the results as JSON
  --markdown FILE   write the tables as Markdown
  --html FILE       write a page with plots
  --results NAME    all three, as bench/results/NAME.json, .md and .html
  --help            this text
npm run bench -- compare A.json B.json   what got slower from A to B, beyond the spread
npm run bench -- page A.json B.html      the page again, from results that are there
`;

type Wrong = { readonly text: string; readonly status: number };

/** Reads the command line. Answers a text when it is to be printed instead: the help, or what is wrong. */
export function parseOptions(args: readonly string[]): Options | Wrong {
  let values: Values;
  try {
    values = parse(args);
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error));
  }
  return values.help ? { text: HELP, status: 0 } : read(values);
}

type Values = ReturnType<typeof parse>;

function read(values: Values): Options | Wrong {
  const { smoke, full, node, node24, network } = values;
  const sizes = split(values.size ?? (smoke ? '16MiB' : '1GiB')).map(parseSize);
  const runs = Number(values.runs ?? (smoke ? '1' : '3'));
  const sessions = Number(values.sessions ?? (smoke ? '2' : '8'));
  const slowMs = parseDuration(values['slow-for'] ?? (smoke ? '2s' : '20s'));
  const asked = split(values.scenario);
  const scenarios: readonly string[] = asked.length > 0 ? asked : full ? SCENARIO_NAMES : QUICK_SCENARIOS;
  const unknown = scenarios.find((name) => !isScenarioName(name));
  if (unknown !== undefined) return wrong(`there is no scenario ${unknown}; there are ${SCENARIO_NAMES.join(', ')}`);
  if (sizes.length === 0 || sizes.some((size) => size === undefined || size === 0)) return wrong('--size takes a size such as 64MiB');
  if (!Number.isInteger(runs) || runs < 1) return wrong('--runs takes a whole number from 1');
  if (!Number.isInteger(sessions) || sessions < 1) return wrong('--sessions takes a whole number from 1');
  if (slowMs === undefined || slowMs < 1000) return wrong('--slow-for takes a time of a second or more, such as 20s');
  if (!isNetworkChoice(network)) return wrong(`--network takes ${NETWORK_CHOICES.join(', ')}`);
  return {
    scenarios: scenarios.filter(isScenarioName),
    sizes: sizes.filter((size) => size !== undefined),
    sizeAsked: values.size !== undefined,
    ...{ runs, sessions, slowMs, only: split(values.only), streams: split(values.streams ?? (smoke ? '' : '1,8')) },
    ...{ network, nodes: node, node24, full, smoke, ...files(values) },
  };
}

function files({ json, markdown, html, results }: Values): Pick<Options, 'json' | 'markdown' | 'html'> {
  const at = (ending: string) => (results === undefined ? undefined : `bench/results/${results}.${ending}`);
  return { json: json ?? at('json'), markdown: markdown ?? at('md'), html: html ?? at('html') };
}

function split(text: string): readonly string[] {
  return text.split(',').filter((word) => word !== '');
}

function parse(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      scenario: { type: 'string', default: '' },
      size: { type: 'string' },
      runs: { type: 'string' },
      only: { type: 'string', default: '' },
      streams: { type: 'string' },
      sessions: { type: 'string' },
      network: { type: 'string', default: 'auto' },
      node: { type: 'string', multiple: true, default: [] as string[] },
      node24: { type: 'boolean', default: false },
      'slow-for': { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      html: { type: 'string' },
      results: { type: 'string' },
      full: { type: 'boolean', default: false },
      smoke: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}

function wrong(text: string): Wrong {
  return { text: `bench: ${text}\n`, status: 2 };
}
