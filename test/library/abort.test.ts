/**
 * An AbortSignal before, during and after a transfer: it is obeyed, leaves what can be resumed, and is let go.
 */
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { access, readdir, readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { AbortError, receive, send, serve, type ProgressEvent, type StreamerServer } from '../../src/index.js';
import { MIB, placeFor, serveHere, type Place } from './ends.js';

// So much that it is still under way when its progress is first told.
const SIZE = 256 * MIB;
const LOCAL = { host: '127.0.0.1', publicIps: ['127.0.0.1'], portRange: [0, 0] } as const;

const isAbort = (error: unknown): boolean => error instanceof AbortError && error.code === 'aborted' && error.exitCode === 130;

/** Starts the client that goes with a server of the other action. */
function client(action: 'send' | 'receive', place: Place, { coordinates }: Pick<StreamerServer, 'coordinates'>, options: { signal?: AbortSignal; onProgress?: (event: ProgressEvent) => void }) {
  return action === 'send' ? send({ coordinates, path: place.source, ...options }) : receive({ coordinates, path: place.target, ...options });
}

for (const action of ['send', 'receive'] as const) {
  const serverAction = action === 'send' ? 'receive' : 'send';
  const serverFile = (place: Place) => (action === 'send' ? place.target : place.source);

  describe(`${action}, aborted`, () => {
    it('before: nothing begins, and the server still serves another', async (t) => {
      const place = await placeFor(t, 1000);
      const server = await serveHere(t, { action: serverAction, path: serverFile(place) });
      const reason = new Error('changed my mind');
      await assert.rejects(client(action, place, server, { signal: AbortSignal.abort(reason) }), (error: unknown) => isAbort(error) && (error as Error).cause === reason);
      assert.deepEqual(await readdir(place.inbox), []);
      await client(action, place, server, {});
      await server.done;
    });

    it('during: it rejects, what has arrived is kept, and the same call goes on', async (t) => {
      const place = await placeFor(t, SIZE);
      const server = await serveHere(t, { action: serverAction, path: serverFile(place) });
      const stop = new AbortController();
      const onProgress = (event: ProgressEvent) => {
        if (event.type === 'progress' && event.bytes > 8 * MIB) stop.abort();
      };
      await assert.rejects(client(action, place, server, { signal: stop.signal, onProgress }), isAbort);
      await assert.rejects(access(place.target), { code: 'ENOENT' });
      const result = await client(action, place, server, {});
      assert.ok(result.resumedBytes > 0);
      assert.equal(result.resumedBytes + result.movedBytes, SIZE);
      assert.equal((await server.done).reconnects, 1);
      assert.deepEqual(await readFile(place.target), place.bytes);
    });

    it('after: nothing happens, and no listener is left on the signal', async (t) => {
      const place = await placeFor(t, 1000);
      const server = await serveHere(t, { action: serverAction, path: serverFile(place) });
      const stop = new AbortController();
      await client(action, place, server, { signal: stop.signal });
      await server.done;
      assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
      stop.abort();
      assert.deepEqual(await readFile(place.target), place.bytes);
    });
  });

  describe(`serve, which would ${serverAction}, aborted`, () => {
    it('before: it does not go on listening', async (t) => {
      const place = await placeFor(t, 1000);
      const started = serve({ ...LOCAL, action: serverAction, path: serverFile(place), signal: AbortSignal.abort() });
      await assert.rejects(started.then((server) => server.done), isAbort);
      assert.deepEqual(await readdir(place.inbox), []);
    });

    it('while it waits: done rejects, and the port is free', async (t) => {
      const place = await placeFor(t, 1000);
      const stop = new AbortController();
      const server = await serve({ ...LOCAL, action: serverAction, path: serverFile(place), signal: stop.signal });
      stop.abort();
      await assert.rejects(server.done, isAbort);
      const next = await serveHere(t, { action: serverAction, path: serverFile(place), portRange: [server.port ?? 0, server.port ?? 0] });
      assert.equal(next.port, server.port);
      assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
    });

    it('during: done rejects, and the client is told what to do', async (t) => {
      const place = await placeFor(t, SIZE);
      const stop = new AbortController();
      const server = await serveHere(t, { action: serverAction, path: serverFile(place), signal: stop.signal });
      const onProgress = (event: ProgressEvent) => {
        if (event.type === 'progress' && event.bytes > 8 * MIB) stop.abort();
      };
      await assert.rejects(client(action, place, server, { onProgress }), { name: 'ConnectError', code: 'connect-lost', exitCode: 5, fromPeer: true });
      await assert.rejects(server.done, isAbort);
      await assert.rejects(access(place.target), { code: 'ENOENT' });
    });
  });
}

it('a signal while the client looks for its server ends the search', async (t) => {
  const place = await placeFor(t, 1);
  const stop = new AbortController();
  const server = await serve({ ...LOCAL, action: 'send', path: place.source, signal: stop.signal });
  stop.abort();
  await assert.rejects(server.done);
  await assert.rejects(receive({ coordinates: server.coordinates, path: place.target, connectTimeoutMs: 600_000, signal: AbortSignal.timeout(300) }), isAbort);
});
