/**
 * One measured run: server, then client, the client's wall clock, and what each side used.
 *
 * @module
 */
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowWatch, type Flow } from './flow.js';
import type { Network } from './network.js';
import type { Check, Payload } from './payloads/payload.js';
import type { Direction, Peer, Place, Setting, Trial } from './peers/peer.js';
import { lastLine, Launched, type Ended } from './processes.js';
import { machineCpuSeconds, type Usage } from './usage.js';

/** One run's figures. */
export interface Run {
  /** The client's, from before it is started until it has ended. */
  readonly seconds: number;
  /** Undefined where time is what is measured. */
  readonly bytesPerSecond: number | undefined;
  /** Bytes moved, where that is not the size: the run is stopped before the whole file is moved, or moves several. */
  readonly moved?: number;
  readonly client: Usage;
  readonly server: Usage;
  /** What stands between the two and carries the file, where something does. */
  readonly between?: Usage;
  /** Processors kept busy by others during the run (this bench and the kernel's own work included). */
  readonly otherCores: number | undefined;
  /** Undefined when nothing is stored. */
  readonly check: Check | undefined;
  /** Where it is asked for, and each side has a device of its own. */
  readonly flow?: Flow;
}

/** What is to be measured, and where. */
export interface Subject {
  readonly network: Network;
  readonly payload: Payload;
  readonly setting: Setting;
  readonly peer: Peer;
  readonly direction: Direction;
  /** Curves to keep: memory of each side, data over time. None by default, since each makes the results larger. */
  readonly curves?: { readonly rss?: boolean; readonly flow?: boolean };
}

/** Longest that a server may take until it is ready, milliseconds. */
export const READY_MS = 20_000;
/** A server that is to end by itself has this long to do so after its client. */
const LINGER_MS = 15_000;
/** A server that is stopped gets this long first, so that what it started for the client has ended and is counted. */
const SETTLE_MS = 200;

/** Longest that one client may take: a minute, the content at 5 MB/s, and 1,000 files a second. */
export function timeLimitMs({ size, files }: Pick<Payload, 'size' | 'files'>): number {
  return 60_000 + size / 5_000 + files;
}

/** Preheats, runs one peer once, verifies what arrived and removes it. Rejects when either side fails. */
export async function measure(subject: Subject): Promise<Run> {
  const { setting, payload, peer, network } = subject;
  const folder = path.join(setting.folder, 'run');
  await mkdir(folder, { recursive: true });
  try {
    if (peer.moves === 'file') await payload.preheat(folder);
    const place = await placeFor(network, setting, payload, folder);
    const figures = await attempt(subject, place, folder);
    return { ...figures, check: peer.moves === 'memory' ? undefined : await payload.check(place.target) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A place for one run in `folder`, with ports of its own. */
export async function placeFor(network: Network, setting: Setting, payload: Payload, folder: string): Promise<Place> {
  const { kind, source, size } = payload;
  const ports = { port: await network.freePort(), helperPort: await network.freePort() };
  return { ...setting, kind, source, size, ...ports, target: path.join(folder, kind === 'tree' ? 'received' : 'received.bin') };
}

async function attempt(subject: Subject, place: Place, folder: string): Promise<Omit<Run, 'check'>> {
  const { network, peer, direction } = subject;
  const trial = peer.trial(direction, place);
  const helper = await startHelper(network, trial, place, folder);
  const server = new Launched(network, 'server', trial.server, folder);
  try {
    const announced = await server.announced(trial.ready, place.port, READY_MS);
    const busyBefore = machineCpuSeconds();
    const client = new Launched(network, 'client', trial.client(announced), folder);
    const flow = watchFlow(subject, client, server);
    const clientEnd = (await client.endsWithin(timeLimitMs(subject.payload))) ?? (await client.stop());
    const seen = flow?.stop();
    const busy = since(busyBefore);
    if (clientEnd.status !== 0) throw new Error(`the client ended with status ${clientEnd.status ?? '?'}: ${lastLine(client.output)}`);
    const serverEnd = await endOf(server, trial.serverEnds);
    const between = trial.helper?.carries === true ? await helper?.stop() : undefined;
    const seconds = (clientEnd.endedAtMs - client.startedAtMs) / 1000;
    const bytesPerSecond = peer.ownFigure === undefined ? place.size / seconds : peer.ownFigure(client.output);
    if (bytesPerSecond === undefined) throw new Error(`the client printed no figure: ${lastLine(client.output)}`);
    const usage = { client: kept(subject, clientEnd), server: kept(subject, serverEnd) };
    const carrier = between === undefined ? {} : { between: kept(subject, between) };
    return { seconds, bytesPerSecond, ...usage, ...carrier, otherCores: others(busy, usage, seconds, between?.usage), ...(seen === undefined ? {} : { flow: seen }) };
  } finally {
    await server.stop();
    await helper?.stop();
  }
}

async function startHelper(network: Network, { helper }: Trial, { helperPort }: Place, folder: string): Promise<Launched | undefined> {
  if (helper === undefined) return undefined;
  const launched = new Launched(network, 'server', helper.command, folder, 'helper');
  try {
    await launched.announced(helper.ready, helperPort, READY_MS);
    return launched;
  } catch (error) {
    await launched.stop();
    throw error;
  }
}

function watchFlow({ network, direction, curves }: Subject, client: Launched, server: Launched): FlowWatch | undefined {
  if (curves?.flow !== true || network.device === undefined || client.pid === undefined || server.pid === undefined) return undefined;
  return new FlowWatch(network.device, client.pid, direction === 'down' ? client.pid : server.pid);
}

/** The usage of a side without its curve, unless that is asked for. */
function kept({ curves }: Subject, { usage: { rss, ...usage } }: Ended): Usage {
  return curves?.rss === true && rss !== undefined ? { ...usage, rss } : usage;
}

function since(busyBefore: number | undefined): number | undefined {
  const now = machineCpuSeconds();
  return busyBefore === undefined || now === undefined ? undefined : now - busyBefore;
}

/** Processors that others kept busy, out of all that were in `seconds`. */
export function others(busy: number | undefined, usage: Readonly<Record<'client' | 'server', Usage>>, seconds: number, between?: Usage): number | undefined {
  const own = (usage.client.cpuSeconds ?? 0) + (usage.server.cpuSeconds ?? 0) + (between?.cpuSeconds ?? 0);
  return busy === undefined ? undefined : Math.max(0, (busy - own) / seconds);
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
