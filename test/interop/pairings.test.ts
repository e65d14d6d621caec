/**
 * The whole matrix of the reference wire: every pairing of ours and the Python package, both directions, the sizes at
 * which its chunks begin and end. The file is the same at both ends, and whoever can verify it has.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import { randomFile, sha256 } from '../support/cli.js';
import { pythonOrSkip } from '../support/python-peer.js';
import { targetIn, transfer, type Action, type Ended, type Make } from './pairing.js';

const MIB = 1024 * 1024;
const SIZES = [0, 1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 12_000_000];
const LARGE = 300 * MIB;
const ACTIONS = ['send', 'receive'] as const;
const WITH_OURS: readonly { readonly client: Make; readonly server: Make }[] = [
  { client: 'ours', server: 'python' },
  { client: 'python', server: 'ours' },
  { client: 'ours', server: 'ours' },
];

const skip = await pythonOrSkip();
const sources = await mkdtemp(path.join(os.tmpdir(), 'streamer-pairings-'));
after(() => rm(sources, { recursive: true, force: true }));

interface SourceFile {
  readonly path: string;
  readonly sha256: string;
}
const made = new Map<number, Promise<SourceFile>>();

/** The file of this size that all tests send. */
function sourceOf(size: number): Promise<SourceFile> {
  const known = made.get(size);
  if (known !== undefined) return known;
  const file = path.join(sources, `${size}.bin`);
  const making = randomFile(file, size).then((hash) => ({ path: file, sha256: hash }));
  made.set(size, making);
  return making;
}

/** Who receives in a pairing. */
const receiverOf = (pairing: { client: Make; server: Make }, action: Action) => (action === 'send' ? pairing.server : pairing.client);

async function arrivesWhole(t: TestContext, pairing: { client: Make; server: Make }, action: Action, size: number): Promise<void> {
  const source = await sourceOf(size);
  const { directory, target } = await targetIn(t);
  const ended = await transfer(t, { ...pairing, action }, source.path, target);
  assert.deepEqual([ended.client.code, ended.server.code], [0, 0], `${ended.client.stderr}${ended.server.stderr}`);
  assert.equal((await stat(target)).size, size, 'not a byte more or less');
  assert.equal(await sha256(target), source.sha256);
  assert.deepEqual(await readdir(directory), [path.basename(target)], 'nothing is left beside the file');
  assertVerified(ended, receiverOf(pairing, action), source.sha256);
}

/** The receiver has compared the hash, and says so. Each end's words for it are its own. */
function assertVerified({ receiver }: Ended, make: Make, hash: string): void {
  if (make === 'ours') assert.match(receiver.stderr, new RegExp(`^compat wire, NOT encrypted, sha256 ${hash}, verified$`, 'm'));
  else {
    assert.match(receiver.stdout, /^File received successfully\.$/m, 'the line that the Python receiver prints only for an equal hash');
    assert.doesNotMatch(receiver.stdout, /mismatch/i);
  }
}

for (const pairing of WITH_OURS) {
  for (const action of ACTIONS) {
    const title = `client ${pairing.client} ${action}s, server ${pairing.server}`;
    describe(title, { skip: pairing.client === 'ours' && pairing.server === 'ours' ? false : skip, concurrency: 2 }, () => {
      for (const size of [...SIZES, LARGE]) it(`${size} bytes`, (t) => arrivesWhole(t, pairing, action, size));
    });
  }
}

describe('client python, server python: the reference, whose receiver does not know its own sender\'s eof', { skip, concurrency: 2 }, () => {
  for (const action of ACTIONS) {
    for (const size of SIZES.filter((bytes) => bytes > 0)) {
      it(`${action}s ${size} bytes; ${size + 98} are written, and both say that all is well`, async (t) => {
        const source = await sourceOf(size);
        const { target } = await targetIn(t);
        const ended = await transfer(t, { client: 'python', server: 'python', action }, source.path, target);
        assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
        assert.equal((await stat(target)).size, size + 98);
        assert.notEqual(await sha256(target), source.sha256);
        assert.match(ended.sender.stdout, /sent successfully/);
        assert.match(ended.receiver.stdout, /^File .* received successfully\.$/m);
        assert.doesNotMatch(ended.receiver.stdout, /^File received successfully\.$/m, 'it has compared no hash');
      });
    }

    it(`${action}s 0 bytes; the receiver fails on the eof, with exit status 0`, async (t) => {
      const source = await sourceOf(0);
      const { target } = await targetIn(t);
      const ended = await transfer(t, { client: 'python', server: 'python', action }, source.path, target);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
      assert.equal((await stat(target)).size, 98);
      assert.match(ended.receiver.stdout, /^An error occurred: float division by zero\.$/m);
    });
  }
});
