/**
 * `streamer download` and `streamer upload` by the agent, at a site that has no transfer service: the commands, FirecREST's routes,
 * jobs and a relay are there as users have them.
 */
import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { randomFile, runStreamer, sha256, startStreamer, tempDir, type Child, type Finished } from '../support/cli.js';
import { startGateway, type Gateway } from '../support/gateway/gateway.js';
import type { SystemOptions } from '../support/gateway/system.js';
import { startRelay } from '../support/relay.js';
import { journalled } from './interrupting.js';
import { HUNG_MS } from './moving.js';

interface Site {
  readonly gateway: Gateway;
  /** The user's home on the cluster. */
  readonly there: string;
  readonly here: string;
  readonly env: Readonly<Record<string, string>>;
}

async function siteFor(t: TestContext, system: SystemOptions = {}): Promise<Site> {
  const gateway = await startGateway(t, { systems: [{ name: 'noxfer', streamer: 'none', maxOpsFileSize: 1024 * 1024, ...system }], halfFilledMs: 0, startDelayMs: 50 });
  const directory = await tempDir(t);
  const here = path.join(directory, 'here');
  await mkdir(here);
  const env = { FIRECREST_URL: gateway.url, FIRECREST_TOKEN: gateway.tokenFor('alice'), XDG_CONFIG_HOME: path.join(directory, 'config') };
  return { gateway, there: gateway.home, here, env };
}

const NODE = ['--node', `file:${process.execPath}`];
/** Where a node of the tests is reached. */
const DIRECT = ['--public-ips', '127.0.0.1', '--port-range', '0', '0'];

const words = (name: 'download' | 'upload', paths: readonly string[], options: readonly string[]) => [name, '--method', 'agent', ...NODE, ...options, '--', ...paths];

function run(t: TestContext, { env }: Site, name: 'download' | 'upload', paths: readonly string[], options: readonly string[] = DIRECT): Promise<Finished> {
  return runStreamer(t, words(name, paths, options), { env });
}

function start(t: TestContext, { env }: Site, name: 'download' | 'upload', paths: readonly string[], options: readonly string[] = DIRECT): Child {
  return startStreamer(t, words(name, paths, options), { env });
}

function assertDone({ code, stdout, stderr }: Finished): void {
  assert.equal(code, 0, stdout + stderr);
}

/** The agent is there, and nothing else; no job is left. */
async function assertTidy({ gateway, there }: Site): Promise<void> {
  const left = await readdir(path.join(there, '.streamer'));
  assert.equal(left.length, 1, left.join(' '));
  assert.match(left[0] ?? '', /^streamer-agent-[0-9a-f]{12}\.cjs$/u);
  // One that was cancelled has a moment to end in.
  for (let left = 500; left > 0 && (await gateway.jobs()).some(({ overAtMs }) => overAtMs === undefined); left -= 1) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const { id, overAtMs } of await gateway.jobs()) assert.notEqual(overAtMs, undefined, `job ${id} goes on`);
}

const uploads = ({ gateway }: Site): number => gateway.requests.filter(({ method, path: route }) => method === 'POST' && route.includes('/ops/upload')).length;

const NAMES = ['plain', 'a b', "it's", '$HOME', 'a;touch pwned', '"q"', 'é'];

