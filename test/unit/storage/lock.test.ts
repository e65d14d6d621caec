import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { acquireLock, LEASE_MS } from '../../../src/storage/lock.js';
import { partialNames } from '../../../src/storage/partial-names.js';
import { isRunning, ownIdentity } from '../../../src/storage/process-identity.js';
import { failsWith, names, temporary } from './fixture.js';

async function setup(t: TestContext) {
  const directory = await temporary(t);
  const target = path.join(directory, 'x');
  const files = partialNames(target);
  const acquire = async () => {
    const lock = await acquireLock(files, target);
    t.after(() => lock.release());
    return lock;
  };
  return { directory, target, files, acquire };
}

/** The pid of a process that has ended. */
async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

describe('acquireLock', () => {
  it('takes, holds and releases', async (t) => {
    const { directory, acquire } = await setup(t);
    const lock = await acquire();
    assert.deepEqual(await names(directory), ['.x.streamer-lock']);
    assert.equal(lock.uid, BigInt(process.geteuid?.() ?? 0));
    await lock.assertHeld();
    await lock.release();
    await lock.release();
    assert.deepEqual(await names(directory), []);
    await (await acquire()).assertHeld();
  });

  it('refuses while a live process holds it, naming pid and host', async (t) => {
    const { directory, files, acquire } = await setup(t);
    const self = await ownIdentity();
    await writeFile(files.lock, JSON.stringify({ ...self, pid: process.ppid, start: '' }));
    await assert.rejects(acquire(), failsWith('storage-locked', new RegExp(`process ${process.ppid} on ${self.host}`, 'u')));
    assert.deepEqual(await names(directory), ['.x.streamer-lock']);
  });

  it('refuses what this process holds itself, and says so', async (t) => {
    const { directory, acquire } = await setup(t);
    const lock = await acquire();
    await assert.rejects(acquire(), failsWith('storage-locked', /is being received already by this program itself: under another name/u));
    assert.deepEqual(await names(directory), ['.x.streamer-lock']);
    await lock.assertHeld();
  });

  it('gives one of many at once the lock', async (t) => {
    const { acquire } = await setup(t);
    const results = await Promise.allSettled(Array.from({ length: 8 }, acquire));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of results) if (result.status === 'rejected') assert.ok(failsWith('storage-locked')(result.reason));
  });

  it('takes over from a dead process of this host at once, one winner among many', async (t) => {
    const { files, acquire } = await setup(t);
    const self = await ownIdentity();
    await writeFile(files.lock, JSON.stringify({ ...self, pid: await deadPid() }));
    const results = await Promise.allSettled(Array.from({ length: 8 }, acquire));
    assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
  });

  it('takes over where the pid belongs to a later process', async (t) => {
    const { files, acquire } = await setup(t);
    const self = await ownIdentity();
    if (self.start === '') {
      t.skip('no /proc: start times cannot be known');
      return;
    }
    await writeFile(files.lock, JSON.stringify({ ...self, start: '1' }));
    await acquire();
  });

  it("honours another host's lock while it is fresh, and no longer", async (t) => {
    const { files, acquire } = await setup(t);
    await writeFile(files.lock, JSON.stringify({ pid: 5, host: 'nid00001', place: 'elsewhere', start: '1' }));
    await assert.rejects(acquire(), failsWith('storage-locked', /process 5 on nid00001/u));
    const old = new Date(Date.now() - LEASE_MS - 1000);
    await utimes(files.lock, old, old);
    await acquire();
  });

  it('treats a lock that says nothing as a lease', async (t) => {
    const { files, acquire } = await setup(t);
    for (const text of ['', '{"pid":-1,"host":"","place":"","start":""}', '[', 'null', 'x'.repeat(10_000)]) {
      await writeFile(files.lock, text);
      await assert.rejects(acquire(), failsWith('storage-locked', /another process/u));
    }
    const old = new Date(Date.now() - LEASE_MS - 1000);
    await utimes(files.lock, old, old);
    await acquire();
  });

  it('removes what a process killed while it was in there left', async (t) => {
    const { directory, files, acquire } = await setup(t);
    await writeFile(files.lockNext, JSON.stringify({ ...(await ownIdentity()), pid: await deadPid() }));
    await acquire();
    assert.deepEqual(await names(directory), ['.x.streamer-lock']);
  });

  it('is touched by a refresh', async (t) => {
    const { files, acquire } = await setup(t);
    const lock = await acquire();
    const text = await readFile(files.lock, 'utf8');
    const old = new Date(Date.now() - LEASE_MS);
    await utimes(files.lock, old, old);
    await Promise.all([lock.refresh(), lock.refresh()]);
    assert.ok(Date.now() - (await stat(files.lock)).mtimeMs < LEASE_MS / 2);
    assert.equal(await readFile(files.lock, 'utf8'), text);
  });

  it('notices that another process took over, and leaves its lock alone', async (t) => {
    const { directory, files, acquire } = await setup(t);
    const lock = await acquire();
    const other = path.join(directory, 'other');
    await writeFile(other, JSON.stringify({ pid: 6, host: 'nid00002', place: 'elsewhere', start: '1' }));
    await rename(other, files.lock);
    await assert.rejects(lock.assertHeld(), failsWith('storage-locked', /process 6 on nid00002/u));
    await lock.release();
    assert.deepEqual(await names(directory), ['.x.streamer-lock']);
  });

  it('notices that its directory is gone', async (t) => {
    const { directory, acquire } = await setup(t);
    const lock = await acquire();
    await rm(directory, { recursive: true });
    await assert.rejects(lock.assertHeld(), failsWith('storage-missing'));
    await lock.release();
  });

  it('leaves nothing when it cannot be taken', async (t) => {
    const { directory, files, acquire } = await setup(t);
    await mkdir(files.lock);
    await assert.rejects(acquire(), failsWith('storage-not-a-file'));
    assert.deepEqual(await names(directory), ['.x.streamer-lock']);
  });
});

describe('isRunning', () => {
  it('knows this process, a dead one, and a zombie', async (t) => {
    const self = await ownIdentity();
    assert.ok(await isRunning(self));
    assert.ok(!(await isRunning({ ...self, pid: await deadPid() })));
    if (self.start === '') {
      t.skip('no /proc: zombies cannot be told');
      return;
    }
    // The shell starts a child that ends at once, and becomes a program that never waits for it.
    const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60']);
    t.after(() => parent.kill('SIGKILL'));
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const zombie = Number(line.toString());
    while (!/\) [ZX]/u.test(await readFile(`/proc/${zombie}/stat`, 'utf8').catch(() => ') X'))) await new Promise(setImmediate);
    assert.ok(!(await isRunning({ ...self, pid: zombie, start: '' })));
  });
});
