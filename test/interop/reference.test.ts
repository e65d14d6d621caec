/**
 * What src/compat/PROTOCOL.md says of the reference, asked of the real Python package: its quirks, none of which is ours.
 * A later release that mends one makes its test fail, and the page is to be changed then.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, it, type TestContext } from 'node:test';
import { startStreamer, tempDir, type RunningServer } from '../support/cli.js';
import { pythonOrSkip, startPythonClient } from '../support/python-peer.js';
import { SECRET, startServerOf, targetIn } from './pairing.js';
import { connectRaw, getPlain, say, send, startRawServer } from './raw-peer.js';

const skip = await pythonOrSkip();
const SOON_MS = 10_000;

async function sendingServer(t: TestContext, args: readonly string[] = []): Promise<RunningServer> {
  const source = path.join(await tempDir(t), 'source.bin');
  await writeFile(source, 'content');
  return startServerOf(t, 'python', 'send', source, { args });
}

describe('the reference, as observed in 0.0.21,', { skip, concurrency: 2 }, () => {
  it('waits for ever after a plain GET with the secret', async (t) => {
    const server = await sendingServer(t, ['--wait-timeout', '1']);
    assert.equal(await getPlain(server.port, `Bearer ${SECRET}`), 426);
    await delay(2000);
    const { target } = await targetIn(t);
    assert.equal((await startStreamer(t, ['receive', server.coordinates, target]).exitWithin(SOON_MS)).code, 0, 'it is still there');
  });

  it('ends with 0 when nobody comes', async (t) => {
    const server = await sendingServer(t, ['--wait-timeout', '1']);
    assert.equal((await server.child.exitWithin(SOON_MS)).code, 0);
  });

  it("lets a second client end the first one's session, with 1001 and exit status 0", async (t) => {
    const { target } = await targetIn(t);
    const server = await startServerOf(t, 'python', 'receive', target);
    const first = await connectRaw(t, server.port);
    await send(first.socket, say.init(2000));
    await send(first.socket, Buffer.alloc(1000));
    await server.child.waitForLine(/^Transfering/);
    const second = await connectRaw(t, server.port);
    assert.deepEqual([(await second.closed).code, (await first.closed).code], [3003, 1001]);
    assert.equal((await server.child.exitWithin(SOON_MS)).code, 0);
    assert.match(server.child.stdout, /received successfully/, 'it calls half a file a success');
    assert.ok((await readFile(target)).length < 2000);
  });

  it('counts 5 MiB for each message, whatever its size', async (t) => {
    const { target } = await targetIn(t);
    const server = await startServerOf(t, 'python', 'receive', target, { args: ['--inbound-transfer-limit', String(20 * 1024 * 1024)] });
    const { socket, closed } = await connectRaw(t, server.port);
    await send(socket, say.init(5 * 1024));
    for (let i = 0; i < 5; i += 1) await send(socket, Buffer.alloc(1024)).catch(() => undefined);
    assert.equal((await closed).code, 1009);
  });

  it('keeps the part of a file whose sender was lost, and exits with 0', async (t) => {
    const { target } = await targetIn(t);
    const server = await startServerOf(t, 'python', 'receive', target);
    const { socket } = await connectRaw(t, server.port);
    await send(socket, say.init(2000));
    await send(socket, Buffer.alloc(1000));
    await server.child.waitForLine(/^Transfering/);
    socket.terminate();
    assert.equal((await server.child.exitWithin(SOON_MS)).code, 0);
    assert.ok((await readFile(target)).length <= 1000);
  });

  it('removes a file of another hash, and then says that it was received', async (t) => {
    const { target } = await targetIn(t);
    const server = await startServerOf(t, 'python', 'receive', target);
    const { socket, closed } = await connectRaw(t, server.port);
    for (const message of [say.init(3), Buffer.from('abc'), say.eof('0'.repeat(64))]) await send(socket, message);
    assert.equal((await closed).code, 1000);
    const { code, stdout } = await server.child.exitWithin(SOON_MS);
    assert.equal(code, 0);
    assert.match(stdout, /^Hash mismatch! File transfer corrupted\.\nFile .* received successfully\.$/m);
    assert.equal(existsSync(target), false);
  });

  it('closes with 1011 and no reason when its client is interrupted, and with 1001 when its server is told to stop', async (t) => {
    const { target } = await targetIn(t);
    const raw = await startRawServer(t, async (socket) => {
      await send(socket, say.init(2000));
      await send(socket, Buffer.alloc(1000));
    });
    const client = startPythonClient(t, 'receive', raw.coordinates, target);
    await client.waitForLine(/^Transfering/);
    client.kill('SIGINT');
    assert.deepEqual(await raw.closed, { code: 1011, reason: '' });

    const { target: other } = await targetIn(t);
    const server = await startServerOf(t, 'python', 'receive', other);
    const { socket, closed } = await connectRaw(t, server.port);
    await send(socket, say.init(2000));
    await server.child.waitForLine(/^Transfering/);
    server.child.kill('SIGTERM');
    assert.equal((await closed).code, 1001);
  });

  it('offers permessage-deflate as a client', async (t) => {
    const { target } = await targetIn(t);
    const raw = await startRawServer(t, (socket) => socket.close(1000));
    await startPythonClient(t, 'receive', raw.coordinates, target).exitWithin(SOON_MS);
    assert.match(raw.requests[0]?.headers['sec-websocket-extensions'] ?? '', /^permessage-deflate/);
    assert.equal(raw.requests[0]?.headers.authorization, `Bearer ${SECRET}`);
  });
});
