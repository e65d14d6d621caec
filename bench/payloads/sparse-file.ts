/**
 * A large file that is nearly all hole: an island of random bytes every GiB and one at its end.
 *
 * @module
 */
import { randomBytes } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { verdict, type Check, type Payload } from './payload.js';

const BLOCK = 4 * 2 ** 20;
const ISLAND_EVERY = 2 ** 30;

/** Makes the file. `size` is a multiple of 4 MiB. */
export async function makeSparseFile(folder: string, size: number): Promise<Payload> {
  const source = path.join(folder, `sparse-${size}.bin`);
  const islands = new Map<number, Buffer>();
  const handle = await open(source, 'wx', 0o600);
  try {
    await handle.truncate(size);
    for (const offset of islandOffsets(size)) {
      const bytes = randomBytes(BLOCK);
      islands.set(offset, bytes);
      await handle.write(bytes, 0, BLOCK, offset);
    }
  } finally {
    await handle.close();
  }
  return {
    ...{ kind: 'file', source, size, files: 1 },
    // Only memory is looked at here, and holes need none.
    preheat: () => Promise.resolve(),
    check: (target) => check(target, size, islands),
  };
}

function islandOffsets(size: number): readonly number[] {
  const offsets = Array.from({ length: Math.ceil(size / ISLAND_EVERY) }, (_, number) => number * ISLAND_EVERY);
  return [...new Set([...offsets, size - BLOCK])];
}

async function check(target: string, size: number, islands: ReadonlyMap<number, Buffer>): Promise<Check> {
  const found = await stat(target).catch(() => undefined);
  if (found === undefined) return verdict(['nothing arrived']);
  if (found.size !== size) return verdict([`${found.size} bytes in place of ${size}`]);
  const zeros = Buffer.alloc(BLOCK);
  const block = Buffer.allocUnsafe(BLOCK);
  const handle = await open(target, 'r');
  try {
    for (let offset = 0; offset < size; offset += BLOCK) {
      await handle.read(block, 0, BLOCK, offset);
      if (!block.equals(islands.get(offset) ?? zeros)) return verdict([`bytes differ at ${offset}`]);
    }
  } finally {
    await handle.close();
  }
  const holes = found.blocks * 512 < size / 2;
  return { right: true, extra: 0, text: holes ? 'yes, holes kept' : 'yes, holes filled' };
}
