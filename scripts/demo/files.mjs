// What the demo moves, and how it compares.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdirSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PIECE = 4 * 1024 * 1024;

export async function randomFile(file, size) {
  const out = createWriteStream(file);
  for (let left = size; left > 0; left -= PIECE) {
    if (!out.write(randomBytes(Math.min(left, PIECE)))) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

/** Small files in folders, a link, and a larger file. */
export async function makeTree(directory, { folders, files, small, large }) {
  for (let folder = 0; folder < folders; folder += 1) {
    const place = path.join(directory, `folder-${folder}`);
    mkdirSync(place, { recursive: true });
    for (let file = 0; file < files; file += 1) writeFileSync(path.join(place, `file-${file}`), randomBytes(small));
  }
  symlinkSync('folder-0/file-0', path.join(directory, 'a-link'));
  await randomFile(path.join(directory, 'large.bin'), large);
}

export async function sha256(file) {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece);
  return hash.digest('hex');
}

/** One digest over a directory: names and contents, in order. */
export async function treeDigest(directory) {
  const hash = createHash('sha256');
  for (const name of readdirSync(directory, { recursive: true }).map(String).sort()) {
    hash.update(`${name}\0`);
    const file = path.join(directory, name);
    if (statSync(file).isFile()) hash.update(await sha256(file));
  }
  return hash.digest('hex');
}
