/**
 * What is at the target already, compared with an entry that is to take its place.
 *
 * @module
 */
import type { BigIntStats } from 'node:fs';
import type { Directory } from './root-directory.js';
import type { Step } from './steps.js';
import { sys } from './system-calls.js';

const MICRO = 1_000n;
/** What coarser file systems keep, in nanoseconds: microseconds, or seconds, as Lustre does. */
const GRAINS = [MICRO, 1_000_000_000n];

/** How far the nearest double of seconds is from a time of nanoseconds, at most, until 2106. */
const DOUBLE = 240n;

/**
 * Whether two modification times are one, in nanoseconds. A file system that keeps less has cut the rest off, and so has a side
 * that can set only microseconds, whichever it is; one that sets them as a double has the nearest.
 */
export function isSameTime(here: bigint, theirs: bigint): boolean {
  const later = here - theirs;
  return (later <= DOUBLE && later >= -DOUBLE) || theirs === here - remainder(here, MICRO) || GRAINS.some((grain) => here === theirs - remainder(theirs, grain));
}

/** Whether the sender's is the later time, as far as this side can tell. */
export function isNewer(theirs: bigint, here: bigint): boolean {
  return theirs > here && !isSameTime(here, theirs);
}

/** Downwards, before 1970, too. */
function remainder(nanos: bigint, grain: bigint): bigint {
  return ((nanos % grain) + grain) % grain;
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