describe('the agent, at a site without a transfer service', { concurrency: 2 }, () => {
  it('is what auto takes for what is too large for FirecREST, and downloads a file', async (t) => {
    const site = await siteFor(t);
    const sum = await randomFile(path.join(site.there, 'run.h5'), 3_000_000);
    const ended = await runStreamer(t, ['download', ...NODE, ...DIRECT, 'noxfer:run.h5', site.here], { env: site.env });
    assertDone(ended);
    assert.match(ended.stderr, /^method agent: /mu);
    assert.match(ended.stderr, /^made you an identity/mu);
    assert.match(ended.stderr, /encrypted \(AES-256-GCM\).*verified/u);
    assert.equal(await sha256(path.join(site.here, 'run.h5')), sum);
    await assertTidy(site);
  });

  it('downloads and uploads directories with names that mean something to shells, each by one job', async (t) => {
    const site = await siteFor(t);
    const source = path.join(site.there, 'a tree;$x');
    await mkdir(path.join(source, 'sub'), { recursive: true });
    const sums = new Map<string, string>();
    for (const name of NAMES) sums.set(name, await randomFile(path.join(source, 'sub', name), 50_000));
    assertDone(await run(t, site, 'download', ['noxfer:a tree;$x', path.join(site.here, 'got')]));
    for (const [name, sum] of sums) assert.equal(await sha256(path.join(site.here, 'got/sub', name)), sum);
    assertDone(await run(t, site, 'upload', [path.join(site.here, 'got'), "noxfer:back 'n' forth"]));
    for (const [name, sum] of sums) assert.equal(await sha256(path.join(site.there, "back 'n' forth/sub", name)), sum);
    assert.equal((await site.gateway.jobs()).length, 2);
    assert.deepEqual((await readdir(site.there)).sort(), ['.streamer', 'a tree;$x', "back 'n' forth"]);
    await assertTidy(site);
  });

  it('downloads and uploads many paths by one job', async (t) => {
    const site = await siteFor(t);
    const sums = new Map<string, string>();
    for (const name of NAMES) sums.set(name, await randomFile(path.join(site.there, name), 20_000));
    assertDone(await run(t, site, 'download', [...NAMES.map((name) => `noxfer:${name}`), site.here]));
    for (const [name, sum] of sums) assert.equal(await sha256(path.join(site.here, name)), sum);
    await mkdir(path.join(site.there, 'all'));
    assertDone(await run(t, site, 'upload', [...NAMES.map((name) => path.join(site.here, name)), 'noxfer:all']));
    for (const [name, sum] of sums) assert.equal(await sha256(path.join(site.there, 'all', name)), sum);
    assert.equal((await site.gateway.jobs()).length, 2);
    await assertTidy(site);
  });

  for (const name of ['download', 'upload'] as const) {
    it(`goes through a relay, and its node opens no port: ${name}`, async (t) => {
      const site = await siteFor(t);
      const tokens = path.join(site.here, 'tokens');
      await writeFile(tokens, 'alice relay-token-of-alice-0123\n', { mode: 0o600 });
      const relay = await startRelay(t, ['--token-file', tokens]);
      const tokenFile = path.join(site.there, 'relay token');
      await writeFile(tokenFile, 'relay-token-of-alice-0123\n', { mode: 0o600 });
      const [there, here] = [path.join(site.there, 'x'), path.join(site.here, 'x')];
      const sum = await randomFile(name === 'download' ? there : here, 2_000_000);
      const ended = await run(t, site, name, name === 'download' ? ['noxfer:x', here] : [here, 'noxfer:x'], ['--relay', relay.url, '--relay-token-file', tokenFile]);
      assertDone(ended);
      assert.match(ended.stderr, /, a relay: ws:\/\/127/u);
      assert.equal(await sha256(name === 'download' ? here : there), sum);
      assert.doesNotMatch((await site.gateway.jobs())[0]?.script ?? '', /--host|--public-ips/u);
      await assertTidy(site);
    });
  }

  it('says that there is no way to the node, and what to do', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    const ended = await run(t, site, 'download', ['noxfer:x', site.here], ['--public-ips', '192.0.2.1', '--port-range', '0', '0', '--connect-timeout', '300ms']);
    assert.equal(ended.code, 5, ended.stderr);
    assert.match(ended.stderr, /^streamer: job 1 waits on noxfer, but there is no way to it from here: .*--relay \[connect-failed\]$/mu);
    await assertTidy(site);
  });

  it('says that there is no Node on the node, and what to do, with the log kept', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    const ended = await runStreamer(t, ['download', '--method', 'agent', '--node', 'file:/none/node', ...DIRECT, 'noxfer:x', site.here], { env: site.env });
    assert.equal(ended.code, 11, ended.stderr);
    const log = /^streamer: job 1 could not begin: cannot run \/none\/node, which --node names \(--node: .*\); its log: noxfer:(\S+) \[control-job\]$/mu.exec(ended.stderr)?.[1];
    assert.ok(log, ended.stderr);
    assert.match(await readFile(log, 'utf8'), /cannot run/u);
  });

  for (const name of ['download', 'upload'] as const) {
    it(`asks for no job where its target is there already: ${name}`, async (t) => {
      const site = await siteFor(t);
      const [there, here] = [path.join(site.there, 'x'), path.join(site.here, 'x')];
      await writeFile(there, 'there');
      await writeFile(here, 'here');
      const paths = name === 'download' ? ['noxfer:x', here] : [here, 'noxfer:x'];
      const refused = await run(t, site, name, paths);
      assert.equal(refused.code, 8, refused.stderr);
      assert.match(refused.stderr, /\[storage-exists\]$/mu);
      assert.equal((await site.gateway.jobs()).length, 0);
      const ended = await run(t, site, name, paths, [...DIRECT, '--overwrite', '--verify']);
      assertDone(ended);
      assert.match(ended.stderr, /^FirecREST's checksum is the same: noxfer:.*\/x$/mu);
      assert.equal(await readFile(name === 'download' ? here : there, 'utf8'), name === 'download' ? 'there' : 'here');
      const jobs = (await site.gateway.jobs()).length;
      const again = await run(t, site, name, paths);
      assertDone(again);
      assert.match(again.stderr, /1 equal/u, 'the same command again has nothing to do');
      assert.equal((await site.gateway.jobs()).length, jobs);
    });
  }

  it('is brought once, and again where it is damaged', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    assertDone(await run(t, site, 'download', ['noxfer:x', path.join(site.here, '1')]));
    assertDone(await run(t, site, 'download', ['noxfer:x', path.join(site.here, '2')]));
    assert.equal(uploads(site), 1);
    const [name = ''] = await readdir(path.join(site.there, '.streamer'));
    await truncate(path.join(site.there, '.streamer', name), 200_000);
    const ended = await run(t, site, 'download', ['noxfer:x', path.join(site.here, '3')]);
    assertDone(ended);
    assert.match(ended.stderr, /^the agent on noxfer is damaged: bringing it anew$/mu);
    assert.equal(uploads(site), 2);
    await assertTidy(site);
  });

  it('cannot be used where the site takes less than it is, and says so', async (t) => {
    const site = await siteFor(t, { maxOpsFileSize: 100_000 });
    await randomFile(path.join(site.there, 'x'), 200_000);
    const ended = await run(t, site, 'download', ['noxfer:x', site.here]);
    assert.equal(ended.code, 11, ended.stderr);
    assert.match(ended.stderr, /noxfer takes files of 97\.7 KiB at the most, and the agent is .*\[control-unsuitable\]$/mu);
    assert.equal((await site.gateway.jobs()).length, 0);
  });

  it('says what the server could not read, although everything that it sent has arrived', async (t) => {
    const site = await siteFor(t);
    await mkdir(path.join(site.there, 'tree'));
    for (const name of ['good', 'two\nlines']) await writeFile(path.join(site.there, 'tree', name), name);
    const ended = await run(t, site, 'download', ['noxfer:tree', path.join(site.here, 'tree')]);
    assert.equal(ended.code, 8, ended.stderr);
    assert.match(ended.stderr, /^skipped: .*two.*lines.*$/mu);
    assert.match(ended.stderr, /1 entry could not be moved, as told above.*\[storage-incomplete\]$/mu);
    assert.deepEqual(await readdir(path.join(site.here, 'tree')), ['good']);
    await assertTidy(site);
  });
});

