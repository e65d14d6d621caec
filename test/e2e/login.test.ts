/** `streamer login` with a real provider, as a user does it in a browser or by a code, and what can go wrong there. */
import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, it } from 'node:test';
import { startProvider } from '../support/provider.js';
import { linkOf, loginWords, newDesk, NOWHERE, signInByBrowser, whoami } from '../support/signing-in.js';
import { UserAgent } from '../support/user-agent.js';

const HUNG_MS = 30_000;
const SECRETS = /eyJ[\w-]+\.[\w-]+\.[\w-]+/u;

describe('login by browser', { concurrency: 2 }, () => {
  it('signs in, keeps it, says who one is, and signs out', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const { end, page } = await signInByBrowser(desk, provider, 'alice');
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stdout, /Signed in as alice \(profile default, by browser; the token lasts another/);
    assert.deepEqual([page.status, /<h1>Signed in<\/h1>/.test(page.text)], [200, true], page.text);
    assert.deepEqual(provider.tokenRequests, [{ grant: 'authorization_code', client: 'streamer-cli', by: 'nothing', status: 200 }]);
    const who = await whoami(desk);
    assert.deepEqual([who['user'], who['issuer'], who['flow'], who['profile'], who['url']], ['alice', provider.issuer, 'browser', 'default', NOWHERE]);
    assert.ok(Number(who['secondsLeft']) > 200 && Number(who['secondsLeft']) <= 300);
    const text = await desk.run(['whoami']);
    assert.match(text.stdout, /^user +alice$/m);
    assert.doesNotMatch(end.stdout + end.stderr + JSON.stringify(who) + text.stdout, SECRETS);
    const out = await desk.run(['logout']);
    assert.match(out.stdout, /Signed out/);
    const after = await desk.run(['whoami']);
    assert.equal(after.code, 4);
    assert.match(after.stderr, /the profile default is not signed in: "streamer login --profile default" \[auth-sign-in\]/);
  });

  it('asks with PKCE, S256, a state and a nonce that are new each time', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const links = await Promise.all([0, 1].map(async () => new URL(await linkOf(desk.start(loginWords(provider, '--flow', 'browser', '--profile', 'x'))))));
    for (const name of ['state', 'nonce', 'code_challenge']) {
      const values = links.map((link) => link.searchParams.get(name) ?? '');
      assert.ok(values.every((value) => value.length >= 43), name);
      assert.notEqual(values[0], values[1], name);
    }
    assert.equal(links[0]?.searchParams.get('code_challenge_method'), 'S256');
  });

  it('leaves files that only their owner can read', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    await signInByBrowser(desk, provider, 'alice');
    const root = path.join(desk.configuration, 'streamer');
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    assert.deepEqual(entries.filter((entry) => entry.isFile()).map((entry) => entry.name).sort(), ['default.json', 'tokens']);
    for (const entry of entries) {
      const { mode } = await stat(path.join(entry.parentPath, entry.name));
      assert.equal(mode & 0o777, entry.isFile() ? 0o600 : 0o700, entry.name);
    }
    const profile = await readFile(path.join(root, 'profiles/default.json'), 'utf8');
    assert.doesNotMatch(profile, SECRETS);
  });

  it('a refusal at the provider is said in the browser and here, and changes nothing', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const login = desk.start(loginWords(provider, '--flow', 'browser'));
    const agent = new UserAgent();
    const page = await agent.cancel(await agent.open(await linkOf(login)));
    assert.deepEqual([page.status, /<h1>Not signed in<\/h1>/.test(page.text), /access_denied/.test(page.text)], [400, true, true], page.text);
    const end = await login.exitWithin(HUNG_MS);
    assert.deepEqual([end.code, /access_denied.*\[auth-refused\]/.test(end.stderr)], [4, true], end.stderr);
    assert.equal((await desk.run(['profiles'])).stdout, '');
  });

  it('an answer with another state is none, and the right one still counts', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const login = desk.start(loginWords(provider, '--flow', 'browser'));
    const link = await linkOf(login);
    const redirect = new URL(link).searchParams.get('redirect_uri') ?? '';
    for (const query of ['?code=x&state=wrong', '?code=x', '?error=access_denied&state=']) {
      const answer = await fetch(redirect + query);
      assert.deepEqual([answer.status, /another sign-in/.test(await answer.text())], [400, true]);
    }
    assert.equal((await fetch(new URL('/', redirect))).status, 404);
    assert.equal((await fetch(redirect, { method: 'POST' })).status, 405);
    await new UserAgent().signIn(link, 'alice');
    assert.equal((await login.exitWithin(HUNG_MS)).code, 0);
  });

  it('an answer of another issuer is refused (RFC 9207)', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const login = desk.start(loginWords(provider, '--flow', 'browser'));
    const link = new URL(await linkOf(login));
    const answer = `${link.searchParams.get('redirect_uri') ?? ''}?code=x&state=${link.searchParams.get('state') ?? ''}&iss=https://evil.example`;
    assert.match(await (await fetch(answer)).text(), /Not signed in/);
    const end = await login.exitWithin(HUNG_MS);
    assert.deepEqual([end.code, provider.tokenRequests.length], [4, 0], end.stderr);
  });

  it('a port that is taken is named, with what to do', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    t.after(() => squatter.close());
    const { port } = squatter.address() as AddressInfo;
    const end = await desk.run(['login', '--url', NOWHERE, '--issuer', provider.issuer, '--client-id', 'streamer-cli', '--flow', 'browser', '--redirect-port', String(port)]);
    assert.equal(end.code, 5);
    assert.match(end.stderr, new RegExp(`port ${port} of this machine is taken.*choose another --redirect-port.*\\[connect-listen\\]`));
  });

  it('nobody comes back: it ends at its time', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const end = await desk.run(loginWords(provider, '--flow', 'browser', '--timeout', '1s'));
    assert.deepEqual([end.code, /nobody has signed in.*\[timeout-wait\]/.test(end.stderr)], [10, true], end.stderr);
  });

  it('the browser is started with an address that leads to the provider once, and tells a process list nothing', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const noted = path.join(desk.configuration, 'noted');
    const browser = path.join(desk.configuration, 'browser');
    const { writeFile } = await import('node:fs/promises');
    await writeFile(browser, `#!/bin/sh\nprintf %s "$1" >${noted}.new && mv ${noted}.new ${noted}\n`, { mode: 0o755 });
    const login = desk.start(loginWords(provider, '--flow', 'browser'), { BROWSER: browser });
    const link = await linkOf(login);
    let started = '';
    while (started === '') started = await readFile(noted, 'utf8').catch(() => '');
    assert.match(started, /^http:\/\/127\.0\.0\.1:\d+\/start-[\w-]{22}$/);
    const first = await fetch(started, { redirect: 'manual' });
    assert.deepEqual([first.status, first.headers.get('location')], [302, link]);
    assert.equal((await fetch(started, { redirect: 'manual' })).status, 404);
  });

  it('stops at Ctrl-C', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const login = desk.start(loginWords(provider, '--flow', 'browser'));
    await linkOf(login);
    login.kill('SIGINT');
    assert.equal((await login.exitWithin(HUNG_MS)).code, 130);
  });
});

