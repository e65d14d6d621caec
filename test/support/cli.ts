/**
 * The built command as a child process, and what goes with it: temporary directories, files of random bytes, ports.
 * Nothing outlives its test: children are killed and directories removed in `t.after`.
 *
 * @module
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, randomFillSync, randomInt } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The checkout. Tests run from `build/test/support`, or from another build directory beside `build`. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The command under test: the checkout's, or another build of it, such as an installed one. */
export const BIN = process.env['STREAMER_TEST_BIN'] ?? path.join(ROOT, 'bin/streamer.cjs');
/** After this a test has hung, milliseconds. Not a measure of speed. */
const HUNG_MS = 60_000;

/** How a child ended, and all that it said. */
export interface Finished {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options of a child. */
export interface ChildOptions {
  /** Added to this process's environment, from which every STREAMER_ variable is taken away. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default this process's */
  readonly cwd?: string;
  /** What the child reads from standard input; without it there is nothing to read. */
  readonly stdin?: string | Uint8Array;
}

type StreamName = 'stdout' | 'stderr';

/** A running program. */
export class Child {
  readonly #process: ChildProcess;
  readonly #name: string;
  readonly #said: Record<StreamName, string> = { stdout: '', stderr: '' };
  #listeners: (() => void)[] = [];
  #finished: Finished | undefined;
  /** Settles when the program has ended and all its output is read. */
  readonly exit: Promise<Finished>;

  constructor(argv: readonly string[], options: ChildOptions) {
    const [program = '', ...args] = argv;
    this.#name = argv.map((word) => path.basename(word)).join(' ');
    const input = options.stdin === undefined ? 'ignore' : 'pipe';
    this.#process = spawn(program, args, { cwd: options.cwd, env: environment(options.env), stdio: [input, 'pipe', 'pipe'] });
    this.#process.stdin?.on('error', () => undefined).end(options.stdin);
    for (const name of ['stdout', 'stderr'] as const) {
      this.#process[name]?.setEncoding('utf8').on('data', (text: string) => {
        this.#said[name] += text;
        this.#tell();
      });
    }
    this.exit = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('close', (code, signal) => {
        this.#finished = { code, signal, ...this.#said };
        this.#tell();
        resolve(this.#finished);
      });
    });
    // Whoever waits for it gets the error; nobody waiting is no crash.
    this.exit.catch(() => undefined);
  }

  /** Whether it has ended, and all its output is read. */
  get ended(): boolean {
    return this.#finished !== undefined;
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** What it has said up to now. */
  get stdout(): string {
    return this.#said.stdout;
  }

  get stderr(): string {
    return this.#said.stderr;
  }

  /** The first whole line that matches, said already or still to come. Rejects when the program ends without it. */
  waitForLine(pattern: RegExp, options: { readonly stream?: StreamName; readonly timeoutMs?: number } = {}): Promise<RegExpExecArray> {
    const { stream = 'stdout', timeoutMs = HUNG_MS } = options;
    const look = () => {
      const whole = this.#finished === undefined ? this.#said[stream].split('\n').slice(0, -1) : this.#said[stream].split('\n');
      for (const line of whole) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      return undefined;
    };
    return this.#until(look, timeoutMs, `the line ${String(pattern)} on ${stream}`);
  }

  /** Like {@link exit}, with a limit: rejects, telling what was said, when the program still runs after `timeoutMs`. */
  exitWithin(timeoutMs: number): Promise<Finished> {
    return this.#until(() => this.#finished, timeoutMs, `its end within ${timeoutMs} ms`);
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    this.#process.kill(signal);
  }

  /** Kills it, if it still runs, and waits for its end. */
  async stop(): Promise<void> {
    this.kill('SIGKILL');
    await this.exit.catch(() => undefined);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #until<T>(look: () => T | undefined, timeoutMs: number, what: string): Promise<T> {
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void) => {
        clearTimeout(timer);
        this.#listeners = this.#listeners.filter((listener) => listener !== check);
        settle();
      };
      const fail = (why: string) => finish(() => reject(new Error(`${this.#name}: waited for ${what}, ${why}\n${this.report()}`)));
      const check = () => {
        const found = look();
        if (found !== undefined) finish(() => resolve(found));
        else if (this.#finished !== undefined) fail(`but it ended with ${this.#finished.code ?? this.#finished.signal ?? ''}`);
      };
      const timer = setTimeout(() => fail('in vain'), timeoutMs);
      this.#listeners.push(check);
      this.exit.catch((error: unknown) => fail(String(error)));
      check();
    });
  }

  /** The end of what it has said on both streams, for a failed test's message. @param most UTF-16 code units of each */
  report(most = 2000): string {
    return `stdout: ${this.#said.stdout.slice(-most)}\nstderr: ${this.#said.stderr.slice(-most)}`;
  }
}

