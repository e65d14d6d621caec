/**
 * What the tests of the control plane ask of the gateway besides being like FirecREST: mishaps, tokens, what becomes of jobs, and
 * that nothing of it is left when it has stopped.
 */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { tempDir } from '../support/cli.js';
import { parseDirectives } from '../support/gateway/batch-directives.js';
import { runGateway, startGateway, type Gateway } from '../support/gateway/gateway.js';
import { until } from '../support/gateway/replay.js';

/** Asks the gateway as alice, or with another token. */
async function ask(gateway: Gateway, method: string, target: string, options: { readonly body?: unknown; readonly token?: string; readonly timeoutMs?: number } = {}): Promise<{ status: number; headers: Headers; text: string }> {
  const { body, token = gateway.tokenFor('alice'), timeoutMs = 30_000 } = options;
  const headers = { authorization: `Bearer ${token}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) };
  const answer = await fetch(gateway.url + target, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: AbortSignal.timeout(timeoutMs) });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

async function submit(gateway: Gateway, script: string): Promise<string> {
  const { status, text } = await ask(gateway, 'POST', '/compute/cluster/jobs', { body: { job: { name: 'test', workingDirectory: gateway.home, script: `#!/bin/bash\n${script}\n` } } });
  assert.equal(status, 201, text);
  return (JSON.parse(text) as { readonly jobId: string }).jobId;
}

interface Status {
  readonly state: string;
  readonly stateReason: string;
  readonly exitCode: number | null;
}

async function statusOf(gateway: Gateway, id: string): Promise<Status> {
  const { text } = await ask(gateway, 'GET', `/compute/cluster/jobs/${id}`);
  return (JSON.parse(text) as { readonly jobs: readonly { readonly status: Status }[] }).jobs[0]?.status ?? { state: '', stateReason: '', exitCode: null };
}

const isOver = ({ state }: Status): boolean => !/^(?:PENDING|RUNNING)$/u.test(state);

function end(gateway: Gateway, id: string): Promise<Status> {
  return until(`the end of job ${id}`, async () => {
    const status = await statusOf(gateway, id);
    return isOver(status) ? status : undefined;
  });
}

/** Without transfers no Python is needed. */
const start = (t: TestContext, options: Parameters<typeof startGateway>[1] = {}): Promise<Gateway> => startGateway(t, { systems: [{ streamer: 'ours' }], startDelayMs: 1, ...options });

describe('mishaps of the gateway', () => {
  it('befall as many requests as they are said to, and only those', async (t) => {
    const gateway = await start(t);
    gateway.fault({ path: /^\/status\/systems$/u, after: 1, times: 2, mishap: { kind: 'status', status: 503, retryAfter: 1, message: 'Busy' } });
    const statuses: number[] = [];
    for (let count = 0; count < 5; count += 1) statuses.push((await ask(gateway, 'GET', '/status/systems')).status);
    assert.deepEqual(statuses, [200, 503, 503, 200, 200]);
    const takeBack = gateway.fault({ times: Infinity, mishap: { kind: 'status', status: 429, retryAfter: 'Wed, 21 Oct 2015 07:28:00 GMT' } });
    const { status, headers } = await ask(gateway, 'GET', '/status/systems');
    assert.deepEqual([status, headers.get('retry-after')], [429, 'Wed, 21 Oct 2015 07:28:00 GMT']);
    takeBack();
    assert.equal((await ask(gateway, 'GET', '/status/systems')).status, 200);
  });

  it('are pages, silence, and connections that break', async (t) => {
    const gateway = await start(t);
    gateway.fault({ mishap: { kind: 'html', status: 502 } });
    const page = await ask(gateway, 'GET', '/status/systems');
    assert.deepEqual([page.status, page.headers.get('content-type')], [502, 'text/html; charset=utf-8']);
    gateway.fault({ mishap: { kind: 'hang' } });
    await assert.rejects(ask(gateway, 'GET', '/status/systems', { timeoutMs: 300 }), { name: 'TimeoutError' });
    for (const kind of ['drop', 'cut'] as const) {
      gateway.fault({ mishap: { kind } });
      await assert.rejects(ask(gateway, 'GET', '/status/systems'), /fetch failed|terminated/u, kind);
    }
    gateway.fault({ mishap: { kind: 'late', delayMs: 100 } });
    assert.equal((await ask(gateway, 'GET', '/status/systems')).status, 200);
    assert.deepEqual(gateway.requests.map(({ status }) => status), [502, undefined, undefined, undefined, 200]);
  });

  it('do what was asked for, and say that it failed', async (t) => {
    const gateway = await start(t);
    for (const kind of ['done-but', 'done-but-dropped'] as const) {
      gateway.fault({ method: 'POST', mishap: { kind } });
      const body = { job: { name: kind, workingDirectory: gateway.home, script: '#!/bin/bash\n' } };
      if (kind === 'done-but') assert.equal((await ask(gateway, 'POST', '/compute/cluster/jobs', { body })).status, 500);
      else await assert.rejects(ask(gateway, 'POST', '/compute/cluster/jobs', { body }));
    }
    assert.deepEqual((await gateway.jobs()).map(({ name }) => name), ['done-but', 'done-but-dropped']);
  });

  it('are FirecREST\'s own: after an error that it did not foresee the connection is gone', async (t) => {
    const gateway = await start(t, { systems: [{ streamer: 'none' }] });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const once = (body: unknown) =>
      new Promise<number>((resolve, reject) => {
        const asked = httpRequest(`${gateway.url}/filesystem/cluster/transfer/download`, { method: 'POST', agent, headers: { authorization: `Bearer ${gateway.tokenFor('alice')}`, 'content-type': 'application/json' } }, (answer) => {
          answer.resume().once('end', () => resolve(answer.statusCode ?? 0));
        });
        asked.once('error', reject).end(JSON.stringify(body));
      });
    assert.equal(await once({ path: '/x', transferDirectives: { transferMethod: 'streamer' } }), 500);
    await assert.rejects(once({}), { code: 'ECONNRESET' });
    assert.equal(await once({}), 400);
  });
});

describe('tokens of the gateway', () => {
  it('expire when a test says so, and others do not', async (t) => {
    const gateway = await start(t);
    const token = gateway.tokenFor('alice');
    assert.equal((await ask(gateway, 'GET', '/status/systems', { token })).status, 200);
    gateway.expireTokens();
    assert.equal((await ask(gateway, 'GET', '/status/systems', { token })).status, 401);
    assert.equal((await ask(gateway, 'GET', '/status/systems')).status, 200);
  });

  it('are also a provider\'s, whose keys are read once, at the start', async (t) => {
    const keys = ['one', 'two'].map((kid) => ({ kid, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) }));
    let current = keys.slice(0, 1);
    const issuer = createServer((request, response) => {
      const url = `http://${request.headers.host ?? ''}`;
      response.end(JSON.stringify(request.url === '/jwks' ? { keys: current.map(({ kid, publicKey }) => ({ kid, ...publicKey.export({ format: 'jwk' }) })) } : { issuer: url, jwks_uri: `${url}/jwks` }));
    });
    t.after(() => issuer.close());
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    const gateway = await start(t, { issuer: `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`, usernameClaim: 'name' });
    current = keys;
    const [first, second] = keys.map(({ kid, privateKey }) => {
      const signed = [{ alg: 'ES256', kid }, { name: 'alice', exp: Math.floor(Date.now() / 1000) + 600 }].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
      return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    });
    assert.equal((await ask(gateway, 'GET', '/status/systems', { token: first ?? '' })).status, 200);
    const { status, text } = await ask(gateway, 'GET', '/status/systems', { token: second ?? '' });
    assert.deepEqual([status, (JSON.parse(text) as { message: string }).message], [401, "Token's public key not found."]);
  });

  it('are too old by a clock that is ahead', async (t) => {
    const gateway = await start(t, { clockAheadMs: 300_000 });
    const behind = await start(t);
    assert.equal((await ask(gateway, 'GET', '/status/systems')).status, 200);
    assert.equal((await ask(gateway, 'GET', '/status/systems', { token: behind.tokenFor('alice', { expiresInSeconds: 200 }) })).status, 401);
  });
});

