/**
 * A file moves whole, whichever side is the server and whoever made the secret: the sizes at which chunks begin and end.
 */
import assert from 'node:assert/strict';
import { chmod, open, stat } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { parseCoordinates } from '../../src/coordinates/codec.js';
import { sha256, startProgram, streamerArgv } from '../support/cli.js';
import { ACTIONS, assertMoved, eventOf, HUNG_MS, MIB, move, placeFor, resultOf, serveJson, type Action, type Ended } from './moving.js';

const SIZES = [0, 1, 65_535, MIB - 1, MIB, MIB + 1, 12_000_000];
const LARGE = 300 * MIB;

async function moves(t: TestContext, action: Action, size: number): Promise<void> {
  const place = await placeFor(t, size);
  const ended = await move(t, action, place);
  await assertMoved(place, ended);
  assertResult(ended, action, size);
}

function assertResult({ client, server }: Ended, action: Action, size: number): void {
  const results = [resultOf(client), resultOf(server)] as const;
  assert.deepEqual(results.map((result) => result.action), action === 'send' ? ['send', 'receive'] : ['receive', 'send']);
  for (const result of results) {
    assert.equal(result.size, size);
    assert.deepEqual([result.movedBytes, result.resumedBytes, result.reconnects], [size, 0, 0]);
    assert.deepEqual([result.wire, result.encrypted, result.cipher, result.verified], ['native', true, 'AES-256-GCM', true]);
    assert.equal(result.name, 'data.bin', "the sender's name, at both ends");
    assert.equal(result.digest?.algorithm, 'streamer-xxh64');
    assert.ok(result.durationMs > 0 && result.bytesPerSecond >= 0);
    assert.match(result.remote, /^127\.0\.0\.1:\d+$/);
  }
}

for (const action of ACTIONS) {
  const title = action === 'send' ? 'the client sends, the server receives' : 'the server sends, the client receives';
  describe(`${title}, with a secret that the server made`, { concurrency: 2 }, () => {
    for (const size of [...SIZES, LARGE]) it(`${size} bytes`, (t) => moves(t, action, size));
  });

  it(`${title}, with a secret that the server was given: the native wire all the same`, async (t) => {
    const place = await placeFor(t, MIB + 1);
    const ended = await move(t, action, place, { args: ['--secret', 'a-secret-of-the-site'] });
    await assertMoved(place, ended);
    const coordinates = parseCoordinates(String(eventOf(ended.server, 'coordinates')['coordinates']));
    assert.equal(coordinates.version, 1, 'plain coordinates');
    assert.equal(resultOf(ended.client).wire, 'native');
  });

  it(`${title}, through a window of the smallest size`, async (t) => {
    const place = await placeFor(t, 40 * MIB + 17);
    const window = ['--window', '8MiB'];
    await assertMoved(place, await move(t, action, place, { args: window, clientArgs: action === 'receive' ? window : [] }));
  });
}

for (const action of ACTIONS) {
  it(`${action} of a file with holes: they are holes at the other end, too`, async (t) => {
    const place = await placeFor(t, 1);
    const file = await open(place.source, 'r+');
    await file.truncate(32 * MIB);
    await file.write(Buffer.from('in the middle'), 0, 13, 17 * MIB - 5);
    await file.close();
    await assertMoved({ ...place, sha256: await sha256(place.source) }, await move(t, action, place));
    const { size, blocks } = await stat(place.target);
    assert.equal(size, 32 * MIB);
    assert.ok(blocks * 512 <= 4 * MIB, `${blocks * 512} bytes are stored`);
  });
}

it("the receiver's umask takes from the sender's mode", async (t) => {
  const place = await placeFor(t, 1);
  await chmod(place.source, 0o775);
  const server = await serveJson(t, 'send', place.source);
  const words = ['receive', server.coordinates, place.target];
  const client = startProgram(t, ['sh', '-c', 'umask 027 && exec "$@"', 'sh', ...streamerArgv(words)]);
  assert.equal((await client.exitWithin(HUNG_MS)).code, 0);
  assert.equal((await stat(place.target)).mode & 0o7777, 0o750);
});

it('what the server made has version 2, its own direction, and nothing that a client of the reference could read', async (t) => {
  const place = await placeFor(t, 1);
  const { server } = await move(t, 'receive', place);
  const coordinates = parseCoordinates(String(eventOf(server, 'coordinates')['coordinates']));
  assert.equal(coordinates.version, 2);
  assert.equal(coordinates.direction, 'send');
});
