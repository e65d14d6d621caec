/**
 * Hard links whose first name does not get the sender's content at the receiver: the other names have it all the same, from the
 * sender, and are one file.
 */
import assert from 'node:assert/strict';
import { link, mkdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { randomFile, sha256, tempDir } from '../support/cli.js';
import { journalled } from './interrupting.js';
import { ACTIONS, bothOver, clientJson, MIB, opposite, resultOf, serveJson, type Action } from './moving.js';
import { assertCopied, forReceiver, forSender, MTIME_SECONDS, pathsOf, run, type Tree } from './tree-moving.js';

const SMALL_BYTES = 5_000;
/** Goes in chunks. */
const LARGE_BYTES = 2 * MIB + 17;
const KINDS = ['small', 'large'] as const;
/** What is in a directory comes after what is beside it. */
const FURTHER = ['sub/one', 'sub/two'] as const;

/** A tree of a small file and a large one with three names each, and a target that may hold the first ones. */
async function linkedTree(t: TestContext, there?: { readonly ageSeconds: number }): Promise<Tree> {
  const directory = await tempDir(t);
  const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'copy')];
  for (const at of [source, target]) await mkdir(path.join(at, 'sub'), { recursive: true });
  for (const kind of KINDS) {
    const first = path.join(source, kind);
    await randomFile(first, kind === 'small' ? SMALL_BYTES : LARGE_BYTES);
    for (const name of FURTHER) await link(first, path.join(source, `${name}-${kind}`));
    await utimes(first, MTIME_SECONDS, MTIME_SECONDS);
    if (there === undefined) continue;
    const theirs = path.join(target, kind);
    await writeFile(theirs, `theirs, ${kind}`);
    await utimes(theirs, MTIME_SECONDS - there.ageSeconds, MTIME_SECONDS - there.ageSeconds);
  }
  return { directory, source, target };
}

/** The further names have the sender's content, and are one file, which is not what is under the first name. */
async function assertFurther({ source, target }: Tree): Promise<void> {
  for (const kind of KINDS) {
    const [one, two] = FURTHER.map((name) => path.join(target, `${name}-${kind}`)) as [string, string];
    for (const at of [one, two]) assert.equal(await sha256(at), await sha256(path.join(source, kind)), at);
    assert.equal((await stat(one)).ino, (await stat(two)).ino, `${kind}: the second is a name of the first that arrived`);
    const first = await stat(path.join(target, kind)).catch(() => undefined);
    assert.notEqual((await stat(one)).ino, first?.ino);
  }
}

async function assertTheirs({ target }: Tree): Promise<void> {
  for (const kind of KINDS) assert.equal(await readFile(path.join(target, kind), 'utf8'), `theirs, ${kind}`);
}

