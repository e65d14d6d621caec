// The soak: what npm test does for seconds, for hours. Builds, then runs each part to its end and says what came of it.
//   npm run soak -- [transfers|matrix|crash|adversary|fuzz|interop|autobahn|platforms]... [--transfers N] [--bytes N] [--pairs N] [--at-once N]
//     [--rounds N] [--matrix-bytes N] [--crash-samples N] [--entries N] [--fuzz-seconds N] [--sequences N] [--python2 FILE] [--seed N]
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import path from 'node:path';
import { runParts } from './soak-parts.mjs';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const built = path.join(root, 'build-soak');
const fresh = `${built}-${process.pid}`;
const PARTS = ['transfers', 'matrix', 'crash', 'adversary', 'fuzz', 'interop', 'autobahn', 'platforms'];
const NODES = ['20', '22', '24'];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    transfers: { type: 'string', default: '1000' },
    bytes: { type: 'string', default: String(200 * 1024 * 1024) },
    pairs: { type: 'string', default: '200' },
    // Transfers at a time.
    'at-once': { type: 'string', default: '5' },
    // Kills in each of the matrix's 40 cells of kills.
    rounds: { type: 'string', default: '12' },
    'matrix-bytes': { type: 'string', default: String(24 * 1024 * 1024 + 7) },
    'crash-samples': { type: 'string', default: '20' },
    entries: { type: 'string', default: '10000000' },
    'fuzz-seconds': { type: 'string', default: '600' },
    sequences: { type: 'string', default: '300' },
    // Autobahn is written for Python 2.7.
    python2: { type: 'string', default: 'python2.7' },
    seed: { type: 'string' },
  },
});
const wrong = positionals.filter((part) => !PARTS.includes(part));
if (wrong.length > 0) {
  console.error(`soak: no part ${wrong.join(', ')}; there are ${PARTS.join(', ')}`);
  process.exit(2);
}

function run(words, env = {}) {
  return spawnSync(process.execPath, words, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
}

function build() {
  if (run(['scripts/build.mjs']) !== 0 || run([tsc, '-p', 'tsconfig.test.json', '--outDir', fresh]) !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    process.exit(1);
  }
  rmSync(built, { recursive: true, force: true });
  renameSync(fresh, built);
}

const seed = values.seed === undefined ? {} : { STREAMER_TEST_SEED: values.seed };
const test = (file, env) => run(['--enable-source-maps', '--test', '--test-reporter=spec', `build-soak/test/${file}.test.js`], { STREAMER_REQUIRE_ALL: '1', ...seed, ...env });
const parts = {
  transfers: () => test('soak/soak', { STREAMER_SOAK_TRANSFERS: values.transfers, STREAMER_SOAK_BYTES: values.bytes, STREAMER_SOAK_PAIRS: values.pairs, STREAMER_SOAK_AT_ONCE: values['at-once'] }),
  matrix: () => test('soak/fault-matrix', { STREAMER_MATRIX_ROUNDS: values.rounds, STREAMER_MATRIX_BYTES: values['matrix-bytes'] }),
  crash: () => test('integration/crash-consistency', { STREAMER_CRASH_SAMPLES: values['crash-samples'] }),
  adversary: () => test('adversary/manifest-memory', { STREAMER_ADVERSARY_ENTRIES: values.entries }),
  fuzz: () => run(['--enable-source-maps', 'build-soak/test/fuzz/main.js', '--seconds', values['fuzz-seconds'], ...(values.seed === undefined ? [] : ['--seed', values.seed])]),
  interop: () => test('interop/sequences', { STREAMER_INTEROP_SEQUENCES: values.sequences }),
  autobahn: () => run(['--enable-source-maps', 'build-soak/test/autobahn/main.js', '--python', values.python2]),
  // Each, whatever came of the one before.
  platforms: () => Math.max(...NODES.map((major) => run(['scripts/test.mjs', `--node=${major}`], { STREAMER_REQUIRE_ALL: '1' }))),
};

build();
const optional = positionals.length === 0 && process.env.STREAMER_REQUIRE_ALL !== '1';
process.exit(runParts(positionals.length === 0 ? PARTS : positionals, (part) => parts[part](), { optional }));
