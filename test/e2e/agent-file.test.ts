/** The single file of the server: it is all that a job has. In an empty directory, without a word of environment. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { findNodes } from '../../bench/nodes.js';
import { readServerLines, ROOT, runStreamer, startProgram, tempDir, type Child } from '../support/cli.js';
import { skipUnless } from './abilities.js';
import { ACTIONS, assertArrived, clientFile, HUNG_MS, opposite, placeFor, serverFile } from './moving.js';

const AGENT = path.join(ROOT, 'dist/bundle/agent.cjs');
/** What the smallest sites take by ops/upload is 1 MiB. */
const SIZE_MAX = 512 * 1024;

/** The file and nothing beside it. */
async function aloneIn(t: TestContext): Promise<string> {
  const directory = path.join(await tempDir(t), 'alone');
  await mkdir(directory);
  await copyFile(AGENT, path.join(directory, 'agent.cjs'));
  return directory;
}

function startAgent(t: TestContext, node: string, directory: string, words: readonly string[]): Child {
  return startProgram(t, ['env', '-i', node, 'agent.cjs', ...words], { cwd: directory });
}

const HERE = ['--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0'];

describe('the single file of the server', { concurrency: 2 }, () => {
  it('is small enough for every site', async () => {
    assert.ok((await stat(AGENT)).size < SIZE_MAX);
  });

  it('is the same, byte for byte, whenever it is made', async (t) => {
    const made = await tempDir(t);
    execFileSync(process.execPath, [path.join(ROOT, 'scripts/build.mjs'), '--agent', made], { cwd: made });
    assert.ok((await readFile(path.join(made, 'agent.cjs'))).equals(await readFile(AGENT)), 'another build has other bytes');
    assert.ok(!(await readFile(AGENT, 'latin1')).includes(ROOT), 'where it was made shows in it');
  });

  it('tells its version, and knows no other command than server', async (t) => {
    const directory = await aloneIn(t);
    const { version } = JSON.parse(await readFile(path.join(ROOT, 'package.json'), 'utf8')) as { readonly version: string };
    assert.equal((await startAgent(t, process.execPath, directory, ['--version']).exitWithin(HUNG_MS)).stdout, `streamer ${version}\n`);
    for (const word of ['receive', 'relay', 'job-script', 'download']) {
      const ended = await startAgent(t, process.execPath, directory, [word]).exitWithin(HUNG_MS);
      assert.equal(ended.code, 2, ended.stdout);
      assert.match(ended.stderr, /^streamer: .* \[usage\]\n$/u);
    }
  });

  it('runs nothing that others have put above it', async (t) => {
    const directory = await aloneIn(t);
    const place = await placeFor(t, 1000);
    for (const name of ['koffi', 'bufferutil', 'utf-8-validate', 'msgpackr-extract', 'ws']) {
      const trap = path.join(path.dirname(directory), 'node_modules', name);
      await mkdir(trap, { recursive: true });
      await writeFile(path.join(trap, 'index.js'), `require('node:fs').writeFileSync(${JSON.stringify(path.join(place.directory, 'trapped'))}, '');`);
    }
    const server = await readServerLines(startAgent(t, process.execPath, directory, ['server', ...HERE, 'receive', place.target]));
    const client = await runStreamer(t, ['send', server.coordinates, place.source]);
    assert.equal(client.code, 0, client.stderr);
    await server.child.exitWithin(HUNG_MS);
    assert.ok(!(await readdir(place.directory)).includes('trapped'));
  });

  for (const action of ACTIONS) {
    it(`serves a client that ${action}s`, (t) => serves(t, process.execPath, action));
  }

  it('serves on Node 24, too', async (t) => {
    const { nodes, skipped } = await findNodes([], true, false);
    const node = nodes.find(({ version }) => version.startsWith('v24.'));
    const skip = skipUnless(node !== undefined, skipped[0]?.reason ?? 'there is no Node 24');
    if (skip !== false) {
      t.skip(skip);
      return;
    }
    assert.ok(node, skipped[0]?.reason);
    for (const action of ACTIONS) await serves(t, node.path, action);
  });
});

async function serves(t: TestContext, node: string, action: 'send' | 'receive'): Promise<void> {
  const place = await placeFor(t, 3_000_000);
  const directory = await aloneIn(t);
  const server = await readServerLines(startAgent(t, node, directory, ['server', ...HERE, opposite(action), serverFile(action, place)]));
  const client = await runStreamer(t, [action, server.coordinates, clientFile(action, place)]);
  assert.equal(client.code, 0, client.stderr);
  const ended = await server.child.exitWithin(HUNG_MS);
  assert.equal(ended.code, 0, ended.stderr);
  await assertArrived(place);
  assert.deepEqual(await readdir(directory), ['agent.cjs']);
}
