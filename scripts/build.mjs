// Builds what the package ships: dist/ (the library, by tsc) and dist/bundle (the command line, by esbuild).
// `--tests` builds build/ instead: sources, tests and benches, type-checked, for node's own runner. `--agent DIRECTORY` makes the
// single file of the server alone, there.
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

/** Bundles a command line into one script. @returns the files that went into it. */
async function bundle(entry, outfile, { external = [], plugins = [] }) {
  const { build } = await import('esbuild');
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    bundle: true,
    // One script, so that one cache holds its compiled code: see bin/streamer.cjs. In it, commands are still begun only
    // when they are used.
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    minify: true,
    legalComments: 'none',
    metafile: true,
    external,
    // A script of node:vm has no import().
    supported: { 'dynamic-import': false },
    plugins: [lateBuiltins, ...plugins],
    // Without the native addon, which takes longer to find than it ever saves.
    alias: { msgpackr: './node_modules/msgpackr/index.js' },
    define: { STREAMER_VERSION: JSON.stringify(version) },
    // version.ts reads package.json by it, when it is not bundled.
    logOverride: { 'empty-import-meta': 'silent' },
  });
  return Object.keys(metafile.inputs);
}

async function bundleCommand(outdir) {
  const bundled = path.join(outdir, 'streamer.cjs');
  // Optional and native: looked for when it is first wanted, beside the bundle.
  const inputs = await bundle('src/cli/program.ts', bundled, { external: ['koffi', ...ofTheRelay] });
  makeCodeCache(bundled);
  writeFileSync(path.join(outdir, 'LICENSES.txt'), licencesOf(inputs));
}

/** The server alone, in one file that needs nothing beside it: what is brought to a cluster. The same sources make the same bytes. */
const bundleAgent = (outdir) => bundle('src/cli/agent-program.ts', path.join(outdir, 'agent.cjs'), { plugins: [nothingBeside] });

/**
 * The agent runs in a directory of a shared file system. Node looks for packages in all directories above a script, of which
 * some may be everybody's: so it looks for none. Those that are optional are as good as not installed.
 */
const nothingBeside = {
  name: 'nothing-beside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(koffi|bufferutil|utf-8-validate)$/ }, ({ path: name }) => ({ path: name, namespace: 'nothing' }));
    onLoad({ filter: /.*/, namespace: 'nothing' }, ({ path: name }) => ({ contents: `throw new Error('${name} is not in this file');` }));
  },
};

/** What only a relay needs, and most who have this command never do: found in node_modules when it is. */
const ofTheRelay = ['@redis/client', 'prom-client'];

/** Modules of node that dependencies load at once and the command seldom or never uses; each takes milliseconds. */
const LATE = ['child_process', 'https', 'tls', 'readline'];
const lateBuiltins = {
  name: 'late-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(node:)?(${LATE.join('|')})$`) }, ({ path: name, importer, namespace }) =>
      namespace === 'late' || !importer.includes('node_modules') ? undefined : { path: name.replace('node:', ''), namespace: 'late' });
    onLoad({ filter: /.*/, namespace: 'late' }, ({ path: name }) => ({ contents: `module.exports = new Proxy({}, { get: (_, key) => require('node:${name}')[key] });` }));
  },
};

/** A command without its cache works all the same, only later. */
function makeCodeCache(bundled) {
  const run = spawnSync(process.execPath, [path.join(root, 'scripts/code-cache.mjs'), bundled], { stdio: ['ignore', 'ignore', 'inherit'], timeout: 60_000 });
  if (run.status !== 0) console.error('build: no code cache, so the command will start more slowly');
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
  const [, , option, outdir] = process.argv;
  if (option === '--agent' && outdir !== undefined) {
    await bundleAgent(path.resolve(outdir));
  } else if (process.argv.includes('--tests')) {
    await replacing('build', (fresh) => tsc('tsconfig.test.json', fresh));
  } else {
    await replacing('dist', async (fresh) => {
      tsc('tsconfig.json', fresh);
      // Checked and then dropped: the command line is only ever run as the bundle.
      rmSync(path.join(fresh, 'cli'), { recursive: true });
      await bundleCommand(path.join(fresh, 'bundle'));
      await bundleAgent(path.join(fresh, 'bundle'));
    });
  }
} catch (error) {
  console.error(`build: ${error.message}`);
  process.exitCode = 1;
}
