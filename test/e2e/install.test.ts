/**
 * What `npm pack` makes: everything that a user needs and nothing of the workshop; and it installs, runs and can be
 * imported.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, startProgram, tempDir } from '../support/cli.js';
import { skipUnless } from './abilities.js';
import { HUNG_MS, placeFor } from './moving.js';

const run = promisify(execFile);
const npm = (words: readonly string[], cwd: string) => run('npm', [...words], { cwd, timeout: HUNG_MS * 2 });

/** Without scripts: the command that is tested is the one that the test run has built. */
async function pack(directory: string): Promise<{ tarball: string; files: readonly string[] }> {
  const { stdout } = await npm(['pack', '--ignore-scripts', '--json', '--pack-destination', directory], ROOT);
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: path.join(directory, filename), files: files.map((file) => file.path) };
}

it('the package holds the command, the library, both specifications, and no tests', async (t) => {
  const { files } = await pack(await tempDir(t));
  for (const file of ['package.json', 'LICENSE', 'bin/streamer.cjs', 'dist/index.js', 'dist/index.d.ts', 'dist/bundle/streamer.cjs', 'src/wire/PROTOCOL.md', 'src/compat/PROTOCOL.md']) {
    assert.ok(files.includes(file), `${file} in ${files.join(', ')}`);
  }
  const others = files.filter((file) => !/^(?:bin|dist)\/|^[A-Z]+(?:\.md)?$|^package\.json$|^src\/(?:wire|compat|relay|coordinates)\/PROTOCOL\.md$|^docs\/\w+\.md$/.test(file));
  assert.deepEqual(others, []);
  assert.deepEqual(files.filter((file) => /(?:^|\/)(?:test|bench)\/|\.test\.|\.map$/.test(file)), []);
});

async function registryAnswers(): Promise<boolean> {
  return npm(['view', 'ws', 'version', '--fetch-retries=0', '--fetch-timeout=15000'], ROOT).then(() => true, () => false);
}

describe('installed', { skip: skipUnless(await registryAnswers(), 'the package registry does not answer, and the dependencies come from it') }, () => {
  let directory = '';
  let installed = '';
  before(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'streamer-install-'));
    const { tarball } = await pack(directory);
    installed = path.join(directory, 'somewhere else');
    await mkdir(installed);
    await npm(['install', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', installed, tarball], directory);
  });

  after(() => rm(directory, { recursive: true, force: true }));

  const command = () => path.join(installed, 'node_modules/.bin/streamer');

  it('the command runs', async (t) => {
    assert.ok(((await stat(command())).mode & 0o111) !== 0);
    const end = await startProgram(t, [command(), '--version']).exitWithin(HUNG_MS);
    const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { version: string };
    assert.deepEqual([end.code, end.stdout], [0, `streamer ${version}\n`]);
  });

  it('the library can be imported by its name, from JavaScript, and knows its version', async (t) => {
    const place = await placeFor(t, 100_000);
    const script = path.join(installed, 'use.mjs');
    await writeFile(
      script,
      `import { receive, serve, VERSION } from 'firecrest-streamer-ts';
      const server = await serve({ action: 'send', path: process.argv[2], host: '127.0.0.1', publicIps: ['127.0.0.1'], portRange: [0, 0] });
      const { size } = await receive({ coordinates: server.coordinates, path: process.argv[3] });
      await server.done;
      console.log(VERSION, size);`,
    );
    const end = await startProgram(t, [process.execPath, script, place.source, place.target]).exitWithin(HUNG_MS);
    assert.deepEqual([end.code, end.stderr], [0, '']);
    assert.match(end.stdout, /^\d+\.\d+\.\d+ 100000\n$/);
  });

  it('what is not exported cannot be imported', async (t) => {
    const script = path.join(installed, 'peek.mjs');
    await writeFile(script, "await import('firecrest-streamer-ts/dist/crypto/noise.js');");
    const end = await startProgram(t, [process.execPath, script]).exitWithin(HUNG_MS);
    assert.match(end.stderr, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
  });
});
