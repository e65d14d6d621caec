/** The ways of signing in that need no user, and those that variables name, through the command and with a real provider. */
import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { CLIENT_SECRET, EXCHANGE_AUDIENCE, startProvider, type TestProvider } from '../support/provider.js';
import { loginWords, newDesk, NOWHERE, signInByBrowser, whoami, type Desk } from '../support/signing-in.js';

async function secretFile(desk: Desk, text: string, name = 'secret'): Promise<string> {
  const file = path.join(desk.configuration, name);
  await writeFile(file, text, { mode: 0o600 });
  return file;
}

const robot = ({ issuer }: TestProvider, client: string, ...more: readonly string[]) => ['login', '--url', NOWHERE, '--issuer', issuer, '--client-id', client, ...more];

describe('client credentials', { concurrency: 2 }, () => {
  it('client_secret_basic is what a secret alone means', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const end = await desk.run(robot(provider, 'robot-basic', '--client-secret-file', await secretFile(desk, `${CLIENT_SECRET}\n`)));
    assert.deepEqual([end.code, /Signed in as service-account-robot-basic \(profile default, by client-credentials;/.test(end.stdout)], [0, true], end.stderr + end.stdout);
    assert.equal((await whoami(desk))['user'], 'service-account-robot-basic');
    assert.deepEqual(provider.tokenRequests.map(({ by }) => by), ['header'], 'once: the token is kept for as long as it lasts');
  });

  it('client_secret_post, by a token URL alone, with the secret from standard input', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const words = ['login', '--url', NOWHERE, '--token-url', provider.tokenUrl, '--client-id', 'robot-post', '--client-auth-method', 'client_secret_post', '--client-secret-file', '-'];
    const end = await desk.run(words, {}, `${CLIENT_SECRET}\n`);
    assert.equal(end.code, 0, end.stderr);
    assert.equal((await desk.run(words.slice(0, -2))).code, 0, 'it is kept');
    assert.equal((await whoami(desk))['user'], 'service-account-robot-post');
    assert.deepEqual(provider.tokenRequests.map(({ by }) => by), ['form', 'form']);
  });

  it('private_key_jwt', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const end = await desk.run(robot(provider, 'robot-jwt', '--key-file', await secretFile(desk, provider.clientKey)));
    assert.equal(end.code, 0, end.stderr);
    assert.equal((await whoami(desk))['user'], 'service-account-robot-jwt');
    assert.deepEqual(provider.tokenRequests.map(({ by }) => by), ['assertion']);
  });

  it('private_key_jwt with a clock that is five minutes off', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const shift = await secretFile(desk, 'const now = Date.now; Date.now = () => now() + 300_000;', 'shift.cjs');
    const end = await desk.run(robot(provider, 'robot-jwt', '--key-file', await secretFile(desk, provider.clientKey)), { NODE_OPTIONS: `--require ${shift}` });
    assert.equal(end.code, 0, end.stderr);
  });

  it('a wrong secret: what to check, and the secret is nowhere; the profile is not written', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const end = await desk.run(robot(provider, 'robot-basic', '--client-secret-file', await secretFile(desk, 'wrong-secret-that-nobody-may-see')));
    assert.equal(end.code, 4);
    assert.match(end.stderr, /refuses to give a token \(invalid_client.*check --client-id, its secret or key.*\[auth-refused\]/);
    assert.doesNotMatch(end.stderr, /wrong-secret/);
    assert.equal((await desk.run(['profiles'])).stdout, '');
  });

  it('a file of the secret that others can read is refused', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const file = await secretFile(desk, CLIENT_SECRET);
    await chmod(file, 0o640);
    const end = await desk.run(robot(provider, 'robot-basic', '--client-secret-file', file));
    assert.deepEqual([end.code, /not only yours to read: chmod 600 it \[storage-denied\]/.test(end.stderr)], [8, true], end.stderr);
  });

  it("pyfirecrest's variables alone, as its own command line reads them", async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const env = { FIRECREST_URL: NOWHERE, FIRECREST_CLIENT_ID: 'robot-post', FIRECREST_CLIENT_SECRET: CLIENT_SECRET, AUTH_TOKEN_URL: provider.tokenUrl };
    assert.equal((await whoami(desk, [], env))['user'], 'service-account-robot-post');
    const basic = { ...env, FIRECREST_CLIENT_ID: 'robot-basic' };
    assert.equal((await whoami(desk, [], { ...basic, FIRECREST_CLIENT_AUTH_METHOD: 'client_secret_basic' }))['user'], 'service-account-robot-basic');
    assert.deepEqual(provider.tokenRequests.map(({ by }) => by), ['form', 'header'], 'its default is client_secret_post');
    assert.match((await desk.run(['whoami'], { ...env, AUTH_TOKEN_URL: '' })).stderr, /set AUTH_TOKEN_URL/);
  });
});

