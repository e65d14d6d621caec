/**
 * From what the user wrote to what each file and directory becomes, with both ends looked at: what cannot work is refused before a
 * job is asked for.
 *
 * @module
 */
import path from 'node:path';
import { StorageError, UsageError } from '../errors.js';
import { FewAtOnce } from '../transfer/few-at-once.js';
import { assertWritable, localSource, localTarget } from './local-end.js';
import type { MoveItem } from './method.js';
import { assertRemoteDirectory, remoteEntry, remoteSource, type RemoteLook } from './remote-end.js';
import { directoryOf, nameOf, within, withoutSlash } from './remote-path.js';

/** What both verbs are asked. */
export interface PlanRequest extends RemoteLook {
  /** Absolute paths of the cluster. */
  readonly remote: readonly string[];
  readonly local: readonly string[];
}

/** Looks that are under way at once. */
const AT_ONCE = 4;

/**
 * What a download becomes: a file goes to the target, or into it where that is a directory; several go into it.
 * @throws StorageError; UsageError
 */
export async function planDownload({ remote, local, ...look }: PlanRequest): Promise<readonly MoveItem[]> {
  const [target = '.'] = local;
  if (target === '-') throw new UsageError('a download goes to a file or a directory, not to standard output: "streamer receive" can do that');
  const here = await localTarget(target);
  const sources = await each(remote, async (source) => ({ source: withoutSlash(source), ...(await remoteSource(withoutSlash(source), look)) }));
  assertDistinct(sources.map(({ source }) => nameOf(source)));
  const into = sources.length > 1 || target.endsWith('/') || local.length === 0 || (here?.kind === 'directory' && sources[0]?.kind !== 'directory');
  const single = sources.length === 1 ? sources[0] : undefined;
  if (into && here !== undefined && here.kind !== 'directory') throw new StorageError('storage-not-a-file', `${target} is not a directory, and ${single === undefined ? 'several things are' : 'what is downloaded is'} to go into it`);
  if (into && here === undefined && !isTree(sources)) throw new StorageError('storage-missing', `the directory ${target} does not exist; create it first`);
  const items = sources.map(({ source, kind, size }) => ({ kind, size, remote: source, local: into ? path.join(target, nameOf(source)) : target }));
  await assertWritable(into && here !== undefined ? path.join(target, 'x') : target.replace(/\/+$/u, ''));
  return each(items, async (item) => ({ ...item, existing: into && here === undefined ? undefined : await localTarget(item.local) }));
}

/**
 * What an upload becomes: the same, the other way round.
 * @throws StorageError; UsageError
 */
export async function planUpload({ remote, local, ...look }: PlanRequest): Promise<readonly MoveItem[]> {
  const [target = ''] = remote;
  if (local.includes('-')) throw new UsageError('an upload takes files and directories, not standard input: "streamer send" can do that');
  const sources = await each(local, async (source) => ({ source, name: path.basename(path.resolve(source)), ...(await localSource(source)) }));
  const odd = sources.find(({ kind }) => kind === 'other');
  if (odd !== undefined) throw new StorageError('storage-not-a-file', `${odd.source} is neither a file nor a directory`);
  assertDistinct(sources.map(({ name }) => name));
  const there = await remoteEntry(withoutSlash(target), look);
  const single = sources.length === 1 ? sources[0] : undefined;
  const into = single === undefined || target.endsWith('/') || (there?.kind === 'directory' && single.kind !== 'directory');
  if (into && (there?.kind === 'file' || there?.kind === 'other')) throw new StorageError('storage-not-a-file', `${withoutSlash(target)} on ${look.system.name} is not a directory, and ${single === undefined ? 'several things are' : 'what is uploaded is'} to go into it`);
  if (into && there === undefined && !isTree(sources)) throw new StorageError('storage-missing', `${look.system.name} has no directory ${withoutSlash(target)}: make it first`);
  if (there === undefined) await assertRemoteDirectory(directoryOf(target), look);
  const items = sources.map(({ source, name, kind, size }) => ({ kind, size, local: source, remote: into ? within(withoutSlash(target), name) : withoutSlash(target) }));
  return each(items, async (item) => ({ ...item, existing: into && there === undefined ? undefined : known(into ? await remoteEntry(item.remote, look) : there) }));
}

/** Several things with a directory among them are a tree, whose own directory is made on the way, as for `send` and `receive`. */
function isTree(sources: readonly { readonly kind: MoveItem['kind'] }[]): boolean {
  return sources.length > 1 && sources.some(({ kind }) => kind === 'directory');
}

/** Where FirecREST cannot look, it is for the transfer to find out. */
function known(entry: Awaited<ReturnType<typeof remoteEntry>>): MoveItem['existing'] {
  return entry?.kind === 'unknown' ? undefined : entry;
}

function assertDistinct(names: readonly string[]): void {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new UsageError(`two of the paths are called ${twice}, and would become one: move them one by one`);
  if (names.includes('')) throw new UsageError('the root directory cannot be moved as a whole: name what is in it');
}

/** In order, a few at a time. */
function each<A, B>(list: readonly A[], run: (item: A) => Promise<B>): Promise<B[]> {
  const few = new FewAtOnce(AT_ONCE);
  return Promise.all(list.map((item) => few.run(() => run(item))));
}
