/**
 * Start-up: `node -e 0`, `streamer --version`, and a 1 KiB file from both commands' start to both commands' end. One
 * after the other, turn and turn about; medians.
 *
 * @module
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { placeFor, READY_MS, type Run } from '../measure.js';
import type { Payload } from '../payloads/payload.js';
import type { Peer, Setting } from '../peers/peer.js';
import { obstacle, ours, streamer } from '../peers/streamer.js';
import { lastLine, Launched, type Command, type Ended } from '../processes.js';
import type { Node } from '../nodes.js';
import { finish, type Row } from '../results.js';
import { isChosen, reasonOf, type Context, type Scenario } from './scenario.js';

/** Runs of each, at the least: they are short, and their spread is not. */
const RUNS = 15;
const SMOKE_RUNS = 3;
const LIMIT_MS = 30_000;
/** No rate, and no CPU time per byte: there are hardly any bytes. */
const TIMED = { bytesPerSecond: undefined, moved: 0 };
const NOTHING = { cpuSeconds: undefined, peakRss: undefined };

interface Course {
  readonly id: string;
  readonly name: string;
  readonly node: Node;
  readonly size: number;
  once(folder: string): Promise<Run>;
}

function command(context: Context, id: string, name: string, node: Node, argv: Command): Course {
  const once = async (folder: string): Promise<Run> => {
    const launched = new Launched(context.network, 'client', argv, folder);
    const end = await ended(launched);
    const seconds = (end.endedAtMs - launched.startedAtMs) / 1000;
    return { seconds, ...TIMED, client: end.usage, server: NOTHING, otherCores: undefined, check: undefined };
  };
  return { id: `${id}${node.suffix}`, name, node, size: 0, once };
}

/** From the start of the server until both have ended, as somebody sees who types the one and then the other. */
function transfer(context: Context, node: Node, payload: Payload, setting: Setting): Course {
  const peer: Peer = ours({ wire: 'native', node });
  const once = async (folder: string): Promise<Run> => {
    const place = await placeFor(context.network, setting, payload, folder);
    const trial = peer.trial('down', place);
    const server = new Launched(context.network, 'server', trial.server, folder);
    try {
      const client = new Launched(context.network, 'client', trial.client(await server.announced(trial.ready, place.port, READY_MS)), folder);
      const [clientEnd, serverEnd] = [await ended(client), await ended(server)];
      const seconds = (Math.max(clientEnd.endedAtMs, serverEnd.endedAtMs) - server.startedAtMs) / 1000;
      const check = await payload.check(place.target);
      return { seconds, ...TIMED, client: clientEnd.usage, server: serverEnd.usage, otherCores: undefined, check };
    } finally {
      await server.stop();
    }
  };
  return { id: `start-1KiB${node.suffix}`, name: 'a 1 KiB file, both commands', node, size: payload.size, once };
}

async function ended(launched: Launched): Promise<Ended> {
  const end = (await launched.endsWithin(LIMIT_MS)) ?? (await launched.stop());
  if (end.status !== 0) throw new Error(`it ended with status ${end.status ?? '?'}: ${lastLine(launched.output)}`);
  return end;
}

async function courses(context: Context, setting: Setting): Promise<readonly Course[]> {
  const payload = await context.file(1024);
  const all = context.nodes.flatMap((node) => [
    command(context, 'start-node', 'node -e 0', node, { argv: [node.path, '-e', '0'] }),
    command(context, 'start-version', 'streamer --version', node, streamer(node, '--version')),
    transfer(context, node, payload, setting),
  ]);
  return all.filter(({ id }) => isChosen(context.options, id, 'down'));
}

/** Start-up. */
export const startUp: Scenario = {
  name: 'start-up',
  async run(context) {
    const reason = await obstacle({ wire: 'native' });
    if (reason !== undefined) return { rows: [], skipped: [{ peer: 'start-up', reason }] };
    const setting = context.setting(context.network, 'start-up');
    const runners = (await courses(context, setting)).map((course) => ({ course, runs: [] as Run[], failures: [] as string[] }));
    const count = context.options.smoke ? SMOKE_RUNS : Math.max(RUNS, context.options.runs);
    for (let number = 0; number < count; number += 1) {
      for (const { course, runs, failures } of runners) {
        const folder = path.join(setting.folder, 'run');
        await mkdir(folder, { recursive: true });
        await course.once(folder).then((run) => runs.push(run), (error: unknown) => failures.push(reasonOf(error)));
        await rm(folder, { recursive: true, force: true });
      }
    }
    context.say(`start-up: ${count} times each`);
    return { rows: runners.map(({ course, runs, failures }) => rowOf(course, runs, failures)), skipped: [] };
  },
};

function rowOf({ id, name, node, size }: Course, runs: readonly Run[], failures: readonly string[]): Row {
  return finish({
    ...{ scenario: 'start-up', title: 'start-up', id, peer: name, version: `node ${node.version}`, flags: 'wall clock' },
    ...{ direction: 'down', size, ours: [], runs, failures, appends: 0 },
  });
}
