/**
 * One server, one session: who may come before it, during it and instead of it, and how long the server waits.
 */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runStreamer, tempDir, type RunningServer } from '../support/cli.js';
import { pythonOrSkip, startPythonClient } from '../support/python-peer.js';
import { assertFailed } from './failure.js';
import { HUNG_MS, SECRET, startServerOf, targetIn } from './pairing.js';
import { askServer, connectRaw, content, getPlain, say, send } from './raw-peer.js';

const skip = await pythonOrSkip();
const SOON_MS = 10_000;

/** Everything that is not the real client: none of it may use the server up, or end its wait. */
async function pester(t: TestContext, port: number, withSecret = 426): Promise<void> {
  assert.equal(await getPlain(port), 401);
  assert.equal(await getPlain(port, 'Bearer wrong'), 403);
  assert.equal(await getPlain(port, `Bearer ${SECRET}`), withSecret);
  for (const authorization of [null, 'Bearer wrong']) assert.equal((await askServer(t, port, { authorization })).upgraded, false);
  // A scan: connected and gone; and one that stays and says nothing.
  await new Promise((resolve) => connect(port, '127.0.0.1', function (this: ReturnType<typeof connect>) { this.once('close', resolve).destroy(); }));
  const silent = connect(port, '127.0.0.1').on('error', () => undefined);
  t.after(() => silent.destroy());
  const rubbish = connect(port, '127.0.0.1').on('error', () => undefined);
  rubbish.end('\x16\x03\x01 this is not HTTP\r\n\r\n');
}

async function sendingServer(t: TestContext, args: readonly string[] = []): Promise<RunningServer & { readonly source: string }> {
  const source = path.join(await tempDir(t), 'source.bin');
  await writeFile(source, content(1000).bytes);
  return { ...(await startServerOf(t, 'ours', 'send', source, { args })), source };
}

describe('before its client comes, our server', { skip, concurrency: 2 }, () => {
  it('answers whoever is not it, and then serves it', async (t) => {
    const { target } = await targetIn(t);
    const server = await sendingServer(t);
    await pester(t, server.port);
    await startPythonClient(t, 'receive', server.coordinates, target).exitWithin(HUNG_MS);
    assert.equal((await server.child.exitWithin(SOON_MS)).code, 0);
    assert.ok((await readFile(target)).equals(await readFile(server.source)));
  });

  it('is not made to wait longer than it was told by whoever is not it', async (t) => {
    const start = performance.now();
    const server = await sendingServer(t, ['--wait-timeout', '2']);
    await pester(t, server.port);
    const ended = await server.child.exitWithin(SOON_MS);
    assertFailed(ended, { exit: 10, code: 'timeout-wait' });
    assert.ok(performance.now() - start >= 1900, 'nor shorter');
  });

  it('as the reference, waits for no one when told 0 seconds', async (t) => {
    const server = await sendingServer(t, ['--wait-timeout', '0']);
    assertFailed(await server.child.exitWithin(SOON_MS), { exit: 10, code: 'timeout-wait' });
  });
});

describe('during a session, our server', { skip, concurrency: 2 }, () => {
  it('sends a second client away, of any make, and finishes the first', async (t) => {
    const { target } = await targetIn(t);
    const { bytes, hash } = content(2000);
    const server = await startServerOf(t, 'ours', 'receive', target);
    const { socket, closed } = await connectRaw(t, server.port);
    await send(socket, say.init(2000));
    await send(socket, bytes.subarray(0, 1000));
    await server.child.waitForLine(/^received\.bin: /, { stream: 'stderr' });
    const answer = await askServer(t, server.port);
    assert.deepEqual(answer, { upgraded: false, status: 503, body: 'Serving another client\n' });
    const source = path.join(await tempDir(t), 'other.bin');
    await writeFile(source, 'other');
    const python = await startPythonClient(t, 'send', server.coordinates, source).exitWithin(SOON_MS);
    assert.match(python.stdout, /^Unable to establish connection/m);
    const ours = await runStreamer(t, ['send', server.coordinates, source, '--connect-timeout', '1', '--wire', 'compat']);
    assertFailed(ours, { exit: 5, code: 'connect-busy' });
    await pester(t, server.port, 503);
    await send(socket, bytes.subarray(1000));
    await send(socket, say.eof(hash));
    assert.equal((await server.child.exitWithin(SOON_MS)).code, 0);
    assert.equal((await closed).code, 1000);
    assert.ok((await readFile(target)).equals(bytes));
  });

  it('does not outlive it: a session that failed is the end, as with the reference', async (t) => {
    const { target } = await targetIn(t);
    const server = await startServerOf(t, 'ours', 'receive', target);
    const { socket } = await connectRaw(t, server.port);
    socket.terminate();
    assertFailed(await server.child.exitWithin(SOON_MS), { exit: 5, code: 'connect-lost' });
  });
});
