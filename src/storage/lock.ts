/**
 * One receiver per target: a lock file that names its holder, so that a killed one never stands in the way.
 *
 * On this host the holder's process is looked up. For another host, whose processes cannot be seen, the lock is a
 * lease: the holder touches it every 10 s, and one that was not touched for 60 s is taken over.
 *
 * A lock changes hands only under a second file, `…-next`, created exclusively: who has that may look at the lock, and
 * rename the new file over it. So two processes that find the same dead lock cannot both take it, and a lock is never
 * seen half written. `…-next` lives for milliseconds; one left by a kill in just that time is removed when its process
 * is dead or when it has not changed for 3 s of our own clock. Two processes that remove such a leftover in the same
 * instant could still collide; the check after the rename, and the one before a commit, are for them. Both compare the
 * lock's text, which holds a random token, and not inodes, which are not steady everywhere.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, unlink } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { StorageError } from '../errors.js';
import { isErrno, orStorageError, storageError, visible } from './fs-error.js';
import type { PartialNames } from './partial-names.js';
import { isRunning, ownIdentity, type ProcessIdentity } from './process-identity.js';

/** How often the holder touches its lock: often enough that five touches may go missing. */
export const REFRESH_MS = 10_000;
/** Age at which another host's lock is taken over. */
export const LEASE_MS = 60_000;
/** How long `…-next` may stay the same before it counts as left behind. */
const NEXT_PATIENCE_MS = 3_000;
const NEXT_POLL_MS = 25;
/** A lock file is some 200 bytes; more is not ours. */
const LOCK_BYTES_MAX = 4096;

/** A held lock. */
export interface Lock {
  /** Owner that this process's new files get on this file system: not always the process's own user id. */
  readonly uid: bigint;
  /** Touches the lock now. Done by itself every {@link REFRESH_MS}. Never fails. */
  refresh(): Promise<void>;
  /**
   * @throws StorageError `storage-locked` when another process has taken the lock over, as after a long suspend, or
   * `storage-missing` when the lock is gone, and perhaps its directory with it.
   */
  assertHeld(): Promise<void>;
  /** Removes the lock, if it is still ours. Safe to call again. Never fails. */
  release(): Promise<void>;
}

/**
 * Takes the lock of `target`.
 * @throws StorageError `storage-locked`, naming the holder, or what the file system says.
 */
export async function acquireLock(names: Pick<PartialNames, 'lock' | 'lockNext'>, target: string): Promise<Lock> {
  const self = await ownIdentity();
  const text = `${JSON.stringify({ ...self, token: randomBytes(16).toString('hex') })}\n`;
  const next = await createNext(names, target, self.place);
  try {
    await next.writeFile(text);
    const { mtimeMs, uid } = await next.stat({ bigint: true });
    const held = await readHolder(names.lock);
    // Ages are told by the file server's clock, which stamped both files.
    if (held !== undefined && (await holds(held, self.place, Number(mtimeMs)))) throw held.holder?.place === self.place && held.holder.pid === self.pid ? lockedHere(target) : lockedBy(target, held.holder);
    await rename(names.lockNext, names.lock);
    await assertText(names.lock, text, target);
    return new HeldLock(names.lock, target, next, text, uid);
  } catch (cause) {
    // Also when it is empty, because the disk is full: nobody else is in here while it exists.
    const found = await readHolder(names.lockNext).catch(() => undefined);
    if (found?.text === text || found?.text === '') await unlinkGone(names.lockNext).catch(() => undefined);
    await next.close().catch(() => undefined);
    throw storageError(cause, 'lock', target);
  }
}

class HeldLock implements Lock {
  readonly uid: bigint;
  readonly #path: string;
  readonly #target: string;
  readonly #file: FileHandle;
  readonly #text: string;
  readonly #timer: NodeJS.Timeout;
  #refreshing: Promise<void> | undefined;
  #released = false;

  constructor(path: string, target: string, file: FileHandle, text: string, uid: bigint) {
    this.#path = path;
    this.#target = target;
    this.#file = file;
    this.#text = text;
    this.uid = uid;
    this.#timer = setInterval(() => void this.refresh(), REFRESH_MS);
    this.#timer.unref();
  }