describe('login by a code', { concurrency: 3 }, () => {
  it('is what happens over SSH; the provider may ask for patience', async (t) => {
    let slowed = 0;
    const provider = await startProvider(t, {
      intercept: (context) => {
        if (context.path !== '/token' || slowed > 0) return false;
        slowed += 1;
        context.status = 400;
        context.body = { error: 'slow_down' };
        return true;
      },
    });
    const desk = await newDesk(t);
    const login = desk.start([...loginWords(provider), '--json'], { SSH_CONNECTION: '192.0.2.1 1 192.0.2.2 22' });
    const [line] = await login.waitForLine(/^.*"device-code".*$/u);
    const { complete, code, address } = JSON.parse(line) as { complete: string; code: string; address: string };
    assert.match(code, /^[A-Z]{4}-[A-Z]{4}$/);
    assert.equal(address, `${provider.issuer}/device`);
    await new UserAgent().signIn(complete, 'bob');
    const end = await login.exitWithin(HUNG_MS);
    assert.equal(end.code, 0, end.stderr);
    assert.deepEqual([slowed, (await whoami(desk))['user'], (await whoami(desk))['flow']], [1, 'bob', 'device']);
  });

  it('a code that nobody types in ends', async (t) => {
    const [provider, desk] = [await startProvider(t, { deviceSeconds: 2 }), await newDesk(t)];
    const end = await desk.run(loginWords(provider, '--flow', 'device'));
    assert.deepEqual([end.code, /sign in again: "streamer login --profile default" \[auth-sign-in\]/.test(end.stderr)], [4, true], end.stderr);
  });

  it('a code that is denied', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const login = desk.start([...loginWords(provider, '--flow', 'device'), '--json']);
    const [line] = await login.waitForLine(/^.*"device-code".*$/u);
    const agent = new UserAgent();
    let page = await agent.open((JSON.parse(line) as { complete: string }).complete);
    while (!page.text.includes('/abort')) page = await agent.submit(page);
    await agent.cancel(page);
    const end = await login.exitWithin(HUNG_MS);
    assert.deepEqual([end.code, /access_denied/.test(end.stdout)], [4, true], end.stdout);
  });
});
