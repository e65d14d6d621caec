/** A server that speaks TLS: only who trusts its certificate talks to it, and the native wire within is the same. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { certificate, NO_OPENSSL as skip } from '../support/certificate.js';
import { runStreamer, startStreamer, type RunningServer } from '../support/cli.js';
import { ACTIONS, assertArrived, clientFile, HUNG_MS, MIB, opposite, placeFor, serverFile, type Place } from './moving.js';

async function serve(t: TestContext, place: Place, action: 'send' | 'receive', words: readonly string[]): Promise<RunningServer> {
  const child = startStreamer(t, ['server', '--host', '127.0.0.1', '--public-ips', '127.0.0.1', '--port-range', '0', '0', ...words, action, '--path', serverFile(opposite(action), place)]);
  await child.waitForLine(/^Use these coordinates/u);
  const coordinates = /connect: (\S+)/u.exec(child.stdout)?.[1] ?? '';
  const port = Number(/wss:\/\/127\.0\.0\.1:(\d+)/u.exec(child.stdout)?.[1]);
  return { child, coordinates, port };
}

describe('TLS', { concurrency: 2, skip }, () => {
  for (const action of ACTIONS) {
    it(`the client ${action}s over several connections, and trusts by --ca`, async (t) => {
      const place = await placeFor(t, 20 * MIB + 3);
      const { cert, key } = certificate(place.directory);
      const server = await serve(t, place, opposite(action), ['--tls-cert', cert, '--tls-key', key]);
      const client = await runStreamer(t, [action, '--ca', cert, '--streams', '3', server.coordinates, clientFile(action, place)], { timeoutMs: HUNG_MS });
      assert.equal(client.code, 0, client.stderr);
      assert.match(client.stderr, /native wire, encrypted/u);
      assert.equal((await server.child.exitWithin(HUNG_MS)).code, 0);
      await assertArrived(place);
    });
  }

  it('a certificate that nobody vouches for, or for another name, is not talked to', async (t) => {
    const place = await placeFor(t, 1000);
    const { cert, key } = certificate(place.directory);
    const other = certificate(place.directory, 'other');
    const server = await serve(t, place, 'send', ['--tls-cert', cert, '--tls-key', key]);
    for (const words of [[], ['--ca', other.cert]]) {
      const client = await runStreamer(t, ['receive', ...words, server.coordinates, place.target], { timeoutMs: HUNG_MS });
      assert.equal(client.code, 4, client.stderr);
      assert.match(client.stderr, /^streamer: the server's certificate is not trusted: .*--ca \[auth-certificate\]$/mu);
    }
    const client = await runStreamer(t, ['receive', '--ca', cert, server.coordinates, place.target], { timeoutMs: HUNG_MS });
    assert.equal(client.code, 0, client.stderr);
  });

  it('who opens a connection and says nothing keeps nobody out', async (t) => {
    const place = await placeFor(t, 1000);
    const { cert, key } = certificate(place.directory);
    const server = await serve(t, place, 'send', ['--tls-cert', cert, '--tls-key', key]);
    const mute = Array.from({ length: 300 }, () => connect(server.port, '127.0.0.1').on('error', () => undefined));
    t.after(() => mute.forEach((socket) => socket.destroy()));
    await delay(300);
    const client = await runStreamer(t, ['receive', '--ca', cert, server.coordinates, place.target], { timeoutMs: HUNG_MS });
    assert.equal(client.code, 0, client.stderr);
  });

  it('bad options are one line each', async (t) => {
    const place = await placeFor(t, 1000);
    const { cert, key } = certificate(place.directory);
    const text = path.join(place.directory, 'text');
    await writeFile(text, 'no certificate');
    const cases: readonly (readonly string[])[] = [['--tls-cert', cert], ['--tls-key', key], ['--tls-cert', text, '--tls-key', key], ['--tls-cert', cert, '--tls-key', cert], ['--tls-cert', cert, '--tls-key', key, '--compat']];
    for (const words of cases) {
      const ended = await runStreamer(t, ['server', '--host', '127.0.0.1', '--port-range', '0', '0', ...words, 'send', '--path', place.source], { timeoutMs: 5000 });
      assert.deepEqual([ended.code, ended.stdout], [2, ''], ended.stderr);
      assert.match(ended.stderr, /^streamer: [^\n]+ \[usage\]\n$/u);
    }
  });
});
