import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { randomFile, sha256 } from '../support/cli.js';
import { jobStates, run, startSite, type Site } from './control-moving.js';

const MIB = 1024 * 1024;
const SIZES = [['none', 0], ['one', 1], ['piece-and-one', 5 * MIB + 1], ['large', 40 * MIB]] as const;

/** What the jobs have left of ours in the user's directory, besides files that were to be there. */
async function strays({ there }: Site, ...expected: readonly string[]): Promise<string[]> {
  return (await readdir(there)).filter((name) => !name.startsWith('.f7t_file_handling_job') && !expected.includes(name));
}

for (const streamer of ['python', 'ours'] as const) {
  describe(`the site's streamer, ${streamer === 'python' ? "the reference's" : 'ours'}`, { concurrency: 2 }, () => {
    for (const [name, size] of SIZES) {
      it(`downloads and uploads ${size} bytes, verified, and leaves no job`, async (t) => {
        const site = await startSite(t, { streamer });
        const hash = await randomFile(path.join(site.there, name), size);
        const down = await run(t, site, ['download', `cluster:${site.there}/${name}`, name, '--method', 'streamer']);
        assert.equal(down.code, 0, down.stderr);
        assert.equal(await sha256(path.join(site.here, name)), hash);
        const up = await run(t, site, ['upload', name, 'cluster:up.bin', '--method', 'streamer']);
        assert.equal(up.code, 0, up.stderr);
        assert.equal(await sha256(path.join(site.there, 'up.bin')), hash);
        for (const { stderr } of [down, up]) {
          assert.match(stderr, /, verified$/mu);
          assert.match(stderr, streamer === 'python' ? /compat wire, NOT encrypted/u : /native wire, encrypted/u);
        }
        assert.deepEqual(await jobStates(site), ['COMPLETED', 'COMPLETED']);
        assert.deepEqual(await strays(site, name, 'up.bin'), []);
        assert.deepEqual((await readdir(path.join(site.here, '.config/streamer/jobs'))).filter((file) => file.endsWith('.json')), []);
      });
    }
  });
}
