/**
 * A tree that is too much: for the disk, or for what the receiver takes. And a server that waits again when it was the
 * client's own trouble.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { randomFile, sha256, tempDir } from '../support/cli.js';
import { isRoot, skipUnless, withSmallDisk } from './abilities.js';
import { ACTIONS, bothOver, clientJson, eventOf, HUNG_MS, KIB, MIB, opposite, resultOf, serveJson } from './moving.js';
import { assertCopied, pathsOf, run, type Tree } from './tree-moving.js';

async function tree(t: TestContext, files: Readonly<Record<string, number>>): Promise<Tree> {
  const directory = await tempDir(t);
  const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'disk', 'copy')];
  await mkdir(path.dirname(target));
  for (const [name, size] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(source, name)), { recursive: true });
    await randomFile(path.join(source, name), size);
  }
  return { directory, source, target };
}

/** What has a name is whole. */
async function assertNothingBroken({ source, target }: Tree): Promise<void> {
  for (const name of await pathsOf(target)) {
    if (path.basename(name).startsWith('.') || !(await stat(path.join(target, name))).isFile()) continue;
    assert.equal(await sha256(path.join(target, name)), await sha256(path.join(source, name)), name);
  }
}

const noDisk = skipUnless(isRoot, 'only root may mount a small file system');

for (const action of ACTIONS) {
  describe(`a tree, while the client ${action}s:`, { concurrency: 2 }, () => {
    it('does not fit on the disk: exit 8 at both ends, what fits arrives, nothing broken has a name; with room, a second run brings the rest', { skip: noDisk }, async (t) => {
      const files = Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`small-${index}`, 100 * KIB]));
      const moving = await tree(t, { ...files, large: 5 * MIB });
      await withSmallDisk(path.dirname(moving.target), '6m', async () => {
        const ballast = path.join(path.dirname(moving.target), 'ballast');
        await writeFile(ballast, Buffer.alloc(2 * MIB));
        const { sender, receiver } = await run(t, action, [moving.source, moving.target], { codes: [8, 8] });
        for (const end of [sender, receiver]) assert.match(end.stdout, /storage-full/);
        const { entries } = resultOf(receiver);
        assert.ok(entries.failed >= 1 && entries.moved >= 1, JSON.stringify(entries));
        await assertNothingBroken(moving);
      });
      await withSmallDisk(path.dirname(moving.target), '16m', async () => {
        await run(t, action, [moving.source, moving.target]);
        await assertCopied(moving.source, moving.target);
      });
    });
  });
}

for (const action of ACTIONS) {
  it(`more files than a process may have open are compared by content all the same, while the client ${action}s`, async (t) => {
    const directory = await tempDir(t);
    const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'copy')];
    await mkdir(source);
    for (let index = 0; index < 700; index += 1) await writeFile(path.join(source, `f${index}`), `${index}`);
    await run(t, action, [source, target]);
    const few = (argv: readonly string[]): string[] => ['sh', '-c', 'ulimit -n 400; exec "$@"', 'sh', ...argv];
    const { result } = await run(t, action, [source, target], { client: ['--checksum'], sender: few, receiver: few });
    assert.deepEqual([result.entries.equal, result.entries.failed], [700, 0]);
  });
}

describe('the inbound limit over a tree', { concurrency: 2 }, () => {
  it('is for all its files together: one byte more is refused with 9 at both ends, and no broken file has a name', async (t) => {
    const moving = await tree(t, { a: 1_000_000, 'sub/b': 1_500_000, c: 500_000 });
    for (const [limit, codes] of [['2999999', [9, 9]], ['3000000', [0, 0]]] as const) {
      const server = await serveJson(t, 'receive', moving.target, { args: ['--inbound-transfer-limit', limit] });
      const { client, server: served } = await bothOver(clientJson(t, 'send', server.coordinates, moving.source), server.child);
      assert.deepEqual([client.code, served.code], codes, client.stdout);
      if (codes[0] !== 0) assert.equal(eventOf(served, 'error')['code'], 'limit-inbound');
      await assertNothingBroken(moving);
    }
    await assertCopied(moving.source, moving.target);
  });

  it('does not count what is there already', async (t) => {
    const moving = await tree(t, { a: 1_000_000, b: 1_000_000 });
    await run(t, 'send', [moving.source, moving.target]);
    await randomFile(path.join(moving.source, 'c'), 1000);
    await run(t, 'send', [moving.source, moving.target], { server: ['--inbound-transfer-limit', '1000'] });
    await assertCopied(moving.source, moving.target);
  });
});

describe('a server waits again after trouble of the client\'s own:', { concurrency: 2 }, () => {
  it('its target is there already', async (t) => {
    const moving = await tree(t, { one: 1000 });
    await writeFile(moving.target, 'a file');
    const server = await serveJson(t, 'send', moving.source);
    const refused = await clientJson(t, 'receive', server.coordinates, moving.target, ['--overwrite']).exitWithin(HUNG_MS);
    assert.equal(refused.code, 8);
    await server.child.waitForLine(/"again":true/);
    await rm(moving.target);
    const ended = await bothOver(clientJson(t, 'receive', server.coordinates, moving.target), server.child);
    assert.deepEqual([ended.client.code, ended.server.code], [0, 0]);
    await assertCopied(moving.source, moving.target);
  });

  for (const action of ACTIONS) {
    it(`it is told to stop twice while it ${action}s, and comes back each time`, async (t) => {
      const moving = await tree(t, { large: 6 * MIB, 'sub/other': 2 * MIB });
      const server = await serveJson(t, opposite(action), action === 'send' ? moving.target : moving.source, { args: ['--rate', '8MB'] });
      const path = action === 'send' ? moving.source : moving.target;
      for (const signal of ['SIGINT', 'SIGTERM'] as const) {
        const client = clientJson(t, action, server.coordinates, path);
        await client.waitForLine(/^\{"event":"progress"/);
        client.kill(signal);
        assert.equal((await client.exitWithin(HUNG_MS)).code, signal === 'SIGINT' ? 130 : 143);
      }
      const ended = await bothOver(clientJson(t, action, server.coordinates, path), server.child);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stdout);
      await assertCopied(moving.source, moving.target);
      assert.deepEqual((await readdir(moving.target)).sort(), ['large', 'sub']);
    });
  }
});
