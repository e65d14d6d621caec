// The commands that look at a site, as installed, against the gateway that answers as FirecREST does.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Authenticator } from '../../src/control/auth/authenticator.js';
import { runStreamer, tempDir, type Finished } from '../support/cli.js';
import { clientFor } from '../support/fake-control.js';
import { startGateway, type Gateway, type GatewayOptions } from '../support/gateway/gateway.js';

interface Site {
  readonly gateway: Gateway;
  readonly token: string;
  /** Runs the command, signed in. */
  readonly streamer: (...words: readonly string[]) => Promise<Finished>;
}

async function startSite(t: TestContext, options: GatewayOptions = {}): Promise<Site> {
  const gateway = await startGateway(t, { systems: [{ name: 'alps', streamer: 'none' }], ...options });
  const token = gateway.tokenFor('alice');
  const env = { FIRECREST_URL: gateway.url, FIRECREST_TOKEN: token, XDG_CONFIG_HOME: await tempDir(t) };
  return { gateway, token, streamer: (...words) => runStreamer(t, words, { env }) };
}

const events = ({ stdout }: Finished): Record<string, unknown>[] => stdout.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

/** Submits a job that lasts, as another program of the user's would. */
function submitSleep({ gateway, token }: Site): Promise<{ readonly jobId: string }> {
  const sign: Authenticator['sign'] = ({ headers }) => {
    headers.set('authorization', `Bearer ${token}`);
    return Promise.resolve();
  };
  return clientFor(gateway.url, { authenticator: { sign } }).submit('alps', { name: 'sleepy', workingDirectory: gateway.home, script: '#!/bin/bash\nsleep 60\n' });
}

describe('streamer systems', () => {
  it('shows what there is, what moves files, and what is down', async (t) => {
    const { gateway, streamer } = await startSite(t, { systems: [{ name: 'alps', streamer: 'ours', waitTimeoutSeconds: 90, inboundTransferLimit: 20 * 2 ** 20 }, { name: 'noxfer', streamer: 'none' }] });
    gateway.system('noxfer').health = { scheduler: false, ssh: true, filesystem: true };
    const { code, stdout, stderr } = await streamer('systems');
    assert.equal(code, 0, stderr);
    const [head = '', alps = '', noxfer = '', trouble = ''] = stdout.split('\n');
    assert.match(head, /^SYSTEM +HEALTH +TRANSFER +PORTS +WAITS +UPLOADS UP TO +OPS UP TO +FILE SYSTEMS$/u);
    assert.match(alps, /^alps +healthy +streamer +\d+-\d+ +1 min 30 s +20\.0 MiB +5\.00 MiB +.*\(users, default\), .*\(store\)$/u);
    assert.match(noxfer, /^noxfer +DOWN +none +- +- +- +5\.00 MiB/u);
    assert.match(trouble, /^noxfer: scheduler is down/u);
  });

  it('says the same to programs', async (t) => {
    const { streamer } = await startSite(t);
    const [system] = events(await streamer('systems', '--json'));
    assert.deepEqual([system?.['event'], system?.['name'], system?.['healthy']], ['system', 'alps', true]);
  });
});

describe('streamer jobs and cancel', () => {
  it('shows jobs and ends them; to end one twice is no error', async (t) => {
    const site = await startSite(t);
    const { jobId } = await submitSleep(site);
    const shown = await site.streamer('jobs');
    assert.match(shown.stdout, new RegExp(`^ *JOB +NAME +STATE.*\\n *${jobId} +sleepy +(?:PENDING|RUNNING)`, 'u'));
    assert.deepEqual(events(await site.streamer('jobs', jobId, '--json')).map(({ event, system, name }) => [event, system, name]), [['job', 'alps', 'sleepy']]);
    assert.equal((await site.streamer('cancel', jobId)).stdout, `job ${jobId} on alps is cancelled\n`);
    const again = events(await site.streamer('cancel', jobId, '--json'));
    assert.ok(['was-over', 'cancelled'].includes(String(again[0]?.['outcome'])));
    assert.match((await site.streamer('jobs', '--name', 'sleepy')).stdout, /CANCELLED/u);
  });

  it('says that there are none, or no such', async (t) => {
    const { streamer } = await startSite(t);
    const none = await streamer('jobs', '--since', '1h');
    assert.deepEqual([none.code, none.stdout], [0, '']);
    assert.match(none.stderr, /no jobs on alps within 1h/u);
    const unknown = await streamer('jobs', '999999');
    assert.deepEqual([unknown.code, unknown.stderr], [11, 'streamer: alps knows no job 999999 [control-answer]\n']);
    const cancelled = await streamer('cancel', '999999');
    assert.equal(cancelled.code, 11);
    assert.match(cancelled.stderr, /Invalid job id specified/u);
    const several = await streamer('cancel', '999998', '12_3', '999999');
    assert.equal(several.code, 11, 'all are tried, and the first failure is the status');
    assert.match(several.stderr, /^job 12_3: .*no id of a job.*\njob 999999: .*Invalid job id.*\nstreamer: .*999998/u);
    const part = await streamer('cancel', '12_3');
    assert.deepEqual([part.code, part.stdout], [2, '']);
  });
});

