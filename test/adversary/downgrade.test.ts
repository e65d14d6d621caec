/**
 * Somebody in the middle takes away what says "native wire", so that two ends that both speak it might use the one that is
 * not encrypted.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { runStreamer, sha256, startServer, type Finished } from '../support/cli.js';
import { startHeadProxy, without, type Change, type HeadProxy } from '../support/head-proxy.js';
import { ACTIONS, clientFile, HUNG_MS, inboxNames, opposite, placeFor, serverFile, type Action, type Place } from '../e2e/moving.js';

const SECRET = 'a-secret-of-the-coordinates';
const NATIVE = ['Streamer-Protocol', 'Streamer-Handshake'];
/** The request as a client of the compat wire makes it. */
const asCompat: Change = (head) => without(...NATIVE)(head).replace(/^GET \S+ /u, 'GET / ');

/** What is done, and to whom. Each ends a client of version 2. */
const ATTACKS: Readonly<Record<string, { readonly request?: Change; readonly answer?: Change }>> = {
  'the request is made one of the compat wire': { request: asCompat },
  'the echo is taken from the answer': { answer: without(...NATIVE) },
  'the answer is made a 401': { answer: () => 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' },
  'request and answer are': { request: asCompat, answer: without(...NATIVE) },
};

async function attacked(t: TestContext, action: Action, attack: { readonly request?: Change; readonly answer?: Change }, { server: serving = [], client: words = [] }: { readonly server?: readonly string[]; readonly client?: readonly string[] }): Promise<{ readonly end: Finished; readonly place: Place; readonly proxy: HeadProxy; readonly server: Awaited<ReturnType<typeof startServer>> }> {
  const place = await placeFor(t, 1000);
  const server = await startServer(t, opposite(action), serverFile(action, place), { args: serving });
  const proxy = await startHeadProxy(t, server.port, attack);
  const end = await runStreamer(t, [action, '--connect-timeout', '3s', ...words, proxy.lead(server.coordinates), clientFile(action, place)]);
  return { end, place, proxy, server };
}

const saidToServer = ({ links }: HeadProxy): string => Buffer.concat(links.flatMap(({ toServer }) => toServer)).toString('latin1');

for (const action of ACTIONS) {
  describe(`a downgrade forced on a client that ${action}s`, { concurrency: 2 }, () => {
    for (const [title, attack] of Object.entries(ATTACKS)) {
      it(`${title}: with coordinates of version 2 it refuses, and has asked for nothing in the clear`, async (t) => {
        const { end, place, proxy } = await attacked(t, action, attack, {});
        assert.equal(end.code, 4, end.stderr);
        assert.deepEqual(await inboxNames(place), []);
        assert.doesNotMatch(saidToServer(proxy), /^Authorization:/imu);
      });

      it(`${title}: with --require-encryption it refuses, and has said no secret`, async (t) => {
        const { end, place, proxy } = await attacked(t, action, attack, { server: ['--secret', SECRET], client: ['--require-encryption'] });
        assert.equal(end.code, 4, end.stderr);
        assert.match(end.stderr, / \[auth-not-encrypted\]$/mu);
        assert.deepEqual(await inboxNames(place), []);
        assert.ok(!saidToServer(proxy).includes(SECRET));
      });
    }

    it('with plain coordinates and nothing said it moves, and both ends say plainly that it is NOT encrypted', async (t) => {
      const { end, place, proxy, server } = await attacked(t, action, { request: asCompat }, { server: ['--secret', SECRET] });
      const other = await server.child.exitWithin(HUNG_MS);
      for (const { code, stderr } of [end, other]) {
        assert.equal(code, 0, stderr);
        assert.match(stderr, /^connected to .*, compat wire, NOT encrypted$/mu);
        assert.match(stderr, /^warning: .*anyone on the way can read and alter this file$/mu);
      }
      assert.equal(await sha256(place.target), place.sha256);
      // The attack is a real one: this is what it is after.
      assert.ok(saidToServer(proxy).includes(SECRET));
    });

    it('with plain coordinates and nobody in the middle the wire is the native one, so that what is seen above is his doing', async (t) => {
      const { end, proxy } = await attacked(t, action, {}, { server: ['--secret', SECRET] });
      assert.match(end.stderr, /^connected to .*, native wire, encrypted$/mu);
      assert.ok(!saidToServer(proxy).includes(SECRET));
    });
  });
}
