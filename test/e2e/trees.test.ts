/**
 * Directories and several paths move whole, whichever side is the server: what a tree may hold arrives as it was, a
 * second run moves what changed and nothing else, and what a user may ask of it is done.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { TransferResult } from '../../src/transfer/progress.js';
import { randomFile, sha256, startStreamer, tempDir } from '../support/cli.js';
import { ACTIONS, bothOver, clientJson, eventsOf, HUNG_MS, KIB, MIB, resultOf, serveJson } from './moving.js';
import { assertCopied, MTIME_SECONDS, pathsOf, run, treeFor } from './tree-moving.js';

for (const action of ACTIONS) {
  describe(`a tree: the client ${action}s`, { concurrency: 2 }, () => {
    it('everything in it arrives as it was; a second run moves nothing, and then what changed', async (t) => {
      const { source, target } = await treeFor(t);
      const first = await run(t, action, [source, target]);
      await assertCopied(source, target);
      const at = (name: string): string => path.join(target, name);
      assert.equal((await stat(at('sub/small-too'))).ino, (await stat(at('small'))).ino, 'a hard link stays one');
      assert.ok((await stat(at('sparse'))).blocks * 512 < 4 * MIB, 'a sparse file stays one');
      assert.deepEqual([resultOf(first.sender).entries.special, first.result.entries.failed], [1, 0]);
      assert.ok(eventsOf(first.sender).some(({ event, path: name }) => event === 'skipped' && name === 'fifo'));

      const second = await run(t, action, [source, target]);
      assert.deepEqual([second.result.movedBytes, second.result.entries.moved], [0, 0]);
      assert.ok(second.result.entries.equal >= 5);

      await writeFile(path.join(source, 'sub/deep/one.log'), 'other');
      const third = await run(t, action, [source, target]);
      assert.deepEqual([third.result.movedBytes, third.result.entries.moved], [5, 1]);
      await assertCopied(source, target);
    });

    it('--dry-run changes nothing; --delete removes what the sender does not have, and lists it', async (t) => {
      const { source, target } = await treeFor(t);
      const dry = await run(t, action, [source, target], { client: ['--dry-run'] });
      assert.equal(await stat(target).catch(() => undefined), undefined, 'not even the directory');
      assert.ok(dry.result.entries.would > 5);
      await mkdir(target);
      await mkdir(path.join(target, 'sub'));
      const told = eventsOf((await run(t, action, [source, target], { client: ['--dry-run'] })).client).filter(({ how }) => how === 'would').map((event) => event['path']);
      assert.deepEqual(['', 'sub', 'sub/deep', 'sub/large'].map((name) => told.includes(name)), [false, false, true, true], 'what is there need not be made');
      await run(t, action, [source, target]);
      await mkdir(path.join(target, 'old/er'), { recursive: true });
      await writeFile(path.join(target, 'old/er/extra'), 'x');
      const before = await pathsOf(target);
      await run(t, action, [source, target], { client: ['--dry-run', '--delete'] });
      assert.deepEqual(await pathsOf(target), before);
      const removing = await run(t, action, [source, target], { client: ['--delete'] });
      const extras = eventsOf(removing.client).filter(({ event }) => event === 'extra').map((event) => event['path']);
      assert.ok(extras.includes('old/er/extra') || extras.includes('old'), JSON.stringify(extras));
      assert.ok(removing.result.entries.removed >= 1);
      await assertCopied(source, target);
    });

    it('--exclude leaves out what matches, and --receipt names every file', async (t) => {
      const { directory, source, target } = await treeFor(t);
      const receipt = path.join(directory, 'receipt.json');
      await run(t, action, [source, target], { client: ['--receipt', receipt, ...(action === 'send' ? ['--exclude', '*.log'] : [])], server: action === 'send' ? [] : ['--exclude', '*.log'] });
      const expected = (await pathsOf(source)).filter((name) => name !== 'sub/deep/one.log');
      assert.deepEqual(await pathsOf(target), expected);
      const told = JSON.parse(await readFile(receipt, 'utf8')) as { entries: { path: string; how: string; digest?: string; size?: number }[]; result: TransferResult };
      for (const name of ['small', 'none', 'sparse', 'sub/large', 'sub/small-too', 'closed/inside']) {
        const entry = told.entries.find((one) => one.path === name);
        assert.equal(entry?.size === undefined ? undefined : entry.how === 'done' || entry.how === 'placed', true, name);
      }
      assert.equal(told.result.entries.failed, 0);
    });
  });

  it(`the client ${action}s: --digest sha256 is what sha256sum says`, async (t) => {
    const directory = await tempDir(t);
    const [from, to] = [path.join(directory, 'a'), path.join(directory, 'b')];
    const hex = await randomFile(from, 3 * MIB + 1);
    const { client, server } = await run(t, action, [from, to], action === 'send' ? { client: ['--digest', 'sha256'] } : { server: ['--digest', 'sha256'] });
    assert.deepEqual([resultOf(client).sha256, resultOf(server).sha256], [hex, hex]);
    assert.equal(execFileSync('sha256sum', [to], { encoding: 'utf8' }).split(' ')[0], hex);
  });
}

it('several paths arrive beside each other', async (t) => {
  const directory = await tempDir(t);
  const [one, two, target] = ['one', 'two', 'copy'].map((name) => path.join(directory, name)) as [string, string, string];
  await mkdir(one);
  const inside = await randomFile(path.join(one, 'inside'), 100);
  const second = await randomFile(two, 2 * MIB);
  const server = await serveJson(t, 'receive', target);
  const ended = await bothOver(startStreamer(t, ['send', '--json', server.coordinates, one, two]), server.child);
  assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stdout + ended.server.stdout);
  assert.deepEqual(await pathsOf(target), ['one', 'one/inside', 'two']);
  assert.equal(await sha256(path.join(target, 'one/inside')), inside);
  assert.equal(await sha256(path.join(target, 'two')), second);
});

describe('a single file that is there already', { concurrency: 2 }, () => {
  /** An older target of other content: whether each option replaces it; then a newer one. */
  const policies = [
    ['--overwrite', true, true],
    ['--skip-existing', false, false],
    ['--update', true, false],
  ] as const;
  for (const [option, older, newer] of policies) {
    it(`${option}: ${older ? 'replaced' : 'kept'} when it is older, ${newer ? 'replaced' : 'kept'} when it is newer`, async (t) => {
      const directory = await tempDir(t);
      const from = path.join(directory, 'a');
      await randomFile(from, 10 * KIB);
      await utimes(from, MTIME_SECONDS, MTIME_SECONDS);
      for (const [age, replaced] of [[-1000, older], [1000, newer]] as const) {
        const to = path.join(directory, `b${age}`);
        await writeFile(to, 'old');
        await utimes(to, MTIME_SECONDS + age, MTIME_SECONDS + age);
        await run(t, 'receive', [from, to], { client: [option] });
        if (replaced) assert.equal(await sha256(to), await sha256(from));
        else assert.equal(await readFile(to, 'utf8'), 'old');
      }
    });
  }

  it('without one of these the receiver refuses, and it stays as it is', async (t) => {
    const directory = await tempDir(t);
    const [from, to] = [path.join(directory, 'a'), path.join(directory, 'b')];
    await randomFile(from, 10);
    await writeFile(to, 'old');
    const server = await serveJson(t, 'send', from);
    const client = clientJson(t, 'receive', server.coordinates, to);
    assert.equal((await client.exitWithin(HUNG_MS)).code, 8);
    assert.equal(await readFile(to, 'utf8'), 'old');
  });
});