function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('STREAMER_') && name !== 'NODE_TEST_CONTEXT');
  return { ...Object.fromEntries(inherited), ...extra };
}

/** Starts any program; it is killed when the test is over. */
export function startProgram(t: TestContext, argv: readonly string[], options: ChildOptions = {}): Child {
  const child = new Child(argv, options);
  t.after(() => child.stop());
  return child;
}

/** The whole command line of `streamer` with these words, for a program that runs another. */
export const streamerArgv = (args: readonly string[]): string[] => [process.execPath, BIN, ...args];

/** Starts `streamer` with these words. */
export function startStreamer(t: TestContext, args: readonly string[], options: ChildOptions = {}): Child {
  return startProgram(t, streamerArgv(args), options);
}

/** Runs `streamer` with these words to its end. Rejects when that takes longer than `timeoutMs`, one minute by default. */
export function runStreamer(t: TestContext, args: readonly string[], options: ChildOptions & { readonly timeoutMs?: number } = {}): Promise<Finished> {
  return startStreamer(t, args, options).exitWithin(options.timeoutMs ?? HUNG_MS);
}

/** A server that listens on a free port of 127.0.0.1. */
export interface RunningServer {
  readonly child: Child;
  readonly coordinates: string;
  readonly port: number;
}

/** The two lines that a server prints, ours and the reference's. */
export const LISTENING_LINE = /^Server is listening on ws:\/\/.*:(\d+)$/;
export const COORDINATES_LINE = /^Use these coordinates to connect: (\S+)$/;

/** Reads a server's two lines. */
export async function readServerLines(child: Child): Promise<RunningServer> {
  const [, port = ''] = await child.waitForLine(LISTENING_LINE);
  const [, coordinates = ''] = await child.waitForLine(COORDINATES_LINE);
  return { child, coordinates, port: Number(port) };
}

/** Starts `streamer server [options] send|receive --path PATH` on a free port and waits until it listens. */
export function startServer(
  t: TestContext,
  action: 'send' | 'receive',
  file: string,
  options: ChildOptions & { readonly args?: readonly string[] } = {},
): Promise<RunningServer> {
  const place = ['--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0'];
  return readServerLines(startStreamer(t, ['server', ...place, ...(options.args ?? []), action, '--path', file], options));
}

/** Who says when something that a test uses is not needed any more: the test itself, or a part of it. */
export interface Cleaning {
  after(act: () => unknown): void;
}

/** A directory that is removed when the test is over. */
export async function tempDir(t: Cleaning): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-test-'));
  // A child that is still running may write meanwhile: hence the retries.
  t.after(() => rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  return directory;
}

/** Writes `size` random bytes, a few MiB in memory at a time, and returns their SHA-256 in hex. */
export async function randomFile(file: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  const block = Buffer.allocUnsafe(Math.min(size, 4 * 1024 * 1024));
  const handle = await open(file, 'wx');
  try {
    for (let written = 0; written < size; written += block.length) {
      const piece = randomFillSync(block).subarray(0, size - written);
      hash.update(piece);
      await handle.writeFile(piece);
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

/** A file's SHA-256 in hex, read as a stream. */
export async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file, { highWaterMark: 1024 * 1024 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/**
 * A port of 127.0.0.1 that is free now, below those that the kernel gives to outgoing connections, so that none of
 * these takes it meanwhile. A server of ours needs none: `--port-range 0 0`.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
