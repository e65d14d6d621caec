/**
 * Modification times to the nanosecond where {@link nativeCalls} can, and to about the microsecond, as node keeps them, elsewhere.
 *
 * @module
 */
import * as fs from 'node:fs';
import { nativeCalls } from './native-calls.js';
import { call, type Step } from './steps.js';

/** Sets access and modification time alike. Failures are the system's own errors. Times in nanoseconds since 1970. */
export interface FileTimes {
  /** Of an open file, synchronously. */
  setOpenNow(fd: number, mtimeNs: bigint): void;
  /** Of an open file. */
  setOpen(fd: number, mtimeNs: bigint): Step<void>;
  /** Of what a path leads to; a symbolic link is followed only when `follow` says so. */
  setPath(path: string, mtimeNs: bigint, follow: boolean): Step<void>;
}

/** The best that this machine can. Never fails. */
export async function fileTimes(): Promise<FileTimes> {
  const { futimens, utimensat } = await nativeCalls();
  if (futimens === undefined || utimensat === undefined) return nodeTimes;
  return {
    setOpenNow(fd, mtimeNs) {
      if (!futimens.now(fd, mtimeNs)) nodeTimes.setOpenNow(fd, mtimeNs);
    },
    *setOpen(fd, mtimeNs) {
      if (!(yield* call(() => futimens.now(fd, mtimeNs), () => futimens.later(fd, mtimeNs)))) yield* nodeTimes.setOpen(fd, mtimeNs);
    },
    *setPath(path, mtimeNs, follow) {
      const done = yield* call(() => utimensat.now(path, mtimeNs, follow), () => utimensat.later(path, mtimeNs, follow));
      if (!done) yield* nodeTimes.setPath(path, mtimeNs, follow);
    },
  };
}

/** Cut to the microsecond; from libuv 1.52 on (some node 24), the nearest double of seconds. */
export const nodeTimes: FileTimes = {
  setOpenNow(fd, mtimeNs) {
    const seconds = utimesSeconds(mtimeNs);
    fs.futimesSync(fd, seconds, seconds);
  },
  setOpen(fd, mtimeNs) {
    const seconds = utimesSeconds(mtimeNs);
    return call(() => nodeTimes.setOpenNow(fd, mtimeNs), () => settled((done) => fs.futimes(fd, seconds, seconds, done)));
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

const SECOND = 1_000_000_000n;
const [uvMajor = 0, uvMinor = 0] = process.versions.uv.split('.').map(Number);
/** Before, libuv kept whole microseconds. */
const KEEPS_ALL = uvMajor > 1 || uvMinor >= 52;

/**
 * Nanoseconds since 1970 as node's `futimes` wants them: seconds in a double, of which a newer libuv keeps all, and an older one
 * whole microseconds, cutting towards zero. For that one half a microsecond is added away from zero, or the cut would take the
 * nearest double below to the microsecond before. As text, since node reads a negative number as "now".
 */
export function utimesSeconds(mtimeNs: bigint, keepsAll = KEEPS_ALL): string {
  if (keepsAll) return String(Number(mtimeNs / SECOND) + Number(mtimeNs % SECOND) / 1e9);
  const floor = mtimeNs < 0n && mtimeNs % 1000n !== 0n ? mtimeNs / 1000n - 1n : mtimeNs / 1000n;
  return String((Number(floor) + (floor < 0n ? -0.5 : 0.5)) / 1e6);
}
