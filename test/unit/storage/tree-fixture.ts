/**
 * Trees on disk for the storage tests, and a transfer without a wire.
 *
 * @module
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import type { StreamerError } from '../../../src/errors.js';
import type { Found, TreeEntry, TreeSource, TreeTarget, TreeTargetOptions, Verdict } from '../../../src/storage/tree.js';
import { openTreeSource, type TreeSourceOptions } from '../../../src/storage/tree-source.js';
import { openTreeTarget } from '../../../src/storage/tree-target.js';

/** File systems that differ in what they need: a disk, or what passes for one, and memory. */
export const PLACES: readonly string[] = [os.tmpdir(), '/dev/shm'].filter(isWritable);

function isWritable(place: string): boolean {
  try {
    accessSync(place, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A directory at `place` that is removed when the test is over, whatever modes are in it. */
export async function temporaryAt(t: TestContext, place: string = os.tmpdir()): Promise<string> {
  const directory = await mkdtemp(path.join(place, 'streamer-tree-'));
  t.after(async () => {
    execFileSync('chmod', ['-R', 'u+rwX', directory]);
    await rm(directory, { recursive: true, force: true });
  });
  return directory;
}

/** Makes a tree: a text is a file, null a directory, `-> x` a symbolic link. */
export async function makeTree(root: string, spec: Readonly<Record<string, string | null>>): Promise<void> {
  for (const [name, what] of Object.entries(spec)) {
    const at = path.join(root, name);
    await mkdir(what === null ? at : path.dirname(at), { recursive: true });
    if (what?.startsWith('-> ') === true) await symlink(what.slice(3), at);
    else if (what !== null) await writeFile(at, what);
  }
}

/** What is beneath a directory, as {@link makeTree} takes it. */
export async function readTree(root: string): Promise<Record<string, string | null>> {
  const tree: Record<string, string | null> = {};
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    const at = path.join(root, name);
    const stats = await lstat(at);
    tree[name] = stats.isDirectory() ? null : stats.isSymbolicLink() ? `-> ${await readlink(at)}` : await readFile(at, 'utf8');
  }
  return tree;
}

/** All that a walk finds. */
export async function found(source: TreeSource): Promise<Found[]> {
  const all: Found[] = [];
  for await (const batch of source.walk()) all.push(...batch);
  return all;
}

/** The entries that a walk finds. */
export async function entriesOf(source: TreeSource): Promise<TreeEntry[]> {
  return (await found(source)).flatMap((one) => (one.type === 'entry' ? [one.entry] : []));
}

/** A source that the test closes. */
export async function sourceFor(t: TestContext, paths: readonly string[], more: Partial<TreeSourceOptions> = {}): Promise<TreeSource> {
  const source = await openTreeSource({ paths, rules: [], ...more });
  t.after(() => source.close());
  return source;
}

/** A target that the test closes. */
export async function targetFor(t: TestContext, root: string, more: Partial<TreeTargetOptions> = {}): Promise<TreeTarget> {
  const target = await openTreeTarget({ root, existing: 'refuse', checksum: false, dryRun: false, findExtras: false, ...more });
  t.after(() => target.close());
  return target;
}

/** An entry that no walk has found. */
export function entry(kind: TreeEntry['kind'], at: string, more: Partial<TreeEntry> = {}): TreeEntry {
  return { kind, path: at, size: 0, mode: kind === 'directory' ? 0o755 : 0o644, mtimeNs: 1_700_000_000_123_456_789n, ...more };
}

/** A file's entry and its content. */
export function fileOf(at: string, text: string, more: Partial<TreeEntry> = {}) {
  return { entry: entry('file', at, { size: Buffer.byteLength(text), ...more }), content: text === '' ? [] : [Buffer.from(text)] };
}

/** Places entries; one word for each. */
export async function placed(target: TreeTarget, entries: readonly TreeEntry[]): Promise<string[]> {
  return (await target.place(entries)).map((verdict) => (verdict.kind === 'failed' ? verdict.error.code : verdict.kind));
}

/** Places files and writes those that are wanted; one word for each. */
export async function put(target: TreeTarget, files: readonly ReturnType<typeof fileOf>[]): Promise<string[]> {
  const verdicts = await target.place(files.map((file) => file.entry));
  const wanted = files.filter((_, index) => verdicts[index]?.kind === 'want');
  const { taken, settled } = target.writeWhole(wanted);
  await taken;
  const outcomes = await settled;
  return files.map((file, index) => wordFor(verdicts[index], outcomes[wanted.indexOf(file)]));
}

function wordFor(verdict: Verdict | undefined, outcome: StreamerError | undefined): string {
  if (verdict?.kind === 'failed') return verdict.error.code;
  return verdict?.kind === 'want' ? (outcome?.code ?? 'written') : String(verdict?.kind);
}

/** Moves a whole tree; what did not go well. */
export async function move(source: TreeSource, target: TreeTarget): Promise<StreamerError[]> {
  const errors: StreamerError[] = [];
  const links: TreeEntry[] = [];
  for await (const batch of source.walk()) {
    const all = batch.flatMap((one) => (one.type === 'entry' ? [one.entry] : []));
    links.push(...all.filter(({ kind }) => kind === 'hardlink'));
    const entries = all.filter(({ kind }) => kind !== 'hardlink');
    const verdicts = await target.place(entries);
    for (const verdict of verdicts) if (verdict.kind === 'failed') errors.push(verdict.error);
    const files = await Promise.all(entries.filter((_, index) => verdicts[index]?.kind === 'want').map(async (one) => {
      const into = Buffer.alloc(one.size);
      await source.readWhole(one, into);
      return { entry: one, content: [into] };
    }));
    for (const outcome of await target.writeWhole(files).settled) if (outcome !== undefined) errors.push(outcome);
  }
  for (const verdict of await target.place(links)) if (verdict.kind === 'failed') errors.push(verdict.error);
  errors.push(...(await target.finish()).map(({ error }) => error));
  return errors;
}

/** Permission bits of a path, in octal. */
export async function modeOf(at: string): Promise<string> {
  return ((await lstat(at)).mode & 0o7777).toString(8);
}

/** Says to `t` that it is skipped where the modes of files mean nothing. Returns whether it is. */
export function skippedAsRoot(t: TestContext): boolean {
  if (process.getuid?.() !== 0) return false;
  t.skip('root may read and write whatever the modes say');
  return true;
}
