/**
 * Synchronous or asynchronous file IO: which, and why.
 *
 * Measured with the pipeline's prototype: synchronous pread and pwrite move 20 to 40 % more bytes on a local file
 * system, since a call costs less than its trip through libuv's thread pool. On a network file system the same call
 * may take seconds, and nothing else of the process would run meanwhile: no ping answered, no other connection served.
 *
 * So known network and FUSE types are asynchronous, and the rest start synchronous and go over for good once a single
 * call has stalled the loop for {@link SLOW_CALL_MS}.
 *
 * Where there are processors to spare, chunks go through the pool whatever the file system: a receiver's event loop has 0.95
 * CPU s/GiB to do then, and 1.29 without.
 *
 * @module
 */
import { statfs } from 'node:fs/promises';
import { workerCount } from '../util/spare-processors.js';

/** `auto` chooses as above; the others force it. @default 'auto' */
export type IoMode = 'auto' | 'sync' | 'async';

/**
 * A synchronous call that took this many milliseconds says that the device is not the fast local one that was hoped
 * for. Far above one 1 MiB copy (under 1 ms) and a collection of garbage, far below what a ping's peer would notice.
 */
export const SLOW_CALL_MS = 100;

/** A read or write for which its trip through the thread pool is worth it where processors are to be had: a chunk. */
const LARGE_BYTES = 256 * 1024;

/** `f_type` of statfs(2), from linux/magic.h and the file systems' own sources. */
const REMOTE_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB2'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x00c36400, 'CephFS'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'kAFS'],
  [0x73757245, 'Coda'],
  [0x01021997, '9p'],
  [0x65735546, 'FUSE'],
  [0x65735543, 'fusectl'],
  [0x20030528, 'OrangeFS'],
  [0x18031977, 'WekaFS'],
  [0xaad7aaea, 'PanFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2'],
  [0x786f4256, 'vboxsf'],
  [0xbacbacbc, 'vmhgfs'],
  [0x564c, 'NCP'],
]);

/** The name of a network or FUSE file system by its `f_type`, or undefined for a local one. */
export function remoteTypeName(type: number | bigint): string | undefined {
  // The kernel's field is a signed long on some machines: CIFS would come out negative.
  return REMOTE_TYPES.get(Number(BigInt(type) & 0xffffffffn));
}

/** tmpfs and ramfs: nothing there outlives the machine, so nothing there can be made durable. */
const MEMORY_TYPES: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** Whether a file system by its `f_type` is memory and not a disk. */
export function isMemoryType(type: number | bigint): boolean {
  return MEMORY_TYPES.has(Number(BigInt(type) & 0xffffffffn));
}

/** Decides, call by call, whether the next one may be synchronous. One for each open file. */
export class AdaptiveIo {
  #sync: boolean;
  readonly #adaptive: boolean;
  readonly #nowMs: () => number;

  /** @param nowMs monotonic clock in milliseconds, for tests. */
  constructor(start: 'sync' | 'async', adaptive: boolean, nowMs: () => number = () => performance.now()) {
    this.#sync = start === 'sync';
    this.#adaptive = adaptive;
    this.#nowMs = nowMs;
  }

  /** Whether the next call may be made synchronously, inside {@link timed}. */
  get sync(): boolean {
    return this.#sync;
  }

  /** Whether a read or write of so many bytes may be made so: not where another processor may as well copy them. */
  syncFor(bytes: number): boolean {
    return this.#sync && !(this.#adaptive && bytes >= LARGE_BYTES && workerCount() > 0);
  }

  /** Runs one synchronous call. A slow one, failed or not, makes all later ones asynchronous. */
  timed<T>(call: () => T): T {
    const startMs = this.#nowMs();
    try {
      return call();
    } finally {
      if (this.#adaptive && this.#nowMs() - startMs > SLOW_CALL_MS) this.#sync = false;
    }
  }
}

/** Whether `directory` lies on a file system of memory. Never fails: where that cannot be told, it is a disk. */
export async function isInMemory(directory: string): Promise<boolean> {
  try {
    return isMemoryType((await statfs(directory, { bigint: true })).type);
  } catch {
    return false;
  }
}

/** Chooses for a file in `directory`. Never fails: where the type cannot be had, asynchronous is the safe answer. */
export async function chooseIo(directory: string, mode: IoMode = 'auto'): Promise<AdaptiveIo> {
  if (mode !== 'auto') return new AdaptiveIo(mode, false);
  try {
    const { type } = await statfs(directory, { bigint: true });
    return new AdaptiveIo(remoteTypeName(type) === undefined ? 'sync' : 'async', true);
  } catch {
    return new AdaptiveIo('async', false);
  }
}
