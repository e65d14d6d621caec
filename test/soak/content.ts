/**
 * What a soak moves, and whether it has arrived.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { lstat, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { randomFile, sha256 } from '../support/cli.js';

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

/** Nothing wrong is under a final name. @returns whether all is there. */
export async function assertNothingWrong(source: string, target: string): Promise<boolean> {
  const is = await lstat(target).catch(() => undefined);
  if (is === undefined) return false;
  if (!is.isDirectory()) {
    assert.equal(await sha256(target), await sha256(source), 'what has the name is whole');
    return true;
  }
  const there = (await namesIn(target)).filter((name) => !isOurs(name));
  for (const name of there) await assertSame(path.join(source, name), path.join(target, name));
  return there.length === (await namesIn(source)).length;
}

async function assertSame(source: string, target: string): Promise<void> {
  const [was, is] = [await lstat(source), await lstat(target)];
  assert.deepEqual([is.isFile(), is.isDirectory(), is.isSymbolicLink()], [was.isFile(), was.isDirectory(), was.isSymbolicLink()], target);
  if (was.isFile()) assert.equal(await sha256(target), await sha256(source), target);
  if (was.isSymbolicLink()) assert.equal(await readlink(target), await readlink(source));
}

/** No file of ours is left in the inbox. */
export async function assertTidy(inbox: string): Promise<void> {
  assert.deepEqual((await namesIn(inbox)).filter(isOurs), [], 'nothing of ours is left');
}

const namesIn = (directory: string): Promise<string[]> => readdir(directory, { recursive: true });
const isOurs = (name: string): boolean => path.basename(name).includes('.streamer-');
