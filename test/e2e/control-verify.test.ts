import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { randomFile, sha256 } from '../support/cli.js';
import { begin, eventsOf, noJobsLeft, run, startSite } from './control-moving.js';

const CHECKSUM = /ops\/checksum/u;
const OTHER = JSON.stringify({ output: { algorithm: 'SHA256', checksum: 'ab'.repeat(32) } });

describe('what is checked afterwards', { concurrency: 2 }, () => {
  it('an upload whose content is another by FirecREST: exit 11, and it does not keep its name', async (t) => {
    const site = await startSite(t);
    await randomFile(path.join(site.here, 'mine'), 1000);
    site.gateway.fault({ path: CHECKSUM, mishap: { kind: 'text', status: 200, contentType: 'application/json', text: OTHER } });
    const { code, stderr } = await run(t, site, ['upload', 'mine', 'cluster:up', '--method', 'streamer']);
    assert.equal(code, 11, stderr);
    assert.match(stderr, /up is not what was sent, by FirecREST's checksum: it was removed.*\[control-verify\]/u);
    assert.equal(existsSync(path.join(site.there, 'up')), false);
    await noJobsLeft(site);
  });

  it('a download whose content is another: exit 11, and it is set aside', async (t) => {
    const site = await startSite(t);
    const hash = await randomFile(path.join(site.there, 'file'), 1000);
    site.gateway.fault({ path: CHECKSUM, mishap: { kind: 'text', status: 200, contentType: 'application/json', text: OTHER } });
    const { code, stderr } = await run(t, site, ['download', 'cluster:file', '--method', 'streamer']);
    assert.equal(code, 11, stderr);
    assert.match(stderr, /is not what was received.*set aside as .*file\.unverified-/u);
    const [aside = ''] = (await readdir(site.here)).filter((name) => name.startsWith('file'));
    assert.match(aside, /^file\.unverified-[0-9a-f]{6}$/u);
    assert.equal(await sha256(path.join(site.here, aside)), hash);
  });

  it("a checksum that takes too long: the receiver's own word, or both ends' digest, is told of", async (t) => {
    const site = await startSite(t);
    const hash = await randomFile(path.join(site.here, 'mine'), 1000);
    site.gateway.fault({ path: CHECKSUM, times: 10, mishap: { kind: 'status', status: 408, message: 'Command execution timeout' } });
    const up = await run(t, site, ['upload', 'mine', 'cluster:up', '--method', 'streamer']);
    assert.equal(up.code, 0, up.stderr);
    assert.match(up.stderr, /time limit is too short.*the receiver has compared its SHA-256 with ours/u);
    assert.match(up.stderr, /, verified$/mu);
    const down = await run(t, site, ['download', 'cluster:up', 'back', '--method', 'streamer']);
    assert.equal(down.code, 0, down.stderr);
    assert.match(down.stderr, /time limit is too short.*digests of both ends were equal/u);
    assert.equal(await sha256(path.join(site.here, 'back')), hash);
  });

  it('an upload that nothing vouches for: exit 11, and it is left', async (t) => {
    const site = await startSite(t);
    await randomFile(path.join(site.here, 'mine'), 1000);
    site.gateway.fault({ path: CHECKSUM, mishap: { kind: 'status', status: 408 } });
    site.gateway.fault({ path: /ops\/tail/u, times: 10, mishap: { kind: 'status', status: 404, message: 'No such file' } });
    const { code, stderr } = await run(t, site, ['upload', 'mine', 'cluster:up', '--method', 'streamer']);
    assert.equal(code, 11, stderr);
    assert.match(stderr, /nothing vouches for its content.*--no-verify/u);
    assert.equal(existsSync(path.join(site.there, 'up')), true);
  });

  it("an upload that is not there when the job is over, which has COMPLETED: the job's words are told", async (t) => {
    const site = await startSite(t);
    await randomFile(path.join(site.here, 'mine'), 1000);
    // The target and its directory are looked at before.
    site.gateway.fault({ path: /ops\/stat/u, after: 2, mishap: { kind: 'status', status: 404, message: 'No such file or directory' } });
    const { code, stderr } = await run(t, site, ['upload', 'mine', 'cluster:up', '--method', 'streamer']);
    assert.equal(code, 11, stderr);
    assert.match(stderr, /up was not received: it is not there; the job says: .*received successfully/u);
  });

  it('--no-verify asks for no checksum, and says that nobody has confirmed', async (t) => {
    const site = await startSite(t);
    await randomFile(path.join(site.here, 'mine'), 1000);
    const { code, stderr } = await run(t, site, ['upload', 'mine', 'cluster:up', '--method', 'streamer', '--no-verify']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /the receiver does not confirm on this wire/u);
    assert.equal(site.gateway.requests.some(({ path: asked }) => CHECKSUM.test(asked)), false);
  });
});

describe('FirecREST itself', { concurrency: 2 }, () => {
  it('moves small files both ways without a job, and keeps what is there', async (t) => {
    const site = await startSite(t);
    const [one, none] = [await randomFile(path.join(site.here, 'one'), 70_000), await randomFile(path.join(site.here, 'none'), 0)];
    const up = await run(t, site, ['upload', 'one', 'none', `cluster:${site.there}/`]);
    assert.equal(up.code, 0, up.stderr);
    assert.match(up.stderr, /^method ops: /mu);
    const down = await run(t, site, ['download', 'cluster:one', 'cluster:none', `${site.here}/back/`]);
    assert.equal(down.code, 8, down.stderr);
    await rm(path.join(site.here, 'one'));
    const again = await run(t, site, ['download', 'cluster:one', 'cluster:none', '.']);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /1 files moved, 1 equal/u);
    assert.equal(await sha256(path.join(site.here, 'one')), one);
    assert.equal(await sha256(path.join(site.there, 'none')), none);
    assert.deepEqual(await site.gateway.jobs(), []);
  });

  it('replaces only where that is asked', async (t) => {
    const site = await startSite(t);
    await writeFile(path.join(site.here, 'mine'), 'mine');
    await writeFile(path.join(site.there, 'theirs'), 'them');
    assert.equal((await run(t, site, ['upload', 'mine', 'cluster:theirs'])).code, 8);
    const kept = await run(t, site, ['upload', 'mine', 'cluster:theirs', '--skip-existing']);
    assert.equal(kept.code, 0);
    assert.match(kept.stderr, /1 left alone/u);
    const dry = await run(t, site, ['upload', 'mine', 'cluster:theirs', '--overwrite', '-n', '--method', 'ops']);
    assert.match(dry.stderr, /would move mine/u);
    assert.notEqual(await sha256(path.join(site.there, 'theirs')), await sha256(path.join(site.here, 'mine')));
    assert.equal((await run(t, site, ['upload', 'mine', 'cluster:theirs', '--overwrite'])).code, 0);
    assert.equal(await sha256(path.join(site.there, 'theirs')), await sha256(path.join(site.here, 'mine')));
    await writeFile(path.join(site.here, 'got'), 'old');
    assert.equal((await run(t, site, ['download', 'cluster:theirs', 'got', '--overwrite'])).code, 0);
    assert.equal(await sha256(path.join(site.here, 'got')), await sha256(path.join(site.here, 'mine')));
  });

  it('does not keep what arrived altered', async (t) => {
    const site = await startSite(t);
    await writeFile(path.join(site.here, 'mine'), 'mine');
    await writeFile(path.join(site.there, 'theirs'), 'them');
    const fault = { path: CHECKSUM, mishap: { kind: 'text', status: 200, contentType: 'application/json', text: OTHER } } as const;
    site.gateway.fault(fault);
    const up = await run(t, site, ['upload', 'mine', 'cluster:up', '--method', 'ops']);
    assert.equal(up.code, 11, up.stderr);
    assert.equal(existsSync(path.join(site.there, 'up')), false);
    site.gateway.fault(fault);
    const down = await run(t, site, ['download', 'cluster:theirs', 'got', '--method', 'ops']);
    assert.equal(down.code, 11, down.stderr);
    assert.equal(existsSync(path.join(site.here, 'got')), false);
  });
});

