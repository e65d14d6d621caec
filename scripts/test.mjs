// The test command: builds the command line and the tests, then runs node's own runner over them.
// `npm test -- unit/crypto` runs the files whose path contains that text.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const filters = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const flags = process.argv.slice(2).filter((word) => word.startsWith('-'));

function run(args) {
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

run(['scripts/build.mjs']);
run(['scripts/build.mjs', '--tests']);
const files = readdirSync(path.join(root, 'build/test'), { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => filters.length === 0 || filters.some((text) => name.includes(text)))
  .sort()
  .map((name) => path.join('build/test', name));
if (files.length === 0) {
  console.error(`no test file matches ${filters.join(', ')}`);
  process.exit(2);
}
// Much of the time children are waited for: node's own choice, one file less than there are processors, leaves them idle.
const atOnce = `--test-concurrency=${Math.max(2, availableParallelism())}`;
run(['--enable-source-maps', '--test', '--test-reporter=spec', atOnce, ...flags, ...files]);