  refresh(): Promise<void> {
    this.#refreshing ??= this.#touch().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** By writing and not by utimes(2): the file server is to stamp its own time. */
  async #touch(): Promise<void> {
    try {
      await this.#file.write(this.#text, 0);
      await this.#file.datasync();
    } catch {
      // A lock that cannot be touched ages, which is all that a failing disk can ask of it.
    }
  }

  async assertHeld(): Promise<void> {
    await assertText(this.#path, this.#text, this.#target);
  }

  async release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    clearInterval(this.#timer);
    await this.#refreshing;
    await this.#file.close().catch(() => undefined);
    const held = await readHolder(this.#path).catch(() => undefined);
    if (held?.text === this.#text) await unlinkGone(this.#path).catch(() => undefined);
  }
}

/** Creates `…-next`, waiting for another process that is just in there. */
async function createNext(names: Pick<PartialNames, 'lockNext'>, target: string, place: string): Promise<FileHandle> {
  let seen: string | undefined;
  let sinceMs = performance.now();
  for (;;) {
    try {
      // Readable by all, so that a colleague who shares the directory is told whom to ask.
      return await open(names.lockNext, 'wx', 0o644);
    } catch (cause) {
      if (!isErrno(cause, 'EEXIST')) throw storageError(cause, 'create', target);
    }
    const other = await orStorageError('lock', target, () => readHolder(names.lockNext));
    if (other === undefined) continue;
    const look = `${other.mtimeMs} ${other.text}`;
    if (look !== seen) [seen, sinceMs] = [look, performance.now()];
    const dead = other.holder?.place === place && !(await isRunning(other.holder));
    if (dead || performance.now() - sinceMs > NEXT_PATIENCE_MS) await orStorageError('lock', target, () => unlinkGone(names.lockNext));
    else await sleep(NEXT_POLL_MS);
  }
}

interface Held {
  /** undefined when the file does not say. */
  readonly holder: ProcessIdentity | undefined;
  readonly mtimeMs: number;
  readonly text: string;
}

async function readHolder(path: string): Promise<Held | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (cause) {
    if (isErrno(cause, 'ENOENT', 'ESTALE')) return undefined;
    throw cause;
  }
  try {
    const { mtimeMs } = await file.stat();
    const bytes = Buffer.alloc(LOCK_BYTES_MAX);
    const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
    const text = bytes.toString('utf8', 0, bytesRead);
    return { holder: parse(text), mtimeMs, text };
  } finally {
    await file.close();
  }
}

async function holds({ holder, mtimeMs }: Held, place: string, nowMs: number): Promise<boolean> {
  if (holder?.place === place) return isRunning(holder);
  return nowMs - mtimeMs < LEASE_MS;
}

/** This process holds it: two entries of a tree, or two transfers of a program. */
function lockedHere(target: string): StorageError {
  return new StorageError('storage-locked', `${visible(target)} is being received already by this program itself: under another name that this file system takes for the same, or in another transfer; rename one of them, or wait for it`);
}

function lockedBy(target: string, holder: ProcessIdentity | undefined): StorageError {
  const who = holder === undefined ? 'another process' : `process ${holder.pid} on ${visible(holder.host)}`;
  return new StorageError('storage-locked', `${visible(target)} is being received by ${who}; wait for it or stop it, then run the command again`);
}

async function assertText(path: string, text: string, target: string): Promise<void> {
  const held = await orStorageError('examine the lock of', target, () => readHolder(path));
  if (held?.text === text) return;
  if (held !== undefined) throw lockedBy(target, held.holder);
  throw new StorageError('storage-missing', `the lock beside ${visible(target)} was removed while it was being received; run the command again`);
}

function parse(text: string): ProcessIdentity | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, host, place, start } = value as Record<string, unknown>;
  // kill(2) reads 0 and negative numbers as whole groups of processes.
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid <= 0) return undefined;
  if (typeof host !== 'string' || typeof place !== 'string' || typeof start !== 'string') return undefined;
  return { pid, host, place, start };
}

async function unlinkGone(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (cause) {
    if (!isErrno(cause, 'ENOENT')) throw cause;
  }
}
