import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFile, sha256 } from '../support/cli.js';
import type { JobCourse } from '../support/gateway/system.js';
import { begin, eventsOf, jobsLeft, jobStates, noJobsLeft, run, startSite, type Site } from './control-moving.js';

const MIB = 1024 * 1024;

/** A site with one file of this size at either end. */
async function withFile(t: TestContext, size: number, system: Parameters<typeof startSite>[1] = {}): Promise<Site & { readonly hash: string }> {
  const site = await startSite(t, system);
  await randomFile(path.join(site.there, 'file'), size);
  const hash = await randomFile(path.join(site.here, 'mine'), size);
  return { ...site, hash };
}

const DOWN = ['download', 'cluster:file', 'got', '--method', 'streamer'] as const;
const UP = ['upload', 'mine', 'cluster:up', '--method', 'streamer'] as const;

/** Told when some has moved, and not all. */
const PART = /^[1-9]\d?% .* of 20\.0 MiB/u;

/** Requests that ask for a job. */
const posts = ({ gateway }: Site) => gateway.requests.filter(({ method }) => method === 'POST').length;

describe('a job that does not do', { concurrency: 2 }, () => {
  it('fails: its own words and state are told, and it is not cancelled again', async (t) => {
    const site = await withFile(t, 1000);
    site.gateway.system().course = { failsWith: 3 };
    const { code, stderr } = await run(t, site, DOWN);
    assert.equal(code, 11);
    assert.match(stderr, /^streamer: job 1 ended \(FAILED, exit status 3\) before its server could be reached; .*\[control-job\]$/mu);
    assert.equal(existsSync(path.join(site.here, 'got')), false);
  });

  it('is cancelled by somebody while it waits: that is told at once', async (t) => {
    const site = await withFile(t, 1000);
    site.gateway.system().course = { pendingMs: Infinity, cancelledAfterMs: 1_500 };
    const { code, stderr } = await run(t, site, UP);
    assert.equal(code, 11);
    assert.match(stderr, /job 1 ended \(CANCELLED\)/u);
  });

  it('meets its time limit, and its own log says so', async (t) => {
    const site = await withFile(t, 1000);
    site.gateway.system().course = { portsShut: true, limitMs: 1_500 };
    const { code, stderr } = await run(t, site, DOWN);
    assert.equal(code, 11);
    assert.match(stderr, /job 1 ended \(TIMEOUT.*CANCELLED AT .* DUE TO TIME LIMIT/u);
    assert.doesNotMatch(stderr, /eyJ/u);
  });

  it('is never started: it is cancelled when that takes too long', async (t) => {
    const site = await withFile(t, 1000);
    site.gateway.system().course = { pendingMs: Infinity };
    const { code, stderr } = await run(t, site, [...DOWN, '--start-timeout', '2s']);
    assert.equal(code, 10);
    assert.match(stderr, /job 1 waits in the queue.* has not begun within 2\.0 s; give it longer with --start-timeout \[timeout-wait\]/u);
    assert.deepEqual(await jobStates(site), ['CANCELLED']);
  });

  it('cannot be reached from here: that is said, and it is cancelled', async (t) => {
    const site = await withFile(t, 1000);
    site.gateway.system().course = { portsShut: true };
    const { code, stderr } = await run(t, site, [...DOWN, '--connect-timeout', '2s']);
    assert.equal(code, 5);
    assert.match(stderr, /job 1 runs, but there is no way to its server from here.*--method agent/u);
    await noJobsLeft(site);
  });

  it('is not asked for twice when FirecREST answers 500 and has queued it all the same; none is left', async (t) => {
    const site = await withFile(t, 1000);
    site.gateway.system().course = { pendingMs: Infinity };
    site.gateway.fault({ method: 'POST', path: /transfer/u, mishap: { kind: 'done-but', status: 500, message: "('Channel not open for sending',)" } });
    const child = begin(t, site, DOWN);
    await child.waitForLine(/job 1 waits in the queue|\[control-answer\]/u, { stream: 'stderr' });
    child.kill('SIGINT');
    await child.exit;
    assert.equal(posts(site), 1);
    await noJobsLeft(site);
  });
});

describe('what is refused before a job is asked for', { concurrency: 3 }, () => {
  const refused: readonly (readonly [name: string, args: readonly string[], code: number, words: RegExp])[] = [
    ['a source that is missing there', ['download', 'cluster:none', '--method', 'streamer'], 8, /cluster has no .*\/none/u],
    ['a source that is missing here', ['upload', 'none', 'cluster:up', '--method', 'streamer'], 8, /none.* does not exist/u],
    ['a directory here that is missing', ['download', 'cluster:file', 'none/got', '--method', 'streamer'], 8, /directory .*none does not exist/u],
    ['a directory there that is missing', ['upload', 'mine', 'cluster:none/up', '--method', 'streamer'], 8, /has no directory .*\/none/u],
    ['a target here that exists', ['download', 'cluster:file', 'mine', '--method', 'streamer'], 8, /mine exists already/u],
    ['a target there that exists', ['upload', 'mine', 'cluster:file', '--method', 'streamer'], 8, /cluster:.*\/file exists already/u],
    ['replacing, which that wire cannot', ['upload', 'mine', 'cluster:file', '--method', 'streamer', '--overwrite'], 11, /never replaces.*--method (?:ops|agent) can/u],
    ['a file over the limit', ['upload', 'mine', 'cluster:up', '--method', 'streamer'], 11, /the site accepts 4\.00 MiB/u],
    ['a directory', ['download', 'cluster:dir', '--method', 'streamer'], 11, /is a directory; --method agent can/u],
    ['a name that the script cannot carry', ['download', 'cluster:a b', '--method', 'streamer'], 11, /cannot carry the name .*a b/u],
    ['a name that would be a command', ['upload', 'mine', 'cluster:x;touch pwned', '--method', 'streamer'], 11, /cannot carry the name/u],
    ['an unknown system', ['download', 'nowhere:file'], 11, /no system nowhere.*cluster/u],
    ['a path without a system', ['download', '/etc/hostname'], 2, /which system/u],
    ['a path with ..', ['download', 'cluster:../x'], 2, /without "\.\."/u],
    ['standard output', ['download', 'cluster:file', '-'], 2, /not to standard output/u],
  ];
  for (const [name, args, code, words] of refused) {
    it(name, async (t) => {
      const site = await withFile(t, 2000, name.includes('limit') ? { inboundTransferLimit: 4 * MIB } : {});
      await mkdir(path.join(site.there, 'dir'));
      await writeFile(path.join(site.there, 'a b'), 'x');
      const finished = await run(t, site, args);
      assert.equal(finished.code, code, finished.stderr);
      assert.match(finished.stderr, words);
      assert.equal(posts(site), 0);
      assert.equal((await readdir(site.there)).includes('pwned'), false);
    });
  }

  it('the same command again has nothing to do, and says that both are equal', async (t) => {
    const site = await withFile(t, 1000);
    await writeFile(path.join(site.here, 'same'), await readFile(path.join(site.there, 'file')));
    const { code, stdout, stderr } = await run(t, site, ['upload', 'same', 'cluster:file', '--method', 'streamer', '--json']);
    assert.equal(code, 0, stderr);
    const done = eventsOf({ stdout }).find(({ event }) => event === 'done') as { result: { entries: { equal: number; moved: number } } };
    assert.equal(done.result.entries.equal, 1);
    assert.equal(done.result.entries.moved, 0);
    assert.equal(posts(site), 0);
  });
});

describe('what is stopped leaves no job', { concurrency: 2 }, () => {
  const phases: readonly (readonly [name: string, args: readonly string[], course: JobCourse & { readonly late?: boolean }, line: RegExp])[] = [
    ['while it is being asked for', DOWN, { late: true }, /asking cluster for a job/u],
    ['while it waits in the queue', DOWN, { pendingMs: Infinity }, /job 1 waits in the queue/u],
    ['while its server is looked for', UP, { portsShut: true }, /job 1 runs/u],
  ];
  for (const [name, args, course, line] of phases) {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      it(`${signal} ${name}`, async (t) => {
        const site = await withFile(t, 1000);
        const { late, ...rest } = course;
        site.gateway.system().course = late === true ? { pendingMs: Infinity } : rest;
        if (late === true) site.gateway.fault({ method: 'POST', path: /transfer/u, mishap: { kind: 'late', delayMs: 2_000 } });
        const child = begin(t, site, args);
        await child.waitForLine(line, { stream: 'stderr' });
        child.kill(signal);
        const { code } = await child.exitWithin(60_000);
        assert.equal(code, signal === 'SIGINT' ? 130 : 143);
        await noJobsLeft(site);
        assert.equal(posts(site), 1);
      });
    }
  }

  it('SIGINT while bytes move up: the part is removed, so that the name is free again', async (t) => {
    const site = await withFile(t, 20 * MIB);
    const child = begin(t, site, [...UP, '--rate', '1MiB']);
    await child.waitForLine(PART, { stream: 'stderr' });
    assert.ok((await stat(path.join(site.there, 'up'))).size < 20 * MIB);
    child.kill('SIGINT');
    assert.equal((await child.exitWithin(60_000)).code, 130);
    await noJobsLeft(site);
    assert.equal(existsSync(path.join(site.there, 'up')), false);
  });

  it('--keep-job leaves it, says how to go on, and the same command does', async (t) => {
    const site = await withFile(t, 3 * MIB);
    site.gateway.system().course = { pendingMs: 6_000 };
    const child = begin(t, site, [...UP, '--keep-job']);
    await child.waitForLine(/job 1 waits in the queue/u, { stream: 'stderr' });
    child.kill('SIGINT');
    const { code, stderr } = await child.exitWithin(60_000);
    assert.equal(code, 130);
    assert.match(stderr, /job 1 is left as it is.*run the same command again/u);
    assert.equal(await jobsLeft(site), 1);
    const again = await run(t, site, UP);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /job 1 of an earlier run is still there: going on with it/u);
    assert.equal(await sha256(path.join(site.there, 'up')), site.hash);
    assert.equal(posts(site), 1);
  });
});