for (const action of ACTIONS) {
  describe(`hard links, while the client ${action}s:`, { concurrency: 2 }, () => {
    for (const [option, ageSeconds] of [['--update', -1000], ['--skip-existing', 1000]] as const) {
      for (const [by, forEnd] of [['receiver', forReceiver], ['sender', forSender]] as const) {
        it(`${option} of the ${by} keeps the first name; the others are the sender's file, and stay that the second time`, async (t) => {
          const tree = await linkedTree(t, { ageSeconds });
          const { result } = await run(t, action, [tree.source, tree.target], forEnd(action, option));
          await assertTheirs(tree);
          await assertFurther(tree);
          assert.deepEqual([result.entries.kept, result.entries.moved, result.entries.failed, result.movedBytes], [2, 2, 0, SMALL_BYTES + LARGE_BYTES]);
          const again = await run(t, action, [tree.source, tree.target], forEnd(action, option));
          assert.deepEqual([again.result.movedBytes, again.result.entries.kept], [0, 2]);
          await assertTheirs(tree);
          await assertFurther(tree);
        });
      }
    }

    it('--checksum with --update: what is there under a further name is compared, and kept where it is equal', async (t) => {
      const tree = await linkedTree(t, { ageSeconds: -1000 });
      for (const kind of KINDS) {
        const at = path.join(tree.target, `${FURTHER[0]}-${kind}`);
        await writeFile(at, await readFile(path.join(tree.source, kind)));
        await utimes(at, MTIME_SECONDS - 5000, MTIME_SECONDS - 5000);
      }
      const { result } = await run(t, action, [tree.source, tree.target], forReceiver(action, '--update', '--checksum'));
      await assertTheirs(tree);
      for (const kind of KINDS) for (const name of FURTHER) assert.equal(await sha256(path.join(tree.target, `${name}-${kind}`)), await sha256(path.join(tree.source, kind)));
      assert.equal(result.entries.failed, 0);
    });

    it('--exclude of the first name at the receiver: the others arrive', async (t) => {
      const tree = await linkedTree(t);
      await run(t, action, [tree.source, tree.target], forReceiver(action, '--exclude', '/small', '--exclude', '/large'));
      assert.deepEqual(await pathsOf(tree.target), ['sub', ...FURTHER.flatMap((name) => [`${name}-large`, `${name}-small`])]);
      await assertFurther(tree);
    });

    it('the first name fails: the others arrive, and the exit status is 8', async (t) => {
      const tree = await linkedTree(t);
      for (const kind of KINDS) await mkdir(path.join(tree.target, kind, 'theirs'), { recursive: true });
      const { result } = await run(t, action, [tree.source, tree.target], { codes: [8, 8] });
      assert.deepEqual([result.entries.failed, result.entries.moved], [2, 2]);
      await assertFurther(tree);
    });

    it('--dry-run says what would be moved, and changes nothing', async (t) => {
      const tree = await linkedTree(t, { ageSeconds: -1000 });
      const before = await pathsOf(tree.target);
      const { result } = await run(t, action, [tree.source, tree.target], forReceiver(action, '--update', '--dry-run'));
      // Four names would have the content; the directories are there.
      assert.deepEqual([result.entries.kept, result.entries.failed, result.entries.would], [2, 0, 4]);
      assert.deepEqual(await pathsOf(tree.target), before);
    });

    it('killed while a further name brings the content: the same again goes on from what has arrived', async (t) => {
      const directory = await tempDir(t);
      const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'copy')];
      for (const at of [source, target]) await mkdir(path.join(at, 'sub'), { recursive: true });
      const size = 12 * MIB + 5;
      await randomFile(path.join(source, 'first'), size);
      await link(path.join(source, 'first'), path.join(source, 'sub/further'));
      await writeFile(path.join(target, 'first'), 'theirs');
      const secret = ['--secret', 'the-same-secret-each-time'];
      const [here, there] = action === 'send' ? [source, target] : [target, source];
      const skip = (of: Action) => (of === 'receive' ? ['--skip-existing'] : []);
      const { child: server, coordinates, port } = await serveJson(t, opposite(action), there, { args: [...secret, '--rate', '4MB', ...skip(opposite(action))] });
      const client = clientJson(t, action, coordinates, here, skip(action));
      await journalled({ target: path.join(target, 'sub/further') });
      await Promise.all([client.stop(), server.stop()]);
      await assert.rejects(stat(path.join(target, 'sub/further')), { code: 'ENOENT' });

      const again = (await serveJson(t, opposite(action), there, { args: [...secret, ...skip(opposite(action))], port })).child;
      const ended = await bothOver(clientJson(t, action, coordinates, here, skip(action)), again);
      assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stdout + ended.client.stderr);
      const { resumedBytes, movedBytes } = resultOf(ended.client);
      assert.ok(resumedBytes >= MIB, `${resumedBytes} bytes were held`);
      assert.equal(movedBytes, size - resumedBytes);
      assert.equal(await sha256(path.join(target, 'sub/further')), await sha256(path.join(source, 'first')));
      assert.equal(await readFile(path.join(target, 'first'), 'utf8'), 'theirs');
      assert.deepEqual(await pathsOf(target), ['first', 'sub', 'sub/further'], 'nothing is left beside it');
    });

    it('--overwrite after --update: all names are one file again', async (t) => {
      const tree = await linkedTree(t, { ageSeconds: -1000 });
      await run(t, action, [tree.source, tree.target], forReceiver(action, '--update'));
      await run(t, action, [tree.source, tree.target], forReceiver(action, '--overwrite'));
      await assertCopied(tree.source, tree.target);
      for (const kind of KINDS) {
        const { ino } = await stat(path.join(tree.target, kind));
        for (const name of FURTHER) assert.equal((await stat(path.join(tree.target, `${name}-${kind}`))).ino, ino);
      }
    });
  });
}
