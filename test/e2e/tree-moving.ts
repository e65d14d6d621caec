/**
 * What every end-to-end test of a tree needs: one with a bit of everything, a transfer of it, and what must be true of the
 * copy.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, link, lstat, mkdir, open, readdir, readlink, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { TransferResult } from '../../src/transfer/progress.js';
import { randomFile, sha256, tempDir, type Finished } from '../support/cli.js';
import { bothOver, clientJson, MIB, opposite, resultOf, serveJson, type Action, type ServeOptions } from './moving.js';

export const MTIME_SECONDS = 1_234_567_890;

/** A tree with a bit of everything, and a place beside it for its copy. */
export interface Tree {
  readonly directory: string;
  readonly source: string;
  readonly target: string;
}

export async function treeFor(t: TestContext): Promise<Tree> {
  const directory = await tempDir(t);
  const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'copy')];
  for (const name of ['sub/deep', 'empty', 'closed']) await mkdir(path.join(source, name), { recursive: true });
  const at = (name: string): string => path.join(source, name);
  await randomFile(at('small'), 5000);
  await randomFile(at('sub/large'), 2 * MIB + 17);
  await randomFile(at('sub/deep/one.log'), 1);
  await writeFile(at('none'), '');
  await writeFile(at('closed/inside'), 'inside');
  await chmod(at('small'), 0o640);
  await symlink('../small', at('sub/way'));
  await link(at('small'), at('sub/small-too'));
  const sparse = await open(at('sparse'), 'wx');
  await sparse.truncate(8 * MIB);
  await sparse.write(Buffer.from('end'), 0, 3, 5 * MIB + 1);
  await sparse.close();
  execFileSync('mkfifo', [at('fifo')]);
  // A time with all nine digits, which `utimes` cannot set.
  execFileSync('touch', ['-d', '2009-02-13T23:31:30.123456789Z', at('sub/large')]);
  await chmod(at('closed'), 0o555);
  await utimes(at('empty'), MTIME_SECONDS, MTIME_SECONDS);
  t.after(async () => {
    for (const where of [at('closed'), path.join(target, 'closed')]) await chmod(where, 0o755).catch(() => undefined);
  });
  return { directory, source, target };
}

/** How a transfer of a tree is to run. Options go to the end that they are of. */
export interface RunOptions {
  readonly client?: readonly string[];
  readonly server?: readonly string[];
  /** @default [0, 0] */
  readonly codes?: readonly [sender: number, receiver: number];
  readonly sender?: ServeOptions['wrap'];
  readonly receiver?: ServeOptions['wrap'];
}

/** Both ends of a transfer that is over, by who they were and by what they did. */
export interface Ran {
  readonly client: Finished;
  readonly server: Finished;
  readonly sender: Finished;
  readonly receiver: Finished;
  /** The client's. */
  readonly result: TransferResult;
}

/** Moves what is at `from` to `to`; the client does `action`. */
export async function run(t: TestContext, action: Action, [from, to]: readonly [from: string, to: string], options: RunOptions = {}): Promise<Ran> {
  const [here, there] = action === 'send' ? [from, to] : [to, from];
  const [ours, theirs] = action === 'send' ? [options.sender, options.receiver] : [options.receiver, options.sender];
  const server = await serveJson(t, opposite(action), there, { args: options.server ?? [], wrap: theirs });
  const { client, server: served } = await bothOver(clientJson(t, action, server.coordinates, here, options.client ?? [], ours), server.child);
  const [sender, receiver] = action === 'send' ? [client, served] : [served, client];
  assert.deepEqual([sender.code, receiver.code], options.codes ?? [0, 0], client.stdout + client.stderr + served.stdout + served.stderr);
  return { client, server: served, sender, receiver, result: resultOf(client) };
}

/** Options for one of the two ends, as {@link run} takes them. */
export const forSender = (action: Action, ...words: string[]): RunOptions => (action === 'send' ? { client: words } : { server: words });
export const forReceiver = (action: Action, ...words: string[]): RunOptions => (action === 'send' ? { server: words } : { client: words });

/** Every path below, without the FIFO, in order. */
export async function pathsOf(root: string): Promise<string[]> {
  // Not `recursive`, which follows links.
  const below = async (under: string): Promise<string[]> => {
    const names = await readdir(path.join(root, under), { withFileTypes: true });
    const lists = names.map(async (entry) => [path.join(under, entry.name), ...(entry.isDirectory() ? await below(path.join(under, entry.name)) : [])]);
    return (await Promise.all(lists)).flat();
  };
  return (await below('')).filter((name) => name !== 'fifo').sort();
}

/** The copy is the tree: names, kinds, modes, times and bytes. */
export async function assertCopied(source: string, target: string): Promise<void> {
  assert.deepEqual(await pathsOf(target), await pathsOf(source));
  for (const name of await pathsOf(source)) {
    const [from, to] = [path.join(source, name), path.join(target, name)];
    const [was, is] = [await lstat(from, { bigint: true }), await lstat(to, { bigint: true })];
    assert.equal(is.mode & 0o170000n, was.mode & 0o170000n, `${name}: the same kind`);
    if (was.isSymbolicLink()) {
      assert.equal(await readlink(to), await readlink(from));
      continue;
    }
    assert.equal(is.mode & 0o777n, was.mode & 0o777n, `${name}: the same mode`);
    assert.equal(is.mtimeNs, was.mtimeNs, `${name}: the same time, to the nanosecond`);
    if (was.isFile()) assert.equal(await sha256(to), await sha256(from), `${name}: the same bytes`);
  }
}
