/**
 * The library moves a file: what it returns, what it tells meanwhile, and in which order.
 */
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { parseCoordinates, receive, send, VERSION, type ProgressEvent, type TransferResult } from '../../src/index.js';
import { MIB, placeFor, serveHere } from './ends.js';

const SIZE = 5 * MIB + 3;
/** The steps of a transfer, at either end. */
const STEPS = ['connected', 'started', 'progress', 'finishing', 'entry', 'done'];

/** A listener, and what it was told: each kind once, in the order in which it first came. */
function listener(): { onProgress: (event: ProgressEvent) => void; events: ProgressEvent[]; order: () => string[] } {
  const events: ProgressEvent[] = [];
  return { onProgress: (event) => events.push(event), events, order: () => [...new Set(events.map(({ type }) => type))] };
}

for (const action of ['send', 'receive'] as const) {
  describe(action, () => {
    it('moves a file; both ends have the same result', async (t) => {
      const place = await placeFor(t, SIZE);
      const [own, other] = action === 'send' ? [place.source, place.target] : [place.target, place.source];
      const server = await serveHere(t, { action: action === 'send' ? 'receive' : 'send', path: other });
      const result: TransferResult = await (action === 'send' ? send : receive)({ coordinates: server.coordinates, path: own });
      const theirs = await server.done;
      assert.deepEqual(await readFile(place.target), place.bytes);
      assert.deepEqual(await readdir(place.inbox), ['copy.h5']);
      assert.deepEqual([result.action, result.path, result.name, result.size], [action, own, 'results.h5', SIZE]);
      assert.deepEqual([result.wire, result.encrypted, result.verified], ['native', true, true]);
      assert.deepEqual([result.movedBytes, result.resumedBytes, result.reconnects], [SIZE, 0, 0]);
      assert.deepEqual(result.digest, theirs.digest);
      assert.equal(theirs.path, other);
      assert.equal(server.url, `ws://127.0.0.1:${server.port}`);
      assert.equal(result.remote, `127.0.0.1:${server.port}`);
    });

    it('tells each step in its order, at both ends', async (t) => {
      const place = await placeFor(t, SIZE);
      const [own, other] = action === 'send' ? [place.source, place.target] : [place.target, place.source];
      const [here, there] = [listener(), listener()];
      const server = await serveHere(t, { action: action === 'send' ? 'receive' : 'send', path: other, onProgress: there.onProgress });
      const result = await (action === 'send' ? send : receive)({ coordinates: server.coordinates, path: own, onProgress: here.onProgress });
      await server.done;
      assert.deepEqual(here.order(), ['connecting', ...STEPS]);
      assert.deepEqual(there.order(), ['listening', 'waiting', ...STEPS]);
      for (const { events } of [here, there]) {
        const progress = events.flatMap((event) => (event.type === 'progress' ? [event.bytes] : []));
        assert.deepEqual(progress, progress.toSorted((a, b) => a - b), 'it only grows');
        assert.equal(progress.at(-1), SIZE);
      }
      const last = here.events.at(-1);
      assert.ok(last?.type === 'done');
      assert.equal(last.result, result);
    });

    it('takes coordinates that were parsed already', async (t) => {
      const place = await placeFor(t, 10);
      const [own, other] = action === 'send' ? [place.source, place.target] : [place.target, place.source];
      const server = await serveHere(t, { action: action === 'send' ? 'receive' : 'send', path: other, secret: 'of-the-site' });
      const coordinates = parseCoordinates(server.coordinates);
      assert.equal(coordinates.version, 1);
      assert.equal((await (action === 'send' ? send : receive)({ coordinates, path: own })).size, 10);
      await server.done;
    });
  });
}

it('many transfers go on in one process, each with its own server', async (t) => {
  const place = await placeFor(t, SIZE);
  const numbers = Array.from({ length: 8 }, (_, index) => index);
  await Promise.all(
    numbers.map(async (number) => {
      const target = `${place.target}.${number}`;
      const server = await serveHere(t, { action: 'send', path: place.source });
      await receive({ coordinates: server.coordinates, path: target });
      await server.done;
      assert.deepEqual(await readFile(target), place.bytes);
    }),
  );
});

it('VERSION is the package\'s', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };
  assert.equal(VERSION, manifest.version);
});
