// The bench command: builds the command line and the bench, then runs it in this process, so that a signal reaches it.
// Options are bench/options.ts's; `npm run bench -- --help` lists them. `compare`, `merge` and `page` work on saved results.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const saved = ['compare', 'merge', 'page'].includes(process.argv[2]);
const built = path.join(root, 'build-bench');
const fresh = `${built}-${process.pid}`;

function run(...words) {
  const done = spawnSync(process.execPath, words, { cwd: root, stdio: ['inherit', 2, 'inherit'] });
  if (done.status === 0) return;
  rmSync(fresh, { recursive: true, force: true });
  process.exit(done.status ?? 1);
}

if (!saved) run('scripts/build.mjs');
// Apart from the tests, so that a bench can be run while they are being rewritten.
run(tsc, '-p', 'bench/tsconfig.json', '--outDir', fresh);
rmSync(built, { recursive: true, force: true });
renameSync(fresh, built);
await import(saved ? '../build-bench/bench/saved.js' : '../build-bench/bench/main.js');
