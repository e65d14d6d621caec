/**
 * The path between two containers of podman or docker, over a network that the engine makes for the bench alone. They
 * hold an image of nothing and the machine's own files, so that the same commands run in them as beside them.
 *
 * @module
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isAlive, killNow, onEnd } from './cleanup.js';
import {
  askVersion,
  complaint,
  enginesAmong,
  enterContainer,
  inspectContainer,
  leftovers,
  makeBridge,
  makeImage,
  nameOf,
  namesOf,
  readInside,
  startContainer,
  type Engine,
  type Inside,
} from './container-commands.js';
import type { Network, Obstacle, Side } from './network.js';
import { freePort } from './ports.js';
import { findProgram, run, runNow } from './programs.js';

/** What the engine puts there itself. */
const NOT_THE_MACHINES = ['dev', 'proc', 'sys'];

/** Longest that an engine may take for one step. */
const START_MS = 60_000;

/** Makes the containers with the first engine that can, or says why none could. */
export async function makeContainerNetwork(): Promise<Network | Obstacle> {
  if (process.platform !== 'linux') return { reason: `containers are entered on Linux only, this is ${process.platform}` };
  const nsenter = findProgram('nsenter');
  if (nsenter === undefined) return { reason: 'nsenter (util-linux) is not installed' };
  const engines = enginesAmong(findProgram, process.getuid?.() !== 0);
  if (engines.length === 0) return { reason: 'neither podman nor docker is installed' };
  const reasons: string[] = [];
  for (const engine of engines) {
    const made = await bringUp(engine, nsenter);
    if (!('reason' in made)) return made;
    reasons.push(`${engine.kind}${engine.runtime === undefined ? '' : ' with runc'}: ${made.reason}`);
  }
  return { reason: reasons.join('; ') };
}

async function bringUp(engine: Engine, nsenter: string): Promise<Network | Obstacle> {
  const version = await run(askVersion(engine));
  if (!version.ok) return { reason: complaint(version.output) };
  if (engine.kind === 'docker' && engine.rootless) return { reason: 'its containers can be entered by root only' };
  remove(engine, (pid) => !isAlive(pid));
  const removeOwn = onEnd(() => remove(engine, (pid) => pid === process.pid));
  const inside = start(engine);
  if ('reason' in inside) {
    removeOwn();
    return inside;
  }
  const network: Network = {
    kind: 'containers',
    serverIp: inside.server.ip,
    description: `two ${engine.kind} containers (${version.output.split('\n', 1)[0] ?? 'unknown'}) on its bridge network`,
    command: (side, argv) => enterContainer(engine, nsenter, inside[side].pid, argv),
    // One that is free beside the containers, too: a server that is still on its way in must not seem to listen already.
    freePort: () => freePort('0.0.0.0'),
  };
  const tried = await run(network.command('client', [process.execPath, '--eval', '0']));
  if (tried.ok) return network;
  removeOwn();
  return { reason: `node does not run in its containers: ${complaint(tried.output)}` };
}

/** Starts both ends. No signal is heeded meanwhile: what an engine is still making could not be removed. */
function start(engine: Engine): Readonly<Record<Side, Inside>> | Obstacle {
  const own = nameOf(process.pid);
  for (const argv of [makeImage(engine, own), makeBridge(engine, own)]) {
    const made = runNow(argv, START_MS);
    if (!made.ok) return { reason: complaint(made.output) };
  }
  const server = startSide(engine, 'server', own);
  if ('reason' in server) return server;
  const client = startSide(engine, 'client', own);
  return 'reason' in client ? client : { server, client };
}

function startSide(engine: Engine, side: Side, own: string): Inside | Obstacle {
  const name = `${own}-${side}`;
  const wait = [findProgram('sleep') ?? 'sleep', 'infinity'] as const;
  const container = { name, image: own, network: own, ...machineFolders(), limits: lowLimits(), command: wait };
  const started = runNow(startContainer(engine, container), START_MS);
  if (!started.ok) return { reason: complaint(started.output) };
  const inside = readInside(runNow(inspectContainer(engine, name)).output);
  return inside !== undefined && isHere(inside) ? inside : { reason: 'its containers do not run on this machine' };
}

/** All that is at the machine's root, to be read; what a workspace may be made in, to be written. */
function machineFolders(): { readonly readable: readonly string[]; readonly writable: readonly string[] } {
  const writable = ['/dev/shm', os.tmpdir()].filter(isFolder);
  const names = readdirSync('/').filter((name) => !NOT_THE_MACHINES.includes(name));
  const folders = names.map((name) => path.join('/', name)).filter(isFolder);
  return { readable: folders.filter((folder) => !writable.includes(folder)), writable };
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Limits that `sleep` can live with, and that nobody needs to be allowed to raise. */
function lowLimits(): readonly string[] {
  const text = readFileSync('/proc/self/limits', 'utf8');
  const limit = (option: string, name: string, most: number) => {
    const hard = new RegExp(`^${name} +\\S+ +(\\d+) `, 'm').exec(text)?.[1];
    const value = Math.min(most, Number(hard ?? most));
    return `${option}=${value}:${value}`;
  };
  return [limit('nofile', 'Max open files', 1024), limit('nproc', 'Max processes', 32_768)];
}

/** Whether the process is one of this machine, and in a network of its own that has the address: an engine may be far away. */
function isHere({ pid, ip }: Inside): boolean {
  try {
    return networkOf(`${pid}`) !== networkOf('self') && readFileSync(`/proc/${pid}/net/fib_trie`, 'utf8').includes(` ${ip}\n`);
  } catch {
    return false;
  }
}

function networkOf(pid: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/** Removes containers, networks and images of each bench whose process `whose` says yes to, and ends all that runs in them. */
function remove(engine: Engine, whose: (pid: number) => boolean): void {
  for (const { what, list, remove: words } of leftovers(engine)) {
    const names = namesOf(runNow(list).output, whose);
    if (names.length === 0) continue;
    if (what === 'containers') for (const name of names) endInside(readInside(runNow(inspectContainer(engine, name)).output));
    runNow([...words, ...names]);
  }
}

/** Ends what has come into a container: the engine knows of its own process only. */
function endInside(inside: Inside | undefined): void {
  if (inside === undefined || !isHere(inside)) return;
  const network = networkOf(`${inside.pid}`);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    if (networkOf(pid) === network) killNow(Number(pid));
  }
}
