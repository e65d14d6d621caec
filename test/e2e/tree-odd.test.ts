/**
 * What is seldom found in a tree, and what is in its way at the target: it arrives, or is told of, and the others arrive.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, lstat, mkdir, readdir, readFile, readlink, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { randomFile, sha256, startStreamer, streamerArgv, tempDir } from '../support/cli.js';
import { asOrdinaryUser, canBeOrdinaryUser, skipUnless } from './abilities.js';
import { ACTIONS, bothOver, clientJson, eventOf, eventsOf, HUNG_MS, MIB, opposite, resultOf, serveJson, type JsonEvent } from './moving.js';
import { assertCopied, forReceiver, forSender, MTIME_SECONDS, pathsOf, run, treeFor, type Tree } from './tree-moving.js';

const ordinary = skipUnless(canBeOrdinaryUser(streamerArgv(['--version'])), 'no setpriv, or the checkout is closed to an ordinary user');

/** A small tree of these files, which an ordinary user may read, and whose copy such a user may make. */
async function smallTree(t: TestContext, names: readonly string[] = ['one', 'sub/two', 'sub/three']): Promise<Tree> {
  const directory = await tempDir(t);
  const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'out', 'copy')];
  for (const name of names) {
    await mkdir(path.dirname(path.join(source, name)), { recursive: true });
    await writeFile(path.join(source, name), `this is ${name}`);
  }
  await mkdir(path.dirname(target));
  await chmod(directory, 0o755);
  await chmod(path.dirname(target), 0o777);
  return { directory, source, target };
}

/** What an end said became of the entries of this path. */
const saidOf = (events: readonly JsonEvent[], name: string): JsonEvent[] => events.filter(({ event, path: at }) => (event === 'entry' || event === 'skipped') && at === name);

