/**
 * What is at the target already, compared with an entry that is to take its place.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';
import type { Directory } from './root-directory.js';
import type { Step } from './steps.js';
import { sys } from './system-calls.js';

const MICRO = 1000n;

/** Whether two modification times are one, in nanoseconds. The side that keeps only microseconds has cut the rest off. */
export function isSameTime(here: bigint, theirs: bigint): boolean {
  return here === theirs || isCutOf(here, theirs) || isCutOf(theirs, here);
}

function isCutOf(short: bigint, whole: bigint): boolean {
  return short % MICRO === 0n && short / MICRO === floorMicros(whole);
}

/** Whether the sender's is the later time, as far as this side can tell. */
export function isNewer(theirs: bigint, here: bigint): boolean {
  return theirs > here && !isSameTime(here, theirs);
}

function floorMicros(nanos: bigint): bigint {
  return (nanos - (((nanos % MICRO) + MICRO) % MICRO)) / MICRO;
}

/** What it is, for messages. */
export function kindOf(stats: BigIntStats): string {
  if (stats.isFile()) return 'a file';
  if (stats.isDirectory()) return 'a directory';
  return stats.isSymbolicLink() ? 'a symbolic link' : 'a special file';
}

/**
 * Whether the file system takes another spelling of `name` for the same, so that the file found under it may be that
 * of another entry. Asked only where two entries differ in nothing else.
 * @param stats what was found under `name`.
 */
export function* isFolding(directory: Directory, name: string, stats: BigIntStats): Step<boolean> {
  const spellings = new Set([name.toUpperCase(), name.toLowerCase(), name.normalize('NFC'), name.normalize('NFD')]);
  spellings.delete(name);
  for (const spelling of spellings) {
    const other = yield* sys.lstat(`${directory.base}/${spelling}`);
    if (other?.ino !== stats.ino || other.dev !== stats.dev) continue;
    // Also so when both names are there, as hard links of one file: only the list of names tells.
    if (stats.nlink <= 1n || stats.isDirectory()) return true;
    const names = new Set(yield* sys.readdir(directory.base));
    if (!names.has(bytesOf(name)) || !names.has(bytesOf(spelling))) return true;
  }
  return false;
}

/** As {@link sys.readdir} has names. */
function bytesOf(name: string): string {
  return Buffer.from(name).toString('latin1');
}
