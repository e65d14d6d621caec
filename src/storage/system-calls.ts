/**
 * The system's calls on files as {@link Step}s. Failures are the system's own errors.
 *
 * @module
 */
import * as fs from 'node:fs';
import { call, type Step } from './steps.js';

type Done<T> = (error: NodeJS.ErrnoException | null, value: T) => void;

function promised<T>(start: (done: Done<T>) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    start((error, value) => {
      if (error) reject(error);
      else resolve(value);
    });
  });
}

/** For calls without a result. */
function acted(start: (done: fs.NoParamCallback) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    start((error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

const BIG = { bigint: true } as const;
const BIG_OR_NONE = { bigint: true, throwIfNoEntry: false } as const;
const LATIN = { encoding: 'latin1' } as const;
const BYTES = { encoding: 'buffer' } as const;

export const sys = {
  open: (path: string, flags: number, mode = 0): Step<number> =>
    call(() => fs.openSync(path, flags, mode), () => promised<number>((done) => fs.open(path, flags, mode, done))),

  close: (fd: number): Step<void> => call(() => fs.closeSync(fd), () => acted((done) => fs.close(fd, done))),

  fstat: (fd: number): Step<fs.BigIntStats> => call(() => fs.fstatSync(fd, BIG), () => promised<fs.BigIntStats>((done) => fs.fstat(fd, BIG, done))),

  /** lstat(2), or undefined when nothing has that name. */
  lstat: (path: string): Step<fs.BigIntStats | undefined> => call(() => fs.lstatSync(path, BIG_OR_NONE), () => lstatOrNone(path)),

  /** stat(2): for paths of our own making that end in an open descriptor. */
  stat: (path: string): Step<fs.BigIntStats> => call(() => fs.statSync(path, BIG), () => promised<fs.BigIntStats>((done) => fs.stat(path, BIG, done))),

  mkdir: (path: string, mode: number): Step<void> => call((): void => fs.mkdirSync(path, mode), () => acted((done) => fs.mkdir(path, mode, done))),

  rmdir: (path: string): Step<void> => call(() => fs.rmdirSync(path), () => acted((done) => fs.rmdir(path, done))),

  unlink: (path: string): Step<void> => call(() => fs.unlinkSync(path), () => acted((done) => fs.unlink(path, done))),

  link: (from: string, to: string): Step<void> => call(() => fs.linkSync(from, to), () => acted((done) => fs.link(from, to, done))),

  rename: (from: string, to: string): Step<void> => call(() => fs.renameSync(from, to), () => acted((done) => fs.rename(from, to, done))),

  symlink: (text: string, path: string): Step<void> => call(() => fs.symlinkSync(text, path), () => acted((done) => fs.symlink(text, path, done))),

  readlink: (path: string): Step<Buffer> => call(() => fs.readlinkSync(path, BYTES), () => promised<Buffer>((done) => fs.readlink(path, BYTES, done))),

  /** Names in a directory, each byte a character: what is ASCII in them is as it is. */
  readdir: (path: string): Step<string[]> => call(() => fs.readdirSync(path, LATIN), () => promised<string[]>((done) => fs.readdir(path, LATIN, done))),

  chmod: (path: string, mode: number): Step<void> => call(() => fs.chmodSync(path, mode), () => acted((done) => fs.chmod(path, mode, done))),

  fchmod: (fd: number, mode: number): Step<void> => call(() => fs.fchmodSync(fd, mode), () => acted((done) => fs.fchmod(fd, mode, done))),

  ftruncate: (fd: number, length: number): Step<void> => call(() => fs.ftruncateSync(fd, length), () => acted((done) => fs.ftruncate(fd, length, done))),

  /** fsync(2), never synchronously: it waits for a disk. */
  fsync: (fd: number): Step<void> => call(undefined, () => acted((done) => fs.fsync(fd, done))),

  read: (fd: number, into: Uint8Array, from: number, at: number): Step<number> =>
    call(() => fs.readSync(fd, into, from, into.length - from, at), () => promised<number>((done) => fs.read(fd, into, from, into.length - from, at, done))),

  writev: (fd: number, pieces: readonly Uint8Array[], at: number): Step<number> =>
    call(() => fs.writevSync(fd, pieces, at), () => promised<number>((done) => fs.writev(fd, pieces, at, done))),
} as const;

async function lstatOrNone(path: string): Promise<fs.BigIntStats | undefined> {
  try {
    return await promised<fs.BigIntStats>((done) => fs.lstat(path, BIG, done));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