describe('token exchange', { concurrency: 2 }, () => {
  it("a user's token for one of the confidential audience, again when it ends, and after the user's own has ended", async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const { end } = await signInByBrowser(desk, provider, 'alice', '--flow', 'token-exchange', '--subject-flow', 'browser', '--audience', EXCHANGE_AUDIENCE);
    assert.equal(end.code, 0, end.stderr);
    const who = await whoami(desk);
    assert.deepEqual([who['user'], who['audience'], who['authorizedParty']], ['alice', [EXCHANGE_AUDIENCE], 'streamer-cli']);
    assert.equal(provider.requestsOf('urn:ietf:params:oauth:grant-type:token-exchange').length, 1);
    const later = await secretFile(desk, 'const now = Date.now; Date.now = () => now() + 270_000;', 'later.cjs');
    const again = await whoami(desk, [], { NODE_OPTIONS: `--require ${later}` });
    assert.equal(again['user'], 'alice');
    assert.equal(provider.requestsOf('urn:ietf:params:oauth:grant-type:token-exchange').length, 2, 'renewed ahead of its end');
    assert.equal(provider.requestsOf('refresh_token').length, 1, 'as was what is exchanged');
  });

  for (const [what, claims, says] of [
    ['another audience', { aud: 'somebody-else' }, /is for somebody-else and not for firecrest-confidential/],
    ['another party', { azp: 'mallory' }, /was issued to mallory/],
    ['the past', { exp: 1_700_000_000 }, /has expired already/],
  ] as const) {
    it(`a token of ${what} is not used`, async (t) => {
      const provider: TestProvider = await startProvider(t);
      const desk = await newDesk(t);
      const now = Math.floor(Date.now() / 1000);
      const odd = provider.sign({ iss: provider.issuer, sub: 'alice', aud: EXCHANGE_AUDIENCE, azp: 'streamer-cli', iat: now, exp: now + 300, ...claims });
      provider.settings.intercept = (context) => {
        if (context.path !== '/token') return false;
        context.body = { access_token: odd, token_type: 'Bearer', expires_in: 300, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' };
        return true;
      };
      const token = await secretFile(desk, provider.tokenFor('alice'));
      const end = await desk.run(loginWords(provider, '--flow', 'token-exchange', '--subject-flow', 'token', '--token-file', token, '--audience', EXCHANGE_AUDIENCE));
      assert.deepEqual([end.code, says.test(end.stderr), end.stderr.includes(odd)], [4, true, false], end.stderr);
    });
  }
});

interface KeyEndpoint {
  readonly url: string;
  readonly asked: { readonly headers: IncomingMessage['headers']; readonly body: string }[];
  status: number;
}

