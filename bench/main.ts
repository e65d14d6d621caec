/**
 * The bench: the scenarios that are asked for, one after the other, and what came of them. See README.md.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeNetwork, type Network } from './network.js';
import { findNodes } from './nodes.js';
import { parseOptions, type Options } from './options.js';
import { toPage } from './page/page.js';
import { makeRandomFile } from './payloads/random-file.js';
import type { Payload } from './payloads/payload.js';
import { METHOD } from './processes.js';
import { toMarkdown } from './report.js';
import { describeMachine, RESULTS_VERSION, type Results } from './results.js';
import { SCENARIOS } from './scenarios/index.js';
import type { Context, Outcome } from './scenarios/scenario.js';
import { judge } from './targets/index.js';
import { makeWorkspace, type Workspace } from './workspace.js';

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Files of some size are made once, and their folders are named after whom they are for. */
function makeContext(shared: Omit<Context, 'folder' | 'file' | 'setting' | 'say'>, { folder }: Workspace): Context {
  const files = new Map<number, Promise<Payload>>();
  return {
    ...shared,
    ...{ folder, say },
    file(size) {
      const known = files.get(size) ?? makeRandomFile(folder, size);
      files.set(size, known);
      return known;
    },
    setting({ serverIp }, name) {
      const own = path.join(folder, name.replace(/[^\w.-]+/g, '-'));
      mkdirSync(own, { recursive: true });
      return { serverIp, folder: own, smoke: shared.options.smoke };
    },
  };
}

/** Bytes that will be in the workspace at once: every source, and twice the largest for target and preheat. */
function roomFor({ sizes, scenarios, sizeAsked, full }: Options): number {
  const grid = scenarios.includes('wide-area') && !sizeAsked ? 5 * 2 ** 30 : 0;
  const million = full && scenarios.includes('memory') ? 4 * 2 ** 30 : 0;
  return sizes.reduce((sum, size) => sum + size, 0) + 2 * Math.max(...sizes) + grid + million;
}

async function bench(options: Options, network: Network): Promise<Results> {
  const started = new Date();
  const machine = describeMachine();
  say(`path: ${network.description}`);
  const workspace = makeWorkspace(roomFor(options));
  say(`data: ${workspace.description}`);
  const { nodes, skipped } = await findNodes(options.nodes, options.node24, options.smoke);
  const context = makeContext({ options, network, nodes }, workspace);
  const outcomes: Outcome[] = [];
  for (const name of options.scenarios) outcomes.push(await SCENARIOS[name].run(context));
  const rows = outcomes.flatMap((outcome) => outcome.rows);
  return {
    version: RESULTS_VERSION,
    startedAt: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    machine: { ...machine, path: network.description, data: workspace.description, 'CPU time and memory': METHOD },
    rows,
    skipped: [...skipped, ...outcomes.flatMap((outcome) => outcome.skipped)],
    // A small file says nothing about speed.
    targets: options.smoke ? [] : judge(rows),
  };
}

async function write(file: string | undefined, text: () => string | Promise<string>): Promise<void> {
  if (file === undefined) return;
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, await text());
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if ('text' in options) {
    process.stdout.write(options.text);
    return options.status;
  }
  const network = await makeNetwork(options.network);
  if ('reason' in network) {
    say(`bench: there is no path to measure (${network.reason})`);
    return 1;
  }
  const results = await bench(options, network);
  process.stdout.write(toMarkdown(results, { brief: true }));
  await write(options.markdown, () => toMarkdown(results));
  await write(options.json, () => `${JSON.stringify(results, undefined, 1)}\n`);
  await write(options.html, () => toPage(results));
  if (results.rows.length === 0) say('bench: no row was measured');
  return results.rows.length > 0 && results.rows.every((row) => row.summary.right) ? 0 : 1;
}

process.exit(await main());
