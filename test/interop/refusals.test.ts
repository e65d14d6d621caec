/**
 * What cannot be done, with the real Python package at the other end: missing files, targets that exist, wrong secrets,
 * files over the limit. Our end says why and fails; the Python end hears it as it would from its own kind.
 */
import assert from 'node:assert/strict';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { runStreamer, startServer, startStreamer, tempDir, type Finished } from '../support/cli.js';
import { pythonOrSkip, startPythonClient } from '../support/python-peer.js';
import { assertFailed, assertNothingIn } from './failure.js';
import { HUNG_MS, SECRET, startClientOf, startServerOf, targetIn, type Make } from './pairing.js';
import { coordinatesFor } from './raw-peer.js';

const skip = await pythonOrSkip();
const SOON_MS = 10_000;
const MIB = 1024 * 1024;

/** A small file to send. */
async function sourceIn(t: TestContext, size = 1000): Promise<string> {
  const file = path.join(await tempDir(t), 'source.bin');
  await writeFile(file, Buffer.alloc(size, 'x'));
  return file;
}

/** Asserts that the Python sender was refused with this close code. It exits with 0 all the same. */
function assertPythonRefused({ code, stdout }: Finished, closeCode: number): void {
  assert.equal(code, 0, 'the reference exits with 0 whatever happens');
  assert.match(stdout, new RegExp(`^Remote connection closed with error: received ${closeCode} `, 'm'));
}

/** The same command works once what was wrong is put right: the server was not used up. */
async function stillServes(t: TestContext, make: Make, action: 'send' | 'receive', coordinates: string, file: string): Promise<void> {
  const { code, stdout, stderr } = await startClientOf(t, make, action, coordinates, file).exitWithin(HUNG_MS);
  assert.equal(code, 0, stderr);
  if (make === 'python') assert.match(stdout, /successfully/);
}

describe('a file that is missing', { skip, concurrency: 2 }, () => {
  it('at our server: it does not start', async (t) => {
    const ended = await runStreamer(t, ['server', '--secret', SECRET, '--port-range', '0', '0', 'send', '--path', path.join(await tempDir(t), 'none')]);
    assertFailed(ended, { exit: 8, code: 'storage-missing' });
    assert.equal(ended.stdout, '', 'it has published no coordinates');
  });

  it('at our client: the Python server is not used up', async (t) => {
    const { directory, target } = await targetIn(t);
    const server = await startServerOf(t, 'python', 'receive', target);
    assertFailed(await runStreamer(t, ['send', server.coordinates, path.join(directory, 'none')]), { exit: 8, code: 'storage-missing' });
    await stillServes(t, 'ours', 'send', server.coordinates, await sourceIn(t));
  });

  it('at the Python server: our client hears it', async (t) => {
    const { directory, target } = await targetIn(t);
    const server = await startServerOf(t, 'python', 'send', path.join(directory, 'none'));
    assertFailed(await startStreamer(t, ['receive', server.coordinates, target]).exitWithin(SOON_MS), { exit: 8, code: 'storage-missing' });
    await assertNothingIn(directory);
  });

  it('at the Python client: our server hears it', async (t) => {
    const { directory, target } = await targetIn(t);
    const server = await startServerOf(t, 'ours', 'receive', target);
    await startPythonClient(t, 'send', server.coordinates, path.join(directory, 'none')).exitWithin(SOON_MS);
    assertFailed(await server.child.exitWithin(SOON_MS), { exit: 8, code: 'storage-missing' });
    await assertNothingIn(directory);
  });

  for (const client of ['ours', 'python'] as const) {
    it(`removed while our server waits, client ${client}: the server does not vouch for it`, async (t) => {
      const { directory, target } = await targetIn(t);
      const source = await sourceIn(t);
      const server = await startServerOf(t, 'ours', 'send', source, { args: ['--wire', 'compat'] });
      await rm(source);
      const ended = await startClientOf(t, client, 'receive', server.coordinates, target).exitWithin(SOON_MS);
      assertFailed(await server.child.exitWithin(SOON_MS), { exit: 7, code: 'integrity-source' });
      if (client === 'python') return;
      assertFailed(ended, { exit: 7, code: 'integrity-source' });
      await assertNothingIn(directory);
    });
  }
});

