import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFetch, NoConnection } from '../../../src/control/fetch.js';
import { certificate, NO_OPENSSL } from '../../support/certificate.js';
import { freePort, tempDir } from '../../support/cli.js';
import { turns, until } from '../../support/fake-events.js';
import { clientFor } from '../../support/fake-control.js';
import { collectGarbage } from '../../support/garbage.js';
import { startHttpProxy } from '../../support/http-proxy.js';
import { answerWith, exchange, startServer } from '../../support/recorded.js';
import { AuthError } from '../../../src/errors.js';

/** Sets variables for one test. */
function setEnvironment(t: TestContext, variables: Readonly<Record<string, string | undefined>>): void {
  const set = (values: Readonly<Record<string, string | undefined>>) => {
    for (const [name, value] of Object.entries(values)) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
  const before = Object.fromEntries(Object.keys(variables).map((name) => [name, process.env[name]]));
  set(variables);
  t.after(() => set(before));
}

const proxied = (port: number, login = '') => ({ HTTPS_PROXY: `http://${login}127.0.0.1:${port}`, https_proxy: undefined, NO_PROXY: undefined, no_proxy: undefined });

/** A FirecREST that speaks TLS, with a certificate of its own authority. */
async function startTls(t: TestContext, host?: string): Promise<{ readonly port: number; readonly ca: string; readonly caFile: string }> {
  const { cert, key } = certificate(await tempDir(t), 'cert', host);
  const ca = readFileSync(cert, 'utf8');
  const server = createTlsServer({ cert: ca, key: readFileSync(key) }, (request, response) => answerWith(exchange('status-systems'), request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, ca, caFile: cert };
}

describe('what is sent', () => {
  const forms: Readonly<Record<string, () => [Parameters<typeof fetch>[0], RequestInit?]>> = {
    text: () => ['', { method: 'POST', body: 'a=b', headers: { 'content-type': 'text/plain' } }],
    parameters: () => ['', { method: 'POST', body: new URLSearchParams({ a: 'b' }) }],
    bytes: () => ['', { method: 'POST', body: new TextEncoder().encode('a=b') }],
    blob: () => ['', { method: 'POST', body: new Blob(['a=b']) }],
  };
  for (const [what, make] of Object.entries(forms)) {
    it(`may be ${what}, in a Request, too`, async (t) => {
      const { url, received } = await startServer(t, (_request, response) => response.writeHead(201, { 'x-it': 'yes' }).end('{"c":1}'));
      const [, init] = make();
      for (const input of [url, new URL(url)]) {
        const response = await createFetch()(input, init);
        assert.ok(response instanceof Response);
        assert.deepEqual([response.status, response.headers.get('x-it'), await response.json()], [201, 'yes', { c: 1 }]);
      }
      await createFetch()(new Request(url, init));
      assert.deepEqual(received.map(({ method, body }) => [method, body.toString()]), [['POST', 'a=b'], ['POST', 'a=b'], ['POST', 'a=b']]);
    });
  }

  it('may be a form', async (t) => {
    const { url, received } = await startServer(t, (_request, response) => response.writeHead(204).end());
    const form = new FormData();
    form.append('file', new Blob(['content']), 'name.bin');
    const response = await createFetch()(url, { method: 'POST', body: form });
    assert.equal(response.status, 204);
    assert.match(received[0]?.body.toString() ?? '', /filename="name\.bin"[^]*content/u);
  });

  it('ends with its signal though garbage has been collected meanwhile', async (t) => {
    const { url, received } = await startServer(t, () => undefined);
    const asks = [
      (signal: AbortSignal) => createFetch()(url, { signal }),
      (signal: AbortSignal) => createFetch()(new Request(url), { signal }),
      (signal: AbortSignal) => createFetch()(new Request(url, { signal })),
    ];
    for (const [before, ask] of asks.entries()) {
      const controller = new AbortController();
      const outcome = ask(controller.signal).then(() => 'an answer', String);
      await until(() => received.length > before);
      await collectGarbage();
      controller.abort();
      assert.match(await Promise.race([outcome, sleep(5_000, 'nothing', { ref: false })]), /abort/iu);
    }
  });

  it('ends with its signal', async (t) => {
    const { url } = await startServer(t, () => undefined);
    for (const input of [url, new Request(url)]) await assert.rejects(createFetch()(input, { signal: AbortSignal.timeout(100) }), /abort|timeout/iu);
  });
});

describe('connections', () => {
  it('are kept for what reads, and new for what does not', async (t) => {
    const { url } = await startServer(t, (request, response) => response.end(String(request.socket.remotePort)));
    const fetch = createFetch();
    const portsOf = async (...methods: readonly string[]) => {
      const ports = new Set<string>();
      for (const method of methods) {
        ports.add(await (await fetch(url, { method })).text());
        // Until the connection is put back.
        await turns(5);
      }
      return [...ports];
    };
    const kept = await portsOf('GET', 'GET', 'GET', 'GET', 'GET');
    assert.ok(kept.length < 4);
    const others = await portsOf('POST', 'POST', 'DELETE');
    assert.equal(new Set([...kept, ...others]).size, kept.length + 3);
  });

  it('that cannot be had are known as such', async () => {
    await assert.rejects(createFetch()(`http://127.0.0.1:${await freePort()}`), (error) => error instanceof TypeError && error.cause instanceof NoConnection && (error.cause.cause as NodeJS.ErrnoException).code === 'ECONNREFUSED');
  });
});

describe('TLS', { skip: NO_OPENSSL }, () => {
  it("trusts the user's own authority, when it is named, and no other", async (t) => {
    const { port, ca } = await startTls(t);
    const url = `https://127.0.0.1:${port}`;
    assert.equal((await clientFor(url, { fetch: createFetch({ ca }) }).systems()).length, 5);
    await assert.rejects(clientFor(url).systems(), (error) => error instanceof AuthError && error.code === 'auth-certificate' && error.message.endsWith('name the authority that signed it with `ca`'));
    const other = await startTls(t);
    await assert.rejects(clientFor(url, { fetch: createFetch({ ca: other.ca }) }).systems(), AuthError);
  });

  it('trusts those of NODE_EXTRA_CA_CERTS besides', async (t) => {
    const [{ port, caFile }, other] = [await startTls(t), await startTls(t)];
    setEnvironment(t, { NODE_EXTRA_CA_CERTS: caFile });
    assert.equal((await clientFor(`https://127.0.0.1:${port}`, { fetch: createFetch({ ca: other.ca }) }).systems()).length, 5);
    setEnvironment(t, { NODE_EXTRA_CA_CERTS: path.join(caFile, 'nowhere') });
    assert.equal((await clientFor(`https://127.0.0.1:${other.port}`, { fetch: createFetch({ ca: other.ca }) }).systems()).length, 5);
  });

  it('goes through a proxy, and the certificate is that of the far end', async (t) => {
    const { port, ca } = await startTls(t, 'known.invalid');
    const proxy = await startHttpProxy(t, 'me:pass word');
    setEnvironment(t, proxied(proxy.port, 'me:pass%20word@'));
    assert.equal((await clientFor(`https://known.invalid:${port}`, { fetch: createFetch({ ca }) }).systems()).length, 5);
    assert.deepEqual(proxy.asked, [`known.invalid:${port}`]);
    const wrong = await startTls(t);
    await assert.rejects(clientFor(`https://known.invalid:${wrong.port}`, { fetch: createFetch({ ca: wrong.ca }) }).systems(), { code: 'auth-certificate' });
  });
});

describe('a proxy', () => {
  it('is used for what is not this machine', async (t) => {
    const { url } = await startServer(t, (request, response) => answerWith(exchange('status-systems'), request, response));
    const port = Number(new URL(url).port);
    const proxy = await startHttpProxy(t);
    setEnvironment(t, proxied(proxy.port));
    assert.equal((await clientFor(`http://known.invalid:${port}`, { insecure: true }).systems()).length, 5);
    assert.equal((await clientFor(url).systems()).length, 5);
    assert.equal((await clientFor(`http://localhost:${port}`).systems().catch(() => [])).length >= 0, true);
    assert.deepEqual(proxy.asked, [`known.invalid:${port}`]);
    setEnvironment(t, { NO_PROXY: 'known.invalid' });
    await assert.rejects(clientFor(`http://known.invalid:${port}`, { insecure: true }).systems(), /no address is known/u);
  });

  it('that refuses is told of, without its password', async (t) => {
    const proxy = await startHttpProxy(t, 'me:right');
    setEnvironment(t, proxied(proxy.port, 'me:wr0ng-word@'));
    await assert.rejects(clientFor('https://known.invalid').systems(), (error) => error instanceof Error && error.message.includes('wants a name and a password, in HTTPS_PROXY') && !error.message.includes('wr0ng-word'));
    setEnvironment(t, proxied(proxy.port, 'me:right@'));
    await assert.rejects(clientFor('https://unknown.invalid').systems(), /answers HTTP 403 for unknown\.invalid:443/u);
    setEnvironment(t, { HTTPS_PROXY: 'socks://127.0.0.1:1' });
    await assert.rejects(clientFor('https://known.invalid').systems(), /HTTPS_PROXY names no http: or https: proxy/u);
  });
});
