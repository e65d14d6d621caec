/**
 * What a soak moves, and whether it has arrived.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { lstat, mkdir, open, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { chunkLength } from '../../src/storage/journal.js';
import { randomFile } from '../support/cli.js';
import { parseJournal } from '../support/parse-journal.js';

/** Files of a tree. */
const FILES_MOST = 60;

/** Makes a file of `size` random bytes, or a tree with as many in its files. */
export async function makeContent(at: string, kind: 'file' | 'tree', size: number, random: () => number): Promise<void> {
  if (kind === 'file') {
    await randomFile(at, size);
    return;
  }
  await mkdir(path.join(at, 'some/deep/place'), { recursive: true });
  const places = ['', 'some', 'some/deep', 'some/deep/place'];
  const count = 1 + Math.floor(random() * FILES_MOST);
  let left = size;
  for (let index = 0; index < count; index += 1) {
    const bytes = index === count - 1 ? left : Math.floor(random() * Math.min(left, (2 * size) / count));
    left -= bytes;
    await randomFile(path.join(at, places[index % places.length] ?? '', `file ${index}`), bytes);
  }
  await symlink('file 0', path.join(at, 'way'));
  await writeFile(path.join(at, 'some/empty'), '');
}

/** What was looked at under final names, bytes: all of it, and what differed from its source. */
export interface Compared {
  bytes: number;
  wrong: number;
}

const COMPARED_AT_ONCE = 1024 * 1024;

/** Nothing wrong is under a final name; what was looked at is added to `compared`. @returns whether all is there. */
export async function assertNothingWrong(source: string, target: string, compared: Compared = { bytes: 0, wrong: 0 }): Promise<boolean> {
  const is = await lstat(target).catch(() => undefined);
  if (is === undefined) return false;
  if (!is.isDirectory()) {
    await assertSame(source, target, compared);
    return true;
  }
  const there = (await namesIn(target)).filter((name) => !isOurs(name));
  for (const name of there) await assertSame(path.join(source, name), path.join(target, name), compared);
  return there.length === (await namesIn(source)).length;
}

async function assertSame(source: string, target: string, compared: Compared): Promise<void> {
  const [was, is] = [await lstat(source), await lstat(target)];
  assert.deepEqual([is.isFile(), is.isDirectory(), is.isSymbolicLink()], [was.isFile(), was.isDirectory(), was.isSymbolicLink()], target);
  if (was.isFile()) assert.equal(await compare(source, target, compared), 0, `wrong bytes of ${target}: what has the name is whole`);
  if (was.isSymbolicLink()) assert.equal(await readlink(target), await readlink(source));
}

/** @returns bytes that differ; those that are missing or too many do. */
async function compare(source: string, target: string, compared: Compared): Promise<number> {
  const [one, other] = [await open(source), await open(target)];
  let wrong = 0;
  try {
    const [was, is] = [Buffer.allocUnsafe(COMPARED_AT_ONCE), Buffer.allocUnsafe(COMPARED_AT_ONCE)];
    for (let at = 0; ; at += COMPARED_AT_ONCE) {
      const [wanted, found] = [await readFully(one, was, at), await readFully(other, is, at)];
      if (wanted.length === 0 && found.length === 0) break;
      compared.bytes += Math.max(wanted.length, found.length);
      wrong += wanted.equals(found) ? 0 : difference(wanted, found);
    }
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
  compared.wrong += wrong;
  return wrong;
}

async function readFully(file: Awaited<ReturnType<typeof open>>, into: Buffer, at: number): Promise<Buffer> {
  let length = 0;
  while (length < into.length) {
    const { bytesRead } = await file.read(into, length, into.length - length, at + length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  return into.subarray(0, length);
}

function difference(one: Buffer, other: Buffer): number {
  let count = Math.abs(one.length - other.length);
  for (let at = 0; at < Math.min(one.length, other.length); at += 1) if (one[at] !== other[at]) count += 1;
  return count;
}

/**
 * Bytes that another run need not move again: of files under their final names, and of chunks that journals vouch for. A receiver
 * may be at work meanwhile: then there are no less than these.
 */
export async function keptOf(target: string): Promise<number> {
  const is = await lstat(target).catch(() => undefined);
  if (is?.isDirectory() !== true) return keptOfFile(target);
  let kept = 0;
  for (const name of await namesIn(target)) {
    const [, finalName] = JOURNAL.exec(path.basename(name)) ?? [];
    const at = path.join(target, name);
    if (finalName !== undefined) kept += await vouchedFor(at, path.join(path.dirname(at), finalName));
    else if (!isOurs(name)) kept += await sizeOf(at);
  }
  return kept;
}

const JOURNAL = /^\.(.*)\.streamer-journal$/u;

async function keptOfFile(target: string): Promise<number> {
  const vouched = await vouchedFor(path.join(path.dirname(target), `.${path.basename(target)}.streamer-journal`), target);
  return Math.max(vouched, await sizeOf(target));
}

/** Bytes of a regular file; 0 of anything else. */
async function sizeOf(file: string): Promise<number> {
  const is = await lstat(file).catch(() => undefined);
  return is?.isFile() === true ? is.size : 0;
}

/** Bytes that a journal vouches for; 0 once its file has the final name, in which they are then. */
async function vouchedFor(journal: string, finalPath: string): Promise<number> {
  const parsed = parseJournal(await readFile(journal).catch(() => Buffer.alloc(0)));
  if (parsed === undefined || (await lstat(finalPath).catch(() => undefined)) !== undefined) return 0;
  const { size, chunkSize } = parsed.header;
  let bytes = 0;
  for (let index = 0; index < parsed.table.total; index += 1) if (parsed.table.has(index)) bytes += chunkLength(index, size, chunkSize);
  return bytes;
}

/** No file of ours is left in the inbox. */
export async function assertTidy(inbox: string): Promise<void> {
  assert.deepEqual((await namesIn(inbox)).filter(isOurs), [], 'nothing of ours is left');
}

const namesIn = (directory: string): Promise<string[]> => readdir(directory, { recursive: true });
const isOurs = (name: string): boolean => path.basename(name).includes('.streamer-');
