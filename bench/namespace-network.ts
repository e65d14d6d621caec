/**
 * The path between two network namespaces joined by a veth pair. Addresses exist inside the namespaces only; nothing of
 * the machine's own network is touched.
 *
 * @module
 */
import { isAlive, killNow, onEnd } from './cleanup.js';
import type { Network, Obstacle, Side } from './network.js';
import { findProgram, run, runNow } from './programs.js';

const PREFIX = 'streamer-bench';
const SERVER_IP = '10.77.0.1';
const CLIENT_IP = '10.77.0.2';
const FIRST_PORT = 20_000;

/** Makes the namespaces, or says why not. */
export async function makeNamespaceNetwork(): Promise<Network | Obstacle> {
  const reason = await namespaceObstacle();
  if (reason !== undefined) return { reason };
  const ip = findProgram('ip') ?? 'ip';
  await removeStale(ip);
  const names: Record<Side, string> = {
    server: `${PREFIX}-${process.pid}-server`,
    client: `${PREFIX}-${process.pid}-client`,
  };
  onEnd(() => {
    for (const name of Object.values(names)) remove(ip, name);
  });
  for (const args of setUp(names)) {
    const { ok, output } = await run([ip, ...args]);
    if (!ok) return { reason: `ip ${args.join(' ')}: ${output.split('\n', 1)[0] ?? 'failed'}` };
  }
  let port = FIRST_PORT;
  return {
    kind: 'namespaces',
    device: 'veth0',
    serverIp: SERVER_IP,
    description: 'two network namespaces joined by veth',
    command: (side, argv) => [ip, 'netns', 'exec', names[side], ...argv],
    // The namespaces are new and ours alone. A port is never used twice, so none is in TIME_WAIT.
    freePort: () => Promise.resolve((port += 1)),
  };
}

async function namespaceObstacle(): Promise<string | undefined> {
  if (process.platform !== 'linux') return `namespaces need Linux, this is ${process.platform}`;
  if (process.getuid?.() !== 0) return 'making network namespaces needs root';
  const ip = findProgram('ip');
  if (ip === undefined) return 'ip (iproute2) is not installed';
  const { ok, output } = await run([ip, 'netns', 'list']);
  return ok ? undefined : `ip netns: ${output.split('\n', 1)[0] ?? 'failed'}`;
}

function setUp(names: Readonly<Record<Side, string>>): readonly (readonly string[])[] {
  const { server, client } = names;
  return [
    ['netns', 'add', server],
    ['netns', 'add', client],
    ['link', 'add', 'veth0', 'netns', server, 'type', 'veth', 'peer', 'name', 'veth0', 'netns', client],
    ['-n', server, 'addr', 'add', `${SERVER_IP}/30`, 'dev', 'veth0'],
    ['-n', client, 'addr', 'add', `${CLIENT_IP}/30`, 'dev', 'veth0'],
    ...[server, client].flatMap((name) => ['lo', 'veth0'].map((device) => ['-n', name, 'link', 'set', device, 'up'])),
    ['netns', 'exec', server, 'true'],
  ];
}

/** Removes what an earlier bench left that was killed before it could tidy up: its process id is in the name. */
async function removeStale(ip: string): Promise<void> {
  const { output } = await run([ip, 'netns', 'list']);
  for (const line of output.split('\n')) {
    const match = new RegExp(`^(${PREFIX}-(\\d+)-(?:server|client))\\b`).exec(line);
    if (match?.[1] !== undefined && !isAlive(Number(match[2]))) remove(ip, match[1]);
  }
}

function remove(ip: string, name: string): void {
  for (const pid of runNow([ip, 'netns', 'pids', name]).output.split('\n').map(Number)) {
    if (Number.isInteger(pid) && pid > 1) killNow(pid);
  }
  runNow([ip, 'netns', 'del', name]);
}