describe('streamer ls, stat and checksum', () => {
  const CONTENT = 'what is in it';

  async function withFiles(t: TestContext): Promise<Site & { readonly home: string }> {
    const site = await startSite(t);
    const { home } = site.gateway;
    await mkdir(path.join(home, 'run7/deep'), { recursive: true });
    await writeFile(path.join(home, 'run7/a b.bin'), CONTENT);
    await writeFile(path.join(home, 'run7/.hidden'), '');
    await writeFile(path.join(home, 'run7/deep/er'), '');
    await symlink('a b.bin', path.join(home, 'run7/link'));
    return { ...site, home };
  }

  it('lists, by a whole path, or from the own directory on', async (t) => {
    const { home, streamer } = await withFiles(t);
    const whole = await streamer('ls', `ALPS:${home}/run7`);
    assert.equal(whole.code, 0, whole.stderr);
    assert.match(whole.stdout, /^-rw\S+ +\S+ +\S+ +13 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +a b\.bin\nd\S+ .* deep\nl\S+ .* link -> a b\.bin\n$/u);
    assert.equal((await streamer('ls', 'alps:run7')).stdout, whole.stdout);
    assert.equal((await streamer('ls', 'run7/')).stdout, whole.stdout);
    assert.match((await streamer('ls', '-a', 'run7')).stdout, /\.hidden/u);
    assert.match((await streamer('ls', '-R', 'run7')).stdout, /deep\/er/u);
    const [entry] = events(await streamer('ls', 'run7', '--json'));
    assert.deepEqual([entry?.['event'], entry?.['path'], entry?.['name'], entry?.['type'], entry?.['size']], ['entry', `${home}/run7`, 'a b.bin', 'file', 13]);
  });

  it('says what is there, and the SHA-256 of it, of a name with a space, too', async (t) => {
    const { home, streamer } = await withFiles(t);
    const stat = await streamer('stat', 'run7/a b.bin');
    assert.match(stat.stdout, /^path +alps:.*\/run7\/a b\.bin\ntype +file\nmode +0\d{3}\nsize +13 bytes\n/u);
    assert.match((await streamer('stat', 'run7/link')).stdout, /\ntype +link\n/u);
    assert.match((await streamer('stat', '-L', 'run7/link')).stdout, /\ntype +file\n/u);
    const checksum = await streamer('checksum', 'run7/a b.bin');
    assert.deepEqual([checksum.stderr, checksum.stdout], ['', `${createHash('sha256').update(CONTENT).digest('hex')}  alps:${home}/run7/a b.bin\n`]);
  });

  it('says what is not there, and what cannot be asked', async (t) => {
    const { gateway, home, streamer } = await withFiles(t);
    const missing = await streamer('stat', 'run7/nope');
    assert.deepEqual([missing.code, missing.stderr], [8, `streamer: alps has no ${home}/run7/nope: see what there is with "streamer ls" [storage-missing]\n`]);
    assert.match((await streamer('ls', 'run7/nope')).stderr, /FirecREST answers 404: .*No such file or directory.* \[control-answer\]/u);
    assert.match((await streamer('ls', 'daint:/x')).stderr, /there is no system daint at .*: there are alps/u);
    const outside = await streamer('ls', 'alps:/etc');
    assert.match(outside.stderr, /does not match any of the defined filesystem paths.*"streamer systems" shows/u);
    const before = gateway.requests.length;
    const quoted = await streamer('checksum', "alps:/x'; rm -r ~; '");
    assert.deepEqual([quoted.code, quoted.stdout], [2, '']);
    assert.equal(gateway.requests.slice(before).every(({ path: asked }) => asked.startsWith('/status/')), true);
  });
});

describe('a site that cannot be asked', () => {
  it('which system is said', async (t) => {
    const { streamer } = await startSite(t, { systems: [{ name: 'alps', streamer: 'none' }, { name: 'eiger', streamer: 'none' }] });
    const { code, stderr } = await streamer('jobs');
    assert.deepEqual([code, stderr], [2, 'streamer: which --system? There are alps, eiger [usage]\n']);
    assert.equal((await streamer('jobs', '--system', 'Eiger')).code, 0);
  });

  it('a token that has expired, and a scheduler that is down', async (t) => {
    const { gateway, streamer } = await startSite(t);
    gateway.system().health = { scheduler: false, ssh: true, filesystem: true };
    const down = await streamer('jobs');
    assert.deepEqual([down.code, /is unhealthy.*\[control-unavailable\]$/mu.test(down.stderr)], [11, true], down.stderr);
    gateway.expireTokens();
    const expired = await streamer('systems');
    assert.deepEqual([expired.code, /\[auth-(?:sign-in|token)\]$/mu.test(expired.stderr)], [4, true], expired.stderr);
  });
});
