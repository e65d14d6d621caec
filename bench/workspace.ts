/**
 * The folder for all that the bench writes: in memory where there is a /dev/shm with room, else on disk.
 *
 * @module
 */
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isAlive, onEnd } from './cleanup.js';

const PREFIX = 'streamer-bench';
/** Keys, configurations, coordinates. */
const MARGIN = 64 * 2 ** 20;

/** A folder, and what kind of storage it is. Removed when the bench ends. */
export interface Workspace {
  readonly folder: string;
  readonly description: string;
}

/** Makes the folder. `needed` is the most bytes that will be in it at once. */
export function makeWorkspace(needed: number): Workspace {
  const { base, description } = chooseBase(needed + MARGIN);
  return { folder: makeFolder(base), description };
}

/** A folder on disk, for what must not be in memory. Answers undefined where less than `needed` bytes are free. */
export function makeDiskFolder(needed: number): string | undefined {
  return freeBytes(os.tmpdir()) < needed + MARGIN ? undefined : makeFolder(os.tmpdir());
}

function makeFolder(base: string): string {
  const folder = mkdtempSync(path.join(base, `${PREFIX}-${process.pid}-`));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function chooseBase(needed: number): { readonly base: string; readonly description: string } {
  for (const base of ['/dev/shm', os.tmpdir()].filter((folder) => existsSync(folder))) removeStale(base);
  if (!existsSync('/dev/shm')) return { base: os.tmpdir(), description: 'temporary folder on disk (this system has no /dev/shm)' };
  // A file system in memory claims to be free what the machine may no longer have.
  if (Math.min(freeBytes('/dev/shm'), os.freemem()) >= needed) return { base: '/dev/shm', description: '/dev/shm to /dev/shm (memory)' };
  return { base: os.tmpdir(), description: 'temporary folder on disk (/dev/shm is too small for this size)' };
}

function freeBytes(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/** Removes what an earlier bench left that was killed before it could tidy up: its process id is in the name. */
function removeStale(base: string): void {
  for (const name of readdirSync(base)) {
    const pid = new RegExp(`^${PREFIX}-(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmSync(path.join(base, name), { recursive: true, force: true });
    } catch {
      // Another user's: not ours to remove.
    }
  }
}
