/**
 * The last of a tree: its directories get their modes and times, which filling them would have changed.
 *
 * @module
 */
import type { StreamerError } from '../errors.js';
import { hasMode, unlessNotKept } from './attributes.js';
import type { ListedDirectory } from './directory-list.js';
import type { Directory } from './root-directory.js';
import { run, type Step } from './steps.js';
import { syncStep } from './sync-step.js';
import { sys } from './system-calls.js';
import type { TargetContext } from './target-context.js';
import { modeHere } from './umask.js';

/** What could not be done to one directory. */
export interface Unfinished {
  readonly path: string;
  readonly error: StreamerError;
}

const AT_ONCE = 16;

/** See {@link TreeTarget.finish}. */
export async function finishDirectories(context: TargetContext, step?: () => void): Promise<readonly Unfinished[]> {
  const failed: Unfinished[] = [];
  const underWay = new Map<string, Promise<void>>();
  for (const listed of context.directories.backwards()) {
    const { path } = listed;
    // Once it has its own mode, what lies in it may be out of reach.
    if ([...underWay.keys()].some((other) => path === '' || other.startsWith(`${path}/`))) await Promise.all(underWay.values());
    const done = run(finishOne(context, listed, failed), context.io);
    step?.();
    if (!(done instanceof Promise)) continue;
    underWay.set(path, done.finally(() => underWay.delete(path)));
    if (underWay.size >= AT_ONCE) await Promise.race(underWay.values());
  }
  await Promise.all(underWay.values());
  return failed;
}

function* finishOne(context: TargetContext, listed: ListedDirectory, failed: Unfinished[]): Step<void> {
  const { path } = listed;
  let directory: Directory | undefined;
  try {
    directory = yield* context.root.enter(path);
    yield* setUp(context, directory, listed);
  } catch (cause) {
    failed.push({ path, error: context.error(cause, 'finish', path) });
  } finally {
    directory?.release();
  }
}

function* setUp(context: TargetContext, directory: Directory, { mode, mtimeNs }: ListedDirectory): Step<void> {
  const stats = yield* sys.stat(directory.base);
  const sameMode = hasMode(stats, mode);
  if (sameMode && stats.mtimeNs === mtimeNs) return;
  if (stats.mtimeNs !== mtimeNs) yield* unlessNotKept(context.times.setPath(directory.base, mtimeNs, true));
  if (!sameMode) yield* unlessNotKept(sys.chmod(directory.base, modeHere(mode)));
  if (context.needsSync(directory)) yield* syncStep(directory.base, context.root.shown(directory.path));
}