for (const action of ACTIONS) {
  describe(`odd things in a tree, while the client ${action}s:`, { concurrency: 2 }, () => {
    it('links that lead out of it, nowhere, or round in circles are kept as they are and never followed', async (t) => {
      const { directory, source, target } = await smallTree(t);
      await writeFile(path.join(directory, 'secret'), 'outside');
      const links: Readonly<Record<string, string>> = { out: '../secret', absolute: '/etc/passwd', nowhere: 'no/such', circle: '.', self: 'self', 'sub/up': '..' };
      for (const [name, to] of Object.entries(links)) await symlink(to, path.join(source, name));
      await run(t, action, [source, target]);
      for (const [name, to] of Object.entries(links)) assert.equal(await readlink(path.join(target, name)), to);
      await assertCopied(source, target);
      assert.equal((await run(t, action, [source, target])).result.entries.equal > 0, true);
    });

    it('names of 255 bytes, with blanks, quotes, backslashes, dots, and letters of many scripts', async (t) => {
      const odd = ['x'.repeat(255), 'ä'.repeat(127), ' ', "it's \"quoted\"", 'back\\slash', '-rf', '...', '日本語/ファイル', '*?[a]', 'combining-é', 'emoji-🚀'];
      const { source, target } = await smallTree(t, odd);
      const { result } = await run(t, action, [source, target]);
      assert.equal(result.entries.moved, odd.length);
      await assertCopied(source, target);
    });

    it('names that are not UTF-8, or hold control characters, are told of: exit 8, and the others arrive', async (t) => {
      const { source, target } = await smallTree(t);
      await writeFile(Buffer.concat([Buffer.from(`${source}/bad-`), Buffer.of(0xff, 0xfe)]), 'x');
      await writeFile(path.join(source, 'new\nline'), 'x');
      const { sender, receiver, result } = await run(t, action, [source, target], { codes: [8, 8] });
      assert.match(receiver.stdout, /the other end could not read everything/u);
      assert.equal(eventsOf(sender).filter(({ event, path: at }) => event === 'skipped' && /bad-|new/.test(String(at))).length, 2);
      assert.equal(eventOf(sender, 'error')['code'], 'storage-incomplete');
      assert.equal(resultOf(sender).entries.failed, 2);
      assert.equal(result.entries.moved, 3);
      assert.deepEqual(await pathsOf(target), ['one', 'sub', 'sub/three', 'sub/two']);
    });

    it('a file and a directory that the sender may not read are told of: exit 8, and the others arrive', { skip: ordinary }, async (t) => {
      const { source, target } = await smallTree(t, ['one', 'closed-file', 'closed/inside', 'sub/two']);
      await chmod(path.join(source, 'closed-file'), 0o000);
      await chmod(path.join(source, 'closed'), 0o700);
      if (process.getuid?.() !== 0) await chmod(path.join(source, 'closed'), 0o000);
      t.after(() => chmod(path.join(source, 'closed'), 0o755).catch(() => undefined));
      const { sender, receiver } = await run(t, action, [source, target], { codes: [8, 8], sender: asOrdinaryUser });
      const told = eventsOf(sender);
      assert.deepEqual([saidOf(told, 'closed-file').length, saidOf(told, 'closed').length > 0], [1, true]);
      assert.match(JSON.stringify(saidOf(told, 'closed-file')), /storage-denied/);
      for (const end of [sender, receiver]) assert.equal(eventOf(end, 'error')['code'], 'storage-incomplete');
      assert.equal(await readFile(path.join(target, 'sub/two'), 'utf8'), 'this is sub/two');
      assert.equal(await readFile(path.join(target, 'one'), 'utf8'), 'this is one');
      assert.ok(!(await pathsOf(target)).includes('closed-file'));
    });

    it('a directory that the receiver may not write is told of: exit 8 at both ends, and the others arrive', { skip: ordinary }, async (t) => {
      const { source, target } = await smallTree(t);
      await mkdir(path.join(target, 'sub'), { recursive: true });
      await chmod(target, 0o777);
      const { sender, receiver } = await run(t, action, [source, target], { codes: [8, 8], receiver: asOrdinaryUser });
      for (const end of [sender, receiver]) assert.equal(eventOf(end, 'error')['code'], 'storage-incomplete');
      assert.equal(await readFile(path.join(target, 'one'), 'utf8'), 'this is one');
      assert.deepEqual(await readdir(path.join(target, 'sub')), []);
    });

    it('directories without a right to write, one in the other, are made, filled and brought up to date', { skip: ordinary }, async (t) => {
      const { source, target } = await smallTree(t, ['a/b/c/file', 'a/b/large']);
      const closed = ['a/b/c', 'a/b', 'a'];
      await randomFile(path.join(source, 'a/b/big'), 2 * MIB + 5);
      for (const name of closed) await chmod(path.join(source, name), 0o555);
      t.after(async () => {
        for (const root of [source, target]) for (const name of [...closed].reverse()) await chmod(path.join(root, name), 0o755).catch(() => undefined);
      });
      await run(t, action, [source, target], { receiver: asOrdinaryUser });
      await assertCopied(source, target);
      await chmod(path.join(source, 'a/b'), 0o755);
      await writeFile(path.join(source, 'a/b/c/file'), 'changed');
      await chmod(path.join(source, 'a/b'), 0o555);
      const second = await run(t, action, [source, target], { receiver: asOrdinaryUser });
      assert.equal(second.result.entries.moved, 1);
      await assertCopied(source, target);
    });
  });

  describe(`what is at the target of a tree already, while the client ${action}s:`, { concurrency: 2 }, () => {
    it('a directory with something in it where a file is to be stays, is told of, exit 8; a file where a directory is to be is replaced', async (t) => {
      const { source, target } = await smallTree(t, ['one', 'dir/inside', 'file']);
      await mkdir(path.join(target, 'file'), { recursive: true });
      await writeFile(path.join(target, 'file/precious'), 'keep');
      await writeFile(path.join(target, 'dir'), 'a file');
      const { sender, receiver } = await run(t, action, [source, target], { codes: [8, 8] });
      assert.equal(await readFile(path.join(target, 'file/precious'), 'utf8'), 'keep');
      assert.equal(await readFile(path.join(target, 'dir/inside'), 'utf8'), 'this is dir/inside');
      assert.equal(await readFile(path.join(target, 'one'), 'utf8'), 'this is one');
      for (const end of [sender, receiver]) {
        assert.equal(eventOf(end, 'error')['code'], 'storage-incomplete');
        assert.match(JSON.stringify(saidOf(eventsOf(end), 'file')), /storage-exists/);
      }
    });

    it('a link where a directory or a file is to be: nothing is written through it', async (t) => {
      const { directory, source, target } = await smallTree(t, ['dir/inside', 'file']);
      await mkdir(path.join(directory, 'elsewhere'));
      await writeFile(path.join(directory, 'victim'), 'keep');
      await mkdir(target);
      await symlink('../../elsewhere', path.join(target, 'dir'));
      await symlink('../../victim', path.join(target, 'file'));
      const server = await serveJson(t, opposite(action), action === 'send' ? target : source);
      await bothOver(clientJson(t, action, server.coordinates, action === 'send' ? source : target), server.child);
      assert.deepEqual(await readdir(path.join(directory, 'elsewhere')), []);
      assert.equal(await readFile(path.join(directory, 'victim'), 'utf8'), 'keep');
    });

    it('--checksum finds a change that size and time do not show, and moves nothing when there is none', async (t) => {
      const { source, target } = await smallTree(t);
      await randomFile(path.join(source, 'large'), 2 * MIB + 1);
      await run(t, action, [source, target]);
      for (const name of ['one', 'large']) {
        const { atime, mtime } = await stat(path.join(target, name));
        const bytes = await readFile(path.join(target, name));
        bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
        await writeFile(path.join(target, name), bytes);
        await utimes(path.join(target, name), atime, mtime);
        // The time as it was to the nanosecond, which `utimes` cannot set.
        execFileSync('touch', ['-r', path.join(source, name), path.join(target, name)]);
      }
      assert.equal((await run(t, action, [source, target])).result.entries.moved, 0, 'without it nobody looks');
      const { result } = await run(t, action, [source, target], { client: ['--checksum'] });
      assert.equal(result.entries.moved, 2);
      await assertCopied(source, target);
      const touched = path.join(target, 'sub/two');
      await utimes(touched, MTIME_SECONDS, MTIME_SECONDS);
      const again = await run(t, action, [source, target], { client: ['--checksum'] });
      assert.deepEqual([again.result.entries.moved, again.result.movedBytes], [0, 0]);
      await assertCopied(source, target);
    });

    it('--skip-existing leaves what is there, --update replaces what is older, and the rest arrives', async (t) => {
      for (const option of ['--skip-existing', '--update']) {
        const { source, target } = await smallTree(t, ['older', 'newer', 'absent']);
        await mkdir(target);
        for (const [name, age] of [['older', -1000], ['newer', 1000]] as const) {
          await writeFile(path.join(target, name), 'there');
          await utimes(path.join(source, name), MTIME_SECONDS, MTIME_SECONDS);
          await utimes(path.join(target, name), MTIME_SECONDS + age, MTIME_SECONDS + age);
        }
        const { result } = await run(t, action, [source, target], option === '--update' ? forReceiver(action, option) : { client: [option] });
        const text = (name: string): Promise<string> => readFile(path.join(target, name), 'utf8');
        assert.deepEqual([await text('older'), await text('newer'), await text('absent')], [option === '--update' ? 'this is older' : 'there', 'there', 'this is absent']);
        assert.deepEqual([result.entries.moved, result.entries.kept], option === '--update' ? [2, 1] : [1, 2]);
      }
    });

    it('a file that changed is replaced, and one that has other rights gets them', async (t) => {
      const { source, target } = await smallTree(t);
      await run(t, action, [source, target]);
      await writeFile(path.join(source, 'one'), 'this is another');
      await chmod(path.join(source, 'sub/two'), 0o600);
      await chmod(path.join(source, 'sub'), 0o700);
      const { result } = await run(t, action, [source, target]);
      assert.equal(result.entries.moved, 1);
      await assertCopied(source, target);
    });
  });

  describe(`patterns, while the client ${action}s:`, { concurrency: 2 }, () => {
    const names = ['a.log', 'keep.log', 'sub/b.log', 'build/out', 'sub/build/out', 'src/x.c', 'src/x.o'];
    const cases: readonly (readonly [title: string, words: readonly string[], left: readonly string[]])[] = [
      ['a name at any depth, with an exception', ['--exclude', '*.log', '--include', 'keep.log'], ['build', 'build/out', 'keep.log', 'src', 'src/x.c', 'src/x.o', 'sub', 'sub/build', 'sub/build/out']],
      ['a directory, wherever it is', ['--exclude', 'build/'], ['a.log', 'keep.log', 'src', 'src/x.c', 'src/x.o', 'sub', 'sub/b.log']],
      ['from the root', ['--exclude', '/build', '--exclude', 'src/*.o'], ['a.log', 'keep.log', 'src', 'src/x.c', 'sub', 'sub/b.log', 'sub/build', 'sub/build/out']],
    ];
    for (const [title, words, left] of cases) {
      for (const [who, options] of [['sender', forSender], ['receiver', forReceiver]] as const) {
        it(`${title}, at the ${who}`, async (t) => {
          const { source, target } = await smallTree(t, names);
          await run(t, action, [source, target], options(action, ...words));
          assert.deepEqual(await pathsOf(target), left);
        });
      }
    }
    it('only what is asked for, at the sender', async (t) => {
      const { source, target } = await smallTree(t, names);
      await run(t, action, [source, target], forSender(action, '--include', '*.c'));
      assert.ok((await pathsOf(target)).includes('src/x.c'));
      assert.deepEqual((await pathsOf(target)).filter((name) => /\.(o|log)$|out$/.test(name)), []);
    });
  });

  describe(`--delete, while the client ${action}s:`, { concurrency: 2 }, () => {
    const extras = async ({ target }: Tree): Promise<void> => {
      await mkdir(path.join(target, 'old/er'), { recursive: true });
      for (const name of ['old/er/extra', 'extra', 'sub/extra', 'extra.log']) await writeFile(path.join(target, name), 'x');
    };

    it('at the receiver, too: lists first, removes what the sender does not have, spares what is left out', async (t) => {
      const tree = await smallTree(t);
      await run(t, action, [tree.source, tree.target]);
      await extras(tree);
      const options = forReceiver(action, '--delete', '--exclude', '*.log');
      const dry = await run(t, action, [tree.source, tree.target], forReceiver(action, '--delete', '--exclude', '*.log', '--dry-run'));
      const told = eventsOf(dry.receiver).filter(({ event }) => event === 'extra').map(({ path: at }) => String(at));
      assert.ok(['extra', 'sub/extra'].every((name) => told.includes(name)), told.join());
      assert.ok(!told.includes('extra.log'));
      assert.equal((await pathsOf(tree.target)).length, 10, 'a dry run removes nothing');
      const { receiver } = await run(t, action, [tree.source, tree.target], options);
      assert.deepEqual(await pathsOf(tree.target), ['extra.log', 'one', 'sub', 'sub/three', 'sub/two']);
      assert.ok(resultOf(receiver).entries.removed >= 3);
    });

    it('removes nothing when the sender left it out', async (t) => {
      const tree = await smallTree(t, ['one', 'two.log', 'sub/three']);
      await run(t, action, [tree.source, tree.target]);
      await extras(tree);
      await run(t, action, [tree.source, tree.target], { client: ['--delete'], ...(action === 'send' ? { client: ['--delete', '--exclude', '*.log'] } : { server: ['--exclude', '*.log'] }) });
      assert.deepEqual(await pathsOf(tree.target), ['extra.log', 'one', 'sub', 'sub/three', 'two.log']);
    });

    it('removes nothing when something could not be read or written, and says so', async (t) => {
      const tree = await smallTree(t, ['one', 'file']);
      await mkdir(path.join(tree.target, 'file'), { recursive: true });
      await writeFile(path.join(tree.target, 'file/precious'), 'keep');
      await writeFile(path.join(tree.target, 'extra'), 'keep');
      const { receiver } = await run(t, action, [tree.source, tree.target], { client: ['--delete'], codes: [8, 8] });
      assert.deepEqual(await pathsOf(tree.target), ['extra', 'file', 'file/precious', 'one']);
      assert.match(receiver.stdout, /nothing is deleted/);
      await rm(path.join(tree.target, 'file'), { recursive: true });
      await writeFile(Buffer.concat([Buffer.from(`${tree.source}/bad-`), Buffer.of(0xff)]), 'x');
      await run(t, action, [tree.source, tree.target], { client: ['--delete'], codes: [8, 8] });
      assert.deepEqual(await pathsOf(tree.target), ['extra', 'file', 'one']);
    });

    it('of a single file removes nothing beside it', async (t) => {
      const tree = await smallTree(t, ['one']);
      await mkdir(tree.target);
      await writeFile(path.join(tree.target, 'extra'), 'keep');
      await run(t, action, [path.join(tree.source, 'one'), `${tree.target}/`], { client: ['--delete'] });
      assert.deepEqual(await pathsOf(tree.target), ['extra', 'one']);
    });
  });
}

