/**
 * Directories and several paths move whole, whichever side is the server: what a tree may hold arrives as it was, a
 * second run moves what changed and nothing else, and what a user may ask of it is done. And pipes, and policies.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, link, lstat, mkdir, open, readdir, readFile, readlink, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { TransferResult } from '../../src/transfer/progress.js';
import { randomFile, sha256, startProgram, startStreamer, streamerArgv, tempDir, type Finished } from '../support/cli.js';
import { ACTIONS, bothOver, clientJson, eventsOf, HUNG_MS, KIB, MIB, opposite, resultOf, serveJson, type Action } from './moving.js';

const MTIME_SECONDS = 1_234_567_890;

/** A tree with a bit of everything, and a place beside it for its copy. */
interface Tree {
  readonly directory: string;
  readonly source: string;
  readonly target: string;
}

async function treeFor(t: TestContext): Promise<Tree> {
  const directory = await tempDir(t);
  const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'copy')];
  for (const name of ['sub/deep', 'empty', 'closed']) await mkdir(path.join(source, name), { recursive: true });
  const at = (name: string): string => path.join(source, name);
  await randomFile(at('small'), 5000);
  await randomFile(at('sub/large'), 2 * MIB + 17);
  await randomFile(at('sub/deep/one.log'), 1);
  await writeFile(at('none'), '');
  await writeFile(at('closed/inside'), 'inside');
  await chmod(at('small'), 0o640);
  await symlink('../small', at('sub/way'));
  await link(at('small'), at('sub/small-too'));
  const sparse = await open(at('sparse'), 'wx');
  await sparse.truncate(8 * MIB);
  await sparse.write(Buffer.from('end'), 0, 3, 5 * MIB + 1);
  await sparse.close();
  execFileSync('mkfifo', [at('fifo')]);
  // A time with all nine digits, which `utimes` cannot set.
  execFileSync('touch', ['-d', '2009-02-13T23:31:30.123456789Z', at('sub/large')]);
  await chmod(at('closed'), 0o555);
  await utimes(at('empty'), MTIME_SECONDS, MTIME_SECONDS);
  t.after(async () => {
    for (const where of [at('closed'), path.join(target, 'closed')]) await chmod(where, 0o755).catch(() => undefined);
  });
  return { directory, source, target };
}

/** Moves what is at `from` to `to`; the client does `action`. Options go to the end that they are of, or to both. */
async function run(
  t: TestContext,
  action: Action,
  [from, to]: readonly [from: string, to: string],
  options: { readonly client?: readonly string[]; readonly server?: readonly string[] } = {},
): Promise<{ client: Finished; server: Finished; result: TransferResult; sender: Finished; receiver: Finished }> {
  const [here, there] = action === 'send' ? [from, to] : [to, from];
  const server = await serveJson(t, opposite(action), there, { args: options.server ?? [] });
  const ended = await bothOver(clientJson(t, action, server.coordinates, here, options.client ?? []), server.child);
  assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stdout + ended.client.stderr + ended.server.stderr);
  const [sender, receiver] = action === 'send' ? [ended.client, ended.server] : [ended.server, ended.client];
  return { ...ended, result: resultOf(ended.client), sender, receiver };
}

/** Every path below, without the FIFO, in order. */
async function pathsOf(root: string): Promise<string[]> {
  const all = await readdir(root, { recursive: true });
  return all.filter((name) => name !== 'fifo').sort();
}

/** The copy is the tree: names, kinds, modes, times and bytes. */
async function assertCopied(source: string, target: string): Promise<void> {
  assert.deepEqual(await pathsOf(target), await pathsOf(source));
  for (const name of await pathsOf(source)) {
    const [from, to] = [path.join(source, name), path.join(target, name)];
    const [was, is] = [await lstat(from, { bigint: true }), await lstat(to, { bigint: true })];
    assert.equal(is.mode & 0o170000n, was.mode & 0o170000n, `${name}: the same kind`);
    if (was.isSymbolicLink()) {
      assert.equal(await readlink(to), await readlink(from));
      continue;
    }
    assert.equal(is.mode & 0o777n, was.mode & 0o777n, `${name}: the same mode`);
    assert.equal(is.mtimeNs, was.mtimeNs, `${name}: the same time, to the nanosecond`);
    if (was.isFile()) assert.equal(await sha256(to), await sha256(from), `${name}: the same bytes`);
  }
}

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

  it(`the client ${action}s: --streams 4 over a file of 24 MiB`, async (t) => {
    const directory = await tempDir(t);
    const [from, to] = [path.join(directory, 'a'), path.join(directory, 'b')];
    const hex = await randomFile(from, 24 * MIB);
    const { result } = await run(t, action, [from, to], { client: ['--streams', '4'] });
    assert.equal(await sha256(to), hex);
    assert.equal(result.movedBytes, 24 * MIB);
  });

  it(`the client ${action}s: --rate 2MB keeps a file of 4 MB for longer than a second`, async (t) => {
    const directory = await tempDir(t);
    const [from, to] = [path.join(directory, 'a'), path.join(directory, 'b')];
    await randomFile(from, 4_000_000);
    const { result } = await run(t, action, [from, to], { client: ['--rate', '2MB'] });
    assert.ok(result.durationMs > 1000, `${result.durationMs} ms`);
  });

  it(`the client ${action}s: the receiver is killed in the middle, and a second run ends with the same content`, async (t) => {
    const directory = await tempDir(t);
    const [source, target] = [path.join(directory, 'tree'), path.join(directory, 'copy')];
    await mkdir(source);
    for (let index = 0; index < 200; index += 1) await randomFile(path.join(source, `small-${index}`), 3000);
    for (const name of ['large-1', 'large-2']) await randomFile(path.join(source, name), 12 * MIB);
    const [here, there] = action === 'send' ? [source, target] : [target, source];
    const server = await serveJson(t, opposite(action), there, { args: ['--rate', '8MB'] });
    const client = clientJson(t, action, server.coordinates, here, ['--retry-timeout', '1s']);
    const receiver = action === 'send' ? server.child : client;
    await receiver.waitForLine(/^\{"event":"progress","bytes":[1-9]\d{6}/);
    await receiver.stop();
    await Promise.all([client.stop(), server.child.stop()]);
    await run(t, action, [source, target]);
    await assertCopied(source, target);
  });

  describe(`a pipe: the client ${action}s`, { concurrency: 2 }, () => {
    for (const size of [0, MIB, 3 * MIB + 1]) {
      it(`${size} bytes`, async (t) => {
        const directory = await tempDir(t);
        const [from, to] = [path.join(directory, 'a'), path.join(directory, 'b')];
        const hex = await randomFile(from, size);
        const server = await serveJson(t, opposite(action), action === 'send' ? to : from);
        const words = streamerArgv([action, server.coordinates, '-']);
        const client = startProgram(t, ['sh', '-c', action === 'send' ? 'exec "$@" < "$0"' : 'exec "$@" > "$0"', action === 'send' ? from : to, ...words]);
        const ended = await bothOver(client, server.child);
        assert.deepEqual([ended.client.code, ended.server.code], [0, 0], ended.client.stderr + ended.server.stderr);
        assert.equal(await sha256(to), hex);
        assert.equal((await stat(to)).size, size);
      });
    }
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
