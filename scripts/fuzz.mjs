// The fuzz command: builds the tests, apart from where `npm test` has them, and searches; see test/fuzz/main.ts.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const built = path.join(root, 'build-fuzz');
const fresh = `${built}-${process.pid}`;

const done = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.test.json', '--outDir', fresh], { cwd: root, stdio: ['ignore', 2, 'inherit'] });
if (done.status !== 0) {
  rmSync(fresh, { recursive: true, force: true });
  process.exit(done.status ?? 1);
}
rmSync(built, { recursive: true, force: true });
renameSync(fresh, built);
const searched = spawnSync(process.execPath, ['--enable-source-maps', 'build-fuzz/test/fuzz/main.js', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exit(searched.status ?? 1);
