// Builds what the package ships: dist/ (the library, by tsc) and dist/bundle (the command line, by esbuild).
// `--tests` builds build/ instead: sources, tests and benches, type-checked, for node's own runner.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

/** What is being built takes the old one's place only when it is whole, so that a running test never finds half of it. */
async function replacing(name, build) {
  const fresh = path.join(root, `build-${name}-${process.pid}`);
  try {
    await build(fresh);
    rmSync(`${fresh}-old`, { recursive: true, force: true });
    if (existsSync(path.join(root, name))) renameSync(path.join(root, name), `${fresh}-old`);
    renameSync(fresh, path.join(root, name));
  } finally {
    rmSync(`${fresh}-old`, { recursive: true, force: true });
    rmSync(fresh, { recursive: true, force: true });
  }
}

function tsc(project, outDir) {
  const words = [require.resolve('typescript/bin/tsc'), '-p', path.join(root, project), '--outDir', outDir];
  const run = spawnSync(process.execPath, words, { stdio: 'inherit' });
  if (run.status !== 0) throw new Error(`the TypeScript compiler ended with ${run.status}`);
}

async function bundle(outdir) {
  const { build } = await import('esbuild');
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { streamer: 'src/cli/main.ts' },
    outdir,
    bundle: true,
    // Commands are loaded when they are used, so that `--version` and `--help` parse no transfer code.
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    metafile: true,
    // Optional and native: looked for when it is first wanted, beside the bundle.
    external: ['koffi'],
    define: { STREAMER_VERSION: JSON.stringify(version) },
    // CommonJS dependencies (ws, commander) ask for node's own modules with require.
    banner: { js: "import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);" },
  });
  writeFileSync(path.join(outdir, 'LICENSES.txt'), licencesOf(Object.keys(metafile.inputs)));
}

/** The licences of the packages that went into the bundle, as each of them asks. */
function licencesOf(inputs) {
  const names = new Set(inputs.map((input) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1]).filter(Boolean));
  return [...names].sort().map((name) => {
    const directory = path.join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(path.join(directory, 'package.json'), 'utf8'));
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${file === undefined ? '' : readFileSync(path.join(directory, file), 'utf8').trim()}\n`;
  }).join(`\n${'-'.repeat(80)}\n\n`);
}

/** `npm install -g .` in a fresh clone runs this before anything is installed: then the build's own tools come first. */
function ensureTools() {
  if (existsSync(path.join(root, 'node_modules/typescript'))) return;
  const npm = process.env.npm_execpath;
  const [command, words] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
  const env = { ...process.env };
  // Settings of the global install that called us are not meant for this one.
  for (const name of Object.keys(env)) if (/^npm_config_(global|prefix|location|omit)$/i.test(name)) delete env[name];
  const run = spawnSync(command, [...words, 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: root, stdio: 'inherit', env });
  if (run.status !== 0) throw new Error('npm ci failed');
}

try {
  ensureTools();
  if (process.argv.includes('--tests')) {
    await replacing('build', (fresh) => tsc('tsconfig.test.json', fresh));
  } else {
    await replacing('dist', async (fresh) => {
      tsc('tsconfig.json', fresh);
      // Checked and then dropped: the command line is only ever run as the bundle.
      rmSync(path.join(fresh, 'cli'), { recursive: true });
      await bundle(path.join(fresh, 'bundle'));
    });
  }
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}
