/** The ways to a relay: TLS, through a proxy, for clients of the reference beside it. */
import assert from 'node:assert/strict';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { connect } from 'node:tls';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { certificate, NO_OPENSSL } from '../support/certificate.js';
import { runStreamer, sha256, startProgram, streamerArgv } from '../support/cli.js';
import { startHttpProxy } from '../support/http-proxy.js';
import { pythonOrSkip, startPythonClient } from '../support/python-peer.js';
import { serveAt, startRelay } from '../support/relay.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, eventOf, HUNG_MS, MIB, opposite, placeFor, serverFile } from './moving.js';

const python = await pythonOrSkip();

/** The certificate that a port shows. */
function shownBy(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '');
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

describe('a relay that speaks TLS', { concurrency: 2, skip: NO_OPENSSL }, () => {
  for (const action of ACTIONS) {
    it(`the client ${action}s; both ends trust it by --ca`, async (t) => {
      const place = await placeFor(t, 10 * MIB);
      const { cert, key } = certificate(place.directory);
      const relay = await startRelay(t, ['--open', '--tls-cert', cert, '--tls-key', key]);
      assert.match(relay.url, /^wss:/u);
      const server = await serveAt(t, relay.url, opposite(action), serverFile(action, place), ['--ca', cert]);
      await assertMoved(place, await bothDone(clientJson(t, action, server.coordinates, clientFile(action, place), ['--ca', cert, '--streams', '2']), server.child));
    });
  }

  it('that nobody vouches for gets nothing from either end', async (t) => {
    const place = await placeFor(t, 1000);
    const { cert, key } = certificate(place.directory);
    const relay = await startRelay(t, ['--open', '--tls-cert', cert, '--tls-key', key]);
    const untrusting = await runStreamer(t, ['server', '--relay', relay.url, 'send', '--path', place.source]);
    assert.deepEqual([untrusting.code, untrusting.stdout], [4, '']);
    assert.match(untrusting.stderr, /^streamer: the certificate of the relay 127\.0\.0\.1 is not trusted: .*--ca \[auth-certificate\]$/mu);
    const server = await serveAt(t, relay.url, 'send', place.source, ['--ca', cert]);
    const client = await runStreamer(t, ['receive', server.coordinates, place.target]);
    assert.equal(client.code, 4);
    assert.match(client.stderr, /not trusted: .*--ca \[auth-certificate\]$/mu);
  });

  it('shows a new certificate when the files change, and keeps the old one while they do not fit', async (t) => {
    const place = await placeFor(t, MIB);
    const [old, fresh] = [certificate(place.directory, 'old'), certificate(place.directory, 'fresh')];
    const used = { cert: path.join(place.directory, 'used.pem'), key: path.join(place.directory, 'used-key.pem') };
    await copyFile(old.cert, used.cert);
    await copyFile(old.key, used.key);
    const relay = await startRelay(t, ['--open', '--tls-cert', used.cert, '--tls-key', used.key]);
    const fingerprint = async (file: string) => new X509Certificate(await readFile(file)).fingerprint256;
    assert.equal(await shownBy(relay.port), await fingerprint(old.cert));
    await copyFile(fresh.cert, used.cert);
    await relay.child.waitForLine(/"event":"tls-kept"/u, { stream: 'stderr' });
    assert.equal(await shownBy(relay.port), await fingerprint(old.cert));
    await copyFile(fresh.key, used.key);
    await relay.child.waitForLine(/"event":"tls-renewed"/u, { stream: 'stderr' });
    assert.equal(await shownBy(relay.port), await fingerprint(fresh.cert));
    const server = await serveAt(t, relay.url, 'send', place.source, ['--ca', fresh.cert]);
    await assertMoved(place, await bothDone(clientJson(t, 'receive', server.coordinates, place.target, ['--ca', fresh.cert]), server.child));
  });
});

