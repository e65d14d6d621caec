/**
 * CPU time and resident memory of a process and all below it, read from /proc (Linux).
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/** What one side used. Undefined where the system does not tell. */
export interface Usage {
  /** User and system time in seconds, from the start of the process to its end. */
  readonly cpuSeconds: number | undefined;
  /** Peak resident memory in bytes. For several processes the sum of their peaks. */
  readonly peakRss: number | undefined;
  /** Resident bytes of all its processes together, every {@link RSS_EVERY_MS} from its start. */
  readonly rss?: Curve;
}

/** A quantity over time: seconds since the start, and its value then. */
export type Curve = readonly (readonly [seconds: number, value: number])[];

/** Milliseconds between two readings: what a process uses after the last one before its end is not seen. */
export const SAMPLE_MS = 20;
/** Milliseconds between two points of the curve of resident memory. */
export const RSS_EVERY_MS = 100;
/** Every so many readings, new children are looked for. */
const DISCOVER_EVERY = 4;

const hasProc = process.platform === 'linux';
const ticksPerSecond = hasProc ? clockTicks() : 100;

function clockTicks(): number {
  const ticks = Number(spawnSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }).stdout);
  return ticks > 0 ? ticks : 100;
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}

/** Fields of /proc/<pid>/stat after the command's name, which may itself hold spaces and brackets. See proc(5). */
function statFields(pid: number): readonly string[] | undefined {
  const text = read(`/proc/${pid}/stat`);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}

/** Processes below `root`, itself first. */
export function descendants(root: number): readonly number[] {
  if (!hasProc) return [root];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statFields(pid)?.[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/** Watches one process tree until {@link stop}. */
export class Watch {
  readonly #root: number;
  /** The root is only a wrapper, such as /usr/bin/time, and does not count. */
  readonly #skipRoot: boolean;
  readonly #seen = new Map<number, { ticks: number; rssKiB: number }>();
  readonly #startedAtMs = performance.now();
  readonly #rss: (readonly [number, number])[] = [];
  readonly #timer: NodeJS.Timeout;
  #readings = 0;

  constructor(root: number, options: { readonly skipRoot: boolean }) {
    this.#root = root;
    this.#skipRoot = options.skipRoot;
    this.#timer = setInterval(() => this.#sample(), SAMPLE_MS);
    this.#sample();
  }

  /** Reads once more and answers what was seen. */
  stop(): Usage {
    clearInterval(this.#timer);
    this.#sample();
    if (!hasProc) return { cpuSeconds: undefined, peakRss: undefined };
    const all = [...this.#seen.values()];
    return {
      cpuSeconds: all.reduce((sum, { ticks }) => sum + ticks, 0) / ticksPerSecond,
      peakRss: all.reduce((sum, { rssKiB }) => sum + rssKiB, 0) * 1024,
      rss: this.#rss,
    };
  }

  #plot(resident: number): void {
    const seconds = (performance.now() - this.#startedAtMs) / 1000;
    const last = this.#rss.at(-1);
    if (last === undefined || seconds - last[0] >= RSS_EVERY_MS / 1000) this.#rss.push([seconds, resident]);
  }

  #sample(): void {
    if (!hasProc) return;
    if (this.#readings % DISCOVER_EVERY === 0 || this.#seen.size === 0) {
      for (const pid of descendants(this.#root)) {
        if (pid === this.#root && this.#skipRoot) continue;
        if (!this.#seen.has(pid)) this.#seen.set(pid, { ticks: 0, rssKiB: 0 });
      }
    }
    this.#readings += 1;
    let residentKiB = 0;
    for (const [pid, last] of this.#seen) {
      const fields = statFields(pid);
      if (fields === undefined) continue;
      last.ticks = Number(fields[11]) + Number(fields[12]);
      // VmHWM is a high-water mark, so the last reading is the peak so far. It is gone once the process has ended.
      const status = read(`/proc/${pid}/status`) ?? '';
      const peak = /^VmHWM:\s*(\d+)/m.exec(status)?.[1];
      if (peak !== undefined) last.rssKiB = Number(peak);
      residentKiB += Number(/^VmRSS:\s*(\d+)/m.exec(status)?.[1] ?? 0);
    }
    this.#plot(residentKiB * 1024);
  }
}

/**
 * Whether the process's network namespace has somebody who listens on the port. With a `device`, only once the process
 * has come into the namespace that has it.
 */
export function isListening(pid: number, port: number, device: string | undefined): boolean {
  if (device !== undefined && carried(pid, device) === undefined) return false;
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  // Local address and port, remote address and port, state (0A: TCP_LISTEN). See proc_net_tcp in the kernel's documentation.
  const line = new RegExp(`^ *\\d+: [0-9A-F]+:${wanted} [0-9A-F]+:0000 0A `, 'm');
  return ['tcp', 'tcp6'].some((table) => line.test(read(`/proc/${pid}/net/${table}`) ?? ''));
}

/** Bytes and packets that a device has carried, seen from a process's network namespace. */
export interface Carried {
  readonly receivedBytes: number;
  readonly sentPackets: number;
}

/** What a device has carried so far; undefined when the process is gone or has no such device. */
export function carried(pid: number, device: string): Carried | undefined {
  const line = new RegExp(`^ *${device}:(.*)$`, 'm').exec(read(`/proc/${pid}/net/dev`) ?? '')?.[1];
  if (line === undefined) return undefined;
  const fields = line.trim().split(/\s+/).map(Number);
  return { receivedBytes: fields[0] ?? 0, sentPackets: fields[9] ?? 0 };
}

/** Seconds that all processors together have been busy since the machine started; undefined where unknown. */
export function machineCpuSeconds(): number | undefined {
  const line = hasProc ? /^cpu .*/m.exec(read('/proc/stat') ?? '')?.[0] : undefined;
  if (line === undefined) return undefined;
  // user nice system idle iowait irq softirq steal: all but idle and iowait.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond;
}