/** The site's own endpoint, as src/control/auth/api-key.ts describes it. */
async function keyEndpoint(t: TestContext, provider: TestProvider, key: string): Promise<KeyEndpoint> {
  const asked: KeyEndpoint['asked'] = [];
  const state = { status: 200 };
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      asked.push({ headers: request.headers, body });
      const good = request.headers['x-api-key'] === key || new URLSearchParams(body).get('key') === key;
      const answer = good ? { access_token: provider.tokenFor('robot', { expiresInSeconds: 200 }), expires_in: 200 } : { error: `no such key: ${key}` };
      response.writeHead(good ? state.status : 401, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/issue`, asked });
}

describe('an API key', { concurrency: 2 }, () => {
  const KEY = 'key-0123456789-which-is-secret';

  it('is traded for a token, kept for as long as that lasts, and again when it ends', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const endpoint = await keyEndpoint(t, provider, KEY);
    const end = await desk.run(['login', '--url', NOWHERE, '--token-url', endpoint.url, '--api-key-file', await secretFile(desk, KEY), '--scope', 'jobs']);
    assert.equal(end.code, 0, end.stderr);
    assert.equal((await whoami(desk))['user'], 'robot');
    assert.deepEqual([endpoint.asked.length, endpoint.asked[0]?.body], [1, 'scope=jobs']);
    const later = await secretFile(desk, 'const now = Date.now; Date.now = () => now() + 150_000;', 'later.cjs');
    assert.equal((await whoami(desk, [], { NODE_OPTIONS: `--require ${later}` }))['user'], 'robot');
    assert.equal(endpoint.asked.length, 2);
  });

  it('goes in a field of the form, if that is what the site wants', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const endpoint = await keyEndpoint(t, provider, KEY);
    const end = await desk.run(['login', '--url', NOWHERE, '--token-url', endpoint.url, '--api-key-file', '-', '--api-key-field', 'key'], {}, KEY);
    assert.deepEqual([end.code, endpoint.asked[0]?.body, endpoint.asked[0]?.headers['x-api-key']], [0, `key=${KEY}`, undefined], end.stderr);
  });

  it('a wrong one is refused, and shown nowhere', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const endpoint = await keyEndpoint(t, provider, 'another');
    const end = await desk.run(['whoami'], { FIRECREST_URL: NOWHERE, FIRECREST_API_KEY: KEY, AUTH_TOKEN_URL: endpoint.url });
    assert.deepEqual([end.code, /does not take the API key of FIRECREST_API_KEY \(HTTP 401\)/.test(end.stderr), end.stderr.includes(KEY)], [4, true, false], end.stderr);
  });
});

describe('a token as it is', { concurrency: 2 }, () => {
  const env = (more: Readonly<Record<string, string>>) => ({ FIRECREST_URL: NOWHERE, ...more });

  it('FIRECREST_TOKEN', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    assert.equal((await whoami(desk, [], env({ FIRECREST_TOKEN: provider.tokenFor('carol') })))['user'], 'carol');
    const over = await desk.run(['whoami'], env({ FIRECREST_TOKEN: provider.tokenFor('carol', { expiresInSeconds: -3600 }) }));
    assert.deepEqual([over.code, /the token of FIRECREST_TOKEN has expired at .*: get a new one \[auth-token\]/.test(over.stderr)], [4, true], over.stderr);
    const clock = await whoami(desk, [], env({ FIRECREST_TOKEN: provider.tokenFor('carol', { expiresInSeconds: -200 }) }));
    assert.equal(clock['user'], 'carol', 'a clock may be five minutes off: FirecREST decides');
    const bad = await desk.run(['whoami'], env({ FIRECREST_TOKEN: 'two words\nand-a-line' }));
    assert.deepEqual([bad.code, /FIRECREST_TOKEN does not hold a token and nothing else/.test(bad.stderr), bad.stderr.includes('two words')], [4, true, false]);
  });

  it('a file, which is read each time', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const file = await secretFile(desk, provider.tokenFor('carol'));
    assert.equal((await whoami(desk, [], env({ FIRECREST_TOKEN_FILE: file })))['user'], 'carol');
    assert.equal((await desk.run(['login', '--url', NOWHERE, '--token-file', file])).code, 0);
    await secretFile(desk, provider.tokenFor('dave'));
    assert.equal((await whoami(desk))['user'], 'dave');
  });

  it('FIRECREST_TOKEN_COMMAND', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const file = await secretFile(desk, provider.tokenFor('erin'), "with 'quotes'");
    assert.equal((await whoami(desk, [], env({ FIRECREST_TOKEN_COMMAND: `cat "${file}"` })))['user'], 'erin');
    assert.equal((await whoami(desk, [], env({ FIRECREST_TOKEN_COMMAND: `sh -c 'cat "$0" | head -n 1' "${file}"` })))['user'], 'erin');
    const says = async (command: string) => (await desk.run(['whoami'], env({ FIRECREST_TOKEN_COMMAND: command }))).stderr;
    assert.match(await says(`cat ${file} | head`), /quotes|run without a shell/);
    assert.match(await says('cat $HOME/token'), /run without a shell.*\[usage\]/);
    assert.match(await says('false'), /ended with status 1: run it by hand/);
    assert.match(await says('no-such-program'), /cannot be run \(ENOENT\)/);
    assert.match(await says('echo two words'), /does not hold a token and nothing else/);
    assert.match(await says('yes'), /prints more than a token/);
  });

  it('two ways at once are a question', async (t) => {
    const desk = await newDesk(t);
    const end = await desk.run(['whoami'], env({ FIRECREST_TOKEN: 'a', FIRECREST_TOKEN_COMMAND: 'b' }));
    assert.deepEqual([end.code, /FIRECREST_TOKEN and FIRECREST_TOKEN_COMMAND are both set: which is meant/.test(end.stderr)], [2, true], end.stderr);
  });

  it('nothing at all: what to do', async (t) => {
    const desk = await newDesk(t);
    const end = await desk.run(['whoami']);
    assert.deepEqual([end.code, /nothing says where FirecREST is: sign in with "streamer login --url <FirecREST>.*\[auth-missing\]/.test(end.stderr)], [4, true], end.stderr);
    assert.match((await desk.run(['whoami', '--url', NOWHERE])).stderr, /nothing says how to sign in/);
  });
});

describe('inside JupyterHub', { concurrency: 2 }, () => {
  /** What a hub has got for its user, at the same provider. */
  async function hubTokens(t: TestContext, provider: TestProvider): Promise<{ access_token: string; refresh_token: string }> {
    const hub = await newDesk(t);
    await signInByBrowser(hub, provider, 'jovyan');
    const { readFile } = await import('node:fs/promises');
    const { accessToken, refreshToken } = JSON.parse(await readFile(path.join(hub.configuration, 'streamer/tokens/default/tokens'), 'utf8')) as { accessToken: string; refreshToken: string };
    return { access_token: accessToken, refresh_token: refreshToken };
  }

  it('its tokens by variables: the first while it lasts, then new ones, each kept for the next run', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const { access_token, refresh_token } = await hubTokens(t, provider);
    const env = { FIRECREST_URL: NOWHERE, STREAMER_ACCESS_TOKEN: access_token, STREAMER_REFRESH_TOKEN: refresh_token };
    assert.equal((await whoami(desk, [], env))['user'], 'jovyan');
    assert.equal(provider.requestsOf('refresh_token').length, 0);
    for (const minutes of [5, 10, 15]) {
      const later = await secretFile(desk, `const now = Date.now; Date.now = () => now() + ${minutes * 60_000};`, `later-${minutes}.cjs`);
      assert.equal((await whoami(desk, [], { ...env, NODE_OPTIONS: `--require ${later}` }))['user'], 'jovyan');
    }
    assert.deepEqual(provider.requestsOf('refresh_token').map(({ status }) => status), [200, 200, 200], 'the issuer and the client are those of the token');
  });

  it('its state in a file, by a token URL; without a refresh token, what to do', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const { refresh_token } = await hubTokens(t, provider);
    const env = { FIRECREST_URL: NOWHERE, AUTH_TOKEN_URL: provider.tokenUrl, FIRECREST_CLIENT_ID: 'streamer-cli' };
    const file = await secretFile(desk, JSON.stringify({ access_token: provider.tokenFor('jovyan', { ageSeconds: 280, expiresInSeconds: 20 }), refresh_token, scope: [] }));
    assert.equal((await whoami(desk, [], { ...env, STREAMER_AUTH_STATE_FILE: file }))['user'], 'jovyan');
    assert.equal(provider.requestsOf('refresh_token').length, 1);
    const only = await secretFile(desk, JSON.stringify({ access_token: provider.tokenFor('jovyan', { ageSeconds: 300, expiresInSeconds: -10 }) }), 'only');
    const end = await desk.run(['whoami'], { ...env, STREAMER_AUTH_STATE_FILE: only });
    assert.deepEqual([end.code, /there is no refresh token; sign in again: stop the server in JupyterHub/.test(end.stderr)], [4, true], end.stderr);
  });
});

describe('an authenticator of the user’s own', { concurrency: 2 }, () => {
  it('an object or a function, with a store that outlives the run', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const file = await secretFile(desk, `
      export default () => ({
        async sign({ headers, url }, { store, fetch }) {
          const count = Number((await store.get('count')) ?? 0) + 1;
          await store.set('count', String(count));
          url.searchParams.set('signed', 'yes');
          headers.set('authorization', 'Bearer ' + (count > 1 && typeof fetch === 'function' ? ${JSON.stringify(provider.tokenFor('second'))} : ${JSON.stringify(provider.tokenFor('first'))}));
        },
      });`, 'mine.mjs');
    const words = ['--url', NOWHERE, '--authenticator', file];
    assert.equal((await whoami(desk, words))['user'], 'first');
    assert.equal((await whoami(desk, words))['user'], 'second');
    assert.equal((await desk.run(['login', '--profile', 'mine', '--url', NOWHERE, '--authenticator', file])).code, 0);
    assert.equal((await whoami(desk, ['--profile', 'mine']))['user'], 'second');
  });

  it('what is wrong with a module is said in one line', async (t) => {
    const desk = await newDesk(t);
    const says = async (text: string) => (await desk.run(['whoami', '--url', NOWHERE, '--authenticator', await secretFile(desk, text, 'wrong.mjs')])).stderr;
    // One line, and no warning of node's before or after it: what a module is loaded with must not be experimental.
    assert.match(await says('export default 5'), /^streamer: [^\n]*has no authenticator as its default export[^\n]*\[usage\]\n$/u);
    assert.match(await says('export default {'), /cannot be loaded: /);
    assert.match(await says("export default { sign() { throw new Error('no card in the reader'); } }"), /could not sign: no card in the reader \[auth-missing\]\n$/);
    assert.match(await says("export default { sign({ url }) { url.host = 'evil.example'; } }"), /has changed where the request goes/);
    assert.match((await desk.run(['whoami', '--url', NOWHERE, '--authenticator', 'not-there.mjs'])).stderr, /--authenticator cannot be loaded/);
  });
});

describe('which one', { concurrency: 2 }, () => {
  it('an option, then the environment, then the profile; a profile that is named is an option', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const token = async (user: string) => secretFile(desk, provider.tokenFor(user), user);
    for (const site of ['daint', 'alps']) assert.equal((await desk.run(['login', '--profile', site, '--url', `https://${site}.test`, '--token-file', await token(site)])).code, 0);
    const ask = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
      const { user, url } = await whoami(desk, words, env);
      return `${String(user)} at ${String(url)}`;
    };
    const variables = { FIRECREST_URL: 'https://variable.test', FIRECREST_TOKEN: provider.tokenFor('variable') };
    assert.equal(await ask(['--profile', 'daint']), 'daint at https://daint.test');
    assert.equal(await ask([], { STREAMER_PROFILE: 'alps' }), 'alps at https://alps.test');
    assert.equal(await ask(['--profile', 'daint'], variables), 'daint at https://daint.test');
    assert.equal(await ask([], variables), 'variable at https://variable.test');
    assert.equal(await ask([], { ...variables, STREAMER_PROFILE: 'alps' }), 'variable at https://variable.test');
    assert.equal(await ask(['--url', 'https://option.test'], variables), 'variable at https://option.test');
    const which = await desk.run(['whoami']);
    assert.deepEqual([which.code, /which --profile: alps, daint\?/.test(which.stderr)], [2, true], which.stderr);
    const none = await desk.run(['whoami', '--profile', 'other']);
    assert.deepEqual([none.code, /there is no profile other \(there are: alps, daint\)/.test(none.stderr)], [8, true], none.stderr);
  });

  it("a profile's sign-in is not sent to another site", async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    await desk.run(['login', '--url', NOWHERE, '--token-file', await secretFile(desk, provider.tokenFor('alice'))]);
    const end = await desk.run(['whoami', '--url', 'https://evil.example']);
    assert.deepEqual([end.code, /its tokens are not for https:\/\/evil.example/.test(end.stderr)], [2, true], end.stderr);
  });

  it('an empty option takes a field out of the profile; `profiles` lists what there is', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const file = await secretFile(desk, provider.tokenFor('alice'));
    await desk.run(['login', '--url', NOWHERE, '--token-file', file, '--system', 'daint', '--account', 'csstaff']);
    assert.equal((await desk.run(['profiles'])).stdout, `default  ${NOWHERE}, token, system daint, account csstaff\n`);
    await desk.run(['login', '--account', '']);
    assert.equal((await desk.run(['profiles'])).stdout, `default  ${NOWHERE}, token, system daint\n`);
  });

  it('a profile that is damaged is written anew by a login, as its message says', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const words = ['login', '--url', NOWHERE, '--no-check', '--token-file', await secretFile(desk, provider.tokenFor('alice'))];
    await desk.run(words);
    for (const text of ['{"url":', '{"url": 5}', '[]']) {
      await writeFile(path.join(desk.configuration, 'streamer/profiles/default.json'), text);
      assert.equal((await desk.run(['whoami'])).code, 2);
      const end = await desk.run(words);
      assert.equal(end.code, 0, end.stderr);
      assert.match(end.stderr, /the profile default.*; this sign-in writes it anew/u);
      assert.equal((await whoami(desk))['user'], 'alice');
    }
  });

  it('variables that say all need no home, and no place for profiles', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const file = await secretFile(desk, 'no directory');
    const variables = { FIRECREST_URL: NOWHERE, FIRECREST_TOKEN: provider.tokenFor('alice') };
    assert.equal((await whoami(desk, [], { ...variables, HOME: '', XDG_CONFIG_HOME: '' }))['user'], 'alice');
    assert.equal((await whoami(desk, [], { ...variables, XDG_CONFIG_HOME: file }))['user'], 'alice');
    const named = await desk.run(['whoami', '--profile', 'x'], { ...variables, HOME: '', XDG_CONFIG_HOME: '' });
    assert.deepEqual([named.code, /no home directory/.test(named.stderr)], [2, true], named.stderr);
  });

  it("the agent's options are kept, looked at first, and taken out one by one", async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const kept = async () => JSON.parse(await readFile(path.join(desk.configuration, 'streamer/profiles/default.json'), 'utf8')) as { readonly agent?: unknown; readonly allowedMethods?: unknown; readonly relayTokenFile?: unknown };
    const file = await secretFile(desk, provider.tokenFor('alice'));
    const options = ['--agent-node', 'venv', '--agent-node-version', '24', '--agent-time', '3h', '--agent-wait-timeout', '90s', '--agent-public-ips', '192.0.2.1,@node', '--agent-port-range', '5665', '5670', '--agent-directive', '--a=b,c'];
    const { code, stderr } = await desk.run(['login', '--url', NOWHERE, '--token-file', file, '--no-check', '--allow-method', 'agent', '--relay', 'wss://relay.test', '--relay-token-file', 'token', ...options]);
    assert.equal(code, 0, stderr);
    const all = { node: 'venv', nodeVersion: 24, time: '3h', directives: ['--a=b,c'], waitTimeout: '90s', publicIps: ['192.0.2.1', '@node'], portRange: [5665, 5670] };
    assert.deepEqual((await kept()).agent, all);
    assert.equal((await kept()).relayTokenFile, 'token', 'it is a file of the cluster, and not of this directory');
    for (const [option, value] of [['--agent-wait-timeout', 'soon'], ['--agent-time', '5y'], ['--agent-node', 'brew'], ['--agent-node-version', '17'], ['--agent-port-range', 'x']] as const) {
      const end = await desk.run(['login', '--no-check', option, value]);
      assert.equal(end.code, 2, `${option} ${value}`);
      assert.match(end.stderr, new RegExp(`^streamer: .*${option}`, 'u'));
    }
    await desk.run(['login', '--no-check', '--agent-wait-timeout', '', '--agent-port-range', '', '--agent-public-ips', '', '--agent-node-version', '', '--allow-method', '']);
    assert.deepEqual(await kept(), { ...(await kept()), agent: { node: 'venv', time: '3h', directives: ['--a=b,c'] } });
    assert.equal((await kept()).allowedMethods, undefined);
    await desk.run(['login', '--no-check', '--agent-node', '', '--agent-time', '', '--agent-directive', '']);
    assert.equal((await kept()).agent, undefined);
  });
});
