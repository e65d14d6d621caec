/**
 * Transfers by the agent on a cluster that is a directory: its jobs are real, run by bash with the single file of the server; so is
 * the wire. What FirecREST answers is as the test wants it.
 */
import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { moveByAgent } from '../../src/control/agent/move-by-agent.js';
import type { AgentTransfer } from '../../src/control/agent/agent-transfer.js';
import { generateIdentity } from '../../src/coordinates/keys.js';
import { AbortError, ConnectError, ControlError, StorageError } from '../../src/errors.js';
import type { ProgressEvent } from '../../src/transfer/progress.js';
import { RateLimit } from '../../src/transfer/rate-limit.js';
import { randomFile, sha256, tempDir } from '../support/cli.js';
import { LocalCluster, type LocalJob } from '../support/local-cluster.js';

interface Site {
  readonly cluster: LocalCluster;
  /** The user's directory there. */
  readonly there: string;
  /** The client's side. */
  readonly here: string;
  readonly events: ProgressEvent[];
  /** A transfer with what all of them have in common. */
  readonly move: (transfer: Pick<AgentTransfer, 'direction' | 'remote' | 'local'> & Partial<AgentTransfer>) => ReturnType<typeof moveByAgent>;
}

const AGENT = { node: { from: 'file', file: process.execPath }, publicIps: ['127.0.0.1'], portRange: [0, 0] } as const;

async function siteFor(t: TestContext): Promise<Site> {
  const root = await tempDir(t);
  const [there, here] = [path.join(root, 'scratch/alice'), path.join(root, 'here')];
  await mkdir(there, { recursive: true });
  await mkdir(here);
  const cluster = new LocalCluster(t);
  const events: ProgressEvent[] = [];
  const common = {
    client: cluster,
    system: { name: 'noxfer', scheduler: { type: 'slurm' }, fileSystems: [{ path: path.join(root, 'scratch'), defaultWorkDir: true }] },
    agent: AGENT,
    settings: {},
    identity: generateIdentity(),
    pace: () => 20,
    onProgress: (event: ProgressEvent) => events.push(event),
  } as const;
  return { cluster, there, here, events, move: (transfer) => moveByAgent({ ...common, ...transfer }) };
}

/** What is left of ours: the agent, and nothing else. */
async function assertTidy({ there, cluster }: Site): Promise<void> {
  const left = await readdir(path.join(there, '.streamer'));
  assert.equal(left.length, 1, left.join(' '));
  assert.match(left[0] ?? '', /^streamer-agent-[0-9a-f]{12}\.cjs$/u);
  for (const { jobId, state } of cluster.submitted) assert.ok(!['PENDING', 'RUNNING'].includes(state), `job ${jobId} is ${state}`);
}

const uploads = ({ cluster }: Site) => cluster.calls.filter((call) => call.startsWith('writeFile')).length;
const notices = ({ events }: Site) => events.flatMap((event) => (event.type === 'notice' || event.type === 'phase' ? [event.message] : []));
const last = ({ cluster }: Site): LocalJob => {
  const job = cluster.submitted.at(-1);
  assert.ok(job);
  return job;
};

