// kill -9 while small files are written: none is ever seen half, and what is left goes with the next run.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ownIdentity } from '../../../src/storage/process-identity.js';
import { TemporaryNames } from '../../../src/storage/temporary-names.js';
import { names } from './fixture.js';
import { entry, makeTree, placed, PLACES, put, fileOf, targetFor, temporaryAt } from './tree-fixture.js';

const CHILD = fileURLToPath(new URL('./tree-kill-child.js', import.meta.url));

for (const place of PLACES) {
  for (const ioMode of ['sync', 'async']) {
    it(`kill -9 leaves only whole files at ${place}, ${ioMode}`, async (t) => {
      const at = await temporaryAt(t, place);
      const child = spawn(process.execPath, [CHILD, at, ioMode], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await sleep(20 * Math.random());
      child.kill('SIGKILL');
      await once(child, 'exit');
      const written = (await names(path.join(at, 'd'))).filter((name) => !name.startsWith('.'));
      assert.ok(written.length >= 100);
      for (const name of written) assert.equal(await readFile(path.join(at, 'd', name), 'utf8'), `${name} `.repeat(500));
      const target = await targetFor(t, at);
      await placed(target, [entry('directory', ''), entry('directory', 'd')]);
      await target.close();
      assert.deepEqual((await readdir(path.join(at, 'd'))).filter((name) => name.startsWith('.')), []);
    });
  }
}

describe('what is left', () => {
  it('goes when its process is dead, or of another machine and old; never while it may be in use', async (t) => {
    const at = await temporaryAt(t);
    const own = (await TemporaryNames.create()).next();
    const { start } = await ownIdentity();
    const dead = own.replace(`-${process.pid}-${start}-`, `-${process.pid}-1-`);
    const foreign = own.replace(/^\.[0-9a-f]{12}/u, '.0123456789ab');
    const unknown = '.mine.streamer-new';
    assert.notEqual(dead, own);
    await makeTree(at, { [own]: '', [dead]: '', [foreign]: '', [unknown]: '', [`d/${dead}`]: '', [`d/${own}`]: '' });
    // Its time is the sender's and says nothing; its change of state cannot be set back here, so that it counts as new.
    await utimes(path.join(at, foreign), 1, 1);
    const target = await targetFor(t, at);
    assert.deepEqual(await placed(target, [entry('directory', ''), entry('directory', 'd')]), ['placed', 'placed']);
    await target.close();
    assert.deepEqual(await names(at), [own, foreign, unknown, 'd'].sort());
    assert.deepEqual(await names(path.join(at, 'd')), [own]);
  });

  it('stays in a dry run', async (t) => {
    const at = await temporaryAt(t);
    const dead = (await TemporaryNames.create()).next().replace(`-${process.pid}-`, '-999999999-');
    await writeFile(path.join(at, dead), '');
    const target = await targetFor(t, at, { dryRun: true });
    await placed(target, [entry('directory', '')]);
    await target.close();
    assert.deepEqual(await names(at), [dead]);
  });

  it('of a target that is at work is not touched by another', async (t) => {
    const at = await temporaryAt(t);
    const one = await targetFor(t, at, { ioMode: 'async', existing: 'skip' });
    const files = Array.from({ length: 200 }, (_, index) => fileOf(`f${index}`, 'text'));
    await placed(one, files.map((file) => file.entry));
    const { settled } = one.writeWhole(files);
    const other = await targetFor(t, at, { existing: 'skip' });
    await placed(other, [entry('directory', '')]);
    await put(other, [fileOf('g', '')]);
    await other.close();
    assert.deepEqual((await settled).filter((error) => error !== undefined), []);
    assert.equal((await names(at)).length, 201);
  });
});