describe('the target of a tree', { concurrency: 2 }, () => {
  it('is the sender\'s name, here, when none is given; a slash at its end puts it within', async (t) => {
    const { directory, source } = await treeFor(t);
    await mkdir(path.join(directory, 'here'));
    for (const [words, at] of [[[], 'here/tree'], [['into/'], 'here/into/tree']] as const) {
      const server = await serveJson(t, 'send', source);
      await mkdir(path.join(directory, 'here/into'), { recursive: true });
      const client = startStreamer(t, ['receive', '--json', server.coordinates, ...words], { cwd: path.join(directory, 'here') });
      assert.equal((await client.exitWithin(HUNG_MS)).code, 0);
      await assertCopied(source, path.join(directory, at));
      t.after(() => chmod(path.join(directory, at, 'closed'), 0o755).catch(() => undefined));
    }
  });

  it('that is a file is refused, and stays', async (t) => {
    const { source, target } = await smallTree(t);
    await writeFile(target, 'keep');
    const server = await serveJson(t, 'send', source);
    const end = await clientJson(t, 'receive', server.coordinates, target, ['--overwrite']).exitWithin(HUNG_MS);
    assert.deepEqual([end.code, eventOf(end, 'error')['code']], [8, 'storage-exists']);
    assert.equal(await readFile(target, 'utf8'), 'keep');
  });

  it('several paths of the same name are refused before anyone is called', async (t) => {
    const { source, target } = await smallTree(t, ['one', 'sub/one']);
    const server = await serveJson(t, 'receive', target);
    const end = await startStreamer(t, ['send', server.coordinates, path.join(source, 'one'), path.join(source, 'sub/one')]).exitWithin(HUNG_MS);
    assert.equal(end.code, 2, end.stderr);
    assert.doesNotMatch(server.child.stdout, /"connected"/);
  });

  it('a missing one among several paths is known before anyone is called', async (t) => {
    const { source, target } = await smallTree(t);
    const server = await serveJson(t, 'receive', target);
    const end = await startStreamer(t, ['send', server.coordinates, source, `${source}-none`]).exitWithin(HUNG_MS);
    assert.equal(end.code, 8);
    assert.match(end.stderr, /does not exist/);
    assert.doesNotMatch(server.child.stdout, /"connected"/);
    const again = await bothOver(startStreamer(t, ['send', server.coordinates, source]), server.child);
    assert.deepEqual([again.client.code, again.server.code], [0, 0]);
  });

  it('a link as a path is what it leads to', async (t) => {
    const { directory, source, target } = await smallTree(t);
    await symlink('tree', path.join(directory, 'way'));
    await run(t, 'send', [path.join(directory, 'way'), target]);
    assert.ok((await lstat(target)).isDirectory());
    assert.equal(await sha256(path.join(target, 'one')), await sha256(path.join(source, 'one')));
  });
});
