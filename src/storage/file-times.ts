/**
 * Modification times to the nanosecond: utimensat(2) and futimens(2) through koffi, where it can be loaded; node's own
 * calls, which keep microseconds, elsewhere.
 *
 * koffi is optional and takes some 10 ms to load, so it is looked for when the first target is opened, and not at all
 * by a sender.
 *
 * @module
 */
import * as fs from 'node:fs';
import { call, type Step } from './steps.js';

/** Sets access and modification time alike. Failures are the system's own errors. Times in nanoseconds since 1970. */
export interface FileTimes {
  /** Of an open file. */
  setOpen(fd: number, mtimeNs: bigint): Step<void>;
  /** Of what a path leads to; a symbolic link is followed only when `follow` says so. */
  setPath(path: string, mtimeNs: bigint, follow: boolean): Step<void>;
}

/** AT_FDCWD and AT_SYMLINK_NOFOLLOW, from each system's fcntl.h. */
const CONSTANTS = { linux: { here: -100, noFollow: 0x100 }, darwin: { here: -2, noFollow: 0x20 } } as const;
/** Where `struct timespec` is two 64-bit integers. */
const WIDE = new Set(['x64', 'arm64', 'ppc64', 'riscv64', 'loong64', 's390x']);

let known: Promise<FileTimes> | undefined;

/** The best that this machine can. Never fails. */
export function fileTimes(): Promise<FileTimes> {
  return (known ??= nativeTimes().catch(() => nodeTimes));
}

/** To the microsecond. */
export const nodeTimes: FileTimes = {
  setOpen(fd, mtimeNs) {
    const seconds = utimesSeconds(mtimeNs);
    return call(() => fs.futimesSync(fd, seconds, seconds), () => settled((done) => fs.futimes(fd, seconds, seconds, done)));
  },
  setPath(path, mtimeNs, follow) {
    const seconds = utimesSeconds(mtimeNs);
    if (follow) return call(() => fs.utimesSync(path, seconds, seconds), () => settled((done) => fs.utimes(path, seconds, seconds, done)));
    return call(() => fs.lutimesSync(path, seconds, seconds), () => settled((done) => fs.lutimes(path, seconds, seconds, done)));
  },
};

function settled(start: (done: fs.NoParamCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => (error ? reject(error) : resolve()));
  });
}

/** A C function as koffi gives it: 0 is success. */
interface Native<Words extends readonly unknown[]> {
  (...words: Words): number;
  async(...words: [...Words, (error: unknown, result: number) => void]): void;
}

/** A call that fails natively is made again by node, which either succeeds or has the right error. */
async function nativeTimes(): Promise<FileTimes> {
  const { platform, arch } = process;
  if ((platform !== 'linux' && platform !== 'darwin') || !WIDE.has(arch)) return nodeTimes;
  const { default: koffi } = await import('koffi');
  const system = koffi.load(null);
  const futimens = system.func('int futimens(int, const void *)') as Native<[number, BigInt64Array]>;
  const utimensat = system.func('int utimensat(int, const char *, const void *, int)') as Native<[number, string, BigInt64Array, number]>;
  const { here, noFollow } = CONSTANTS[platform];
  return {
    *setOpen(fd, mtimeNs) {
      const failed = yield* native(futimens, fd, timespecs(mtimeNs));
      if (failed) yield* nodeTimes.setOpen(fd, mtimeNs);
    },
    *setPath(path, mtimeNs, follow) {
      const failed = yield* native(utimensat, here, path, timespecs(mtimeNs), follow ? 0 : noFollow);
      if (failed) yield* nodeTimes.setPath(path, mtimeNs, follow);
    },
  };
}

/** Whether the call failed. */
function native<Words extends readonly unknown[]>(called: Native<Words>, ...words: Words): Step<boolean> {
  return call(
    () => called(...words) !== 0,
    () => new Promise((resolve) => called.async(...words, (error, result) => resolve(Boolean(error) || result !== 0))),
  );
}

/** Access and modification time as futimens(2) reads them; before 1970, too, nanoseconds count upwards. */
function timespecs(mtimeNs: bigint): BigInt64Array {
  const nanos = ((mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (mtimeNs - nanos) / 1_000_000_000n;
  return new BigInt64Array([seconds, nanos, seconds, nanos]);
}

/**
 * Nanoseconds since 1970 as node's `futimes` wants them: seconds in a double, of which libuv keeps whole microseconds,
 * cutting towards zero. Half a microsecond is added away from zero, or the cut would take the nearest double below to
 * the microsecond before. As text, since node reads a negative number as "now".
 */
export function utimesSeconds(mtimeNs: bigint): string {
  const floor = mtimeNs < 0n && mtimeNs % 1000n !== 0n ? mtimeNs / 1000n - 1n : mtimeNs / 1000n;
  return String((Number(floor) + (floor < 0n ? -0.5 : 0.5)) / 1e6);
}
