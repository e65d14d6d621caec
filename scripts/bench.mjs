// The bench command: builds the command line and the bench, then runs it in this process, so that a signal reaches it.
// Options are bench/options.ts's; `npm run bench -- --help` lists them. `compare` and `page` work on saved results.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const saved = ['compare', 'page'].includes(process.argv[2]);
for (const args of [...(saved ? [] : [['scripts/build.mjs']]), ['scripts/build.mjs', '--tests']]) {
  const done = spawnSync(process.execPath, args, { cwd: root, stdio: ['inherit', 2, 'inherit'] });
  if (done.status !== 0) process.exit(done.status ?? 1);
}
await import(saved ? '../build/bench/saved.js' : '../build/bench/main.js');