/** A transfer that goes on long enough to be stopped, and says how far it is. */
const SLOWLY = [...DIRECT, '--rate', '4MB', '--json'];
const SIZE = 16_000_000;
/** Waits until a part of it has been moved. */
const moving = (child: Child) => child.waitForLine(/"event":"progress".*"bytes":(?:[6-9]\d{6}|\d{8})/u);

describe('the agent, interrupted', { concurrency: 2 }, () => {
  it('by Ctrl-C in the queue: its job is cancelled, and nothing is left', async (t) => {
    const site = await siteFor(t);
    site.gateway.system().course = { pendingMs: Infinity };
    await writeFile(path.join(site.there, 'x'), 'x');
    const client = start(t, site, 'download', ['noxfer:x', site.here]);
    await client.waitForLine(/^job 1 waits in the queue/u, { stream: 'stderr' });
    client.kill('SIGINT');
    assert.equal((await client.exitWithin(HUNG_MS)).code, 130);
    await assertTidy(site);
  });

  it('by Ctrl-C while it moves: its job is cancelled, and the same command goes on from there', async (t) => {
    const site = await siteFor(t);
    const sum = await randomFile(path.join(site.there, 'x'), SIZE);
    const paths = ['noxfer:x', path.join(site.here, 'x')];
    const client = start(t, site, 'download', paths, SLOWLY);
    await moving(client);
    client.kill('SIGINT');
    const stopped = await client.exitWithin(HUNG_MS);
    assert.equal(stopped.code, 130, stopped.stderr);
    await assertTidy(site);
    const ended = await run(t, site, 'download', paths);
    assertDone(ended);
    assert.match(ended.stderr, /resuming at/u);
    assert.equal(await sha256(path.join(site.here, 'x')), sum);
    assert.equal((await site.gateway.jobs()).length, 2);
    await assertTidy(site);
  });

  for (const name of ['download', 'upload'] as const) {
    it(`by kill -9: the same command goes on, with the job that waits for it: ${name}`, async (t) => {
      const site = await siteFor(t);
      const [there, here] = [path.join(site.there, 'x'), path.join(site.here, 'x')];
      const sum = await randomFile(name === 'download' ? there : here, SIZE);
      const paths = name === 'download' ? ['noxfer:x', here] : [here, 'noxfer:x'];
      const client = start(t, site, name, paths, SLOWLY);
      await moving(client);
      await journalled({ target: name === 'download' ? here : there });
      client.kill('SIGKILL');
      await client.exit;
      const ended = await run(t, site, name, paths);
      assertDone(ended);
      assert.match(ended.stderr, /^job 1 of an earlier run still waits: going on with it$/mu);
      assert.match(ended.stderr, /in this run/u);
      assert.equal(await sha256(name === 'download' ? here : there), sum);
      assert.equal((await site.gateway.jobs()).length, 1);
      await assertTidy(site);
    });
  }

  it('by the end of its job: it goes on with another one', async (t) => {
    const site = await siteFor(t);
    const sum = await randomFile(path.join(site.there, 'x'), SIZE);
    const client = start(t, site, 'download', ['noxfer:x', path.join(site.here, 'x')], SLOWLY);
    await moving(client);
    // As Slurm does when a job's time is over: SIGTERM first.
    const pid = await pidOfServer(site);
    process.kill(pid, 'SIGTERM');
    const ended = await client.exitWithin(HUNG_MS);
    assertDone(ended);
    assert.match(ended.stdout, /"job 1 ended \(FAILED\) during the transfer: going on with another one"/u);
    assert.equal(await sha256(path.join(site.here, 'x')), sum);
    assert.equal((await site.gateway.jobs()).length, 2);
    await assertTidy(site);
  });
});

