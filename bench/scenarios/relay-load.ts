/**
 * A relay with much to hold: 2,000 rooms in which nothing happens, and 50 pairs, of which one end in every second takes
 * nothing. Its memory is what is looked at; the others' data must come through right meanwhile. The ends are
 * `relay-load-end.ts`.
 *
 * @module
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { placeFor, READY_MS, type Run } from '../measure.js';
import { obstacle, ourRelay, ours } from '../peers/streamer.js';
import { lastLine, Launched } from '../processes.js';
import { finish, type Row } from '../results.js';
import { isChosen, reasonOf, type Context, type Scenario } from './scenario.js';

const END = fileURLToPath(new URL('relay-load-end.js', import.meta.url));
const ID = 'relay-load';
const IDLE_ROOMS = 2000;
const PAIRS = 50;
const SECONDS = 20;
const SMOKE = { idle: 50, pairs: 6, seconds: 1 };

/** What the ends print when their time is over. */
const REPORT = /^carried (\d+) stalled (\d+) wrong (\d+)$/m;

/** A relay under load. */
export const relayLoad: Scenario = {
  name: ID,
  async run(context) {
    if (!isChosen(context.options, ID, 'down')) return { rows: [], skipped: [] };
    const reason = await obstacle({ wire: 'native', relay: true });
    return reason === undefined ? { rows: [await rowOf(context)], skipped: [] } : { rows: [], skipped: [{ peer: 'a relay under load', reason }] };
  },
};

async function rowOf(context: Context): Promise<Row> {
  const { idle, pairs, seconds } = context.options.smoke ? SMOKE : { idle: IDLE_ROOMS, pairs: PAIRS, seconds: SECONDS };
  const runs: Run[] = [];
  const failures: string[] = [];
  try {
    runs.push(await watch(context, [idle, pairs, seconds].map(String), seconds));
  } catch (error) {
    failures.push(reasonOf(error));
  }
  const peer = ours({ wire: 'native', relay: true });
  const title = `a relay with ${idle} idle rooms and ${pairs} pairs, half of them stalled, for ${seconds} s`;
  context.say(`${title}: ${failures[0] === undefined ? 'done' : `FAILED: ${failures[0]}`}`);
  return finish({
    ...{ scenario: ID, title, id: ID, peer: 'our relay', version: await peer.version(), flags: 'messages of 1 MiB; the figures of the server are those of the relay, of the client those of all ends together' },
    ...{ direction: 'down', size: runs[0]?.moved ?? 0, ours: ['server'], throttled: true, runs, failures, appends: 0 },
  });
}

async function watch(context: Context, words: readonly string[], seconds: number): Promise<Run> {
  const { network } = context;
  const { folder: root, ...rest } = context.setting(network, ID);
  const folder = path.join(root, 'run');
  await mkdir(folder, { recursive: true });
  const place = await placeFor(network, { folder: root, ...rest }, await context.file(1), folder);
  const helper = ourRelay({}, place);
  const relay = new Launched(network, 'server', helper.command, folder, 'relay');
  let ends: Launched | undefined;
  try {
    await relay.announced(helper.ready, place.helperPort, READY_MS);
    ends = new Launched(network, 'client', { argv: [process.execPath, END, place.serverIp, String(place.helperPort), ...words] }, folder);
    const end = (await ends.endsWithin(READY_MS + seconds * 2000)) ?? (await ends.stop());
    if (end.status !== 0) throw new Error(`the ends' process ended with status ${end.status ?? '?'}: ${lastLine(ends.output)}`);
    const relayEnd = await relay.stop();
    const [, carried = 0, stalled = 0, wrong = 0] = (REPORT.exec(ends.output) ?? []).map(Number);
    const right = carried > 0 && stalled > 0 && wrong === 0;
    const text = right ? `yes, of the ${(carried / 2 ** 20).toFixed(0)} MiB carried` : `no: ${wrong} messages differ, ${stalled} pairs stalled`;
    return { seconds, bytesPerSecond: carried / seconds, moved: carried, otherCores: undefined, client: end.usage, server: relayEnd.usage, check: { right, extra: 0, text } };
  } finally {
    await ends?.stop();
    await relay.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
