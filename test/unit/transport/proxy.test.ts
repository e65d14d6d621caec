import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { describe, it, type TestContext } from 'node:test';
import { connectTo } from '../../../src/transport/dial.js';
import { connectByProxy, proxyFor } from '../../../src/transport/proxy.js';
import { turns, until } from '../../support/fake-events.js';

const HOST = '127.0.0.1';
/** Nobody's: it is only ever named (RFC 5737, RFC 6761). */
const TARGET = { host: 'server.test', port: 5665 };
const VARIABLES = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY', 'NO_PROXY', 'https_proxy', 'http_proxy', 'all_proxy', 'no_proxy', 'npm_config_https_proxy', 'npm_config_http_proxy', 'npm_config_proxy', 'npm_config_no_proxy'];

/** Sets the variables for one test, and no others of their kind. */
function setEnvironment(t: TestContext, variables: Readonly<Record<string, string>>): void {
  const before = VARIABLES.map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined) => {
    if (value === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = value;
  };
  for (const [name] of before) set(name, variables[name]);
  t.after(() => {
    for (const [name, value] of before) set(name, value);
  });
}

async function started(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  server.listen(0, HOST);
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

interface Asked {
  readonly target: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** A proxy that answers every CONNECT as the test says. */
async function proxyThat(t: TestContext, answer: (socket: Duplex) => void): Promise<{ readonly url: URL; readonly asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer().on('connect', ({ url, headers }, socket) => {
    asked.push({ target: url, headers });
    socket.on('error', () => undefined);
    answer(socket);
  });
  return { url: new URL(`http://${HOST}:${await started(t, server)}`), asked };
}

const established = (socket: Duplex) => void socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
const through = (proxy: URL, options: { timeoutMs?: number; signal?: AbortSignal } = {}) => connectByProxy(proxy, TARGET, { timeoutMs: 5_000, ...options });

describe('the proxy for an address', () => {
  const cases: readonly (readonly [variables: Readonly<Record<string, string>>, host: string, proxy: string | undefined])[] = [
    [{}, 'relay.test', undefined],
    [{ HTTPS_PROXY: 'http://proxy.test:3128' }, 'relay.test', 'http://proxy.test:3128/'],
    [{ https_proxy: 'http://proxy.test:3128' }, 'relay.test', 'http://proxy.test:3128/'],
    [{ ALL_PROXY: 'http://proxy.test' }, 'relay.test', 'http://proxy.test/'],
    [{ HTTPS_PROXY: 'https://user:pass%20word@proxy.test' }, '192.0.2.1', 'https://user:pass%20word@proxy.test/'],
    [{ HTTPS_PROXY: 'http://proxy.test:3128' }, '2001:db8::1', 'http://proxy.test:3128/'],
    [{ HTTPS_PROXY: 'http://proxy.test:3128', NO_PROXY: 'relay.test' }, 'relay.test', undefined],
    [{ HTTPS_PROXY: 'http://proxy.test:3128', NO_PROXY: '.test' }, 'relay.test', undefined],
    [{ HTTPS_PROXY: 'http://proxy.test:3128', NO_PROXY: 'a.test, *' }, 'relay.test', undefined],
    [{ HTTPS_PROXY: 'http://proxy.test:3128', NO_PROXY: 'other.test' }, 'relay.test', 'http://proxy.test:3128/'],
    // What carries no secret past it in the clear either way is not asked to.
    [{ HTTP_PROXY: 'http://proxy.test:3128' }, 'relay.test', undefined],
    ...['localhost', 'a.localhost', '127.0.0.1', '127.1.2.3', '::1'].map((host) => [{ HTTPS_PROXY: 'http://proxy.test:3128' }, host, undefined] as const),
  ];
  for (const [variables, host, proxy] of cases) {
    it(`${host} is ${proxy ?? 'none'}, with ${JSON.stringify(variables)}`, (t) => {
      setEnvironment(t, variables);
      assert.equal(proxyFor({ host, port: 443 })?.href, proxy);
    });
  }

  it('is an error that does not quote it, where it is none that we can use', (t) => {
    for (const proxy of ['socks5://user:password@proxy.test:1080', 'http://user:password@:x', 'ftp://user:password@proxy.test']) {
      setEnvironment(t, { HTTPS_PROXY: proxy });
      assert.throws(() => proxyFor({ host: 'relay.test', port: 443 }), (error) => error instanceof Error && /HTTPS_PROXY/u.test(error.message) && !error.message.includes('password'), proxy);
    }
  });

  it('is asked for by whatever dials, and never for the loopback', async (t) => {
    const proxy = await proxyThat(t, established);
    setEnvironment(t, { HTTPS_PROXY: proxy.url.href });
    const socket = await connectTo(TARGET, { timeoutMs: 5_000 });
    socket.destroy();
    const port = await started(t, createTcpServer());
    (await connectTo({ host: HOST, port }, { timeoutMs: 5_000 })).destroy();
    assert.deepEqual(proxy.asked.map(({ target }) => target), ['server.test:5665']);
  });
});

describe('a connection by a proxy', () => {
  it('asks for the address, and carries bytes both ways, those behind the answer among them', async (t) => {
    const proxy = await proxyThat(t, (socket) => {
      socket.write('HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nearly ');
      socket.pipe(socket);
    });
    const socket = await through(proxy.url);
    t.after(() => socket.destroy());
    socket.write('bytes');
    let got = '';
    socket.setEncoding('latin1').on('data', (text: string) => (got += text));
    await until(() => got.length >= 11);
    assert.equal(got, 'early bytes');
    assert.deepEqual(proxy.asked.map(({ target, headers }) => [target, headers.host, headers['proxy-authorization']]), [['server.test:5665', 'server.test:5665', undefined]]);
  });

  it('writes an IPv6 address in brackets', async (t) => {
    const proxy = await proxyThat(t, established);
    (await connectByProxy(proxy.url, { host: '2001:db8::1', port: 80 }, { timeoutMs: 5_000 })).destroy();
    assert.equal(proxy.asked[0]?.target, '[2001:db8::1]:80');
  });

  it('shows the name and the password of the URL, as they are meant', async (t) => {
    const proxy = await proxyThat(t, established);
    const url = new URL(proxy.url);
    [url.username, url.password] = ['us%er', 'p:ä s'];
    (await through(url)).destroy();
    const [, shown = ''] = /^Basic (\S+)$/u.exec(proxy.asked[0]?.headers['proxy-authorization'] ?? '') ?? [];
    assert.equal(Buffer.from(shown, 'base64').toString(), 'us%er:p:ä s');
  });

  it('is there after any answer from 200 to 299 (RFC 9110, section 9.3.6)', async (t) => {
    for (const status of ['200', '204 No Content', '299 x']) {
      const proxy = await proxyThat(t, (socket) => void socket.write(`HTTP/1.1 ${status}\r\n\r\n`));
      (await through(proxy.url)).destroy();
    }
  });

  it('fails with what the proxy answers, and lets go of it', async (t) => {
    for (const [status, says] of [[403, /answers HTTP 403 for server\.test:5665/u], [404, /answers HTTP 404/u], [407, /wants a name and a password, in HTTPS_PROXY/u], [502, /HTTP 502/u], [301, /HTTP 301/u]] as const) {
      let closed = false;
      const proxy = await proxyThat(t, (socket) => {
        socket.resume().on('end', () => (closed = true));
        socket.write(`HTTP/1.1 ${status} Because\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello`);
      });
      const url = new URL(proxy.url);
      url.password = 'hunter2hunter2';
      await assert.rejects(through(url), (error) => error instanceof Error && says.test(error.message) && error.message.includes(url.host) && !error.message.includes('hunter2'));
      await until(() => closed);
    }
  });

  it('fails when the proxy closes, says nonsense, or is not there', async (t) => {
    const gone = await proxyThat(t, (socket) => socket.destroy());
    await assert.rejects(through(gone.url), /no way through the proxy 127\.0\.0\.1:\d+: /u);
    const nonsense = await started(t, createTcpServer((socket) => void socket.write('SSH-2.0-OpenSSH_9.6\r\n')));
    await assert.rejects(through(new URL(`http://${HOST}:${nonsense}`)), /no way through the proxy/u);
    const server = createTcpServer().listen(0, HOST);
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await assert.rejects(through(new URL(`http://${HOST}:${port}`)), /no way through the proxy .*ECONNREFUSED/u);
  });

  it('is waited for no longer than told, or until it is stopped', async (t) => {
    const silent = await proxyThat(t, () => undefined);
    await assert.rejects(through(silent.url, { timeoutMs: 50 }), /^Error: no answer from the proxy 127\.0\.0\.1:\d+ within 0\.05 s$/u);
    const stop = new AbortController();
    const stopped = assert.rejects(through(silent.url, { signal: stop.signal }));
    await until(() => silent.asked.length === 2);
    stop.abort();
    await stopped;
    await assert.rejects(through(silent.url, { signal: AbortSignal.abort() }));
  });

  it('that breaks before anybody uses it is no crash', async (t) => {
    const proxy = await proxyThat(t, established);
    const socket = await through(proxy.url);
    assert.ok(socket.listenerCount('error') > 0);
    socket.destroy(new Error('reset'));
    await turns();
    assert.ok(socket.destroyed);
  });

  it('is left alone by a stop that comes when it is there', async (t) => {
    const proxy = await proxyThat(t, established);
    const stop = new AbortController();
    const socket = await through(proxy.url, { signal: stop.signal });
    stop.abort();
    await turns();
    assert.equal(socket.destroyed, false);
    socket.destroy();
  });
});
