/**
 * Ctrl-C and the scheduler's SIGTERM: the exit status says which, what has arrived is kept, and the other end is told.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createServer, type AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatCoordinates } from '../../src/coordinates/codec.js';
import { startStreamer, type Finished } from '../support/cli.js';
import { leaveHalfDone, startSlowly } from './interrupting.js';
import { ACTIONS, assertMoved, bothDone, clientFile, clientJson, eventOf, inboxNames, MIB, move, opposite, placeFor, resultOf, serveJson, serverFile } from './moving.js';

const SIZE = 24 * MIB;
/** An end that was told to stop is gone within this, whatever its link does, milliseconds. */
const STOPPED_MS = 5_000;
const KEPT = ['.copy.bin.streamer-journal', '.copy.bin.streamer-part'];

function assertStopped(end: Finished, exitCode: number): void {
  assert.equal(end.code, exitCode);
  const error = eventOf(end, 'error');
  assert.equal(error['code'], 'aborted');
  assert.match(String(error['message']), /what has arrived is kept, run the same command again to resume/);
}

/** A server's answer to a request, of the native wire, without a word of the handshake. */
function upgraded(request: string): string {
  const key = /sec-websocket-key: (\S+)/iu.exec(request)?.[1] ?? '';
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\nStreamer-Protocol: 2\r\n\r\n`;
}

describe('SIGINT of the client', { concurrency: 4 }, () => {
  for (const action of ACTIONS) {
    it(`that ${action}s: exit 130, the server waits on, and the same command goes on`, async (t) => {
      const place = await placeFor(t, SIZE);
      const { client, server, proxy, coordinates } = await startSlowly(t, action, place);
      client.kill('SIGINT');
      assertStopped(await client.exitWithin(STOPPED_MS), 130);
      await server.child.waitForLine(/^\{"event":"waiting","timeoutMs":\d+,"again":true\}$/);
      const names = (await inboxNames(place)).filter((name) => !name.endsWith('-lock'));
      assert.deepEqual(names, KEPT, 'nothing under the final name');
      proxy.slowDown(Infinity);
      const ended = await bothDone(clientJson(t, action, coordinates, clientFile(action, place)), server.child);
      await assertMoved(place, ended);
      const { resumedBytes, movedBytes } = resultOf(ended.client);
      assert.ok(resumedBytes > 0);
      assert.equal(resumedBytes + movedBytes, SIZE);
    });

    it(`that ${action}s over a link that has fallen silent: it ends all the same`, async (t) => {
      const place = await placeFor(t, SIZE);
      const { client, proxy } = await startSlowly(t, action, place);
      proxy.stall();
      await sleep(300);
      client.kill('SIGINT');
      assertStopped(await client.exitWithin(STOPPED_MS), 130);
    });

    it(`that ${action}s, a second one: the client is gone at once`, async (t) => {
      const place = await placeFor(t, SIZE);
      const { client, proxy } = await startSlowly(t, action, place);
      proxy.stall();
      client.kill('SIGINT');
      await sleep(100);
      client.kill('SIGINT');
      assert.equal((await client.exitWithin(1_000)).code, 130);
    });
  }

  it('that looks for its server', async (t) => {
    const place = await placeFor(t, 1);
    const server = await serveJson(t, 'send', place.source);
    await server.child.stop();
    const client = clientJson(t, 'receive', server.coordinates, place.target, ['--connect-timeout', '1h']);
    await client.waitForLine(/"connecting".*"attempt":2/);
    client.kill('SIGINT');
    const end = await client.exitWithin(STOPPED_MS);
    assert.equal(end.code, 130);
    assert.deepEqual(await inboxNames(place), []);
  });

  for (const action of ACTIONS) {
    it(`that ${action}s, while its server has upgraded and says nothing more`, async (t) => {
      const place = await placeFor(t, 1);
      const silent = createServer((socket) => socket.on('error', () => undefined).once('data', (request) => socket.write(upgraded(request.toString('latin1')))));
      const port = await new Promise<number>((resolve) => silent.listen(0, '127.0.0.1', () => resolve((silent.address() as AddressInfo).port)));
      const asked = new Promise((resolve) => silent.once('connection', (socket) => socket.once('data', resolve)));
      t.after(() => silent.close());
      const coordinates = formatCoordinates({ version: 2, candidates: [{ url: `ws://127.0.0.1:${port}/streamer/2` }], secret: Buffer.alloc(32, 7), direction: opposite(action) });
      const client = clientJson(t, action, coordinates, clientFile(action, place));
      await asked;
      await sleep(100);
      client.kill('SIGINT');
      const end = await client.exitWithin(STOPPED_MS);
      assert.equal(end.code, 130, end.stderr);
      assert.doesNotMatch(end.stderr, /at process/u);
    });
  }

  it('that tries to have its link back', async (t) => {
    const place = await placeFor(t, SIZE);
    const { client, server } = await startSlowly(t, 'receive', place);
    await server.child.stop();
    await client.waitForLine(/"connecting".*"attempt":2/);
    client.kill('SIGINT');
    assertStopped(await client.exitWithin(STOPPED_MS), 130);
    assert.deepEqual(await inboxNames(place), KEPT);
  });

  it('that waits for its coordinates from a pipe into which nobody writes', async (t) => {
    const place = await placeFor(t, 1);
    const pipe = path.join(place.directory, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const client = startStreamer(t, ['receive', `@${pipe}`, place.target]);
    // It says nothing: give it the time to get there.
    await sleep(700);
    client.kill('SIGINT');
    const end = await client.exitWithin(STOPPED_MS);
    assert.ok(end.code === 130 || end.signal === 'SIGINT', 'for a shell the two are one');
  });
});

