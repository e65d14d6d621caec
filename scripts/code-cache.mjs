// Writes the cache of a FILE for this node, the code that V8 made of the bundled command: of what two small transfers use, which is done here.
//   node scripts/code-cache.mjs FILE
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

const file = process.argv[2];
const { load, cacheFileOf } = createRequire(import.meta.url)('../bin/streamer.cjs');
// The name that it has here is in stacks later.
const { script, bundle } = load(file, { filename: path.basename(file) });

const folder = mkdtempSync(path.join(os.tmpdir(), 'streamer-build-'));
try {
  await transfers();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
writeFileSync(cacheFileOf(file), script.createCachedData());
process.exit();

/** A file one way and a directory the other. Both ends run in this process. */
async function transfers() {
  const one = path.join(folder, 'one');
  const tree = path.join(folder, 'tree');
  writeFileSync(one, 'one');
  mkdirSync(tree);
  writeFileSync(path.join(tree, 'two'), 'two');
  await transfer(['send', '--path', one], (coordinates) => ['receive', coordinates, path.join(folder, 'one-there')]);
  await transfer(['receive', '--path', path.join(folder, 'tree-there')], (coordinates) => ['send', coordinates, tree]);
  if (process.exitCode !== undefined && process.exitCode !== 0) throw new Error('a transfer failed');
}

async function transfer(served, client) {
  const published = path.join(folder, `coordinates-${served[0]}`);
  const { runProgram } = bundle;
  const server = runProgram(['server', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0', '--coordinates-file', published, '--wait-timeout', '30', '-q', ...served]);
  for (let left = 1000; left > 0 && coordinatesIn(published) === ''; left -= 1) await new Promise((resolve) => setTimeout(resolve, 10));
  await Promise.all([server, runProgram([...client(`@${published}`), '-q'])]);
}

function coordinatesIn(published) {
  try {
    return readFileSync(published, 'utf8');
  } catch {
    return '';
  }
}
