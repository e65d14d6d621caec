/**
 * A real `streamer receive` whose every change of the disk is recorded, against a server in this process.
 *
 * @module
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { RateLimit, serve, type StreamerServer } from '../../../src/index.js';
import { startProgram, streamerArgv, type Child } from '../cli.js';
import { type DiskLog, follow, scan } from './disk-log.js';
import { readTrace, traced } from './trace.js';

/** After this something hangs, milliseconds. */
const HUNG_MS = 60_000;

/** What is received, and how. */
export interface Receipt {
  /** What the server sends. */
  readonly source: string;
  /** An existing directory, all of which is watched. */
  readonly inbox: string;
  /** Where it goes beneath that. */
  readonly name: string;
  readonly args?: readonly string[];
  readonly wire?: 'native' | 'compat';
  /** Bytes per second; slow enough for more than one checkpoint. */
  readonly rate?: number;
  /** Kills the receiver, kill -9, when it is time. @default it ends by itself */
  readonly killWhen?: () => Promise<void>;
}

interface SendingOptions {
  readonly rate?: number | undefined;
  readonly wire?: 'native' | 'compat' | undefined;
  /** @default stopped when the test is over */
  readonly signal?: AbortSignal;
}

/** A server in this process that sends. */
export async function sending(t: TestContext, source: string, options: SendingOptions = {}): Promise<StreamerServer> {
  const stop = new AbortController();
  const { rate, wire = 'native', signal = stop.signal } = options;
  const server = await serve({
    action: 'send',
    path: source,
    host: '127.0.0.1',
    publicIps: ['127.0.0.1'],
    portRange: [0, 0],
    signal,
    wire,
    ...(rate === undefined ? {} : { rate: new RateLimit(rate) }),
  });
  server.done.catch(() => undefined);
  if (options.signal === undefined) {
    t.after(async () => {
      stop.abort();
      await server.done.catch(() => undefined);
    });
  }
  return server;
}

/** Receives once, and tells what that did to the inbox. */
export async function record(t: TestContext, receipt: Receipt): Promise<DiskLog> {
  const { source, inbox, name, args = [], wire, rate, killWhen } = receipt;
  const server = await sending(t, source, { rate, wire });
  const trace = `${inbox}.trace`;
  const before = scan(inbox);
  const argv = streamerArgv(['receive', '--quiet', '--streams', '1', '--wire', wire ?? 'native', ...args, server.coordinates, path.join(inbox, name)]);
  const child = startProgram(t, traced(argv, trace), { env: { UV_USE_IO_URING: '0' } });
  if (killWhen === undefined) await ended(child);
  else {
    await killWhen();
    await killTraced(child);
  }
  return follow(before, await readTrace(trace), { root: inbox, cwd: process.cwd(), contentOf: await contents(source) });
}

async function ended(child: Child): Promise<void> {
  const { code, stderr } = await child.exitWithin(HUNG_MS);
  if (code !== 0) throw new Error(`the recorded receiver ended with ${code ?? 'a signal'}: ${stderr}`);
}

/** The program's own process goes; strace, which writes its trace to the end, ends by that. */
async function killTraced(child: Child): Promise<void> {
  const [traced = ''] = (await readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')).trim().split(' ');
  process.kill(Number(traced), 'SIGKILL');
  await child.exitWithin(HUNG_MS);
}

/** Long writes are cut in a trace: they are of the source, at the same place. */
async function contents(source: string): Promise<(name: string, offset: number, length: number) => Buffer> {
  const files = (await stat(source)).isDirectory() ? (await readdir(source, { recursive: true })).map((one) => path.join(source, one)) : [source];
  const large = new Map<string, Buffer>();
  for (const file of files) if ((await stat(file)).isFile()) large.set(path.basename(file), await readFile(file));
  const only = large.size === 1 ? [...large.values()][0] : undefined;
  return (name, offset, length) => {
    const bytes = only ?? large.get(name.replace(/^\.(.*)\.streamer-part$/u, '$1'));
    if (bytes === undefined) throw new Error(`whose bytes are those of ${name}?`);
    return bytes.subarray(offset, offset + length);
  };
}