describe('what is told', { concurrency: 2 }, () => {
  it('--json: one object a line, phases and result; -q: only that a wire is not encrypted; a receipt', async (t) => {
    const site = await startSite(t);
    const hash = await randomFile(path.join(site.there, 'file'), 1000);
    const finished = await run(t, site, ['download', 'cluster:file', 'a', '--method', 'streamer', '--json', '--receipt', 'receipt']);
    assert.equal(finished.code, 0, finished.stdout);
    const events = eventsOf(finished);
    assert.deepEqual([...new Set(events.flatMap(({ event, phase }) => (event === 'phase' ? [phase] : [])))], ['method', 'asking', 'pending', 'running', 'ending', 'verifying', 'verified']);
    assert.equal(events.filter(({ event }) => event === 'done').length, 1);
    assert.ok(events.some(({ remainingMs }) => typeof remainingMs === 'number'));
    assert.doesNotMatch(finished.stdout, /eyJ/u);
    const quiet = await run(t, site, ['download', 'cluster:file', 'b', '--method', 'streamer', '-q']);
    assert.equal(quiet.stdout, '');
    assert.match(quiet.stderr, /^warning: the compat wire is not encrypted[^\n]*\n$/u);
    const receipt = JSON.parse(await readFile(path.join(site.here, 'receipt'), 'utf8')) as { entries: { sha256: string }[]; result: { verified: boolean } };
    assert.equal(receipt.entries[0]?.sha256, hash);
    assert.equal(receipt.result.verified, true);
  });

  it('several files with the streamer method take a job each, at most three at once, and are told of as one', async (t) => {
    const site = await startSite(t, { streamer: 'ours' });
    for (const name of ['a', 'b', 'c', 'd']) await randomFile(path.join(site.here, name), 300_000);
    const { code, stdout, stderr } = await run(t, site, ['upload', 'a', 'b', 'c', 'd', `cluster:${site.there}/`, '--method', 'streamer', '--json']);
    assert.equal(code, 0, `${stdout}${stderr}`);
    const done = eventsOf({ stdout }).filter(({ event }) => event === 'done') as unknown as { result: { size: number; entries: { moved: number }; verified: boolean } }[];
    assert.equal(done.length, 1);
    assert.equal(done[0]?.result.entries.moved, 4);
    assert.equal(done[0].result.size, 1_200_000);
    assert.equal(done[0].result.verified, true);
    assert.equal((await site.gateway.jobs()).length, 4);
    for (const name of ['a', 'b', 'c', 'd']) assert.equal(await sha256(path.join(site.there, name)), await sha256(path.join(site.here, name)));
  });

  it('several files of which one cannot: the others are stopped, and no job is left', async (t) => {
    const site = await startSite(t, { streamer: 'ours' });
    for (const name of ['a', 'b', 'c', 'd']) await randomFile(path.join(site.here, name), 300_000);
    site.gateway.fault({ method: 'POST', path: /transfer/u, after: 1, mishap: { kind: 'status', status: 400, message: 'no' } });
    site.gateway.system().course = { pendingMs: Infinity };
    const { code, stderr } = await run(t, site, ['upload', 'a', 'b', 'c', 'd', `cluster:${site.there}/`, '--method', 'streamer']);
    assert.equal(code, 11, stderr);
    await noJobsLeft(site);
    assert.ok((await site.gateway.jobs()).length < 4);
  });
});