describe('a target that exists', { skip, concurrency: 2 }, () => {
  const KEPT = 'what was there before';

  async function taken(t: TestContext): Promise<{ directory: string; target: string }> {
    const place = await targetIn(t);
    await writeFile(place.target, KEPT);
    return place;
  }

  async function assertKept({ directory, target }: { directory: string; target: string }): Promise<void> {
    assert.equal(await readFile(target, 'utf8'), KEPT);
    await assertNothingIn(directory, [path.basename(target)]);
  }

  it('at our client: the Python server is not used up', async (t) => {
    const place = await taken(t);
    const server = await startServerOf(t, 'python', 'send', await sourceIn(t));
    assertFailed(await runStreamer(t, ['receive', server.coordinates, place.target]), { exit: 8, code: 'storage-exists' });
    await assertKept(place);
    await stillServes(t, 'ours', 'receive', server.coordinates, `${place.target}.2`);
  });

  it('at our server: it does not start', async (t) => {
    const place = await taken(t);
    const ended = await runStreamer(t, ['server', '--secret', SECRET, '--port-range', '0', '0', 'receive', '--path', place.target]);
    assertFailed(ended, { exit: 8, code: 'storage-exists' });
    assert.equal(ended.stdout, '', 'it has published no coordinates');
    await assertKept(place);
  });

  it('made while our server waits: the Python client hears 3003', async (t) => {
    const place = await targetIn(t);
    const server = await startServerOf(t, 'ours', 'receive', place.target);
    await writeFile(place.target, KEPT);
    // More than the sockets' buffers hold: a sender that is done sending hears nothing.
    const client = startPythonClient(t, 'send', server.coordinates, await sourceIn(t, 40 * MIB));
    assertPythonRefused(await client.exitWithin(SOON_MS), 3003);
    assertFailed(await server.child.exitWithin(SOON_MS), { exit: 8, code: 'storage-exists' });
    await assertKept(place);
  });

  it('at the Python server: our client hears it', async (t) => {
    const place = await taken(t);
    const server = await startServerOf(t, 'python', 'receive', place.target);
    const ended = await startStreamer(t, ['send', server.coordinates, await sourceIn(t)]).exitWithin(SOON_MS);
    assertFailed(ended, { exit: 8, code: 'storage-exists', says: /nothing was overwritten/ });
    await assertKept(place);
  });

  it('at the Python client: our server hears it', async (t) => {
    const place = await taken(t);
    const server = await startServerOf(t, 'ours', 'send', await sourceIn(t));
    await startPythonClient(t, 'receive', server.coordinates, place.target).exitWithin(SOON_MS);
    assertFailed(await server.child.exitWithin(SOON_MS), { exit: 8, code: 'storage-exists' });
    await assertKept(place);
  });
});

describe('a wrong secret', { skip, concurrency: 2 }, () => {
  it('from our client: refused, and the Python server still serves', async (t) => {
    const { directory, target } = await targetIn(t);
    const server = await startServerOf(t, 'python', 'send', await sourceIn(t));
    const ended = await runStreamer(t, ['receive', coordinatesFor(server.port, 'not-the-secret'), target]);
    assertFailed(ended, { exit: 4, code: 'auth-refused' });
    assert.ok(!ended.stderr.includes('not-the-secret'));
    await assertNothingIn(directory);
    await stillServes(t, 'ours', 'receive', server.coordinates, target);
  });

  it('from the Python client: refused, and our server still serves', async (t) => {
    const { directory, target } = await targetIn(t);
    const server = await startServerOf(t, 'ours', 'send', await sourceIn(t));
    const refused = await startPythonClient(t, 'receive', coordinatesFor(server.port, 'not-the-secret'), target).exitWithin(SOON_MS);
    assert.match(refused.stdout, /^Unable to establish connection to any provided IPs\/ports\.$/m);
    await assertNothingIn(directory);
    await stillServes(t, 'python', 'receive', server.coordinates, target);
    assert.equal((await server.child.exitWithin(SOON_MS)).code, 0);
  });

  it('from our client, on the compat wire alone: refused', async (t) => {
    const { target } = await targetIn(t);
    const server = await startServer(t, 'send', await sourceIn(t), { args: ['--secret', SECRET, '--wire', 'compat'] });
    const ended = await runStreamer(t, ['receive', '--wire', 'compat', coordinatesFor(server.port, 'not-the-secret'), target]);
    assertFailed(ended, { exit: 4, code: 'auth-refused' });
  });
});

describe('the inbound transfer limit', { skip, concurrency: 2 }, () => {
  for (const size of [1000, 5 * MIB + 1]) {
    it(`of ${size} bytes lets ${size} bytes into our server, in bytes and not in chunks`, async (t) => {
      const { target } = await targetIn(t);
      const server = await startServerOf(t, 'ours', 'receive', target, { args: ['--inbound-transfer-limit', String(size)] });
      const source = await sourceIn(t, size);
      await startPythonClient(t, 'send', server.coordinates, source).exitWithin(SOON_MS);
      assert.equal((await server.child.exitWithin(SOON_MS)).code, 0);
      assert.ok((await readFile(target)).equals(await readFile(source)));
    });
  }

  it('of one byte less than the file refuses it, and the Python client hears 1009', async (t) => {
    const { directory, target } = await targetIn(t);
    const size = 40 * MIB;
    const server = await startServerOf(t, 'ours', 'receive', target, { args: ['--inbound-transfer-limit', String(size - 1)] });
    const client = startPythonClient(t, 'send', server.coordinates, await sourceIn(t, size));
    assertPythonRefused(await client.exitWithin(SOON_MS), 1009);
    assertFailed(await server.child.exitWithin(SOON_MS), { exit: 9, code: 'limit-inbound', says: /max allowed transfer size: 41943039 bytes.*41943040/ });
    await assertNothingIn(directory);
  });

  it('of 0 lets an empty file in', async (t) => {
    const { target } = await targetIn(t);
    const server = await startServerOf(t, 'ours', 'receive', target, { args: ['--inbound-transfer-limit', '0'] });
    await startPythonClient(t, 'send', server.coordinates, await sourceIn(t, 0)).exitWithin(SOON_MS);
    assert.equal((await server.child.exitWithin(SOON_MS)).code, 0);
  });

  it('of the Python server, which counts 5 MiB for each message, refuses a file under it: our client hears 1009', async (t) => {
    const { directory, target } = await targetIn(t);
    const server = await startServerOf(t, 'python', 'receive', target, { args: ['--inbound-transfer-limit', String(6 * MIB)] });
    const ended = await startStreamer(t, ['send', server.coordinates, await sourceIn(t, 5 * MIB + 1)]).exitWithin(SOON_MS);
    assertFailed(ended, { exit: 9, code: 'limit-inbound', says: /max allowed transfer size: 6291456 bytes/ });
    await assertNothingIn(directory);
  });
});
