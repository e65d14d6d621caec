/**
 * Memory when the other side's disk is slow: our server sends to a receiver that stores 5 MB/s, and both are watched
 * for a while. The receiver is `slow-receiver-end.ts`, which uses the library as a program would.
 *
 * @module
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeFor, READY_MS, type Run } from '../measure.js';
import type { Check, Payload } from '../payloads/payload.js';
import type { Setting } from '../peers/peer.js';
import { COORDINATES } from '../peers/python.js';
import { obstacle, ours, ourServer, type Wire } from '../peers/streamer.js';
import { lastLine, Launched } from '../processes.js';
import { finish, type Row, type Skipped } from '../results.js';
import { isChosen, reasonOf, type Context, type Scenario } from './scenario.js';

/** What the receiver's storage takes, in bytes per second. */
const RATE = 5e6;
const END = fileURLToPath(new URL('slow-receiver-end.js', import.meta.url));

/** What the receiver prints from time to time. */
const REPORT = /^written (\d+) wrong (\d+)$/gm;

function idOf(wire: Wire): string {
  return `slow-receiver-${wire}`;
}

/** A receiver throttled, on either wire. */
export const slowReceiver: Scenario = {
  name: 'slow-receiver',
  async run(context) {
    const rows: Row[] = [];
    const skipped: Skipped[] = [];
    const payload = await context.file(context.options.sizes[0] ?? 0);
    for (const wire of ['native', 'compat'] as const) {
      if (!isChosen(context.options, idOf(wire), 'down')) continue;
      const reason = await obstacle({ wire });
      if (reason === undefined) rows.push(await rowOf(context, payload, wire));
      else skipped.push({ peer: `receiver throttled, ${wire} wire`, reason });
    }
    return { rows, skipped };
  },
};

/** The row has figures or the reason why not. */
async function rowOf(context: Context, payload: Payload, wire: Wire): Promise<Row> {
  const { slowMs } = context.options;
  const peer = ours({ wire });
  const runs: Run[] = [];
  const failures: string[] = [];
  try {
    runs.push(await watch(context, context.setting(context.network, idOf(wire)), payload, wire));
  } catch (error) {
    failures.push(reasonOf(error));
  }
  const title = `receiver throttled to ${RATE / 1e6} MB/s for ${slowMs / 1000} s`;
  context.say(`${title}: ${peer.name}: ${failures[0] === undefined ? 'done' : `FAILED: ${failures[0]}`}`);
  return finish({
    ...{ scenario: 'slow-receiver', title, id: idOf(wire), peer: peer.name, version: await peer.version(), flags: peer.flags },
    ...{ direction: 'down', size: payload.size, ours: ['client', 'server'], throttled: true, runs, failures, appends: 0 },
  });
}

async function watch(context: Context, setting: Setting, payload: Payload, wire: Wire): Promise<Run> {
  const { network, options } = context;
  const folder = path.join(setting.folder, 'run');
  await mkdir(folder, { recursive: true });
  const place = await placeFor(network, setting, payload, folder);
  const server = new Launched(network, 'server', ourServer({ wire }, 'send', place.source, place), folder);
  let client: Launched | undefined;
  try {
    const [, coordinates = ''] = await server.announced(COORDINATES, place.port, READY_MS);
    const argv: [string, ...string[]] = [process.execPath, END, wire, place.target, place.source, String(RATE)];
    client = new Launched(network, 'client', { argv, env: { STREAMER_COORDINATES: coordinates } }, folder);
    const early = await client.endsWithin(options.slowMs);
    const clientEnd = early ?? (await client.stop());
    const serverEnd = await server.stop();
    if (early !== undefined && early.status !== 0) {
      throw new Error(`the receiver ended with status ${early.status ?? '?'}: ${lastLine(client.output)}`);
    }
    const { moved, check } = reported(client.output);
    const seconds = (clientEnd.endedAtMs - client.startedAtMs) / 1000;
    return { seconds, bytesPerSecond: moved / seconds, moved, otherCores: undefined, client: clientEnd.usage, server: serverEnd.usage, check };
  } finally {
    await client?.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function reported(output: string): { readonly moved: number; readonly check: Check } {
  const [, moved = 0, wrong = 0] = ([...output.matchAll(REPORT)].at(-1) ?? []).map(Number);
  const text = moved === 0 ? 'no: nothing was stored' : wrong === 0 ? `yes, the ${(moved / 2 ** 20).toFixed(0)} MiB stored` : `no: ${wrong} writes differ`;
  return { moved, check: { right: moved > 0 && wrong === 0, extra: 0, text } };
}
