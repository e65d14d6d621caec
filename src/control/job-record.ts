/**
 * What this machine remembers of a job while a transfer needs it, so that the next run of the same command finds the job of one
 * that was killed: goes on with it, or cancels it. It holds the job's secret coordinates: 0600, and removed with the job.
 *
 * One run of a command at a time: a lock beside it, which a killed run does not hold.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { StorageError } from '../errors.js';
import { acquireLock, type Lock } from '../storage/lock.js';
import type { MoveDirection } from './method.js';
import { makePrivateDirectory, writePrivateFile, writePrivateFileNow } from './private-file.js';
import type { SiteTransferJob } from './site.js';

/** What makes two runs the same transfer. */
export interface TransferIdentity {
  readonly url: string;
  readonly system: string;
  readonly direction: MoveDirection;
  readonly remote: string;
  /** On this machine. */
  readonly local: string;
}

/** What is remembered. */
export interface JobRecord {
  /** When it was asked for, milliseconds since 1970. */
  readonly askedAtMs: number;
  /** Bytes of what is uploaded; of a download, 0. */
  readonly size: number;
  /** Absent while it is being asked for. */
  readonly job?: SiteTransferJob;
  /** Set once its server was reached: with the reference's wire its one session is spent. */
  readonly wire?: 'native' | 'compat';
}

const VERSION = 1;

/** The record of one transfer, held by this run. */
export interface JobNote {
  /** What a run that was killed has left. */
  readonly earlier: JobRecord | undefined;
  write(record: JobRecord): Promise<void>;
  /** The same before it returns, when no other write is under way: for what must be known before anything else is done. @throws StorageError */
  writeNow(record: JobRecord): void;
  /** Forgets it. Never fails. */
  clear(): Promise<void>;
  /** Lets another run have it. Never fails. */
  release(): Promise<void>;
}

/** Remembers nothing. */
const NOWHERE: JobNote = { earlier: undefined, write: () => Promise.resolve(), writeNow: () => undefined, clear: () => Promise.resolve(), release: () => Promise.resolve() };

/**
 * Opens the record of a transfer. A directory that cannot be used is told of, and no reason to fail.
 * @param directory where they are; undefined: nothing is remembered.
 * @throws StorageError `storage-locked` when another run moves the same
 */
export async function openNote(directory: string | undefined, identity: TransferIdentity, tell: (message: string) => void): Promise<JobNote> {
  if (directory === undefined) return NOWHERE;
  const file = path.join(directory, `${keyOf(identity)}.json`);
  try {
    await makePrivateDirectory(directory);
    return new FileNote(file, await lockOf(file, identity), await readRecord(file));
  } catch (error) {
    if (!(error instanceof StorageError) || error.code === 'storage-locked') throw error;
    tell(`jobs cannot be remembered, and one that is left by a killed run will not be found: ${error.message}`);
    return NOWHERE;
  }
}

function keyOf({ url, system, direction, remote, local }: TransferIdentity): string {
  return createHash('sha256').update(JSON.stringify([url, system.toLowerCase(), direction, remote, path.resolve(local)])).digest('hex').slice(0, 32);
}

async function lockOf(file: string, { system, remote }: TransferIdentity): Promise<Lock> {
  try {
    return await acquireLock({ lock: `${file}.lock`, lockNext: `${file}.lock-next` }, `${system}:${remote}`);
  } catch (cause) {
    if (!(cause instanceof StorageError) || cause.code !== 'storage-locked') throw cause;
    throw new StorageError('storage-locked', `another run of this transfer goes on: ${cause.message.replace('being received', 'being moved')}`, { cause });
  }
}

class FileNote implements JobNote {
  readonly earlier: JobRecord | undefined;
  readonly #file: string;
  readonly #lock: Lock;
  /** One after the other: what is written while a short transfer ends must not come after it is forgotten. */
  #last: Promise<void> = Promise.resolve();

  constructor(file: string, lock: Lock, earlier: JobRecord | undefined) {
    this.#file = file;
    this.#lock = lock;
    this.earlier = earlier;
  }

  write(record: JobRecord): Promise<void> {
    return this.#next(() => writePrivateFile(this.#file, textOf(record)));
  }

  writeNow(record: JobRecord): void {
    writePrivateFileNow(this.#file, textOf(record));
  }

  clear(): Promise<void> {
    return this.#next(() => rm(this.#file, { force: true })).catch(() => undefined);
  }

  #next(act: () => Promise<unknown>): Promise<void> {
    const done = this.#last.then(act).then(() => undefined);
    this.#last = done.catch(() => undefined);
    return done;
  }

  release(): Promise<void> {
    return this.#lock.release();
  }
}

function textOf(record: JobRecord): string {
  return `${JSON.stringify({ version: VERSION, ...record })}\n`;
}

/** One that cannot be read is of no use, and no harm. */
async function readRecord(file: string): Promise<JobRecord | undefined> {
  try {
    return parseRecord(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return undefined;
  }
}

/** @returns undefined for what is no record of this version */
export function parseRecord(value: unknown): JobRecord | undefined {
  if (!isObject(value)) return undefined;
  const { version, askedAtMs, size, job, wire } = value;
  if (version !== VERSION || typeof askedAtMs !== 'number' || typeof size !== 'number') return undefined;
  if (wire !== undefined && wire !== 'native' && wire !== 'compat') return undefined;
  const asked = job === undefined ? undefined : parseJob(job);
  if (job !== undefined && asked === undefined) return undefined;
  return { askedAtMs, size, ...(asked === undefined ? {} : { job: asked }), ...(wire === undefined ? {} : { wire }) };
}

function parseJob(value: unknown): SiteTransferJob | undefined {
  if (!isObject(value)) return undefined;
  const { jobId, outputLog, errorLog, coordinates } = value;
  if (typeof jobId !== 'string' || typeof outputLog !== 'string' || typeof errorLog !== 'string' || typeof coordinates !== 'string') return undefined;
  return { jobId, outputLog, errorLog, coordinates };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