describe('jobs of the gateway', () => {
  it('go as their system\'s course says', async (t) => {
    const gateway = await start(t);
    const system = gateway.system();
    system.course = { failsWith: 7 };
    assert.deepEqual(await end(gateway, await submit(gateway, '#SBATCH --time=5\nsleep 600')), { state: 'FAILED', stateReason: 'None', exitCode: 7, interruptSignal: 0 });
    system.course = { cancelledAfterMs: 200 };
    assert.match((await end(gateway, await submit(gateway, 'sleep 600'))).state, /^CANCELLED by \d+$/u);
    system.course = { limitMs: 200 };
    assert.equal((await end(gateway, await submit(gateway, 'sleep 600'))).state, 'TIMEOUT');
    system.course = { pendingMs: Infinity, pendingReason: 'Resources' };
    assert.deepEqual(await statusOf(gateway, await submit(gateway, 'exit')), { state: 'PENDING', stateReason: 'Resources', exitCode: null, interruptSignal: null });
    system.course = { pendingMs: 300 };
    const id = await submit(gateway, 'exit');
    assert.equal((await statusOf(gateway, id)).stateReason, 'BeginTime');
    assert.equal((await end(gateway, id)).state, 'COMPLETED');
  });

  it('listen where nobody is told, when their ports are shut', async (t) => {
    const gateway = await start(t);
    gateway.system().course = { portsShut: true };
    await writeFile(path.join(gateway.home, 'file'), 'x');
    const { text } = await ask(gateway, 'POST', '/filesystem/cluster/transfer/download', { body: { path: path.join(gateway.home, 'file'), transferDirectives: { transferMethod: 'streamer' } } });
    const { coordinates } = (JSON.parse(text) as { readonly transferDirectives: { readonly coordinates: string } }).transferDirectives;
    const told = (JSON.parse(Buffer.from(coordinates, 'base64url').toString()) as { readonly ports: readonly number[] }).ports;
    assert.deepEqual(told, gateway.system().portRange);
    const [job] = await gateway.jobs();
    assert.match(job?.script ?? '', new RegExp(`--port-range ${gateway.system().otherPorts.join(' ')} `, 'u'));
  });

  it('leave nothing that runs when it stops, not even what left its job', async (t) => {
    const gateway = await runGateway(await tempDir(t), { systems: [{ streamer: 'ours' }], startDelayMs: 1 });
    await submit(gateway, `trap '' TERM\nsetsid sleep 600 & echo $! >away\nsleep 600 & echo $! >child\nmv child pids\nwait`);
    await until('the job\'s processes', () => Promise.resolve(existsSync(path.join(gateway.home, 'pids')) || undefined));
    const pids = (await Promise.all(['away', 'pids'].map((name) => readFile(path.join(gateway.home, name), 'utf8')))).map(Number);
    // Its parent, a shell that has been killed, can no longer wait for it: a zombie has ended.
    const runs = (pid: number) => existsSync(`/proc/${pid}`) && !/\) Z /u.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    assert.deepEqual(pids.map(runs), [true, true]);
    await gateway.stop();
    await until('their end', () => Promise.resolve(pids.some(runs) ? undefined : true));
    await assert.rejects(fetch(gateway.url));
  });

  it('get files by ops as they are', async (t) => {
    const gateway = await start(t);
    const content = Buffer.from('\r\n--x\0é'.repeat(1000));
    const form = new FormData();
    form.set('file', new Blob([content]), 'odd ü.bin');
    const answer = await fetch(`${gateway.url}/filesystem/cluster/ops/upload?path=${encodeURIComponent(gateway.home)}`, { method: 'POST', headers: { authorization: `Bearer ${gateway.tokenFor('alice')}` }, body: form });
    assert.equal(answer.status, 204);
    const query = `path=${encodeURIComponent(path.join(gateway.home, 'odd ü.bin'))}`;
    const { text } = await ask(gateway, 'GET', `/filesystem/cluster/ops/checksum?${query}`);
    assert.equal((JSON.parse(text) as { readonly output: { readonly checksum: string } }).output.checksum, createHash('sha256').update(content).digest('hex'));
  });
});

describe('directives of a batch script', () => {
  const TIMES: readonly (readonly [text: string, seconds: number | undefined])[] = [
    ['30', 1800], ['0:30', 60], ['10:00', 600], ['01:02:03', 3780], ['1-0', 86_400], ['1-2:30', 95_400], ['0-00:10:00', 600], ['UNLIMITED', undefined],
  ];
  for (const [text, seconds] of TIMES) it(`--time=${text} is ${seconds ?? 'no limit'}`, () => assert.equal(parseDirectives(`#!/bin/bash\n#SBATCH --time=${text}\n`).limitSeconds, seconds));

  it('are those above the first command, in both spellings, and the first of two counts', () => {
    const script = '#!/bin/bash\n# a comment\n#SBATCH -J one\n\n#SBATCH --job-name=two\n#SBATCH --output="a b.txt"\n#SBATCH -A acc\n#SBATCH --begin=now+20\necho\n#SBATCH --partition=late\n';
    const { name, standardOutput, account, beginInSeconds, partition } = parseDirectives(script);
    assert.deepEqual([name, standardOutput, account, beginInSeconds, partition], ['one', 'a b.txt', 'acc', 20, undefined]);
  });
});
