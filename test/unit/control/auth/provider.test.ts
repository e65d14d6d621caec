import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { inspect } from 'node:util';
import { apiKeyAuthenticator } from '../../../../src/control/auth/api-key.js';
import { clientCredentials } from '../../../../src/control/auth/client-credentials.js';
import { MemoryStore } from '../../../../src/control/auth/memory-store.js';
import { refresh } from '../../../../src/control/auth/refresh.js';
import type { SignInSettings } from '../../../../src/control/auth/settings.js';
import { parseTokens } from '../../../../src/control/auth/tokens.js';
import { createFetch } from '../../../../src/control/fetch.js';
import type { Profile } from '../../../../src/control/profile.js';
import { StreamerError } from '../../../../src/errors.js';
import { tempDir } from '../../../support/cli.js';
import { certificate, NO_OPENSSL } from '../../../support/certificate.js';

const SECRET = 'the-client-secret-that-must-not-be-seen';
const TOKEN = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.a-signature-that-must-not-be-seen';

async function listening(t: TestContext, server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json = (status: number, body: unknown): RequestListener => (_request, response) => void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

interface Made {
  readonly url: string;
  readonly asked: string[];
}

/** A provider that says what it is told to. */
async function provider(t: TestContext, metadata: (url: string) => RequestListener, token: RequestListener = json(200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 300 })): Promise<Made> {
  const asked: string[] = [];
  let url = '';
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    (request.url === '/token' ? token : metadata(url))(request, response);
  });
  url = `http://${await listening(t, server)}`;
  return { url, asked };
}

const usual = (url: string) => json(200, { issuer: url, token_endpoint: `${url}/token` });

function settings(profile: Profile): SignInSettings {
  return { flow: 'client-credentials', from: 'the profile x', again: 'streamer login --profile x', profile: { clientId: 'robot', ...profile }, given: { clientSecret: SECRET } };
}

const token = (profile: Profile, ca?: string) => clientCredentials(settings(profile)).token({ store: new MemoryStore(), fetch: createFetch({ ca }), signal: undefined });

/** It is an error of ours, in one line, and neither it nor what led to it holds anything secret. */
async function fails(promise: Promise<unknown>, code: StreamerError['code'], says: RegExp): Promise<void> {
  const error = await promise.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof StreamerError, inspect(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, says);
  assert.doesNotMatch(error.message, /\n/);
  const all = inspect(error, { depth: 10, showHidden: true });
  for (const secret of [SECRET, TOKEN]) assert.equal(all.includes(secret), false, all);
}

