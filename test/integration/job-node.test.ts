/** A job script that gets Node from PyPI itself, by the system's Python. Kept under node_modules, as later jobs would. */
import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { jobScript } from '../../src/server/job-script.js';
import { BIN, COORDINATES_LINE, ROOT, runStreamer, tempDir } from '../support/cli.js';
import { startPbsJob } from '../support/job.js';

/** A slow registry is waited for this long, milliseconds. */
const INSTALL_MS = 300_000;
const CACHE = path.join(ROOT, 'node_modules/.cache/streamer-job-node');

describe('a job script that gets Node from PyPI', () => {
  it('serves a transfer with it', async (t) => {
    const directory = await tempDir(t);
    await mkdir(CACHE, { recursive: true });
    await writeFile(path.join(directory, 'data'), 'moved by the Node of PyPI');
    const script = jobScript({ scheduler: 'pbs', action: 'send', paths: ['data'], node: { from: 'venv', directory: CACHE }, streamerCommand: BIN, publicIps: ['127.0.0.1'], host: '127.0.0.1', portRange: [0, 0] });
    const job = await startPbsJob(t, script, directory, { cwd: directory });
    const found = await Promise.race([job.waitForLine(COORDINATES_LINE, { timeoutMs: INSTALL_MS }), job.exit]);
    if (!('index' in found)) {
      assert.notEqual(process.env['STREAMER_REQUIRE_ALL'], '1', found.stderr);
      t.skip(`no Node from PyPI: ${found.stderr.trim().split('\n').at(-1) ?? ''}`);
      return;
    }
    const client = await runStreamer(t, ['receive', found[1] ?? '', path.join(directory, 'copy')]);
    assert.equal(client.code, 0, client.stderr);
    assert.equal((await job.exit).code, 0);
    assert.deepEqual(await readdir(path.join(CACHE, 'node-22')), ['node']);
  });
});
