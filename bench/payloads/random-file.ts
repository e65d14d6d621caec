/**
 * One file of random bytes, told from another by its SHA-256.
 *
 * @module
 */
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Check, Payload } from './payload.js';

const BLOCK = 4 * 2 ** 20;

/** Writes `size` random bytes to `folder`. */
export async function makeRandomFile(folder: string, size: number): Promise<Payload> {
  const source = path.join(folder, `source-${size}.bin`);
  const hash = createHash('sha256');
  await fill(source, size, (block) => {
    randomFillSync(block);
    hash.update(block);
  });
  const expected = hash.digest('hex');
  return {
    ...{ kind: 'file', source, size, files: 1 },
    async preheat(where) {
      const file = path.join(where, 'preheat.bin');
      await fill(file, size, () => undefined);
      await rm(file);
    },
    check: (target) => check(target, size, expected),
  };
}

async function fill(file: string, size: number, prepare: (block: Buffer) => void): Promise<void> {
  const handle = await open(file, 'wx', 0o600);
  try {
    const block = Buffer.alloc(BLOCK);
    for (let offset = 0; offset < size; offset += BLOCK) {
      const piece = block.subarray(0, Math.min(BLOCK, size - offset));
      prepare(piece);
      await handle.write(piece, 0, piece.length, offset);
    }
  } finally {
    await handle.close();
  }
}

/** Compares the first `size` bytes, and counts the bytes after them: one peer is known to append some. */
async function check(target: string, size: number, expected: string): Promise<Check> {
  const found = await stat(target).catch(() => undefined);
  if (found === undefined) return { right: false, extra: 0, text: 'no: nothing arrived' };
  const extra = found.size - size;
  if (extra < 0) return { right: false, extra: 0, text: `no: ${-extra} bytes missing` };
  if ((await digest(target, size)) !== expected) return { right: false, extra, text: 'no: digest differs' };
  return { right: true, extra, text: extra === 0 ? 'yes' : `corrupt: +${extra} bytes` };
}

async function digest(file: string, size: number): Promise<string> {
  const hash = createHash('sha256');
  if (size > 0) {
    for await (const block of createReadStream(file, { end: size - 1, highWaterMark: BLOCK })) hash.update(block as Buffer);
  }
  return hash.digest('hex');
}
