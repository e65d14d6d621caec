/**
 * One measured run: server, then client, the client's wall clock, and what each side used.
 *
 * @module
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { check, preheat, type Check, type Workspace } from './data.js';
import type { Network } from './network.js';
import type { Direction, Peer, Setting } from './peers/peer.js';
import { lastLine, Launched, type Ended } from './processes.js';
import { machineCpuSeconds, type Usage } from './usage.js';

/** One run's figures. */
export interface Run {
  /** The client's, from before it is started until it has ended. */
  readonly seconds: number;
  readonly bytesPerSecond: number;
  /** Bytes moved, where the run is stopped before the whole file is. */
  readonly moved?: number;
  readonly client: Usage;
  readonly server: Usage;
  /** Processors kept busy by others during the run (this bench and the kernel's own work included). */
  readonly otherCores: number | undefined;
  /** Undefined when nothing is stored. */
  readonly check: Check | undefined;
}

const READY_MS = 20_000;
/** A server that is to end by itself has this long to do so after its client. */
const LINGER_MS = 15_000;
/** A server that is stopped gets this long first, so that what it started for the client has ended and is counted. */
const SETTLE_MS = 200;

/** Longest that one client may take: a minute, and the file at 5 MB/s. */
export function timeLimitMs(size: number): number {
  return 60_000 + size / 5_000;
}

/** Preheats, runs one peer once, verifies what arrived and removes it. Rejects when either side fails. */
export async function measure(
  network: Network,
  workspace: Workspace,
  setting: Setting,
  peer: Peer,
  direction: Direction,
): Promise<Run> {
  const folder = path.join(setting.folder, 'run');
  const target = path.join(folder, 'received.bin');
  await mkdir(folder, { recursive: true });
  try {
    await preheat(workspace);
    const figures = await attempt(network, setting, peer, direction, { folder, target });
    return { ...figures, check: peer.moves === 'memory' ? undefined : await check(workspace, target) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function attempt(
  network: Network,
  setting: Setting,
  peer: Peer,
  direction: Direction,
  { folder, target }: { readonly folder: string; readonly target: string },
): Promise<Omit<Run, 'check'>> {
  const trial = peer.trial(direction, { ...setting, target, port: await network.freePort() });
  const server = new Launched(network, 'server', trial.server, folder);
  try {
    const announced = await server.announced(trial.ready, READY_MS);
    const busyBefore = machineCpuSeconds();
    const client = new Launched(network, 'client', trial.client(announced), folder);
    const clientEnd = (await client.endsWithin(timeLimitMs(setting.size))) ?? (await client.stop());
    const busyAfter = machineCpuSeconds();
    if (clientEnd.status !== 0) throw new Error(`the client ended with status ${clientEnd.status ?? '?'}: ${lastLine(client.output)}`);
    const serverEnd = await endOf(server, trial.serverEnds);
    const seconds = (clientEnd.endedAtMs - client.startedAtMs) / 1000;
    const bytesPerSecond = peer.ownFigure === undefined ? setting.size / seconds : peer.ownFigure(client.output);
    if (bytesPerSecond === undefined) throw new Error(`the client printed no figure: ${lastLine(client.output)}`);
    const ownCpu = (clientEnd.usage.cpuSeconds ?? 0) + (serverEnd.usage.cpuSeconds ?? 0);
    const busy = busyBefore === undefined || busyAfter === undefined ? undefined : busyAfter - busyBefore;
    const otherCores = busy === undefined ? undefined : Math.max(0, (busy - ownCpu) / seconds);
    return { seconds, bytesPerSecond, client: clientEnd.usage, server: serverEnd.usage, otherCores };
  } finally {
    await server.stop();
  }
}

async function endOf(server: Launched, how: 'by itself' | 'when stopped'): Promise<Ended> {
  if (how === 'when stopped') {
    await sleep(SETTLE_MS);
    return server.stop();
  }
  const end = await server.endsWithin(LINGER_MS);
  if (end === undefined) throw new Error(`the server had not ended ${LINGER_MS / 1000} s after its client: ${lastLine(server.output)}`);
  if (end.status !== 0) throw new Error(`the server ended with status ${end.status ?? '?'}: ${lastLine(server.output)}`);
  return end;
}
