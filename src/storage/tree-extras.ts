/**
 * What is at the target and not in the sender's tree: found by listing the directories of the tree once all is placed,
 * and removed when the user wants it.
 *
 * Only directories of the tree are looked into, and what is in a directory that is itself extra. What the sender's
 * filter has left out is not in its tree, and so is extra here: whether that is to be removed is for others to decide.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer';
import type { StreamerError } from '../errors.js';
import { isFolding } from './existing.js';
import { isErrno } from './fs-error.js';
import { isOwnName } from './partial-names.js';
import { type Directory, joinPath, splitPath } from './root-directory.js';
import { run, type Step } from './steps.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';

/** Most paths of a batch. */
const BATCH_MAX = 512;

/** See {@link TreeTarget.extras}. A directory that cannot be listed has none; a name that is no Unicode is none. */
export async function* extrasOf(context: TargetContext): AsyncGenerator<readonly string[], void> {
  let batch: string[] = [];
  for (const { path } of context.directories.forwards()) {
    if (context.isFresh(path)) continue;
    for (const extra of await run(listExtras(context, path), context.io)) {
      for await (const each of withContents(context, extra)) {
        batch.push(each);
        if (batch.length < BATCH_MAX) continue;
        yield batch;
        batch = [];
      }
    }
  }
  if (batch.length > 0) yield batch;
}

interface Extra {
  readonly path: string;
  readonly isDirectory: boolean;
}

/** What is extra in one directory of the tree. */
function* listExtras(context: TargetContext, path: string): Step<readonly Extra[]> {
  return yield* listed(context, path, function* (directory, name) {
    const child = joinPath(path, name);
    if (context.seen.flags(child) !== undefined) return false;
    if (!context.seen.hasFolded(child)) return true;
    const stats = yield* sys.lstat(`${directory.base}/${name}`);
    return stats !== undefined && !(yield* isFolding(directory, name, stats));
  });
}

/** An extra, after what is in it. */
async function* withContents(context: TargetContext, extra: Extra): AsyncGenerator<string, void> {
  if (extra.isDirectory) {
    const within = await run(listed(context, extra.path, every), context.io);
    for (const one of within) yield* withContents(context, one);
  }
  yield extra.path;
}

function* every(): Step<boolean> {
  return true;
}

function* listed(context: TargetContext, path: string, isExtra: (directory: Directory, name: string) => Step<boolean>): Step<readonly Extra[]> {
  const extras: Extra[] = [];
  let directory: Directory | undefined;
  try {
    directory = yield* context.root.enter(path);
    for (const raw of yield* sys.readdir(directory.base)) {
      const bytes = Buffer.from(raw, 'latin1');
      const name = bytes.toString('utf8');
      if (!isUtf8(bytes) || isOwnName(name) || !(yield* isExtra(directory, name))) continue;
      const stats = yield* sys.lstat(`${directory.base}/${name}`);
      if (stats !== undefined) extras.push({ path: joinPath(path, name), isDirectory: stats.isDirectory() });
    }
  } catch {
    // What cannot be listed cannot be removed either.
  } finally {
    directory?.release();
  }
  return extras;
}

/** Removes extras in their order. @returns what could not be. */
export async function removeAll(context: TargetContext, paths: readonly string[]): Promise<{ path: string; error: StreamerError }[]> {
  const failed: { path: string; error: StreamerError }[] = [];
  for (const path of paths) {
    const error = await run(removeOne(context, path), context.io);
    if (error !== undefined) failed.push({ path, error });
  }
  return failed;
}

function* removeOne(context: TargetContext, path: string): Step<StreamerError | undefined> {
  const names = path.split('/');
  if (context.options.dryRun || context.seen.flags(path) !== undefined || names.some((name) => name === '' || name === '.' || name === '..')) throw new RangeError(`${path} is no extra`);
  const [parent, name] = splitPath(path);
  let directory: Directory | undefined;
  try {
    directory = yield* context.root.enter(parent);
    const at = `${directory.base}/${name}`;
    const stats = yield* sys.lstat(at);
    if (stats?.isDirectory() === true) {
      context.root.forget(path);
      yield* sys.rmdir(at);
    } else if (stats !== undefined) {
      yield* sys.unlink(at);
    }
    return undefined;
  } catch (cause) {
    if (isErrno(cause, 'ENOENT')) return undefined;
    if (isErrno(cause, 'ENOTEMPTY', 'EEXIST')) return context.notEmpty(path);
    return context.error(cause, 'remove', path);
  } finally {
    directory?.release();
  }
}