/** Waits for what a running transfer does. */
async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  for (let left = 3000; left > 0; left -= 1) {
    if (await what()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('waited in vain');
}

/** Names that are something to somebody on the way. */
const NAMES = ['plain', 'a b', "it's", '$HOME', 'a;touch pwned', '"q"', '-rf', 'é'];

describe('a transfer by the agent', { concurrency: 2 }, () => {
  it('brings files and directories of any name here, all by one job, and leaves nothing but the agent', async (t) => {
    const site = await siteFor(t);
    const source = path.join(site.there, 'a tree; $x');
    await mkdir(path.join(source, 'sub'), { recursive: true });
    const sums = new Map<string, string>();
    for (const name of NAMES) sums.set(name, await randomFile(path.join(source, 'sub', name), 10_000));
    const single = path.join(site.there, "b'c");
    const sum = await randomFile(single, 3_000_000);
    const result = await site.move({ direction: 'download', remote: [source, single], local: [path.join(site.here, 'got')] });
    assert.equal(result.entries.moved, NAMES.length + 1);
    for (const [name, wanted] of sums) assert.equal(await sha256(path.join(site.here, 'got/a tree; $x/sub', name)), wanted);
    assert.equal(await sha256(path.join(site.here, "got/b'c")), sum);
    assert.equal(site.cluster.submitted.length, 1);
    await assertTidy(site);
  });

  // A control character is refused in what a peer sends, but not in a name that the user gives.
  for (const name of [...NAMES, 'two\nlines']) {
    it(`takes a file there, to ${JSON.stringify(name)}`, async (t) => {
      const site = await siteFor(t);
      const source = path.join(site.here, 'source');
      const sum = await randomFile(source, 100_000);
      await site.move({ direction: 'upload', remote: [path.join(site.there, name)], local: [source] });
      assert.equal(await sha256(path.join(site.there, name)), sum);
      assert.deepEqual((await readdir(site.there)).sort(), ['.streamer', name].sort());
      await assertTidy(site);
    });
  }

  it('does what is asked with what is there already', async (t) => {
    const site = await siteFor(t);
    const [source, target] = [path.join(site.here, 'source'), path.join(site.there, 'target')];
    const sum = await randomFile(source, 1000);
    await writeFile(target, 'old');
    const upload = { direction: 'upload', remote: [target], local: [source] } as const;
    await assert.rejects(site.move(upload), (error) => error instanceof StorageError && error.code === 'storage-exists');
    assert.equal(await readFile(target, 'utf8'), 'old');
    await assertTidy(site);
    await site.move({ ...upload, settings: { existing: 'overwrite', dryRun: true } });
    assert.equal(await readFile(target, 'utf8'), 'old');
    await site.move({ ...upload, settings: { existing: 'overwrite' } });
    assert.equal(await sha256(target), sum);
    await assertTidy(site);
  });

  it('mirrors a directory, with rules and deletion, both ways', async (t) => {
    const site = await siteFor(t);
    const [here, there] = [path.join(site.here, 'tree'), path.join(site.there, 'tree')];
    for (const directory of [here, there]) await mkdir(directory);
    for (const name of ['one', 'two.tmp']) await writeFile(path.join(here, name), name);
    await writeFile(path.join(there, 'old'), '');
    const settings = { delete: true, rules: [{ kind: 'exclude', pattern: '*.tmp' }] } as const;
    await site.move({ direction: 'upload', remote: [there], local: [here], settings });
    assert.deepEqual(await readdir(there), ['one']);
    await writeFile(path.join(there, 'three.tmp'), '');
    await writeFile(path.join(there, 'four'), '');
    const result = await site.move({ direction: 'download', remote: [there], local: [here], settings });
    assert.deepEqual((await readdir(here)).sort(), ['four', 'one', 'two.tmp']);
    assert.equal(result.entries.moved, 1);
  });

  it("checks a file's SHA-256 too, where that is asked, both ways", async (t) => {
    const site = await siteFor(t);
    const [there, here] = [path.join(site.there, 'x'), path.join(site.here, 'x')];
    const sum = await randomFile(there, 3_000_000);
    assert.equal((await site.move({ direction: 'download', remote: [there], local: [here], settings: { digest: 'sha256' } })).sha256, sum);
    assert.equal((await site.move({ direction: 'upload', remote: [`${there}2`], local: [here], settings: { digest: 'sha256' } })).sha256, sum);
  });

  it('brings the agent once, and again where it is damaged', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    const download = (name: string) => site.move({ direction: 'download', remote: [path.join(site.there, 'x')], local: [path.join(site.here, name)] });
    await download('1');
    await download('2');
    assert.equal(uploads(site), 1);
    const [name = ''] = await readdir(path.join(site.there, '.streamer'));
    await truncate(path.join(site.there, '.streamer', name), 100_000);
    await download('3');
    assert.equal(uploads(site), 2);
    assert.ok(notices(site).some((text) => /the agent on noxfer is damaged/u.test(text)));
    assert.ok((await stat(path.join(site.there, '.streamer', name))).size > 100_000);
  });

  it('is not begun with an agent that did not arrive whole', async (t) => {
    const site = await siteFor(t);
    site.cluster.writeFile = (_system, directory, name) => writeFile(path.join(directory, name), 'a part');
    await assert.rejects(site.move({ direction: 'download', remote: ['/x'], local: [site.here] }), (error) => error instanceof ControlError && error.code === 'control-verify');
    assert.equal(site.cluster.submitted.length, 0);
  });
});

