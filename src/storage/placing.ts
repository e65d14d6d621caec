/**
 * Decides what becomes of each entry of a tree, and does what needs no data: directories and links.
 *
 * @module
 */
import { StorageError } from '../errors.js';
import type { Place } from './clearing.js';
import type { Leftovers } from './leftovers.js';
import { placeDirectory, takeDirectory } from './place-directory.js';
import { placeFile } from './place-file.js';
import { placeHardLink, placeSymlink } from './place-link.js';
import { type Directory, splitPath } from './root-directory.js';
import { treeNames } from './safe-path.js';
import { FAILED, FRESH } from './seen-paths.js';
import { run, type Step } from './steps.js';
import type { TargetContext } from './target-context.js';
import type { TreeEntry, Verdict } from './tree.js';

/** Entries of one directory that are looked at at once where that is asynchronous. */
const AT_ONCE = 32;

/** The first look at a tree's entries. */
export class Placing {
  readonly #context: TargetContext;
  readonly #leftovers: Leftovers;

  constructor(context: TargetContext, leftovers: Leftovers) {
    this.#context = context;
    this.#leftovers = leftovers;
  }

  /** See {@link TreeTarget.place}. */
  place(entries: readonly TreeEntry[]): readonly Verdict[] | Promise<readonly Verdict[]> {
    const verdicts: Verdict[] = [];
    const { io } = this.#context;
    for (const entry of entries) {
      const verdict = io.sync ? run(this.#one(entry), io) : undefined;
      if (verdict === undefined || verdict instanceof Promise) return this.#placeLater(entries, verdicts, verdict);
      verdicts.push(verdict);
    }
    return verdicts;
  }

  /** The entries of one directory do not depend on one another, those of another may on what lies above them. */
  async #placeLater(entries: readonly TreeEntry[], verdicts: Verdict[], first: Promise<Verdict> | undefined): Promise<readonly Verdict[]> {
    if (first !== undefined) verdicts.push(await first);
    while (verdicts.length < entries.length) {
      const start = verdicts.length;
      const parent = parentOf(entries[start]);
      let end = start + 1;
      while (end < entries.length && end - start < AT_ONCE && parentOf(entries[end]) === parent) end += 1;
      verdicts.push(...(await Promise.all(entries.slice(start, end).map(async (entry) => run(this.#one(entry), this.#context.io)))));
    }
    return verdicts;
  }

  *#one(entry: TreeEntry): Step<Verdict> {
    const { path } = entry;
    const context = this.#context;
    let directory: Directory | undefined;
    try {
      treeNames(path);
      if (context.seen.add(path) === 'again') throw context.sameName(path);
      if (path === '') return { kind: yield* this.#rootItself(entry) };
      const [parent, name] = splitPath(path);
      if (((context.seen.flags(parent) ?? 0) & FAILED) !== 0) throw new StorageError('storage-exists', `${context.shown(path)} is not received, since its directory could not be placed; see there`);
      directory = context.options.dryRun && context.isFresh(parent) ? undefined : yield* context.enter(parent);
      if (directory === undefined) return this.#pretend(entry);
      const kind = yield* this.#byKind({ entry, directory, name, at: `${directory.base}/${name}` });
      if (isThere(entry, kind)) this.#leftovers.lookBeside(path);
      return { kind };
    } catch (cause) {
      // One whose path is unsafe was not noted, but so are all the paths beneath it.
      if (entry.kind === 'directory') context.seen.mark(path, FAILED);
      return { kind: 'failed', error: context.error(cause, 'create', path) };
    } finally {
      directory?.release();
    }
  }

  /** In a dry run, where nothing is there yet. */
  #pretend({ kind, path }: TreeEntry): Verdict {
    if (kind === 'directory') this.#context.seen.mark(path, FRESH);
    return { kind: kind === 'file' ? 'want' : 'placed' };
  }

  *#rootItself(entry: TreeEntry): Step<'placed' | 'equal'> {
    if (entry.kind !== 'directory') throw this.#context.inTheWay('', 'a directory');
    if (this.#context.madeRoot) this.#context.seen.mark('', FRESH);
    return yield* takeDirectory(this.#context, this.#leftovers, entry);
  }

  #byKind(place: Place): Step<Exclude<Verdict['kind'], 'failed'>> {
    switch (place.entry.kind) {
      case 'file':
        return placeFile(this.#context, place);
      case 'directory':
        return placeDirectory(this.#context, this.#leftovers, place);
      case 'symlink':
        return placeSymlink(this.#context, place);
      case 'hardlink':
        return placeHardLink(this.#context, place);
    }
  }
}

/** A file has its name, and what an earlier run left beside it is of no use. */
function isThere({ kind }: TreeEntry, how: Verdict['kind']): boolean {
  return (kind === 'file' || kind === 'hardlink') && (how === 'equal' || how === 'placed');
}

/** The root lies in nothing, and what is in it waits for it. */
function parentOf(entry: TreeEntry | undefined): string | undefined {
  return entry === undefined || entry.path === '' ? undefined : splitPath(entry.path)[0];
}
