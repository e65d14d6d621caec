/**
 * A relay behind a real nginx that ends TLS, configured by the lines of docs/relay.md.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { skipUnless } from '../e2e/abilities.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, eventOf, MIB, opposite, placeFor, resultOf, serverFile } from '../e2e/moving.js';
import { certificate, NO_OPENSSL } from '../support/certificate.js';
import { freePort, ROOT, tempDir, type Child } from '../support/cli.js';
import { hasNginx, startNginx } from '../support/nginx.js';
import { serveAt, startRelay, type RunningRelay } from '../support/relay.js';

const skip = skipUnless(hasNginx && NO_OPENSSL === false, 'nginx or openssl is not installed');

/** What docs/relay.md has a reader write into nginx's configuration. */
const LINES = /^    location [\s\S]*?^    \}$/mu.exec(readFileSync(path.join(ROOT, 'docs/relay.md'), 'utf8'))?.[0] ?? '';

interface Front {
  readonly relay: RunningRelay;
  /** What ends are told. */
  readonly url: string;
  /** The authority that they trust. */
  readonly ca: string;
  readonly nginx: Child;
  /** Starts it again. */
  readonly again: () => Promise<Child>;
  /** Status of a page, asked with an address that is not the caller's. */
  readonly statusOf: (page: string) => Promise<number>;
}

async function front(t: TestContext, words: readonly string[] = ['--trust-forwarded-for']): Promise<Front> {
  const { cert: ca, key } = certificate(await tempDir(t));
  const relay = await startRelay(t, ['--open', ...words]);
  const port = await freePort();
  const again = () => startNginx(t, { port, cert: ca, key, lines: LINES.replace('127.0.0.1:5680', `127.0.0.1:${relay.port}`) });
  const statusOf = (page: string) =>
    new Promise<number>((resolve, reject) => {
      const asked = request({ host: '127.0.0.1', port, path: `/streamer-relay/${page}`, ca: readFileSync(ca), headers: { 'X-Forwarded-For': '192.0.2.1' } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      });
      asked.on('error', reject).end();
    });
  return { relay, url: `wss://127.0.0.1:${port}/streamer-relay`, ca, nginx: await again(), again, statusOf };
}

const remotesOf = (relay: RunningRelay, name: string) => relay.events().flatMap(({ event, remote }) => (event === name ? [remote] : []));

describe('a relay behind nginx', { concurrency: 2, skip }, () => {
  for (const action of ACTIONS) {
    it(`the client ${action}s over several connections, by wss, and both ends are known by the addresses that nginx saw`, async (t) => {
      const { relay, url, ca } = await front(t);
      const place = await placeFor(t, 12 * MIB + 3);
      const server = await serveAt(t, url, opposite(action), serverFile(action, place), ['--ca', ca]);
      const client = clientJson(t, action, server.coordinates, clientFile(action, place), ['--ca', ca, '--streams', '3']);
      const ended = await bothDone(client, server.child);
      await assertMoved(place, ended);
      assert.equal(eventOf(ended.client, 'connected')['relay'], url);
      assert.equal(eventOf(ended.server, 'connected')['remote'], '127.0.0.1');
      assert.deepEqual([...new Set([...remotesOf(relay, 'room-opened'), ...remotesOf(relay, 'pair-ended')])], ['127.0.0.1']);
    });
  }

  it('nginx that is killed and started anew loses no transfer', async (t) => {
    const { url, ca, nginx, again } = await front(t);
    const place = await placeFor(t, 20 * MIB);
    const server = await serveAt(t, url, 'send', place.source, ['--ca', ca, '--rate', '10MB']);
    const client = clientJson(t, 'receive', server.coordinates, place.target, ['--ca', ca]);
    await client.waitForLine(/"event":"progress","bytes":[1-9]\d{6}/u);
    await nginx.stop();
    await again();
    const ended = await bothDone(client, server.child);
    await assertMoved(place, ended);
    assert.ok(resultOf(ended.client).reconnects >= 1);
  });

  it('tells its health to all the world and its metrics not, and believes no address that a client makes up', async (t) => {
    const { relay, statusOf } = await front(t);
    assert.deepEqual(await Promise.all(['healthz', 'readyz', 'metrics', 'wait', 'other'].map(statusOf)), [200, 200, 404, 426, 404]);
    assert.equal((await relay.get('/metrics')).status, 404, 'a relay cannot tell who asks past its proxy');
    assert.ok(!relay.child.stderr.includes('192.0.2.1'));
  });

  it('that was not told so counts by the address of nginx, with its port', async (t) => {
    const { relay, url, ca } = await front(t, []);
    const place = await placeFor(t, 1000);
    const server = await serveAt(t, url, 'send', place.source, ['--ca', ca]);
    await assertMoved(place, await bothDone(clientJson(t, 'receive', server.coordinates, place.target, ['--ca', ca]), server.child));
    assert.match(String(remotesOf(relay, 'room-opened')[0]), /^127\.0\.0\.1:\d+$/u);
  });
});