describe('through a proxy', { concurrency: 2 }, () => {
  it('both ends find a relay that only it knows', async (t) => {
    const place = await placeFor(t, 5 * MIB);
    const relay = await startRelay(t);
    const proxy = await startHttpProxy(t, 'me:pass word');
    const env = { HTTPS_PROXY: `http://me:pass%20word@127.0.0.1:${proxy.port}`, NO_PROXY: '' };
    const server = await serveAt(t, `ws://known.invalid:${relay.port}`, 'send', place.source, [], { env });
    const client = startProgram(t, streamerArgv(['receive', '--json', '--streams', '2', '--coordinates', server.coordinates, '--path', place.target]), { env });
    await assertMoved(place, await bothDone(client, server.child));
    assert.ok(proxy.asked.length >= 4 && proxy.asked.every((target) => target === `known.invalid:${relay.port}`));
  });

  it('a proxy that wants a password, or does not let us, is named without one', async (t) => {
    const place = await placeFor(t, 10);
    const proxy = await startHttpProxy(t, 'me:the-password');
    const serve = (url: string, login: string) => runStreamer(t, ['server', '--relay', url, 'send', '--path', place.source], { env: { HTTPS_PROXY: `http://${login}@127.0.0.1:${proxy.port}`, NO_PROXY: '' }, timeoutMs: HUNG_MS });
    const [wrong, forbidden] = await Promise.all([serve('ws://known.invalid:9', 'me:wrong'), serve('ws://unknown.invalid:9', 'me:the-password')]);
    for (const ended of [wrong, forbidden]) {
      assert.equal(ended.code, 5, ended.stderr);
      assert.doesNotMatch(ended.stderr, /the-password|wrong/u);
    }
    assert.match(wrong.stderr, /wants a name and a password, in HTTPS_PROXY/u);
    assert.match(forbidden.stderr, /answers HTTP 403 for unknown\.invalid:9/u);
  });

  it('NO_PROXY and loopback are reached without', async (t) => {
    const place = await placeFor(t, 1000);
    const relay = await startRelay(t);
    const proxy = await startHttpProxy(t);
    const env = { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` };
    const server = await serveAt(t, relay.url, 'send', place.source, [], { env });
    const client = startProgram(t, streamerArgv(['receive', '--json', '--coordinates', server.coordinates, '--path', place.target]), { env });
    await assertMoved(place, await bothDone(client, server.child));
    assert.deepEqual(proxy.asked, []);
  });
});

describe('a server with a relay and plain coordinates', { concurrency: 2 }, () => {
  const PLAIN = ['--compat', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0'];

  for (const action of ACTIONS) {
    it(`the Python client ${action}s at its port`, { skip: python }, async (t) => {
      const place = await placeFor(t, 12_000_000);
      const relay = await startRelay(t);
      const server = await serveAt(t, relay.url, opposite(action), serverFile(action, place), PLAIN);
      assert.notEqual(parseCoordinates(server.coordinates).relay, undefined);
      const client = startPythonClient(t, action, server.coordinates, clientFile(action, place));
      assert.equal((await client.exitWithin(HUNG_MS)).code, 0);
      assert.equal((await server.child.exitWithin(HUNG_MS)).code, 0);
      assert.equal(await sha256(place.target), place.sha256);
    });
  }

  it('ours comes through the relay with the same', async (t) => {
    const place = await placeFor(t, MIB);
    const relay = await startRelay(t);
    const server = await serveAt(t, relay.url, 'send', place.source, PLAIN);
    const ended = await bothDone(clientJson(t, 'receive', server.coordinates, place.target, ['--via-relay']), server.child);
    await assertMoved(place, ended);
    assert.equal(eventOf(ended.client, 'connected')['relay'], relay.url);
  });
});

describe('what does not go together', () => {
  const wrong: readonly (readonly string[])[] = [
    ['--no-direct'],
    ['--relay', 'ws://127.0.0.1:1', '--wire', 'compat'],
    ['--relay', 'ws://127.0.0.1:1', '--no-direct', '--compat'],
    ['--relay', 'ws://127.0.0.1:1', '--no-direct', '--secret', 'x'],
    ['--relay', 'http://127.0.0.1:1'],
    ['--relay', 'nonsense'],
    ['--relay', 'ws://user:pass@127.0.0.1:1'],
    ['--relay-token-file', '/dev/null'],
  ];
  for (const words of wrong) {
    it(words.join(' '), async (t) => {
      const place = await placeFor(t, 1);
      await writeFile(path.join(place.directory, 'empty'), '');
      const ended = await runStreamer(t, ['server', ...words, 'send', '--path', place.source], { timeoutMs: 10_000 });
      assert.deepEqual([ended.code, ended.stdout], [2, ''], ended.stderr);
      assert.match(ended.stderr, /^streamer: [^\n]+ \[usage\]\n$/u);
    });
  }
});
