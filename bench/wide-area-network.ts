/**
 * Two hosts and a long link, by the emulator in `wan/`: built when Go is there, up for as long as a grid's cell lasts.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { onEnd } from './cleanup.js';
import type { Network, Side } from './network.js';
import { CACHE, findProgram, ROOT, run } from './programs.js';
import type { Path } from './results.js';

const SOURCE = path.join(ROOT, 'bench/wan');
const FILES = ['wan.go', 'link.go', 'hosts.sh', 'go.mod'];
const BUILD_MS = 180_000;
const UP_MS = 15_000;
const FIRST_PORT = 20_000;

/** Builds the emulator once for its source. Answers its path, or why there is none. */
export async function buildEmulator(): Promise<{ readonly program: string } | { readonly reason: string }> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return { reason: 'the emulated path needs Linux and root' };
  if (!existsSync('/dev/net/tun')) return { reason: 'the emulated path needs /dev/net/tun' };
  const hash = createHash('sha256');
  for (const file of FILES) hash.update(readFileSync(path.join(SOURCE, file)));
  const program = path.join(CACHE, `streamer-wan-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return { program };
  const go = findProgram('go');
  if (go === undefined) return { reason: 'go is not installed, which builds the emulator of the path' };
  mkdirSync(CACHE, { recursive: true });
  const fresh = `${program}-${process.pid}`;
  const built = await run([go, 'build', '-C', SOURCE, '-buildvcs=false', '-o', fresh, '.'], BUILD_MS);
  if (!built.ok) return { reason: `go build: ${built.output.split('\n').at(-1) ?? 'failed'}` };
  await rename(fresh, program);
  return { program };
}

/** A path's name for people. */
export function describePath({ rttMs, megabitsPerSecond, lossPercent }: Path): string {
  return `${rttMs} ms, ${megabitsPerSecond} Mbit/s, ${lossPercent === 0 ? 'no loss' : `${lossPercent} % loss`}`;
}

/** Brings a path up. Congestion control is cubic, what most hosts have. */
export async function makeWideAreaNetwork(program: string, link: Path): Promise<Network> {
  const options = ['--rtt', `${link.rttMs}ms`, '--rate', `${link.megabitsPerSecond}mbit`, '--loss', `${link.lossPercent}%`];
  // What it runs tells the namespaces' names and waits: the path is up until our end of the pipe closes, however the bench ends.
  const tell = 'echo "up $WAN_SERVER_NS $WAN_CLIENT_NS $WAN_SERVER_IP"; cat';
  const child = spawn(program, [...options, '--cc', 'cubic', '--', 'sh', '-c', tell], { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const forget = onEnd(() => child.kill('SIGTERM'));
  const [, server = '', client = '', serverIp = ''] = await announced(child);
  const names: Readonly<Record<Side, string>> = { server, client };
  const ip = findProgram('ip') ?? 'ip';
  let port = FIRST_PORT;
  return {
    kind: 'wide area',
    device: 'wan0',
    serverIp,
    description: `emulated path (bench/wan): ${describePath(link)}, cubic`,
    command: (side, argv) => [ip, 'netns', 'exec', names[side], ...argv],
    freePort: () => Promise.resolve((port += 1)),
    close: () => down(child, forget),
  };
}

function announced(child: ChildProcess): Promise<readonly string[]> {
  let output = '';
  return new Promise((resolve, reject) => {
    const give = (reason: string) => reject(new Error(`the path did not come up: ${reason} ${output.slice(-300)}`));
    const timer = setTimeout(() => give('time is up;'), UP_MS);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        const match = /^up (\S+) (\S+) (\S+)$/m.exec(output);
        if (match === null) return;
        clearTimeout(timer);
        resolve(match);
      });
    }
    child.once('error', (error) => give(error.message));
    child.once('exit', () => give('it ended;'));
  });
}

async function down(child: ChildProcess, forget: () => void): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.stdin?.end();
  await ended;
  forget();
}
