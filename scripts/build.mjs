// Builds what the package ships: dist/ (the library, by tsc) and dist/bundle (the command line, by esbuild).
// `--tests` builds build/ instead: sources, tests and benches, type-checked, for node's own runner.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

function tsc(project) {
  const run = spawnSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', path.join(root, project)], {
    stdio: 'inherit',
  });
  if (run.status !== 0) process.exit(run.status ?? 1);
}

async function bundle() {
  const { build } = await import('esbuild');
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  await build({
    absWorkingDir: root,
    entryPoints: { streamer: 'src/cli/main.ts' },
    outdir: 'dist/bundle',
    bundle: true,
    // Commands are loaded when they are used, so that `--version` and `--help` parse no transfer code.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'linked',
    define: { STREAMER_VERSION: JSON.stringify(version) },
    // CommonJS dependencies (ws, commander) ask for node's own modules with require.
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
}

if (process.argv.includes('--tests')) {
  rmSync(path.join(root, 'build'), { recursive: true, force: true });
  tsc('tsconfig.test.json');
} else {
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  tsc('tsconfig.json');
  // Checked and then dropped: the command line is only ever run as the bundle.
  rmSync(path.join(root, 'dist/cli'), { recursive: true });
  await bundle();
}
