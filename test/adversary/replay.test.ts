/**
 * A session that somebody has recorded, both ways, and plays again, to a server and to a client that have the very same
 * secret: it moves no byte, and keeps nobody out.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { runStreamer } from '../support/cli.js';
import { headEnd, ledTo, startHeadProxy, type Crossed } from '../support/head-proxy.js';
import { exchange } from '../support/tcp.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, inboxNames, KIB, opposite, placeFor, serveJson, serverFile, type Action } from '../e2e/moving.js';

const SECRET = ['--secret', 'the-same-for-all-of-them'];
/** RFC 6455, section 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** So much content that no answer to a handshake is as long. */
const SIZE = 200 * KIB;

/** A whole transfer over one connection, recorded. */
async function recorded(t: TestContext, action: Action): Promise<Crossed> {
  const place = await placeFor(t, SIZE);
  const server = await serveJson(t, opposite(action), serverFile(action, place), { args: SECRET });
  const proxy = await startHeadProxy(t, server.port);
  await assertMoved(place, await bothDone(clientJson(t, action, proxy.lead(server.coordinates), clientFile(action, place), ['--streams', '1']), server.child));
  const link = proxy.links.find(({ toServer }) => Buffer.concat(toServer).includes('Streamer-Handshake'));
  assert.ok(link !== undefined && proxy.links.length === 1);
  assert.ok(Buffer.concat([...link.toServer, ...link.toClient]).length > SIZE, 'the content is in it');
  return link;
}

/** A server that answers with what another has said, its handshake fitted to the key of the request. */
async function startReplayer(t: TestContext, { toClient }: Crossed): Promise<{ readonly port: number; readonly heard: () => number }> {
  const all = Buffer.concat(toClient);
  const end = headEnd(all);
  let heard = 0;
  const server = createServer((socket) => {
    t.after(() => socket.destroy());
    let request = Buffer.alloc(0);
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => {
      heard += bytes.length;
      const began = headEnd(request) >= 0;
      request = Buffer.concat([request, bytes]);
      if (began || headEnd(request) < 0) return;
      const [, key = ''] = /^Sec-WebSocket-Key: (.*)\r$/imu.exec(request.toString('latin1')) ?? [];
      const accept = createHash('sha1').update(key + GUID).digest('base64');
      const head = all.subarray(0, end).toString('latin1').replace(/^(Sec-WebSocket-Accept: ).*\r$/imu, `$1${accept}\r`);
      socket.write(Buffer.concat([Buffer.from(head, 'latin1'), all.subarray(end)]));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, heard: () => heard };
}

describe('a recorded session', { concurrency: 2 }, () => {
  for (const action of ACTIONS) {
    it(`of a client that ${action}s, played to a server of the same secret: nothing is moved, and the real client is served`, async (t) => {
      const { toServer } = await recorded(t, action);
      const place = await placeFor(t, SIZE);
      const server = await serveJson(t, opposite(action), serverFile(action, place), { args: SECRET });
      const answer = await exchange(t, server.port, Buffer.concat(toServer));
      // It is answered, since its first message is a good one, and no more than that.
      assert.match(answer, /^HTTP\/1\.1 101 /u);
      assert.ok(answer.length < 1000, `${answer.length} bytes`);
      assert.deepEqual(await inboxNames(place), []);
      assert.doesNotMatch(server.child.stdout, /"event":"connected"/u);
      await assertMoved(place, await bothDone(clientJson(t, action, server.coordinates, clientFile(action, place)), server.child));
    });

    it(`of a server, played to a client that ${action}s with the same coordinates: it ends with an error, and has neither taken nor given anything`, async (t) => {
      const session = await recorded(t, action);
      const replayer = await startReplayer(t, session);
      const place = await placeFor(t, SIZE);
      const server = await serveJson(t, opposite(action), serverFile(action, place), { args: SECRET });
      const end = await runStreamer(t, [action, '--connect-timeout', '3s', '--retry-timeout', '1s', ledTo(server.coordinates, replayer.port), clientFile(action, place)]);
      assert.equal(end.code, 4, end.stderr);
      assert.match(end.stderr, /\[auth-handshake\]$/mu);
      assert.deepEqual(await inboxNames(place), []);
      assert.ok(replayer.heard() < 10 * KIB, `${replayer.heard()} bytes`);
    });
  }
});