describe('a provider', () => {
  it('is found by its issuer, or by the document of RFC 8414', async (t) => {
    const known = await provider(t, usual);
    assert.equal(await token({ issuer: known.url }), TOKEN);
    const other = await provider(t, (url) => (request, response) => (request.url === '/.well-known/oauth-authorization-server' ? usual(url) : json(404, {}))(request, response));
    assert.equal(await token({ issuer: other.url }), TOKEN);
    assert.deepEqual(other.asked, ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server', '/token']);
  });

  it('that is a page, or nothing at all', async (t) => {
    const page = await provider(t, () => (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Welcome'));
    await fails(token({ issuer: page.url }), 'auth-refused', /answers something else than JSON.*check that `issuer`/);
    const none = await provider(t, () => json(404, {}));
    await fails(token({ issuer: none.url }), 'auth-refused', /answers HTTP 404.*check `issuer`/);
    const broken = await provider(t, () => json(500, {}));
    await fails(token({ issuer: broken.url }), 'connect-failed', /answers HTTP 500.*try again later/);
    await fails(token({ issuer: 'http://127.0.0.1:9' }), 'connect-failed', /cannot reach 127\.0\.0\.1:9/);
  });

  it('that calls itself by another name', async (t) => {
    const { url, asked } = await provider(t, (own) => json(200, { issuer: `${own}/realms/hpc`, token_endpoint: `${own}/token` }));
    await fails(token({ issuer: url }), 'usage', /calls itself http:\/\/127\.0\.0\.1:\d+\/realms\/hpc: give that as `issuer`/);
    assert.equal(asked.includes('/token'), false, 'no secret was sent');
  });

  it('without TLS is only this machine itself, whoever names it', async (t) => {
    for (const issuer of ['http://auth.example.org', 'http://localhost.example.org', 'http://127.0.0.1.nip.io', 'ftp://127.0.0.1', 'no address']) await fails(token({ issuer }), 'usage', /`issuer`/);
    await fails(token({ tokenUrl: 'http://auth.example.org/token' }), 'usage', /`tokenUrl` is not an address of https:/);
    const sly = await provider(t, (url) => json(200, { issuer: url, token_endpoint: 'http://auth.example.org/token' }));
    await fails(token({ issuer: sly.url }), 'usage', /is not an address of https:/);
  });

  it('that refuses, even if it repeats what it was sent', async (t) => {
    const answer = (status: number, body: unknown) => provider(t, usual, json(status, body));
    const parrot = await answer(401, { error: 'invalid_client', error_description: `no such secret: ${SECRET}\n${TOKEN}` });
    await fails(token({ issuer: parrot.url }), 'auth-refused', /refuses to give a token \(invalid_client: no such secret: <secret> ….*check `clientId`/);
    await fails(token({ issuer: (await answer(400, { error: 'invalid_scope' })).url }), 'auth-refused', /check `scope`/);
    await fails(token({ issuer: (await answer(503, { error: 'temporarily_unavailable' })).url }), 'connect-failed', /try again later/);
    await fails(token({ issuer: (await answer(200, { token: TOKEN })).url }), 'auth-refused', /is not one of an OpenID provider/);
    await fails(token({ issuer: (await answer(400, `<html>${SECRET}`)).url }), 'auth-refused', /HTTP 400|something else|not one of/);
    const challenge = await provider(t, usual, (_request, response) => void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end(SECRET));
    await fails(token({ issuer: challenge.url }), 'auth-refused', /check `clientId`/);
    const page = await provider(t, usual, (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(`<html>${TOKEN}`));
    await fails(token({ issuer: page.url }), 'auth-refused', /something else than JSON/);
  });

  it('that repeats a secret which is as short as a word, however it was sent', async (t) => {
    for (const [clientAuthMethod, secret] of [['client_secret_basic', 'short:+ee'], ['client_secret_post', 'sesame-open']] as const) {
      const { url } = await provider(t, usual, (request, response) => json(400, { error: 'invalid_client', error_description: `${secret} ${request.headers.authorization ?? ''}` })(request, response));
      const asked = clientCredentials({ ...settings({ issuer: url, clientAuthMethod }), given: { clientSecret: secret } }).token({ store: new MemoryStore(), fetch: createFetch() });
      const error = await asked.then(() => undefined, (thrown: unknown) => thrown);
      assert.ok(error instanceof StreamerError);
      assert.match(error.message, /\(invalid_client: <secret>/);
      assert.equal(error.message.includes(secret), false, error.message);
      assert.doesNotMatch(error.message, /Basic \w{8}/);
    }
  });

  it('whose answer has no end is not read to it', async (t) => {
    const endless: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const write = () => {
        while (!response.destroyed && response.write(' '.repeat(65_536)));
      };
      response.on('drain', write).on('error', () => undefined);
      write();
    };
    const [discovery, grant] = [await provider(t, () => endless), await provider(t, usual, endless)];
    for (const profile of [{ issuer: discovery.url }, { issuer: grant.url }, { tokenUrl: `${grant.url}/token` }]) await fails(token(profile), 'auth-refused', /answers with more than 1048576 bytes, which is no provider's/);
    const keyed = apiKeyAuthenticator({ ...settings({ tokenUrl: `${grant.url}/token` }), given: { apiKey: SECRET } });
    await fails(Promise.resolve(keyed.sign({ method: 'GET', url: new URL('https://firecrest.test'), headers: new Headers() }, { store: new MemoryStore(), fetch: createFetch() })), 'auth-refused', /answers with more than 1048576 bytes/);
  });

  it('that gives what is no token, or one for ever', async (t) => {
    for (const access of ['a\nb', 'a b', '\u001b[31m', 'é']) {
      const { url } = await provider(t, usual, json(200, { access_token: access, token_type: 'Bearer' }));
      await fails(token({ issuer: url }), 'auth-token', /what the provider gives as an access token does not hold a token/);
    }
    const [store, { url }] = [new MemoryStore(), await provider(t, usual, json(200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 1e300 }))];
    await clientCredentials(settings({ issuer: url })).token({ store, fetch: createFetch() });
    const { obtainedAtMs, expiresAtMs } = parseTokens((await store.get('tokens')) ?? '', '');
    assert.equal(expiresAtMs - obtainedAtMs, 366 * 86_400_000);
  });

  it('that no longer knows a sign-in', async (t) => {
    const { url } = await provider(t, usual, json(400, { error: 'invalid_grant', error_description: 'Token is not active' }));
    const before = { accessToken: TOKEN, refreshToken: SECRET, obtainedAtMs: 0, expiresAtMs: 1 };
    await fails(refresh(settings({ issuer: url }), before, { store: new MemoryStore(), fetch: createFetch() }), 'auth-sign-in', /\(invalid_grant: Token is not active\); sign in again: streamer login --profile x$/);
  });

  it('known by its token endpoint alone may send an ID token, which nobody can check, and nobody needs', async (t) => {
    const { url } = await provider(t, usual, json(200, { access_token: TOKEN, token_type: 'Bearer', expires_in: 300, id_token: 'e30.e30.x' }));
    assert.equal(await token({ tokenUrl: `${url}/token` }), TOKEN);
  });

  it('with a certificate that is not trusted, and is by `ca`', { skip: NO_OPENSSL }, async (t) => {
    const { cert, key } = certificate(await tempDir(t));
    let url = '';
    const server = createTlsServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => (request.url === '/token' ? json(200, { access_token: TOKEN, token_type: 'Bearer' }) : usual(url))(request, response));
    url = `https://${await listening(t, server)}`;
    await fails(token({ issuer: url }), 'auth-certificate', /certificate of 127\.0\.0\.1:\d+ is not trusted.*name its authority with `ca`/);
    assert.equal(await token({ issuer: url }, readFileSync(cert, 'utf8')), TOKEN);
  });
});
