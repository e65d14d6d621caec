// The test command: builds the command line and the tests, then runs node's own runner over them.
// `npm test -- unit/crypto` runs the files whose path contains that text. `--node=24` does all of it with that major of node,
// from PyPI where it is not the one that runs this.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const filters = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const major = process.argv.slice(2).find((word) => word.startsWith('--node='))?.slice('--node='.length);
const flags = process.argv.slice(2).filter((word) => word.startsWith('-') && !word.startsWith('--node='));

function run(args) {
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) process.exit(done.status ?? 1);
}

/** The same again, with a node from PyPI: the compiled code, the commands, and what scripts find in PATH are all of that one. */
async function withNode() {
  run(['scripts/build.mjs', '--tests']);
  const { wheelNode } = await import('../build/bench/nodes.js');
  const made = await wheelNode(Number(major), false);
  if ('reason' in made) {
    console.error(`test: no node ${major}: ${made.reason}`);
    process.exit(2);
  }
  // The wheel has an npm beside it, which does not run from there.
  const only = path.join(root, `node_modules/.cache/node${major}/only-node`);
  rmSync(only, { recursive: true, force: true });
  mkdirSync(only);
  symlinkSync(made.path, path.join(only, 'node'));
  const env = { ...process.env, PATH: `${only}${path.delimiter}${process.env.PATH ?? ''}` };
  const done = spawnSync(made.path, ['scripts/test.mjs', ...flags, ...filters], { cwd: root, stdio: 'inherit', env });
  process.exit(done.status ?? 1);
}

if (major !== undefined && major !== process.versions.node.split('.')[0]) await withNode();
console.log(`test: node ${process.version}`);
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
// Much of the time children are waited for: node's own choice, one file less than there are processors, leaves them idle, and so does one for each.
const atOnce = `--test-concurrency=${availableParallelism() + 1}`;
// What waits for ever fails: of a test, and of a file of them, none of which takes a third of that.
run(['--enable-source-maps', '--test', '--test-reporter=spec', '--test-timeout=600000', atOnce, ...flags, ...files]);
