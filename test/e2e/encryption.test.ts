/**
 * Encryption that is required is not given up, and a wire that is not encrypted is called so, at both ends.
 */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { formatCoordinates } from '../../src/coordinates/codec.js';
import { runStreamer, startServer, type Finished, type RunningServer } from '../support/cli.js';
import { listenIn } from '../support/tcp.js';
import { ACTIONS, assertArrived, assertMoved, bothDone, clientFile, clientJson, HUNG_MS, inboxNames, move, opposite, placeFor, resultOf, serveJson, serverFile, type Action, type Place } from './moving.js';

const COMPAT = ['--secret', 'a-secret', '--wire', 'compat'];

/** A server that has only the wire that is not encrypted, and one try to reach it. */
async function tryCompatServer(t: TestContext, action: Action, words: (server: RunningServer, place: Place) => readonly string[]): Promise<{ end: Finished; place: Place; server: RunningServer }> {
  const place = await placeFor(t, 1000);
  const server = await startServer(t, opposite(action), serverFile(action, place), { args: COMPAT });
  const end = await runStreamer(t, [action, ...words(server, place), clientFile(action, place)]);
  return { end, place, server };
}

for (const action of ACTIONS) {
  describe(`a client that ${action}s to a server without encryption`, () => {
    for (const option of [['--require-encryption'], ['--wire', 'native']]) {
      it(`and was told ${option.join(' ')}: exit 4, says why, and the server still waits`, async (t) => {
        const { end, place, server } = await tryCompatServer(t, action, ({ coordinates }) => [...option, coordinates]);
        assert.equal(end.code, 4, end.stderr);
        assert.match(end.stderr, /^streamer: the server speaks only the compat wire, which is not encrypted, and encryption is required \[auth-not-encrypted\]$/m);
        assert.deepEqual(await inboxNames(place), []);
        assert.doesNotMatch(server.child.stderr, /connected to/);
      });
    }

    it('and has coordinates of version 2: refused all the same', async (t) => {
      const { end, place } = await tryCompatServer(t, action, ({ port }) => [
        formatCoordinates({ version: 2, candidates: [{ url: `ws://127.0.0.1:${port}/streamer/2` }], secret: Buffer.alloc(32, 1), direction: opposite(action) }),
      ]);
      assert.equal(end.code, 4, end.stderr);
      assert.match(end.stderr, /not encrypted.* \[auth-not-encrypted\]$/m);
      assert.deepEqual(await inboxNames(place), []);
    });

    it('and was told nothing of the sort: it moves, and both say plainly that it is NOT encrypted', async (t) => {
      const { end, place, server } = await tryCompatServer(t, action, ({ coordinates }) => [coordinates]);
      const other = await server.child.exitWithin(HUNG_MS);
      for (const { code, stderr } of [end, other]) {
        assert.equal(code, 0, stderr);
        assert.match(stderr, /^connected to .*, compat wire, NOT encrypted$/m);
        assert.match(stderr, /^warning: .*anyone on the way can read and alter this file$/m);
        assert.match(stderr, new RegExp(`^compat wire, NOT encrypted, sha256 ${place.sha256}, `, 'm'));
      }
    });
  });

  it(`a server that was told --wire native refuses a client of the other wire, and then serves one that ${action}s encrypted`, async (t) => {
    const place = await placeFor(t, 1000);
    const server = await serveJson(t, opposite(action), serverFile(action, place), { args: ['--secret', 'a-secret', '--wire', 'native'] });
    const refused = await runStreamer(t, [action, '--wire', 'compat', server.coordinates, clientFile(action, place)]);
    assert.equal(refused.code, 4);
    assert.match(refused.stderr, /\[auth-refused\]$/m);
    await assertMoved(place, await bothDone(clientJson(t, action, server.coordinates, clientFile(action, place)), server.child));
  });
}

it('-q does not keep quiet about a wire that is not encrypted', async (t) => {
  const place = await placeFor(t, 1000);
  const server = await startServer(t, 'send', place.source, { args: [...COMPAT, '-q'] });
  const end = await runStreamer(t, ['receive', '-q', server.coordinates, place.target]);
  const warning = /^warning: the compat wire is not encrypted: anyone on the way can read and alter this file\n$/;
  assert.match(end.stderr, warning);
  assert.match((await server.child.exitWithin(HUNG_MS)).stderr, warning);
});

it('--require-encryption is no hindrance where there is encryption', async (t) => {
  const place = await placeFor(t, 1000);
  const ended = await move(t, 'receive', place, { args: ['--secret', 'a-secret'], clientArgs: ['--require-encryption'] });
  await assertMoved(place, ended);
  assert.equal(resultOf(ended.client).encrypted, true);
});

it('--wire compat with coordinates of version 2 is a contradiction: exit 2', async (t) => {
  const place = await placeFor(t, 1000);
  const server = await startServer(t, 'send', place.source);
  const end = await runStreamer(t, ['receive', '--wire', 'compat', server.coordinates, place.target]);
  assert.equal(end.code, 2);
  assert.match(end.stderr, /these coordinates are for the native wire/);
});

it('the secret does not cross an encrypted wire, even where the coordinates are plain', async (t) => {
  const place = await placeFor(t, 1000);
  const server = await serveJson(t, 'send', place.source, { args: ['--secret', 'a-secret-to-look-for'] });
  const { seen, port } = await listenIn(t, server.port);
  const coordinates = formatCoordinates({ version: 1, ips: ['127.0.0.1'], ports: [port, port], secret: 'a-secret-to-look-for' });
  await bothDone(clientJson(t, 'receive', coordinates, place.target), server.child);
  await assertArrived(place);
  assert.ok(seen().length > 1000, 'something was listened to');
  assert.ok(!seen().includes('a-secret-to-look-for'));
  assert.ok(!seen().includes(Buffer.from('a-secret-to-look-for').toString('base64')));
});