describe('a transfer by the agent that fails', { concurrency: 2 }, () => {
  it('says what the job says: no Node, with its log kept', async (t) => {
    const site = await siteFor(t);
    const wanted = site.move({ direction: 'download', remote: ['/x'], local: [site.here], agent: { ...AGENT, node: { from: 'file', file: '/none/node' } } });
    await assert.rejects(wanted, (error) => {
      assert.ok(error instanceof ControlError && error.code === 'control-job');
      assert.match(error.message, /^job 1 could not begin: cannot run \/none\/node, which --node names \(`node`: .*\); its log: noxfer:\/.*job\.log$/u);
      return true;
    });
    assert.match(await readFile(last(site).standardOutput, 'utf8'), /cannot run/u);
  });

  it('says what the server says: no such file', async (t) => {
    const site = await siteFor(t);
    await assert.rejects(site.move({ direction: 'download', remote: [path.join(site.there, 'nothing')], local: [site.here] }), (error) => error instanceof StorageError && error.code === 'storage-missing');
    await assertTidy(site);
  });

  it('says what the server could not read, which is more than the client can know', async (t) => {
    const site = await siteFor(t);
    const source = path.join(site.there, 'tree');
    await mkdir(source);
    for (const name of ['good', 'two\nlines', 'another\nname']) await writeFile(path.join(source, name), name);
    await assert.rejects(site.move({ direction: 'download', remote: [source], local: [path.join(site.here, 'tree')] }), (error) => error instanceof StorageError && error.code === 'storage-incomplete' && /2 entries could not be moved, as told above/u.test(error.message));
    assert.deepEqual(await readdir(path.join(site.here, 'tree')), ['good']);
    assert.equal(notices(site).filter((text) => /^skipped: .*it holds control characters/u.test(text)).length, 2, notices(site).join('\n'));
    await assertTidy(site);
  });

  it('says that there is no way to the node, and what to do, and leaves no job', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    // Another address of loopback, at which nothing listens: the server is told to listen at the first.
    const settings = { connectTimeoutMs: 200 };
    const agent = { ...AGENT, publicIps: ['192.0.2.1'] };
    await assert.rejects(site.move({ direction: 'download', remote: [path.join(site.there, 'x')], local: [site.here], agent, settings }), (error) => {
      assert.ok(error instanceof ConnectError);
      assert.match(error.message, /^job 1 waits on noxfer, but there is no way to it from here: .*`relay\.url`$/u);
      return true;
    });
    await assertTidy(site);
  });

  it('goes on with another job where the first has ended in the middle', async (t) => {
    const site = await siteFor(t);
    const source = path.join(site.there, 'big');
    const sum = await randomFile(source, 8_000_000);
    const moving = site.move({ direction: 'download', remote: [source], local: [path.join(site.here, 'big')], settings: { rate: new RateLimit(4_000_000) } });
    await until(() => site.events.some((event) => event.type === 'progress' && event.bytes > 2_000_000));
    last(site).process?.kill('SIGTERM');
    const result = await moving;
    assert.equal(await sha256(path.join(site.here, 'big')), sum);
    assert.equal(site.cluster.submitted.length, 2);
    assert.ok(result.resumedBytes > 0, 'the second job sent only what was missing');
    assert.ok(notices(site).some((text) => /^job 1 ended \(FAILED\) during the transfer: going on with another one$/u.test(text)));
    await assertTidy(site);
  });

  it('does not go on where the job was cancelled by somebody', async (t) => {
    const site = await siteFor(t);
    const source = path.join(site.there, 'big');
    await randomFile(source, 8_000_000);
    const moving = site.move({ direction: 'download', remote: [source], local: [path.join(site.here, 'big')], settings: { rate: new RateLimit(4_000_000) } });
    await until(() => site.events.some((event) => event.type === 'progress' && event.bytes > 2_000_000));
    await site.cluster.cancel('noxfer', '1');
    await assert.rejects(moving, ConnectError);
    assert.equal(site.cluster.submitted.length, 1);
  });

  it('finds the job that a failed POST has queued, by its name', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    site.cluster.failing.set('submit', { error: new ControlError('control-answer', 'Channel not open', { status: 500 }), after: true });
    await site.move({ direction: 'download', remote: [path.join(site.there, 'x')], local: [path.join(site.here, 'x')] });
    assert.equal(site.cluster.submitted.length, 1);
    await assertTidy(site);
  });

  it('leaves nothing where the job was refused', async (t) => {
    const site = await siteFor(t);
    site.cluster.failing.set('submit', { error: new ControlError('control-answer', 'Invalid account', { status: 500 }) });
    await assert.rejects(site.move({ direction: 'download', remote: ['/x'], local: [site.here] }), /Invalid account/u);
    await assertTidy(site);
  });

  it('bears a look that fails', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    site.cluster.failing.set('tail', { error: new ControlError('control-answer', 'over its time limit', { status: 408 }) });
    site.cluster.failing.set('job', { error: new ControlError('control-unavailable', 'unhealthy', { status: 503 }) });
    await site.move({ direction: 'download', remote: [path.join(site.there, 'x')], local: [path.join(site.here, 'x')] });
    await assertTidy(site);
  });
});

