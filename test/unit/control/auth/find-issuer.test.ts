import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { findProvider } from '../../../../src/control/auth/find-issuer.js';

/** One server for both, which answers these paths. `$` in them is its own address. */
async function serve(t: TestContext, answers: Readonly<Record<string, unknown>>): Promise<string> {
  let url = '';
  const server = createServer((request, response) => {
    const answer = answers[request.url ?? ''];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer ?? {}).replaceAll('$', url));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return url;
}

/** As FirecREST's own document has it. */
const document = (tokenUrl: unknown) => ({ components: { securitySchemes: { HTTPBearer: { type: 'http', scheme: 'bearer' }, APIAuthDependency: { type: 'oauth2', flows: { clientCredentials: { scopes: {}, tokenUrl } } } } } });
const TOKEN_URL = '$/auth/realms/hpc/protocol/openid-connect/token';

describe('the provider that FirecREST names', () => {
  it('is found above its token endpoint, as Keycloak has it', async (t) => {
    const url = await serve(t, {
      '/v2/openapi.json': document(TOKEN_URL),
      '/auth/realms/hpc/.well-known/openid-configuration': { issuer: '$/auth/realms/hpc', token_endpoint: TOKEN_URL },
    });
    assert.deepEqual(await findProvider(`${url}/v2/`, fetch), { issuer: `${url}/auth/realms/hpc` });
  });

  it('is not one with another token endpoint; then that endpoint alone is known', async (t) => {
    const url = await serve(t, { '/openapi.json': document(TOKEN_URL), '/auth/.well-known/openid-configuration': { issuer: '$/auth', token_endpoint: '$/other' } });
    assert.deepEqual(await findProvider(url, fetch), { tokenUrl: TOKEN_URL.replace('$', url) });
  });

  it('is unknown where there is no such document, or an odd one', async (t) => {
    for (const odd of [undefined, {}, [], { components: 5 }, document(5), document('http://auth.example.org/token'), document('x')]) {
      assert.deepEqual(await findProvider(await serve(t, { '/openapi.json': odd }), fetch), {});
    }
    assert.deepEqual(await findProvider('http://127.0.0.1:9', fetch), {});
  });
});
