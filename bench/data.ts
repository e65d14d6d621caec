/**
 * The file that is moved: random bytes in memory where there is a /dev/shm, its digest, and the check of what arrived.
 *
 * @module
 */
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { isAlive, onEnd } from './cleanup.js';

const BLOCK = 4 * 2 ** 20;
const PREFIX = 'streamer-bench';

/** Folder for all that the bench writes, and what kind of storage it is. */
export interface Workspace {
  readonly folder: string;
  readonly description: string;
  readonly source: string;
  /** Size of the source in bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Makes the folder and the source. The folder is removed when the bench ends. */
export async function makeWorkspace(size: number): Promise<Workspace> {
  const { base, description } = chooseBase(size);
  const folder = mkdtempSync(path.join(base, `${PREFIX}-${process.pid}-`));
  onEnd(() => rmSync(folder, { recursive: true, force: true }));
  const source = path.join(folder, 'source.bin');
  const hash = createHash('sha256');
  await fill(source, size, (block) => {
    randomFillSync(block);
    hash.update(block);
  });
  return { folder, description, source, size, sha256: hash.digest('hex') };
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

function chooseBase(size: number): { readonly base: string; readonly description: string } {
  for (const base of ['/dev/shm', os.tmpdir()].filter((folder) => existsSync(folder))) removeStale(base);
  // The source, the target (or the preheat, never both), and a margin.
  const needed = 2 * size + 64 * 2 ** 20;
  try {
    const shm = statfsSync('/dev/shm');
    if (shm.bavail * shm.bsize >= needed) return { base: '/dev/shm', description: '/dev/shm to /dev/shm (memory)' };
    return { base: os.tmpdir(), description: 'temporary folder on disk (/dev/shm is too small for this size)' };
  } catch {
    return { base: os.tmpdir(), description: 'temporary folder on disk (this system has no /dev/shm)' };
  }
}

async function fill(file: string, size: number, prepare: (block: Buffer) => void): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    const block = Buffer.alloc(BLOCK);
    for (let offset = 0; offset < size; offset += BLOCK) {
      const piece = block.subarray(0, Math.min(BLOCK, size - offset));
      prepare(piece);
      await handle.write(piece, 0, piece.length, offset);
    }
  } finally {
    await handle.close();
  }
}

/**
 * Writes and deletes as many bytes as the file has, so that the run after it writes to memory which the host has
 * already given to this machine. Without this, tmpfs figures vary tenfold.
 */
export async function preheat(workspace: Workspace): Promise<void> {
  const file = path.join(workspace.folder, 'preheat.bin');
  await fill(file, workspace.size, () => undefined);
  await rm(file);
}

/** Whether the bytes that arrived are the source's. `extra` counts bytes past its end. */
export interface Check {
  readonly right: boolean;
  readonly extra: number;
  readonly text: string;
}

/** Compares the first `size` bytes of what arrived with the source, by SHA-256, and counts the bytes after them. */
export async function check(workspace: Workspace, target: string): Promise<Check> {
  const found = await stat(target).catch(() => undefined);
  if (found === undefined) return { right: false, extra: 0, text: 'no: nothing arrived' };
  const extra = found.size - workspace.size;
  if (extra < 0) return { right: false, extra: 0, text: `no: ${-extra} bytes missing` };
  if ((await digest(target, workspace.size)) !== workspace.sha256) return { right: false, extra, text: 'no: digest differs' };
  return { right: true, extra, text: extra === 0 ? 'yes' : `corrupt: +${extra} bytes` };
}

async function digest(file: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  if (size > 0) {
    for await (const block of createReadStream(file, { end: size - 1, highWaterMark: BLOCK })) hash.update(block as Buffer);
  }
  return hash.digest('hex');
}
