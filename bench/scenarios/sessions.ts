/**
 * Many pairs of server and client at once, each with a file of its own: what a busy site sees. Ours, and raw TCP beside
 * it.
 *
 * @module
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { formatSize } from '../../src/util/units.js';
import { others, placeFor, READY_MS, timeLimitMs, type Run } from '../measure.js';
import { verdict, type Check, type Payload } from '../payloads/payload.js';
import type { Peer, Place, Setting } from '../peers/peer.js';
import { rawTcp } from '../peers/raw-tcp.js';
import { ours } from '../peers/streamer.js';
import { lastLine, Launched, type Command, type Ended } from '../processes.js';
import { finish, type Row, type Skipped } from '../results.js';
import { largest } from '../statistics.js';
import { machineCpuSeconds, type Usage } from '../usage.js';
import { isChosen, reasonOf, type Context, type Scenario } from './scenario.js';

interface Pair {
  readonly place: Place;
  readonly folder: string;
}

const DIRECTION = 'down';

async function runOnce(context: Context, peer: Peer, setting: Setting, payload: Payload): Promise<Run> {
  const root = path.join(setting.folder, 'run');
  const folders = Array.from({ length: context.options.sessions }, (_, number) => path.join(root, String(number)));
  try {
    for (const folder of folders) await mkdir(folder, { recursive: true });
    await Promise.all(folders.map((folder) => payload.preheat(folder)));
    const pairs: Pair[] = [];
    for (const folder of folders) pairs.push({ folder, place: await placeFor(context.network, setting, payload, folder) });
    const run = await runPairs(context, peer, payload, pairs);
    const checks: Check[] = [];
    for (const { place } of pairs) checks.push(await payload.check(place.target));
    return { ...run, check: verdict(checks.filter(({ right, extra }) => !right || extra > 0).map(({ text }) => text)) };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** All servers first; then all clients at once. The clock runs until the last of them has ended. */
async function runPairs({ network }: Context, peer: Peer, payload: Payload, pairs: readonly Pair[]): Promise<Omit<Run, 'check'>> {
  const launched: Launched[] = [];
  const start = (...args: ConstructorParameters<typeof Launched>): Launched => {
    const one = new Launched(...args);
    launched.push(one);
    return one;
  };
  try {
    const ready: { readonly server: Launched; readonly folder: string; readonly command: Command }[] = [];
    for (const { place, folder } of pairs) {
      const trial = peer.trial(DIRECTION, place);
      const server = start(network, 'server', trial.server, folder);
      ready.push({ server, folder, command: trial.client(await server.announced(trial.ready, place.port, READY_MS)) });
    }
    const startMs = performance.now();
    const busyBefore = machineCpuSeconds() ?? 0;
    const clients = ready.map(({ command, folder }) => start(network, 'client', command, folder));
    const limit = timeLimitMs({ size: payload.size * pairs.length, files: pairs.length });
    const clientEnds = await Promise.all(clients.map((client) => ended(client, limit)));
    const seconds = (Math.max(...clientEnds.map(({ endedAtMs }) => endedAtMs)) - startMs) / 1000;
    const busy = (machineCpuSeconds() ?? 0) - busyBefore;
    const serverEnds = await Promise.all(ready.map(({ server }) => ended(server, READY_MS)));
    const usage = { client: together(clientEnds), server: together(serverEnds) };
    const moved = payload.size * pairs.length;
    return { seconds, bytesPerSecond: moved / seconds, moved, ...usage, otherCores: others(busy, usage, seconds) };
  } finally {
    await Promise.all(launched.map((one) => one.stop()));
  }
}

async function ended(one: Launched, limitMs: number): Promise<Ended> {
  const end = (await one.endsWithin(limitMs)) ?? (await one.stop());
  if (end.status !== 0) throw new Error(`a process ended with status ${end.status ?? '?'}: ${lastLine(one.output)}`);
  return end;
}

/** CPU of all; memory of the largest, since each is a process that a user sees by itself. */
function together(ends: readonly Ended[]): Usage {
  const cpu = ends.map(({ usage }) => usage.cpuSeconds).filter((value) => value !== undefined);
  return { cpuSeconds: cpu.reduce((sum, value) => sum + value, 0), peakRss: largest(ends.map(({ usage }) => usage.peakRss)) };
}

async function rowOf(context: Context, peer: Peer, setting: Setting, payload: Payload): Promise<Row> {
  const runs: Run[] = [];
  const failures: string[] = [];
  for (let number = 1; number <= context.options.runs; number += 1) {
    try {
      runs.push(await runOnce(context, peer, setting, payload));
    } catch (error) {
      failures.push(reasonOf(error));
    }
  }
  const { sessions } = context.options;
  const title = `${sessions} pairs at once, ${formatSize(payload.size)} each`;
  context.say(`${title}: ${peer.name}: ${failures[0] === undefined ? 'done' : `FAILED: ${failures[0]}`}`);
  return finish({
    ...{ scenario: 'sessions', title, id: peer.id, peer: peer.name, version: await peer.version(), flags: peer.flags },
    ...{ direction: DIRECTION, size: payload.size * sessions, ours: peer.ours, runs, failures, appends: 0 },
  });
}

/** Pairs at once. */
export const sessions: Scenario = {
  name: 'sessions',
  async run(context) {
    const { options } = context;
    const payload = await context.file(Math.ceil((options.sizes[0] ?? 0) / options.sessions));
    const rows: Row[] = [];
    const skipped: Skipped[] = [];
    for (const peer of [rawTcp, ours({ wire: 'native' })]) {
      if (!isChosen(options, peer.id, DIRECTION)) continue;
      const setting = context.setting(context.network, `sessions ${peer.id}`);
      const reason = await peer.available(setting);
      if (reason === undefined) rows.push(await rowOf(context, peer, setting, payload));
      else skipped.push({ peer: `sessions: ${peer.name}`, reason });
    }
    return { rows, skipped };
  },
};
