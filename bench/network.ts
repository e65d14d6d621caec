/**
 * The path that is measured: two network namespaces joined by a veth pair, or loopback where they may not be made.
 * Addresses exist inside the namespaces only; nothing of the machine's own network is touched.
 *
 * @module
 */
import net from 'node:net';
import { isAlive, onEnd } from './cleanup.js';
import { findProgram, run, runNow } from './programs.js';

/** Which end of the path a process runs on. */
export type Side = 'server' | 'client';

/** Where both sides run. */
export interface Network {
  readonly kind: 'namespaces' | 'wide area' | 'loopback';
  /** Name of the device between the two, where each side has one of its own. */
  readonly device?: string;
  /** Address that the server listens on and the client dials. */
  readonly serverIp: string;
  /** One line for the report. When it is loopback, why. */
  readonly description: string;
  /** Puts a command onto one side. */
  command(side: Side, argv: readonly string[]): readonly [string, ...string[]];
  /** A port that nobody listens on at the server's address. */
  freePort(): Promise<number>;
  /** Takes the path down before the bench ends. */
  close?(): Promise<void>;
}

const PREFIX = 'streamer-bench';
const SERVER_IP = '10.77.0.1';
const CLIENT_IP = '10.77.0.2';
const FIRST_PORT = 20_000;

/** Makes the namespaces, or says why not and answers loopback. They go away when the bench ends, however it ends. */
export async function makeNetwork(): Promise<Network> {
  const reason = await namespaceObstacle();
  if (reason !== undefined) return loopback(reason);
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
    if (!ok) return loopback(`ip ${args.join(' ')}: ${output.split('\n', 1)[0] ?? 'failed'}`);
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
    if (Number.isInteger(pid) && pid > 1) kill(pid);
  }
  runNow([ip, 'netns', 'del', name]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function loopback(reason: string): Network {
  const serverIp = '127.0.0.1';
  return {
    kind: 'loopback',
    serverIp,
    description: `loopback (namespaces skipped: ${reason})`,
    command: (_side, argv) => {
      const [file, ...args] = argv;
      if (file === undefined) throw new Error('an empty command');
      return [file, ...args];
    },
    freePort: () =>
      new Promise((resolve, reject) => {
        const probe = net.createServer();
        probe.once('error', reject);
        probe.listen(0, serverIp, () => {
          const address = probe.address();
          probe.close(() => {
            if (address !== null && typeof address === 'object') resolve(address.port);
            else reject(new Error('no free port'));
          });
        });
      }),
  };
}
