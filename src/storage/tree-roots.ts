/**
 * The paths that the user gave to send, as the tops of one tree.
 *
 * @module
 */
import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { StorageError, UsageError } from '../errors.js';
import { orStorageError, visible } from './fs-error.js';
import { RootDirectory } from './root-directory.js';
import { unsafePart } from './safe-path.js';

/** One path that the user gave. */
export interface TreeRoot {
  /** Its path in the tree: '' for the only directory, else a name. */
  readonly entryPath: string;
  readonly isDirectory: boolean;
  /** The directory itself; of anything else, the directory that it lies in. */
  readonly directory: RootDirectory;
  /** '' for a directory, else the name in it. */
  readonly name: string;
  /** Without links: part of a file's identity. */
  readonly realPath: string;
}

/** Where an entry lies: `path` relative to `directory`. */
export interface Located {
  readonly directory: RootDirectory;
  readonly path: string;
  readonly realPath: string;
}

/** All roots of one tree. */
export class TreeRoots {
  readonly all: readonly TreeRoot[];
  /** The last part of the one root's path; '' for several. */
  readonly name: string;
  readonly #byName: ReadonlyMap<string, TreeRoot>;

  private constructor(all: readonly TreeRoot[], name: string) {
    this.all = all;
    this.name = name;
    this.#byName = new Map(all.map((root) => [root.entryPath, root]));
  }

  /** @throws UsageError for no path, or two with the same last part; StorageError `storage-missing` and others. */
  static async open(paths: readonly string[]): Promise<TreeRoots> {
    const [only] = paths;
    if (only === undefined) throw new UsageError('there is nothing to send; name a file or a directory');
    const kinds = await Promise.all(paths.map((given) => orStorageError('open', given, () => stat(given))));
    if (paths.length === 1 && kinds[0]?.isDirectory() === true) return new TreeRoots([await openRoot(only, kinds[0], '')], await lastName(only));
    const roots: TreeRoot[] = [];
    for (const [index, given] of paths.entries()) {
      const name = await lastName(given);
      assertName(name, given);
      if (roots.some(({ entryPath }) => entryPath === name)) throw new UsageError(`two of the paths end in "${visible(name)}"; send them one after the other`);
      const kind = kinds[index];
      if (kind !== undefined) roots.push(await openRoot(given, kind, name));
    }
    return new TreeRoots(roots, '');
  }

  /** @throws StorageError `storage-missing` for a path that is under no root. */
  locate(entryPath: string): Located {
    const single = this.#byName.get('');
    if (single !== undefined) return below(single, entryPath);
    const end = entryPath.indexOf('/');
    const root = this.#byName.get(end < 0 ? entryPath : entryPath.slice(0, end));
    if (root === undefined) throw new StorageError('storage-missing', `there is no ${visible(entryPath)} in the tree; check the path`);
    return below(root, end < 0 ? '' : entryPath.slice(end + 1));
  }

  /** Closes what is open. */
  end(): void {
    for (const { directory } of this.all) directory.end();
  }
}

function below(root: TreeRoot, path: string): Located {
  const realPath = path === '' ? root.realPath : `${root.realPath === '/' ? '' : root.realPath}/${path}`;
  return { directory: root.directory, path: root.isDirectory ? path : root.name, realPath };
}

/** Links are followed: the user named them. */
async function openRoot(given: string, kind: Stats, entryPath: string): Promise<TreeRoot> {
  const realPath = await orStorageError('open', given, () => realpath(given));
  if (kind.isDirectory()) return { entryPath, isDirectory: true, directory: new RootDirectory(given), name: '', realPath };
  return { entryPath, isDirectory: false, directory: new RootDirectory(path.dirname(realPath)), name: path.basename(realPath), realPath };
}

/** `.` and `..` are no names, so theirs are those of what they lead to. */
async function lastName(given: string): Promise<string> {
  const name = path.basename(given);
  return name === '' || name === '.' || name === '..' ? path.basename(await orStorageError('open', given, () => realpath(given))) : name;
}

function assertName(name: string, given: string): void {
  const wrong = unsafePart(name);
  if (wrong !== undefined) throw new StorageError('storage-unsafe-path', `cannot send ${visible(given)} as a part of a tree: of its name, ${wrong}; send the directory that it lies in, or rename it`);
}
