/**
 * Starts a measured process on one side of the path, waits for what it announces, and ends it with all below it.
 *
 * @module
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { onEnd } from './cleanup.js';
import type { Network, Side } from './network.js';
import { findProgram } from './programs.js';
import type { Ready } from './peers/peer.js';
import { descendants, isListening, SAMPLE_MS, Watch, type Usage } from './usage.js';

/** A command line with what it needs around it. */
export interface Command {
  readonly argv: readonly [string, ...string[]];
  /** Added to the small environment that every measured process gets. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a measured process ended. */
export interface Ended {
  /** Exit status; 128 + signal number when a signal ended it; undefined when it could not be started. */
  readonly status: number | undefined;
  /** `performance.now()` at its end. */
  readonly endedAtMs: number;
  readonly usage: Usage;
}

const OUTPUT_LIMIT = 2 ** 18;
const timeProgram = findWorkingTime();

/** How CPU time and memory are had, for the report. */
export const METHOD =
  timeProgram === undefined
    ? `/proc read every ${SAMPLE_MS} ms (CPU time in steps of 10 ms; what a process uses in its last ${SAMPLE_MS} ms is not seen)`
    : `the larger of wait4's figures, by /usr/bin/time, and of /proc read every ${SAMPLE_MS} ms and summed over the processes of a side`;

function findWorkingTime(): string | undefined {
  const file = findProgram('time');
  if (file === undefined) return undefined;
  const done = spawnSync(file, ['-f', 'usage %U %S %M', 'true'], { encoding: 'utf8' });
  return done.status === 0 && parseTime(done.stderr) !== undefined ? file : undefined;
}

function parseTime(text: string): Usage | undefined {
  const match = /^usage ([\d.]+) ([\d.]+) (\d+)$/m.exec(text);
  if (match === null) return undefined;
  return { cpuSeconds: Number(match[1]) + Number(match[2]), peakRss: Number(match[3]) * 1024 };
}

/** A measured process. */
export class Launched {
  readonly startedAtMs: number;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #device: string | undefined;
  readonly #forget: () => void;
  #output = '';
  #over = false;

  /**
   * Starts `command` on `side`. `folder` is its working folder, home, and where figures about it are kept, under
   * `name`: no two at a time may have the same.
   */
  constructor(network: Network, side: Side, command: Command, folder: string, name: string = side) {
    const figures = path.join(folder, `${name}.time`);
    const timed = timeProgram === undefined ? [] : [timeProgram, '-o', figures, '-f', 'usage %U %S %M'];
    const [file, ...args] = network.command(side, [...timed, ...command.argv]);
    this.#device = network.device;
    this.startedAtMs = performance.now();
    this.#child = spawn(file, args, {
      cwd: folder,
      // No proxies, no NODE_OPTIONS, no user's configuration: only what the tools need to run at all.
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, LANG: 'C.UTF-8', ...command.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const { pid, stdout, stderr } = this.#child;
    const watch = pid === undefined ? undefined : new Watch(pid, { skipRoot: timed.length > 0 });
    this.#forget = onEnd(() => this.#kill('SIGKILL'));
    for (const stream of [stdout, stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-OUTPUT_LIMIT);
      });
    }
    this.ended = this.#wait().then((end) => {
      this.#over = true;
      this.#forget();
      const polled = watch?.stop() ?? { cpuSeconds: undefined, peakRss: undefined };
      return { ...end, usage: larger(polled, timed.length > 0 ? readTime(figures) : undefined) };
    });
  }

  /** What it has printed so far, both streams, the end of it when it is long. */
  get output(): string {
    return this.#output;
  }

  /** Its process, or the wrapper's around it, which is in the same namespace. Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  async #wait(): Promise<Omit<Ended, 'usage'>> {
    const end = await new Promise<Omit<Ended, 'usage'>>((resolve) => {
      this.#child.once('error', () => resolve({ status: undefined, endedAtMs: performance.now() }));
      this.#child.once('exit', (code, signal) => {
        resolve({ status: code ?? (signal === 'SIGTERM' ? 143 : 137), endedAtMs: performance.now() });
      });
    });
    // The last of its output may still be in the pipe; a grandchild may hold the pipe open for longer.
    const closed = new Promise<void>((resolve) => this.#child.once('close', () => resolve()));
    await Promise.race([closed, sleep(300, undefined, { ref: false })]);
    return end;
  }

  /** Waits until the output matches, or the port is listened on. Rejects when the process ends first or time is up. */
  async announced(ready: Ready, port: number, timeoutMs: number): Promise<readonly string[]> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const match = this.#readiness(ready, port);
      if (match !== undefined) return match;
      if (this.#over) throw new Error(`the server ended before it was ready: ${lastLine(this.#output)}`);
      if (performance.now() > deadline) throw new Error(`the server was not ready in ${timeoutMs / 1000} s: ${lastLine(this.#output)}`);
      await sleep(5);
    }
  }

  #readiness(ready: Ready, port: number): readonly string[] | undefined {
    if (ready !== 'listens') return ready.exec(this.#output) ?? undefined;
    return this.pid !== undefined && isListening(this.pid, port, this.#device) ? [] : undefined;
  }

  /** Waits for it to end by itself. Answers undefined, and leaves it running, when time is up. */
  async endsWithin(timeoutMs: number): Promise<Ended | undefined> {
    const timer = new AbortController();
    const late = sleep(timeoutMs, undefined, { signal: timer.signal }).catch(() => undefined);
    try {
      return await Promise.race([this.ended, late]);
    } finally {
      timer.abort();
    }
  }

  /** Ends it: SIGTERM, and SIGKILL for what is left three seconds later. */
  async stop(): Promise<Ended> {
    this.#kill('SIGTERM');
    if ((await this.endsWithin(3000)) === undefined) this.#kill('SIGKILL');
    return this.ended;
  }

  #kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#over) return;
    const below = descendants(pid).slice(1);
    // A wrapper passes no signal on, and has the figures to write: end what it waits for, and it ends too.
    const targets = signal === 'SIGKILL' ? [...below, pid] : timeProgram === undefined ? [pid] : below.slice(0, 1);
    for (const target of targets.length === 0 ? [pid] : targets) {
      try {
        process.kill(target, signal);
      } catch {
        // It has ended by itself.
      }
    }
  }
}

/** Last line of an output that says something, for an error message. */
export function lastLine(output: string): string {
  return output.trim().split(/[\r\n]/).at(-1)?.slice(-300) ?? '';
}

function readTime(file: string): Usage | undefined {
  try {
    return parseTime(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function larger(a: Usage, b: Usage | undefined): Usage {
  const pick = (left: number | undefined, right: number | undefined) =>
    left === undefined ? right : right === undefined ? left : Math.max(left, right);
  return { ...a, cpuSeconds: pick(a.cpuSeconds, b?.cpuSeconds), peakRss: pick(a.peakRss, b?.peakRss) };
}
