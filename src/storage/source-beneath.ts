/**
 * A source of a file in a tree, reached through descriptors of its directories and never through a link.
 *
 * @module
 */
import { constants } from 'node:fs';
import type { AdaptiveIo } from './io-mode.js';
import { OpenFile } from './open-file.js';
import { type RootDirectory, splitPath } from './root-directory.js';
import { READ_FLAGS, type Source, sourceOf } from './source.js';
import { run } from './steps.js';
import { sys } from './system-calls.js';

/** Never through a link: not even one that took the file's place a moment ago. */
export const BENEATH_FLAGS = READ_FLAGS | constants.O_NOFOLLOW;

/**
 * Opens the file at `path` beneath `root`. The system's own errors, and those of {@link RootDirectory.enter} and {@link sourceOf}.
 * @param realPath part of the source's identity: its path without links.
 */
export async function openBeneath(root: RootDirectory, path: string, realPath: string, io: AdaptiveIo): Promise<Source> {
  const [parent, name] = splitPath(path);
  const directory = await run(root.enter(parent), io);
  try {
    const file = await OpenFile.open(`${directory.base}/${name}`, BENEATH_FLAGS, 0, io, true, root.shown(path));
    return await sourceOf(file, {
      realPath: () => Promise.resolve(Buffer.from(realPath)),
      named: async () => {
        try {
          return await run(lookAt(root, path), io);
        } catch {
          return undefined;
        }
      },
    });
  } finally {
    directory.release();
  }
}

function* lookAt(root: RootDirectory, path: string): ReturnType<typeof sys.lstat> {
  const [parent, name] = splitPath(path);
  const directory = yield* root.enter(parent);
  try {
    return yield* sys.lstat(`${directory.base}/${name}`);
  } finally {
    directory.release();
  }
}