/** The server of the running job. */
async function pidOfServer({ there }: Site): Promise<number> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/u.test(pid)) continue;
    const environ = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
    const title = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
    if (environ.includes(`HOME=${there}\0`) && title.startsWith('streamer-server')) return Number(pid);
  }
  throw new Error('no server runs');
}

describe('what others may see of the agent', () => {
  it('is no secret: not its processes, its script, its log, its files, nor what the command says', async (t) => {
    const site = await siteFor(t);
    await randomFile(path.join(site.there, 'x'), SIZE);
    const client = start(t, site, 'download', ['noxfer:x', path.join(site.here, 'x')], SLOWLY);
    await moving(client);
    const identity = await readFile(path.join(site.env['XDG_CONFIG_HOME'] ?? '', 'streamer/identity'), 'utf8');
    const [job] = await site.gateway.jobs();
    const log = await readFile(job?.standardOutput ?? '', 'utf8');
    assert.match(log, /^Use these coordinates to connect: streamer2s\./mu, 'sealed ones');
    const pid = await pidOfServer(site);
    const seen = [log, job?.script ?? ''];
    for (const of of [pid, client.pid]) seen.push(await readFile(`/proc/${of}/cmdline`, 'latin1'));
    seen.push(await readFile(`/proc/${pid}/environ`, 'latin1'));
    for (const body of site.gateway.requests) seen.push(JSON.stringify(body));
    const ended = await client.exitWithin(HUNG_MS);
    assertDone(ended);
    seen.push(ended.stdout, ended.stderr);
    for (const text of seen) {
      assert.doesNotMatch(text, /streamer2\.|streamer-identity/u);
      assert.ok(!text.includes(identity.trim().slice(-20)));
    }
    // Whoever reads the log has another identity, and gets nothing by it.
    const other = { XDG_CONFIG_HOME: path.join(site.here, 'other') };
    assert.equal((await runStreamer(t, ['keygen', '-q'], { env: other })).code, 0);
    const stolen = path.join(site.here, 'log');
    await writeFile(stolen, log);
    await chmod(stolen, 0o644);
    const thief = await runStreamer(t, ['receive', `@${stolen}`, path.join(site.here, 'stolen')], { env: other });
    assert.equal(thief.code, 3, thief.stderr);
    assert.match(thief.stderr, /\[coordinates-sealed\]$/mu);
  });
});
