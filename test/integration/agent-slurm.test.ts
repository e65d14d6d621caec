/** The agent by FirecREST's routes and real Slurm: what sbatch makes of its script, its log and its end. */
import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { skipUnless } from '../e2e/abilities.js';
import { journalled } from '../e2e/interrupting.js';
import { randomFile, runStreamer, sha256, startStreamer, tempDir, type Child } from '../support/cli.js';
import { startGateway, type Gateway } from '../support/gateway/gateway.js';
import { SlurmScheduler } from '../support/gateway/slurm-scheduler.js';
import { startRelay } from '../support/relay.js';
import { slurmLacks, startCluster, type Cluster } from '../support/slurm.js';

const HUNG_MS = 120_000;
const SIZE = 16_000_000;

interface Site {
  readonly cluster: Cluster;
  readonly gateway: Gateway;
  readonly there: string;
  readonly here: string;
  readonly env: Readonly<Record<string, string>>;
  readonly relay: string;
}

async function siteFor(t: TestContext): Promise<Site> {
  const cluster = await startCluster(t);
  const gateway = await startGateway(t, {
    systems: [{ name: 'noxfer', streamer: 'none', maxOpsFileSize: 1024 * 1024 }],
    scheduler: ({ home }) => SlurmScheduler.open(cluster, { home, accounts: ['proj01'] }),
  });
  const directory = await tempDir(t);
  const here = path.join(directory, 'here');
  await mkdir(here);
  const env = { FIRECREST_URL: gateway.url, FIRECREST_TOKEN: gateway.tokenFor('alice'), FIRECREST_SYSTEM: 'noxfer', XDG_CONFIG_HOME: path.join(directory, 'config') };
  return { cluster, gateway, there: gateway.home, here, env, relay: (await startRelay(t)).url };
}

const words = ({ relay }: Site, name: 'download' | 'upload', paths: readonly string[], options: readonly string[]) => [name, '--method', 'agent', '--node', `file:${process.execPath}`, '--relay', relay, ...options, ...paths];

async function run(t: TestContext, site: Site, name: 'download' | 'upload', paths: readonly string[]): Promise<string> {
  const ended = await runStreamer(t, words(site, name, paths, []), { env: site.env, timeoutMs: HUNG_MS });
  assert.equal(ended.code, 0, ended.stdout + ended.stderr);
  return ended.stderr;
}

const startSlowly = (t: TestContext, site: Site, name: 'download' | 'upload', paths: readonly string[]): Child => startStreamer(t, words(site, name, paths, ['--rate', '4MB', '--json']), { env: site.env });
const moving = (child: Child) => child.waitForLine(/"event":"progress".*"bytes":[1-9]/u, { timeoutMs: HUNG_MS });

/** Every job is over, and only the agent is left. */
async function assertTidy({ cluster, there }: Site): Promise<void> {
  for (let left = 300; left > 0 && (await cluster.command(['squeue', '--noheader'])).trim() !== ''; left -= 1) await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal((await cluster.command(['squeue', '--noheader'])).trim(), '');
  assert.deepEqual((await readdir(path.join(there, '.streamer'))).map((name) => name.replace(/[0-9a-f]{12}/u, 'x')), ['streamer-agent-x.cjs']);
}

test('the agent as a job of real Slurm', { skip: skipUnless(slurmLacks() === '', slurmLacks()), timeout: 600_000 }, async (t) => {
  const site = await siteFor(t);
  const jobs = async () => (await site.gateway.jobs()).length;

  await t.test('moves a tree with hostile names there and back, by one job each, through a relay', async (sub) => {
    const names = ["it's", '$HOME', 'a;touch pwned', 'ü'];
    await mkdir(path.join(site.here, 'a tree'));
    for (const name of names) await writeFile(path.join(site.here, 'a tree', name), name);
    await run(sub, site, 'upload', [path.join(site.here, 'a tree'), 'noxfer:a tree']);
    await run(sub, site, 'download', ['noxfer:a tree', path.join(site.here, 'back')]);
    assert.deepEqual((await readdir(path.join(site.here, 'back'))).sort(), [...names].sort());
    assert.deepEqual(await readdir(site.there), ['.streamer', 'a tree']);
    assert.equal(await jobs(), 2);
    await assertTidy(site);
  });

  await t.test('goes on with the waiting job after kill -9', async (sub) => {
    const here = path.join(site.here, 'killed');
    const sum = await randomFile(path.join(site.there, 'killed'), SIZE);
    const before = await jobs();
    const client = startSlowly(sub, site, 'download', ['noxfer:killed', here]);
    await moving(client);
    await journalled({ target: here });
    client.kill('SIGKILL');
    await client.exit;
    const said = await run(sub, site, 'download', ['noxfer:killed', here]);
    assert.match(said, /of an earlier run still waits: going on with it/u);
    assert.match(said, /in this run/u);
    assert.equal(await sha256(here), sum);
    assert.equal(await jobs(), before + 1);
    await assertTidy(site);
  });

  await t.test('goes on with another job where Slurm ends one, and ends it by scancel on Ctrl-C', async (sub) => {
    const here = path.join(site.here, 'ended');
    const sum = await randomFile(path.join(site.there, 'ended'), SIZE);
    const client = startSlowly(sub, site, 'download', ['noxfer:ended', here]);
    await moving(client);
    const [job] = (await site.gateway.jobs()).slice(-1);
    // What Slurm sends as the time limit comes near: --signal of the job's script.
    await site.cluster.command(['scancel', '--batch', '--signal=TERM', job?.id ?? '']);
    const ended = await client.exitWithin(HUNG_MS);
    assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    assert.match(ended.stdout, /during the transfer: going on with another one/u);
    assert.equal(await sha256(here), sum);
    const stopped = startSlowly(sub, site, 'download', ['noxfer:ended', `${here}2`]);
    await moving(stopped);
    stopped.kill('SIGINT');
    assert.equal((await stopped.exitWithin(HUNG_MS)).code, 130);
    await assertTidy(site);
  });
});
