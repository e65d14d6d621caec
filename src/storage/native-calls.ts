/**
 * Calls of the C library that node lacks, through koffi: times to the nanosecond, and a rename that never replaces.
 *
 * koffi is optional and takes some 10 ms to load, so it is looked for when the first target is opened, and not at all by
 * a sender. Where it cannot be loaded, or the library lacks a call, there is none: callers know another way.
 *
 * A caller is told only that a call has failed, and not why: koffi's errno is not that of an asynchronous call. It then
 * goes the other way, which either succeeds or has the right error.
 *
 * @module
 */
import { constants } from 'node:fs';
import type { LibraryHandle } from 'koffi';

/** One call, both ways. Success is true. */
export interface NativeCall<Words extends readonly unknown[]> {
  now(...words: Words): boolean;
  later(...words: Words): Promise<boolean>;
}

/** What there is of them. */
export interface NativeCalls {
  /** futimens(2), access and modification time alike, in nanoseconds since 1970. */
  readonly futimens?: NativeCall<[fd: number, timeNs: bigint]>;
  /** utimensat(2), likewise. */
  readonly utimensat?: NativeCall<[path: string, timeNs: bigint, follow: boolean]>;
  /** renameat2(2) with RENAME_NOREPLACE, both names in the directory of a descriptor. */
  readonly renameNew?: NativeCall<[directory: number, from: string, to: string]>;
  /** openat(2) for a file that must not be there, to write it: a descriptor, negative for a failure. Synchronous. */
  readonly createNow?: (directory: number, name: string, mode: number) => number;
}

/** AT_FDCWD and AT_SYMLINK_NOFOLLOW, from each system's fcntl.h. */
const CONSTANTS = { linux: { here: -100, noFollow: 0x100 }, darwin: { here: -2, noFollow: 0x20 } } as const;
const RENAME_NOREPLACE = 1;
/** Linux's, which node sets by itself and so has no name for. */
const O_CLOEXEC = 0o2000000;
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Where `struct timespec` is two 64-bit integers. */
const WIDE = new Set(['x64', 'arm64', 'ppc64', 'riscv64', 'loong64', 's390x']);

let known: Promise<NativeCalls> | undefined;

/** What this machine has. Never fails. */
export function nativeCalls(): Promise<NativeCalls> {
  return (known ??= load().catch(() => ({})));
}

/** A C function as koffi gives it. */
interface Native<Words extends readonly unknown[]> {
  (...words: Words): number;
  async(...words: [...Words, (error: unknown, result: number) => void]): void;
}

async function load(): Promise<NativeCalls> {
  const { platform, arch } = process;
  if ((platform !== 'linux' && platform !== 'darwin') || !WIDE.has(arch)) return {};
  const { default: koffi } = await import('koffi');
  const library = koffi.load(null);
  const { here, noFollow } = CONSTANTS[platform];
  const futimens = library.func('int futimens(int, const void *)') as Native<[number, BigInt64Array]>;
  const utimensat = library.func('int utimensat(int, const char *, const void *, int)') as Native<[number, string, BigInt64Array, number]>;
  const times: NativeCalls = {
    futimens: {
      now: (fd, timeNs) => futimens(fd, timespecs(timeNs)) === 0,
      later: (fd, timeNs) => later(futimens, fd, timespecs(timeNs)),
    },
    utimensat: {
      now: (path, timeNs, follow) => utimensat(here, path, timespecs(timeNs), follow ? 0 : noFollow) === 0,
      later: (path, timeNs, follow) => later(utimensat, here, path, timespecs(timeNs), follow ? 0 : noFollow),
    },
  };
  return platform === 'linux' ? { ...times, ...linuxCalls(library) } : times;
}

/** Not every C library has them. */
function linuxCalls(library: LibraryHandle): NativeCalls {
  try {
    const renameat2 = library.func('int renameat2(int, const char *, int, const char *, unsigned int)') as Native<[number, string, number, string, number]>;
    const openat = library.func('int openat(int, const char *, int, int)') as Native<[number, string, number, number]>;
    return {
      renameNew: {
        now: (directory, from, to) => renameat2(directory, from, directory, to, RENAME_NOREPLACE) === 0,
        later: (directory, from, to) => later(renameat2, directory, from, directory, to, RENAME_NOREPLACE),
      },
      createNow: (directory, name, mode) => openat(directory, name, CREATE | O_CLOEXEC, mode),
    };
  } catch {
    return {};
  }
}

function later<Words extends readonly unknown[]>(called: Native<Words>, ...words: Words): Promise<boolean> {
  return new Promise((resolve) => called.async(...words, (error, result) => resolve(!error && result === 0)));
}

/** Access and modification time as futimens(2) reads them; before 1970, too, nanoseconds count upwards. */
function timespecs(timeNs: bigint): BigInt64Array {
  const nanos = ((timeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = (timeNs - nanos) / 1_000_000_000n;
  return new BigInt64Array([seconds, nanos, seconds, nanos]);
}
