/**
 * What the reference's wire cannot do, asked for with a Python peer: it is not used, and no file is changed.
 */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { startPythonClient, pythonOrSkip } from '../support/python-peer.js';
import { HUNG_MS, opposite, startClientOf, startServerOf, targetIn } from './pairing.js';

const skip = await pythonOrSkip();

describe('with a Python peer', { skip, concurrency: 2 }, () => {
  for (const action of ['send', 'receive'] as const) {
    it(`a dry run of our client that ${action}s leaves the server to the next`, async (t) => {
      const { directory, target } = await targetIn(t);
      const source = path.join(path.dirname(directory), 'source.bin');
      await writeFile(source, 'content');
      const [local, remote] = action === 'send' ? [source, target] : [target, source];
      const server = await startServerOf(t, 'python', opposite(action), remote);
      const tried = await startClientOf(t, 'ours', action, server.coordinates, local, ['--dry-run']).exitWithin(HUNG_MS);
      assert.equal(tried.code, 2, tried.stderr);
      assert.deepEqual(await readdir(directory), []);
      assert.equal((await startClientOf(t, 'ours', action, server.coordinates, local).exitWithin(HUNG_MS)).code, 0);
      assert.equal(await readFile(target, 'utf8'), 'content');
    });
  }

  for (const words of [['--dry-run'], ['--overwrite'], ['--update'], ['--skip-existing']]) {
    it(`a server of ours that receives with ${words.join(' ')} takes nothing from a client`, async (t) => {
      const { directory, target } = await targetIn(t);
      const source = path.join(path.dirname(directory), 'source.bin');
      await writeFile(source, 'content');
      const before = words.includes('--dry-run') ? [] : ['old'];
      for (const text of before) await writeFile(target, text);
      const server = await startServerOf(t, 'ours', 'receive', target, { args: words });
      const { stdout, stderr } = await startPythonClient(t, 'send', server.coordinates, source).exitWithin(HUNG_MS);
      assert.deepEqual(await Promise.all((await readdir(directory)).map((name) => readFile(path.join(directory, name), 'utf8'))), before);
      assert.match(stdout + stderr, /Unable to establish connection/);
    });
  }
});