describe('a system that is down for a while', () => {
  it('does not end a transfer by the agent: it is asked again, which is told once', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    const down = new ControlError('control-unavailable', 'the scheduler is unhealthy', { status: 503 });
    site.cluster.failing.set('tail', { error: down, times: 30 });
    await site.move({ direction: 'download', remote: [path.join(site.there, 'x')], local: [path.join(site.here, 'x')] });
    assert.deepEqual(notices(site).filter((message) => /cannot see how|answers again/u.test(message)), ['cannot see how job 1 is doing: the scheduler is unhealthy; looking again', 'noxfer answers again']);
    await assertTidy(site);
  });
});

describe('a transfer by the agent that is stopped', { concurrency: 2 }, () => {
  const stopping = () => {
    const stop = new AbortController();
    return { signal: stop.signal, stop: () => stop.abort(new AbortError('interrupted', { signal: 'SIGINT' })) };
  };

  it('cancels the job that waits in the queue', async (t) => {
    const site = await siteFor(t);
    site.cluster.holding = true;
    const { signal, stop } = stopping();
    const moving = site.move({ direction: 'download', remote: ['/x'], local: [site.here], signal });
    await until(() => notices(site).includes('job 1 waits in the queue'));
    stop();
    await assert.rejects(moving, (error) => error instanceof AbortError && error.exitCode === 130);
    assert.equal(last(site).state, 'CANCELLED');
    await assertTidy(site);
  });

  it('cancels the job that serves it, and goes on from what has arrived when it is run again', async (t) => {
    const site = await siteFor(t);
    const source = path.join(site.there, 'big');
    const sum = await randomFile(source, 8_000_000);
    const download = { direction: 'download', remote: [source], local: [path.join(site.here, 'big')] } as const;
    const { signal, stop } = stopping();
    const moving = site.move({ ...download, signal, settings: { rate: new RateLimit(4_000_000) } });
    await until(() => site.events.some((event) => event.type === 'progress' && event.bytes > 2_000_000));
    stop();
    await assert.rejects(moving, AbortError);
    assert.equal(last(site).state, 'CANCELLED');
    await assertTidy(site);
    const result = await site.move(download);
    assert.ok(result.resumedBytes > 0);
    assert.equal(await sha256(path.join(site.here, 'big')), sum);
  });

  it('leaves its job where that is asked, and the same command goes on with it', async (t) => {
    const site = await siteFor(t);
    const source = path.join(site.there, 'big');
    const sum = await randomFile(source, 8_000_000);
    const download = { direction: 'download', remote: [source], local: [path.join(site.here, 'big')] } as const;
    const { signal, stop } = stopping();
    const moving = site.move({ ...download, signal, keepJob: true, settings: { rate: new RateLimit(4_000_000) } });
    await until(() => site.events.some((event) => event.type === 'progress' && event.bytes > 2_000_000));
    stop();
    await assert.rejects(moving, AbortError);
    assert.equal(last(site).state, 'RUNNING');
    assert.ok(notices(site).some((text) => /^job 1 is left, and waits 5 min.* for your return/u.test(text)), notices(site).join('\n'));
    const result = await site.move(download);
    assert.ok(result.resumedBytes > 0);
    assert.equal(site.cluster.submitted.length, 1, 'the job that waited was enough');
    assert.equal(await sha256(path.join(site.here, 'big')), sum);
    await assertTidy(site);
  });

  it('finds its job again behind a log that has grown long', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    const download = { direction: 'download', remote: [path.join(site.there, 'x')], local: [path.join(site.here, 'x')] } as const;
    site.cluster.holding = true;
    const { signal, stop } = stopping();
    const moving = site.move({ ...download, signal, keepJob: true });
    await until(() => notices(site).includes('job 1 waits in the queue'));
    stop();
    await assert.rejects(moving, AbortError);
    await site.cluster.start(last(site));
    await until(async () => /streamer2s/u.test(await readFile(last(site).standardOutput, 'utf8')));
    await appendFile(last(site).standardOutput, '50% of it\n'.repeat(1000));
    await site.move(download);
    assert.equal(site.cluster.submitted.length, 1);
  });

  it("does not end another run's job that is busy, and takes one of its own", async (t) => {
    const site = await siteFor(t);
    const source = path.join(site.there, 'big');
    await randomFile(source, 8_000_000);
    const rate = new RateLimit(2_000_000);
    const first = site.move({ direction: 'download', remote: [source], local: [path.join(site.here, 'one')], settings: { rate } });
    await until(() => site.events.some((event) => event.type === 'progress' && event.bytes > 0));
    await site.move({ direction: 'download', remote: [source], local: [path.join(site.here, 'two')] });
    assert.equal(site.cluster.submitted.length, 2);
    rate.change(undefined);
    await first;
    await assertTidy(site);
  });

  it('takes another job where the one of an earlier run has ended meanwhile', async (t) => {
    const site = await siteFor(t);
    await writeFile(path.join(site.there, 'x'), 'x');
    const download = { direction: 'download', remote: [path.join(site.there, 'x')], local: [path.join(site.here, 'x')] } as const;
    site.cluster.holding = true;
    const killed = stopping();
    const first = site.move({ ...download, signal: killed.signal, keepJob: true });
    await until(() => notices(site).includes('job 1 waits in the queue'));
    killed.stop();
    await assert.rejects(first, AbortError);
    const second = site.move(download);
    await until(() => notices(site).some((text) => /job 1 of an earlier run still waits/u.test(text)));
    site.cluster.holding = false;
    last(site).state = 'TIMEOUT';
    await second;
    assert.equal(site.cluster.submitted.length, 2);
  });
});

describe('what others may read of a job by the agent', () => {
  it('holds no secret, and nothing that opens the coordinates', async (t) => {
    const site = await siteFor(t);
    const identity = generateIdentity();
    await randomFile(path.join(site.there, 'x'), 4_000_000);
    const seen: string[] = [];
    const moving = site.move({ direction: 'download', remote: [path.join(site.there, 'x')], local: [path.join(site.here, 'x')], identity, settings: { rate: new RateLimit(2_000_000) } });
    await until(() => site.events.some((event) => event.type === 'progress' && event.bytes > 0));
    const { standardOutput, script, process: child } = last(site);
    seen.push(await readFile(standardOutput, 'utf8'), script, await readFile(`/proc/${child?.pid ?? 0}/cmdline`, 'latin1'), await readFile(`/proc/${child?.pid ?? 0}/environ`, 'latin1'));
    await moving;
    assert.match(seen[0] ?? '', /streamer2s\./u);
    for (const text of [...seen, ...notices(site)]) {
      assert.doesNotMatch(text, /streamer2\.|streamer-identity/u);
      assert.ok(!text.includes(identity.slice(-20)));
    }
  });
});
