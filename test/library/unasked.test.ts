/**
 * A server that is let speak only by a proxy before it, which knows the secret and passes nothing of our wire on: to the client it
 * upgrades whoever comes, and asks for no secret.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { AuthError, formatCoordinates, receive, send, UsageError, type ProgressEvent } from '../../src/index.js';
import { placeFor, serveHere } from './ends.js';

const SECRET = 'known-to-the-proxy';

/** Returns plain coordinates of another secret, which lead through the proxy, and what clients wrote to it before its answer. */
async function behindProxy(t: TestContext, port: number): Promise<{ readonly coordinates: string; readonly requests: string[] }> {
  const requests: string[] = [];
  const sockets: Socket[] = [];
  const proxy = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    sockets.push(near, far);
    near.once('data', (head: Buffer) => {
      requests.push(head.toString('latin1'));
      far.write(head.toString('latin1').replace(/^Streamer-[^\r]*\r\n/gimu, '').replace('\r\n', `\r\nAuthorization: Bearer ${SECRET}\r\n`), 'latin1');
      near.pipe(far);
      far.pipe(near);
    });
    for (const socket of [near, far]) socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    proxy.close();
    for (const socket of sockets) socket.destroy();
  });
  const { port: at } = proxy.address() as AddressInfo;
  return { coordinates: formatCoordinates({ version: 1, ips: ['127.0.0.1'], ports: [at, at], secret: 'of-the-client' }), requests };
}

describe('with a server that upgrades without asking for the secret', () => {
  for (const action of ['send', 'receive'] as const) {
    it(`${action} goes on over the compat wire, says that it is not encrypted, and shows no secret`, async (t) => {
      const place = await placeFor(t, 300_000);
      const server = await serveHere(t, { action: action === 'send' ? 'receive' : 'send', path: action === 'send' ? place.target : place.source, wire: 'compat', secret: SECRET });
      const { coordinates, requests } = await behindProxy(t, server.port ?? 0);
      const events: ProgressEvent[] = [];
      const options = { coordinates, onProgress: (event: ProgressEvent) => void events.push(event) };
      const { wire, encrypted } = action === 'send' ? await send({ ...options, path: place.source }) : await receive({ ...options, path: place.target });
      await server.done;
      assert.deepEqual([wire, encrypted], ['compat', false]);
      assert.deepEqual(await readFile(place.target), place.bytes);
      assert.deepEqual(events.flatMap((event) => (event.type === 'connected' ? [event.encrypted] : [])), [false]);
      assert.equal(requests.length, 1);
      assert.doesNotMatch(requests.join(''), /of-the-client|Authorization/u);
    });
  }

  it('nothing is moved where encryption is required, or where that wire cannot do what is asked', async (t) => {
    const place = await placeFor(t, 1_000);
    const server = await serveHere(t, { action: 'send', path: place.source, wire: 'compat', secret: SECRET });
    const { coordinates } = await behindProxy(t, server.port ?? 0);
    await assert.rejects(receive({ coordinates, path: place.target, wire: 'native' }), (error: unknown) => error instanceof AuthError && error.code === 'auth-not-encrypted');
    const tried = await serveHere(t, { action: 'send', path: place.source, wire: 'compat', secret: SECRET });
    const again = await behindProxy(t, tried.port ?? 0);
    await assert.rejects(receive({ coordinates: again.coordinates, path: place.target, dryRun: true }), (error: unknown) => error instanceof UsageError && error.message.includes('`dryRun`'));
    await assert.rejects(readFile(place.target));
  });
});
