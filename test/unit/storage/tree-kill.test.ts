// kill -9 while small files are written: none is ever seen half, and what is left goes with the next run.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstat, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { acquireLock } from '../../../src/storage/lock.js';
import { partialNames } from '../../../src/storage/partial-names.js';
import { ownIdentity } from '../../../src/storage/process-identity.js';
import { TemporaryNames } from '../../../src/storage/temporary-names.js';
import { chance } from '../../e2e/interrupting.js';
import { killPoint, tellKillPoints } from '../../e2e/kill-points.js';
import { names } from './fixture.js';
import { entry, makeTree, placed, PLACES, put, fileOf, targetFor, temporaryAt } from './tree-fixture.js';

const IO_MODES = ['sync', 'async'];
const TEN_NS = 10_000_000_000n;
const CHILD = fileURLToPath(new URL('./tree-kill-child.js', import.meta.url));

for (const place of PLACES) {
  for (const ioMode of IO_MODES) {
    it(`kill -9 leaves only whole files at ${place}, ${ioMode}`, async (t) => {
      const random = chance(t);
      const at = await temporaryAt(t, place);
      const child = spawn(process.execPath, [CHILD, at, ioMode], { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      await sleep(20 * random());
      killPoint();
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

  for (const checksum of [false, true]) {
    it(`beside a large file that had its name already goes${checksum ? ', compared by content' : ''}, and the directory keeps its time`, async (t) => {
      for (const name of ['big', '.hidden', 'größe', 'n'.repeat(250)]) {
        const at = await temporaryAt(t);
        await makeTree(at, { [`d/${name}`]: 'text' });
        const { journal, part, lock } = partialNames(path.join(at, 'd', name));
        for (const left of [journal, part]) await writeFile(left, '');
        // Of a process that is gone.
        await writeFile(lock, JSON.stringify({ ...(await ownIdentity()), start: '1' }));
        const [file, directory] = [entry('file', `d/${name}`, { size: 4, mtimeNs: TEN_NS }), entry('directory', 'd', { mtimeNs: TEN_NS })];
        await utimes(path.join(at, 'd', name), 10, 10);
        const target = await targetFor(t, at, { checksum, existing: 'overwrite' });
        assert.deepEqual(await placed(target, [entry('directory', ''), directory, file]), ['placed', 'placed', checksum ? 'compare' : 'equal']);
        if (checksum) await target.touch(file);
        assert.deepEqual(await target.finish(), []);
        assert.deepEqual(await names(path.join(at, 'd')), [name]);
        assert.equal((await lstat(path.join(at, 'd'), { bigint: true })).mtimeNs, TEN_NS);
      }
    });
  }

  it('beside a large file stays in a dry run, beside one that differs, and where another receiver holds it', async (t) => {
    const at = await temporaryAt(t);
    await makeTree(at, { held: 'text', differs: 'texts', tried: 'text' });
    const equal = entry('file', 'held', { size: 4, mtimeNs: TEN_NS });
    for (const name of ['held', 'differs', 'tried']) await utimes(path.join(at, name), 10, 10);
    const lock = await acquireLock(partialNames(path.join(at, 'held')), 'held');
    t.after(() => lock.release());
    for (const name of ['held', 'differs', 'tried']) await writeFile(partialNames(path.join(at, name)).part, '');
    const dry = await targetFor(t, at, { dryRun: true });
    await placed(dry, [entry('directory', ''), { ...equal, path: 'tried' }]);
    await dry.close();
    const target = await targetFor(t, at, { existing: 'skip' });
    assert.deepEqual(await placed(target, [entry('directory', ''), equal, { ...equal, path: 'differs' }]), ['placed', 'equal', 'kept']);
    await target.close();
    assert.deepEqual(await names(at), ['.differs.streamer-part', '.held.streamer-lock', '.held.streamer-part', '.tried.streamer-part', 'differs', 'held', 'tried']);
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

tellKillPoints(PLACES.length * IO_MODES.length);
