/**
 * Peers side by side on one path: who can be measured, runs interleaved, one row each.
 *
 * @module
 */
import { measure, type Run, type Subject } from './measure.js';
import type { Network } from './network.js';
import type { Payload } from './payloads/payload.js';
import type { Direction, Peer, Setting } from './peers/peer.js';
import { finish, type Path, type Row, type Skipped } from './results.js';
import type { ScenarioName } from './scenarios/names.js';
import { isChosen, reasonOf, type Context, type Outcome } from './scenarios/scenario.js';

/** One who takes part. */
export interface Contender {
  readonly peer: Peer;
  readonly directions?: readonly Direction[];
  readonly payload: Payload;
}

/** A contest. */
export interface Contest {
  readonly scenario: ScenarioName;
  /** What tells this contest from others of the scenario, for people. */
  readonly title: string;
  readonly network: Network;
  readonly path?: Path;
  readonly contenders: readonly Contender[];
  readonly curves?: Subject['curves'];
}

interface Entry {
  readonly peer: Peer;
  readonly version: string;
  readonly direction: Direction;
  readonly payload: Payload;
  readonly setting: Setting;
  readonly runs: Run[];
  readonly failures: string[];
}

/** Runs it. Run 1 of each row, then run 2 of each: what the machine does meanwhile meets all rows alike. */
export async function hold(context: Context, contest: Contest): Promise<Outcome> {
  const { entries, skipped } = await enter(context, contest);
  const { runs } = context.options;
  for (let number = 1; number <= runs; number += 1) {
    for (const entry of entries) {
      context.say(`${contest.title}, run ${number}/${runs}: ${entry.peer.name} ${entry.direction}: ${await runOnce(contest, entry)}`);
    }
  }
  return { rows: entries.map((entry) => rowOf(contest, entry)), skipped };
}

async function enter(context: Context, contest: Contest): Promise<{ readonly entries: readonly Entry[]; readonly skipped: readonly Skipped[] }> {
  const entries: Entry[] = [];
  const skipped: Skipped[] = [];
  for (const { peer, payload, ...contender } of contest.contenders) {
    const wanted = contender.directions ?? peer.directions;
    const directions = wanted.filter((direction) => isChosen(context.options, peer.id, direction));
    if (directions.length === 0) continue;
    const setting = context.setting(contest.network, `${contest.title} ${peer.id}`);
    const reason = await peer.available(setting);
    if (reason !== undefined) {
      skipped.push({ peer: `${contest.title}: ${peer.name}`, reason });
      context.say(`skipped: ${contest.title}: ${peer.name}: ${reason}`);
      continue;
    }
    const version = await peer.version();
    for (const direction of directions) entries.push({ peer, version, direction, payload, setting, runs: [], failures: [] });
  }
  return { entries, skipped };
}

/** Answers what came of it, for whoever watches. */
async function runOnce({ network, curves }: Contest, { runs, failures, ...entry }: Entry): Promise<string> {
  try {
    const run = await measure({ ...entry, network, ...(curves === undefined ? {} : { curves }) });
    runs.push(run);
    return `${((run.bytesPerSecond ?? 0) / 1e6).toFixed(0)} MB/s in ${run.seconds.toFixed(1)} s, bytes: ${run.check?.text ?? 'not stored'}`;
  } catch (error) {
    failures.push(reasonOf(error));
    return `FAILED: ${reasonOf(error)}`;
  }
}

function rowOf({ scenario, title, path }: Contest, { peer, version, direction, payload, runs, failures }: Entry): Row {
  return finish({
    ...{ scenario, title, ...(path === undefined ? {} : { path }) },
    ...{ id: peer.id, peer: peer.name, version, flags: peer.flags, ours: peer.ours, appends: peer.appends ?? 0 },
    ...{ direction, size: payload.size, ...(payload.kind === 'tree' ? { files: payload.files } : {}) },
    ...{ runs, failures },
  });
}