describe('what is killed', { concurrency: 2 }, () => {
  it('while its job waits: the next run goes on with that job', async (t) => {
    const site = await withFile(t, 1000);
    site.gateway.system().course = { pendingMs: 5_000 };
    const child = begin(t, site, DOWN);
    await child.waitForLine(/job 1 waits in the queue/u, { stream: 'stderr' });
    await child.stop();
    const again = await run(t, site, DOWN);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /going on with it/u);
    assert.deepEqual(await jobStates(site), ['COMPLETED']);
  });

  it('between the question for a job and its answer: the next run finds that job, and goes on with it', async (t) => {
    const site = await withFile(t, 1000);
    site.gateway.system().course = { pendingMs: 4_000 };
    site.gateway.fault({ method: 'POST', path: /transfer/u, mishap: { kind: 'late', delayMs: 30_000 } });
    const child = begin(t, site, UP);
    await child.waitForLine(/asking cluster for a job/u, { stream: 'stderr' });
    while ((await jobsLeft(site)) === 0) await sleep(50);
    await child.stop();
    const again = await run(t, site, UP);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /job 1 of an earlier run is still there: going on with it/u);
    assert.equal(await sha256(path.join(site.there, 'up')), site.hash);
    assert.deepEqual(await jobStates(site), ['COMPLETED']);
  });

  it("during an upload to the reference's server: its part is removed by the next run, which uploads anew", async (t) => {
    const site = await withFile(t, 20 * MIB);
    const child = begin(t, site, [...UP, '--rate', '1MiB']);
    await child.waitForLine(PART, { stream: 'stderr' });
    await child.stop();
    const again = await run(t, site, UP);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /removed the part of an upload that was interrupted/u);
    assert.equal(await sha256(path.join(site.there, 'up')), site.hash);
    await noJobsLeft(site);
  });

  it("in the moment in which it is connected to the reference's server: that is known, and the name is free again", async (t) => {
    const site = await withFile(t, 20 * MIB);
    const child = begin(t, site, [...UP, '--rate', '1MiB']);
    await child.waitForLine(/^connected to .*compat wire/u, { stream: 'stderr' });
    await child.stop();
    const [record = ''] = (await readdir(path.join(site.here, '.config/streamer/jobs'))).filter((name) => name.endsWith('.json'));
    assert.match(await readFile(path.join(site.here, '.config/streamer/jobs', record), 'utf8'), /"wire":"compat"/u);
    const again = await run(t, site, UP);
    assert.equal(again.code, 0, again.stderr);
    assert.equal(await sha256(path.join(site.there, 'up')), site.hash);
    await noJobsLeft(site);
  });

  it('during an upload to our server: the next run goes on with its job, and with what it has moved', async (t) => {
    const site = await withFile(t, 20 * MIB, { streamer: 'ours' });
    const child = begin(t, site, [...UP, '--rate', '2MiB']);
    await child.waitForLine(PART, { stream: 'stderr' });
    await child.stop();
    const again = await run(t, site, UP);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /going on with it/u);
    assert.match(again.stderr, /resuming at/u);
    assert.equal(await sha256(path.join(site.there, 'up')), site.hash);
    assert.equal(posts(site), 1);
    await noJobsLeft(site);
  });

  it('a second run of the same transfer meanwhile is refused', async (t) => {
    const site = await withFile(t, 1000);
    site.gateway.system().course = { pendingMs: Infinity };
    const child = begin(t, site, UP);
    await child.waitForLine(/job 1 waits in the queue/u, { stream: 'stderr' });
    const { code, stderr } = await run(t, site, UP);
    assert.equal(code, 8);
    assert.match(stderr, /another run of this transfer goes on/u);
    child.kill('SIGINT');
    await child.exit;
    assert.equal(posts(site), 1);
    await noJobsLeft(site);
  });
});
