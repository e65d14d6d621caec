/**
 * The bench: every peer that is installed, the same file, the same path, interleaved. See README.md.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { formatSize } from '../src/util/units.js';
import { makeWorkspace, type Workspace } from './data.js';
import { measure, type Run } from './measure.js';
import { makeNetwork, type Network } from './network.js';
import { parseOptions, type Options } from './options.js';
import { PEERS } from './peers/index.js';
import type { Direction, Peer, Setting } from './peers/peer.js';
import { native } from './peers/streamer.js';
import { METHOD } from './processes.js';
import { toMarkdown } from './report.js';
import { describeMachine, finish, RESULTS_VERSION, type Results, type Row, type Skipped } from './results.js';
import { slowReceiver, slowReceiverId } from './slow-receiver.js';
import { judge } from './targets.js';

/** A row while its runs are made. */
interface Entry {
  readonly peer: Peer;
  readonly version: string;
  readonly direction: Direction;
  readonly setting: Setting;
  readonly runs: Run[];
  readonly failures: string[];
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function chosen({ only }: Options, id: string, direction: Direction): boolean {
  return only.length === 0 || only.some((text) => `${id} ${direction}`.includes(text));
}

async function plan(options: Options, settingFor: (id: string) => Setting): Promise<{ entries: Entry[]; skipped: Skipped[] }> {
  const entries: Entry[] = [];
  const skipped: Skipped[] = [];
  for (const peer of PEERS) {
    const directions = peer.directions.filter((direction) => chosen(options, peer.id, direction));
    if (directions.length === 0) continue;
    const setting = settingFor(peer.id);
    const reason = await peer.available(setting);
    if (reason !== undefined) {
      skipped.push({ peer: peer.name, reason });
      say(`skipped: ${peer.name}: ${reason}`);
      continue;
    }
    const version = await peer.version();
    for (const direction of directions) entries.push({ peer, version, direction, setting, runs: [], failures: [] });
  }
  return { entries, skipped };
}

/** Run 1 of each row, then run 2 of each: what the machine does meanwhile meets all rows alike. */
async function runAll(entries: readonly Entry[], runs: number, network: Network, workspace: Workspace): Promise<readonly Row[]> {
  for (let number = 1; number <= runs; number += 1) {
    for (const { peer, direction, setting, ...entry } of entries) {
      const label = `run ${number}/${runs}: ${peer.name} ${direction}`;
      try {
        const result = await measure(network, workspace, setting, peer, direction);
        entry.runs.push(result);
        say(`${label}: ${(result.bytesPerSecond / 1e6).toFixed(0)} MB/s, bytes: ${result.check?.text ?? 'not stored'}`);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        entry.failures.push(reason);
        say(`${label}: FAILED: ${reason}`);
      }
    }
  }
  return entries.map(({ peer, version, direction, setting, runs: done, failures }) =>
    finish({
      scenario: 'one file',
      id: peer.id,
      peer: peer.name,
      version,
      flags: peer.flags,
      direction,
      size: setting.size,
      ours: peer.ours,
      runs: done,
      failures,
      appends: peer.appends ?? 0,
    }),
  );
}

async function runSlow(
  options: Options,
  network: Network,
  settingFor: (id: string) => Setting,
): Promise<{ readonly slowRows: readonly Row[]; readonly slowSkipped: readonly Skipped[] }> {
  const slowRows: Row[] = [];
  const slowSkipped: Skipped[] = [];
  for (const wire of ['native', 'compat'] as const) {
    const id = slowReceiverId(wire);
    if (!chosen(options, id, 'down')) continue;
    const reason = await native.available(settingFor(id));
    if (reason !== undefined) {
      slowSkipped.push({ peer: `receiver throttled, ${wire} wire`, reason });
      continue;
    }
    const row = await slowReceiver(network, settingFor(id), wire, options.slowMs);
    say(`${row.scenario}, ${row.peer}: ${row.failures[0] === undefined ? 'done' : `FAILED: ${row.failures[0]}`}`);
    slowRows.push(row);
  }
  return { slowRows, slowSkipped };
}

async function bench(options: Options): Promise<Results> {
  const started = new Date();
  const machine = describeMachine();
  const network = await makeNetwork();
  say(`path: ${network.description}`);
  const workspace = await makeWorkspace(options.size);
  say(`data: ${formatSize(workspace.size)} of random bytes, ${workspace.description}`);
  const settingFor = (id: string): Setting => {
    const folder = path.join(workspace.folder, id);
    mkdirSync(folder, { recursive: true });
    return { serverIp: network.serverIp, folder, source: workspace.source, size: workspace.size, smoke: options.smoke };
  };
  const { entries, skipped } = await plan(options, settingFor);
  const fileRows = await runAll(entries, options.runs, network, workspace);
  const { slowRows, slowSkipped } = await runSlow(options, network, settingFor);
  const rows = [...fileRows, ...slowRows];
  return {
    version: RESULTS_VERSION,
    startedAt: started.toISOString(),
    seconds: (Date.now() - started.getTime()) / 1000,
    machine: { ...machine, path: network.description, data: workspace.description, 'CPU time and memory': METHOD },
    rows,
    skipped: [...skipped, ...slowSkipped],
    // A small file says nothing about speed.
    targets: options.smoke ? [] : judge(rows),
  };
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if ('text' in options) {
    process.stdout.write(options.text);
    return options.status;
  }
  const results = await bench(options);
  const markdown = toMarkdown(results);
  process.stdout.write(markdown);
  if (options.markdown !== undefined) writeFileSync(options.markdown, markdown);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(results, undefined, 2)}\n`);
  if (results.rows.length === 0) say('bench: no row was measured');
  return results.rows.length > 0 && results.rows.every((row) => row.summary.right) ? 0 : 1;
}

process.exit(await main());
