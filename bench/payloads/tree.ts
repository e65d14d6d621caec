/**
 * A tree of many small files, two levels deep: `d000/f000`. All that arrives is compared: names and content.
 *
 * @module
 */
import { randomFillSync } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { verdict, type Payload } from './payload.js';

/** How many files, and how large each is in bytes. */
export interface TreeShape {
  readonly folders: number;
  readonly filesPerFolder: number;
  readonly fileSize: number;
}

/** Makes the tree. Synchronously: a million promises would take longer than the files. */
export function makeTree(folder: string, shape: TreeShape): Payload {
  const files = shape.folders * shape.filesPerFolder;
  const source = path.join(folder, `tree-${files}x${shape.fileSize}`);
  grow(source, shape);
  return {
    ...{ kind: 'tree', source, size: files * shape.fileSize, files },
    preheat(where) {
      const copy = path.join(where, 'preheat-tree');
      grow(copy, shape);
      rmSync(copy, { recursive: true });
      return Promise.resolve();
    },
    check: (target) => Promise.resolve(verdict(differences(source, target, shape.fileSize > 0))),
  };
}

function name(letter: string, number: number): string {
  return `${letter}${String(number).padStart(4, '0')}`;
}

function grow(root: string, { folders, filesPerFolder, fileSize }: TreeShape): void {
  const bytes = Buffer.alloc(fileSize);
  for (let folder = 0; folder < folders; folder += 1) {
    const at = path.join(root, name('d', folder));
    mkdirSync(at, { recursive: true });
    for (let file = 0; file < filesPerFolder; file += 1) {
      randomFillSync(bytes);
      writeFileSync(path.join(at, name('f', file)), bytes);
    }
  }
}

/** What differs between two trees of this shape, one line each, bounded. */
function differences(source: string, target: string, content: boolean): readonly string[] {
  const found: string[] = [];
  for (const folder of union(source, target)) {
    const [from, to] = [path.join(source, folder), path.join(target, folder)];
    for (const file of union(from, to)) {
      const reason = differs(path.join(from, file), path.join(to, file), content);
      if (reason !== undefined && found.length < 1000) found.push(`${folder}/${file} ${reason}`);
    }
  }
  return found;
}

function union(a: string, b: string): readonly string[] {
  return [...new Set([...names(a), ...names(b)])].sort();
}

function names(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function differs(from: string, to: string, content: boolean): string | undefined {
  const expected = bytesOf(from);
  const arrived = bytesOf(to);
  if (expected === undefined) return 'is too much';
  if (arrived === undefined) return 'is missing';
  if (!content) return arrived.length === 0 ? undefined : 'is not empty';
  return expected.equals(arrived) ? undefined : 'differs';
}

function bytesOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
