/**
 * Memory when the other side's disk is slow: our server sends to a receiver that stores 5 MB/s, and both are watched
 * for a while. The receiver is `slow-receiver-end.ts`, which uses the library as a program would.
 *
 * @module
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Run } from './measure.js';
import type { Network } from './network.js';
import type { Place, Setting } from './peers/peer.js';
import { COORDINATES } from './peers/python.js';
import { compat, native, ourServer, type Wire } from './peers/streamer.js';
import { lastLine, Launched } from './processes.js';
import { finish, type Row } from './results.js';

/** What the receiver's storage takes, in bytes per second. */
const RATE = 5e6;
const END = fileURLToPath(new URL('slow-receiver-end.js', import.meta.url));
const READY_MS = 20_000;

/** What the receiver prints from time to time. */
const REPORT = /^written (\d+) wrong (\d+)$/gm;

/** Name for `--only`. */
export function slowReceiverId(wire: Wire): string {
  return `slow-receiver-${wire}`;
}

/** Watches one wire for `watchMs`. The row has figures or the reason why not. */
export async function slowReceiver(network: Network, setting: Setting, wire: Wire, watchMs: number): Promise<Row> {
  const peer = wire === 'native' ? native : compat;
  const runs: Run[] = [];
  const failures: string[] = [];
  try {
    runs.push(await watch(network, setting, wire, watchMs));
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  }
  return finish({
    scenario: `receiver throttled to ${RATE / 1e6} MB/s for ${watchMs / 1000} s`,
    id: slowReceiverId(wire),
    peer: peer.name,
    version: await peer.version(),
    flags: peer.flags,
    direction: 'down',
    size: setting.size,
    ours: ['client', 'server'],
    throttled: true,
    runs,
    failures,
    appends: 0,
  });
}

async function watch(network: Network, setting: Setting, wire: Wire, watchMs: number): Promise<Run> {
  const folder = path.join(setting.folder, 'run');
  await mkdir(folder, { recursive: true });
  const place: Place = { ...setting, target: path.join(folder, 'received.bin'), port: await network.freePort() };
  const server = new Launched(network, 'server', ourServer(wire, 'send', place.source, place), folder);
  let client: Launched | undefined;
  try {
    const [, coordinates = ''] = await server.announced(COORDINATES, READY_MS);
    const args = [wire, place.target, place.source, String(RATE)];
    client = new Launched(
      network,
      'client',
      { argv: [process.execPath, END, ...args], env: { STREAMER_COORDINATES: coordinates } },
      folder,
    );
    const early = await client.endsWithin(watchMs);
    const clientEnd = early ?? (await client.stop());
    const serverEnd = await server.stop();
    if (early !== undefined && early.status !== 0) {
      throw new Error(`the receiver ended with status ${early.status ?? '?'}: ${lastLine(client.output)}`);
    }
    const [, moved = 0, wrong = 0] = ([...client.output.matchAll(REPORT)].at(-1) ?? []).map(Number);
    const seconds = (clientEnd.endedAtMs - client.startedAtMs) / 1000;
    const right = moved > 0 && wrong === 0;
    const text = moved === 0 ? 'no: nothing was stored' : wrong === 0 ? `yes, the ${(moved / 2 ** 20).toFixed(0)} MiB stored` : `no: ${wrong} writes differ`;
    return {
      ...{ seconds, bytesPerSecond: moved / seconds, moved, otherCores: undefined },
      ...{ client: clientEnd.usage, server: serverEnd.usage, check: { right, extra: 0, text } },
    };
  } finally {
    await client?.stop();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