describe('SIGTERM of the server', { concurrency: 4 }, () => {
  for (const action of ACTIONS) {
    it(`while the client ${action}s: exit 143, and the client ends with 5 and says what to do`, async (t) => {
      const place = await placeFor(t, SIZE);
      const { client, server } = await startSlowly(t, action, place);
      server.child.kill('SIGTERM');
      assertStopped(await server.child.exitWithin(STOPPED_MS), 143);
      const end = await client.exitWithin(STOPPED_MS);
      assert.equal(end.code, 5);
      assert.match(String(eventOf(end, 'error')['message']), /^the other end was stopped; what has arrived is kept, run the command again to resume$/);
      assert.deepEqual(await inboxNames(place), KEPT, 'nothing under the final name, no lock');
      const ended = await move(t, action, place);
      await assertMoved(place, ended);
      assert.ok(resultOf(ended.client).resumedBytes > 0);
    });

    it(`that waits for its client, which would ${action}`, async (t) => {
      const place = await placeFor(t, 1);
      const { child } = await serveJson(t, opposite(action), serverFile(action, place));
      child.kill('SIGTERM');
      assert.equal((await child.exitWithin(STOPPED_MS)).code, 143);
      assert.deepEqual(await inboxNames(place), []);
    });
  }

  it("that waits for its client's return", async (t) => {
    const place = await placeFor(t, SIZE);
    const { client, server } = await startSlowly(t, 'send', place);
    await client.stop();
    await server.child.waitForLine(/"again":true/);
    server.child.kill('SIGTERM');
    assertStopped(await server.child.exitWithin(STOPPED_MS), 143);
    assert.deepEqual(await inboxNames(place), KEPT);
  });
});

it('SIGINT of the server is 130, SIGHUP of it 143: it was told to stop either way', async (t) => {
  const place = await placeFor(t, 1);
  for (const [signal, code] of [['SIGINT', 130], ['SIGHUP', 143]] as const) {
    const { child } = await serveJson(t, 'send', place.source);
    child.kill(signal);
    const end = await child.exitWithin(STOPPED_MS);
    assert.equal(end.code, code);
    assert.equal(eventOf(end, 'error')['message'], code === 130 ? 'interrupted' : 'stopped by SIGHUP');
  }
});

it('what two interrupted runs have moved adds up', async (t) => {
  const place = await placeFor(t, SIZE);
  await leaveHalfDone(t, 'receive', place);
  await leaveHalfDone(t, 'receive', place);
  const ended = await move(t, 'receive', place);
  await assertMoved(place, ended);
  assert.ok(resultOf(ended.client).resumedBytes >= 2 * MIB);
});