describe('a long wait', { concurrency: 2 }, () => {
  it('outlives a system that is down for a while', async (t) => {
    const site = await startSite(t, { streamer: 'ours' });
    await randomFile(path.join(site.there, 'file'), 1000);
    site.gateway.system().course = { pendingMs: 3_000 };
    const child = begin(t, site, ['download', 'cluster:file', '--method', 'streamer']);
    await child.waitForLine(/job 1 waits in the queue/u, { stream: 'stderr' });
    site.gateway.system().health = { scheduler: false, ssh: true, filesystem: true };
    await child.waitForLine(/cannot see how job 1 is doing: .*unhealthy/u, { stream: 'stderr' });
    site.gateway.system().health = { scheduler: true, ssh: true, filesystem: true };
    const { code, stderr } = await child.exitWithin(60_000);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /cluster answers again/u);
  });

  it('outlives a token: a token command is asked for another', async (t) => {
    const site = await startSite(t, { streamer: 'ours' });
    await randomFile(path.join(site.there, 'file'), 1000);
    const token = path.join(site.here, 'token');
    await writeFile(token, site.gateway.tokenFor('alice'), { mode: 0o600 });
    site.gateway.system().course = { pendingMs: 3_000 };
    const { FIRECREST_TOKEN: _none, ...env } = site.env;
    const child = begin(t, { ...site, env: { ...env, FIRECREST_TOKEN_COMMAND: `cat ${token}` } }, ['download', 'cluster:file', '--method', 'streamer']);
    await child.waitForLine(/job 1 waits in the queue/u, { stream: 'stderr' });
    const before = site.gateway.requests.length;
    site.gateway.expireTokens();
    writeFileSync(token, site.gateway.tokenFor('alice'));
    const { code, stderr } = await child.exitWithin(60_000);
    assert.equal(code, 0, stderr);
    assert.ok(site.gateway.requests.length > before);
    assert.doesNotMatch(stderr, /expire|token/iu);
  });
});
