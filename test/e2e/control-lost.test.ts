import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { freePort, randomFile, sha256 } from '../support/cli.js';
import { begin, jobStates, noJobsLeft, run, startSite, type Site } from './control-moving.js';

const MIB = 1024 * 1024;

/** A site whose jobs are reached through a proxy that resets links, each after so many bytes, as often as it is told. */
async function behindProxy(t: TestContext, cuts: number, afterBytes: number): Promise<Site> {
  const port = await freePort();
  const site = await startSite(t, { portRange: [port, port] });
  const system = site.gateway.system();
  system.course = { portsShut: true };
  const sockets = new Set<Socket>();
  let left = cuts;
  const server = createServer((near) => {
    const far = connect(system.otherPorts[0], '127.0.0.1');
    let passed = 0;
    for (const [from, to] of [[near, far], [far, near]] as const) {
      sockets.add(from);
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      from.on('data', (bytes: Buffer) => {
        passed += bytes.length;
        if (left > 0 && passed > afterBytes) {
          left -= 1;
          near.resetAndDestroy();
          far.resetAndDestroy();
        } else if (!to.write(bytes)) {
          from.pause();
          to.once('drain', () => from.resume());
        }
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return site;
}

describe("a link to the reference's server that is lost", { concurrency: 2 }, () => {
  it('upwards: the part is removed when the job is over, and another job takes the file', async (t) => {
    const site = await behindProxy(t, 1, 6 * MIB);
    const hash = await randomFile(path.join(site.here, 'mine'), 20 * MIB);
    const { code, stderr } = await run(t, site, ['upload', 'mine', 'cluster:up', '--method', 'streamer']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /removed the part of an upload.*\n.*asking for another job/u);
    assert.equal(await sha256(path.join(site.there, 'up')), hash);
    assert.equal((await jobStates(site)).length, 2);
    await noJobsLeft(site);
  });

  it('downwards: another job sends it', async (t) => {
    const site = await behindProxy(t, 1, 6 * MIB);
    const hash = await randomFile(path.join(site.there, 'file'), 20 * MIB);
    const { code, stderr } = await run(t, site, ['download', 'cluster:file', '--method', 'streamer']);
    assert.equal(code, 0, stderr);
    assert.equal(await sha256(path.join(site.here, 'file')), hash);
    assert.equal((await jobStates(site)).length, 2);
  });

  it('again and again: after three jobs that is the end, and nothing is left', async (t) => {
    const site = await behindProxy(t, 100, 6 * MIB);
    await randomFile(path.join(site.here, 'mine'), 20 * MIB);
    const { code, stderr } = await run(t, site, ['upload', 'mine', 'cluster:up', '--method', 'streamer']);
    assert.equal(code, 5, stderr);
    assert.equal((await jobStates(site)).length, 3);
    assert.equal(existsSync(path.join(site.there, 'up')), false);
    await noJobsLeft(site);
  });

  it('because somebody cancelled its job: no other is asked for', async (t) => {
    const site = await startSite(t);
    await randomFile(path.join(site.here, 'mine'), 20 * MIB);
    const child = begin(t, site, ['upload', 'mine', 'cluster:up', '--method', 'streamer', '--rate', '1MiB']);
    await child.waitForLine(/^[1-9]\d?% .* of 20\.0 MiB/u, { stream: 'stderr' });
    const answer = await fetch(`${site.gateway.url}/compute/cluster/jobs/1`, { method: 'DELETE', headers: { Authorization: `Bearer ${site.gateway.tokenFor('alice')}` } });
    assert.equal(answer.status, 204);
    const { code, stderr } = await child.exitWithin(60_000);
    assert.equal(code, 11, stderr);
    assert.match(stderr, /job 1 ended \(CANCELLED\) during the transfer/u);
    assert.equal((await jobStates(site)).length, 1);
    assert.equal(existsSync(path.join(site.there, 'up')), false);
  });

  it('a file that appeared under the name meanwhile is not taken for a part', async (t) => {
    const site = await startSite(t);
    await randomFile(path.join(site.here, 'mine'), 5000);
    site.gateway.system().course = { pendingMs: 3_000 };
    const child = begin(t, site, ['upload', 'mine', 'cluster:up', '--method', 'streamer']);
    await child.waitForLine(/job 1 waits in the queue/u, { stream: 'stderr' });
    await writeFile(path.join(site.there, 'up'), "somebody else's");
    const { code } = await child.exitWithin(60_000);
    assert.notEqual(code, 0);
    assert.equal(existsSync(path.join(site.there, 'up')), true);
  });
});
