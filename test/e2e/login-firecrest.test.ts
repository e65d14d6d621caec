/** From nothing but FirecREST's address and a client's name to an answer of FirecREST's; and tokens that it refuses meanwhile. */
import assert from 'node:assert/strict';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { openControl } from '../../src/control/open.js';
import { AuthError } from '../../src/errors.js';
import { startGateway, type Gateway } from '../support/gateway/gateway.js';
import { startProvider, type TestProvider } from '../support/provider.js';
import { linkOf, newDesk, whoami, type Desk } from '../support/signing-in.js';
import { UserAgent } from '../support/user-agent.js';

const HUNG_MS = 30_000;
const gatewayOf = (t: TestContext, provider: TestProvider) => startGateway(t, { issuer: provider.issuer, systems: [{ name: 'alps', streamer: 'none' }] });

/** The gateway, with the one part of FirecREST's own document that says who issues tokens. */
async function documented(t: TestContext, gateway: Gateway, provider: TestProvider): Promise<string> {
  const document = { openapi: '3.1.0', components: { securitySchemes: { APIAuthDependency: { type: 'oauth2', flows: { clientCredentials: { scopes: {}, tokenUrl: provider.tokenUrl } } } } } };
  const server = createServer((request, response) => {
    if (request.url === '/openapi.json') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
      return;
    }
    const { hostname, port } = new URL(gateway.url);
    const passed = forward({ hostname, port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function signIn(desk: Desk, words: readonly string[], user: string): Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number | null }> {
  const login = desk.start(['login', '--client-id', 'streamer-cli', '--flow', 'browser', '--redirect-url', 'http://127.0.0.1:0/callback', ...words]);
  await new UserAgent().signIn(await linkOf(login), user);
  return login.exitWithin(HUNG_MS);
}

describe('login and FirecREST', { concurrency: 2 }, () => {
  it('finds the provider by FirecREST, signs in, and says what FirecREST has', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const url = await documented(t, await gatewayOf(t, provider), provider);
    const end = await signIn(desk, ['--url', url], 'alice');
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stderr, new RegExp(`FirecREST names its provider: ${provider.issuer}`));
    assert.match(end.stdout, /Signed in as alice .*\nFirecREST has alps\n$/);
  });

  it('says so when FirecREST does not take the token, and is signed in all the same', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const gateway = await startGateway(t, { systems: [{ name: 'alps', streamer: 'none' }] });
    const end = await signIn(desk, ['--url', gateway.url, '--issuer', provider.issuer], 'alice');
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stderr, /but FirecREST could not be asked: .*Token's public key not found/);
    assert.equal((await whoami(desk))['user'], 'alice');
  });

  it('a token that FirecREST refuses is renewed, once for all requests, and the request repeated', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const gateway = await gatewayOf(t, provider);
    await signIn(desk, ['--url', gateway.url, '--issuer', provider.issuer], 'alice');
    const { client } = await openControl({ env: desk.env });
    assert.deepEqual((await client.systems()).map(({ name }) => name), ['alps']);
    gateway.expireTokens();
    await Promise.all(Array.from({ length: 20 }, () => client.systems()));
    assert.deepEqual(provider.requestsOf('refresh_token').map(({ status }) => status), [200]);
  });

  it('a token that has ended in a long wait is renewed before FirecREST sees it', async (t) => {
    const [provider, desk] = [await startProvider(t, { accessTokenSeconds: 37 }), await newDesk(t)];
    const gateway = await gatewayOf(t, provider);
    await signIn(desk, ['--url', gateway.url, '--issuer', provider.issuer], 'alice');
    const { client } = await openControl({ env: desk.env });
    const before = gateway.requests.length;
    // It lives for 37 s and is renewed when it has 24.7 left; FirecREST refuses it from 30 on, which the second answer to a 401 is for.
    await client.systems();
    await new Promise((resolve) => setTimeout(resolve, 8_000));
    await client.systems();
    assert.equal(gateway.requests.length, before + 3, 'one was refused');
    assert.deepEqual(provider.requestsOf('refresh_token').map(({ status }) => status), [200]);
  });

  it('when there is nothing to renew it with, the user is told to sign in again', async (t) => {
    const [provider, desk] = [await startProvider(t), await newDesk(t)];
    const gateway = await gatewayOf(t, provider);
    const { client } = await openControl({ env: { ...desk.env, FIRECREST_URL: gateway.url, FIRECREST_TOKEN: provider.tokenFor('alice', { expiresInSeconds: 20 }) } });
    await assert.rejects(client.systems(), (error) => error instanceof AuthError);
  });
});
