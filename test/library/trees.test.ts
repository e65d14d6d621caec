/**
 * The library moves trees and streams: what it returns, what it tells, and what its options mean at either end.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { RateLimit, receive, send, StorageError, UsageError, type EntryCounts, type ExistingPolicy, type FilterRule, type ProgressEvent, type RootKind } from '../../src/index.js';
import { MIB, placeFor, serveHere } from './ends.js';

const NONE: EntryCounts = { moved: 0, equal: 0, kept: 0, placed: 0, would: 0, special: 0, removed: 0, failed: 0 };

/** A directory with a file, one in a directory, and one that comes in chunks. */
async function treeFor(t: TestContext): Promise<{ root: string; target: string; bytes: Buffer }> {
  const { directory, bytes } = await placeFor(t, 3 * MIB + 5);
  const root = path.join(directory, 'run');
  await mkdir(path.join(root, 'sub'), { recursive: true });
  await writeFile(path.join(root, 'a.txt'), 'one');
  await writeFile(path.join(root, 'sub/b.tmp'), 'two');
  await writeFile(path.join(root, 'sub/large'), bytes);
  return { root, target: path.join(directory, 'copy'), bytes };
}

const names = async (directory: string) => (await readdir(directory, { recursive: true })).sort();

for (const action of ['send', 'receive'] as const) {
  const client = action === 'send' ? send : receive;
  const other = action === 'send' ? 'receive' : 'send';

  describe(`${action} of a tree`, () => {
    it('moves it over several connections; both ends have the same counts, and tell each entry', async (t) => {
      const { root, target, bytes } = await treeFor(t);
      const [own, theirs] = action === 'send' ? [root, target] : [target, root];
      const events: ProgressEvent[] = [];
      const server = await serveHere(t, { action: other, path: theirs });
      const result = await client({ coordinates: server.coordinates, path: own, streams: 3, onProgress: (event) => events.push(event) });
      const end = await server.done;
      const kind: RootKind = 'tree';
      assert.deepEqual([result.root, end.root, result.name], [kind, kind, 'run']);
      assert.deepEqual(result.entries, { ...NONE, moved: 3, placed: 2 });
      assert.deepEqual(end.entries, result.entries);
      assert.deepEqual([result.size, result.movedBytes, result.digest], [3 * MIB + 11, 3 * MIB + 11, undefined]);
      assert.deepEqual(await names(target), await names(root));
      assert.deepEqual(await readFile(path.join(target, 'sub/large')), bytes);
      assert.deepEqual(events.flatMap((event) => (event.type === 'entry' ? [event.path] : [])).sort(), ['', 'a.txt', 'sub', 'sub/b.tmp', 'sub/large']);
    });

    it('does what its options say, whichever end they are given to', async (t) => {
      const { root, target } = await treeFor(t);
      const rules: readonly FilterRule[] = [{ kind: 'exclude', pattern: '*.tmp' }];
      const existing: ExistingPolicy = 'skip';
      await mkdir(path.join(target, 'sub'), { recursive: true });
      await writeFile(path.join(target, 'a.txt'), 'other text');
      await writeFile(path.join(target, 'extra'), 'x');
      const run = async (options: { readonly dryRun?: boolean }) => {
        const [own, theirs] = action === 'send' ? [root, target] : [target, root];
        const server = await serveHere(t, { action: other, path: theirs });
        const result = await client({ coordinates: server.coordinates, path: own, rules, existing, delete: true, rate: new RateLimit(1e9), ...options });
        await server.done;
        return result.entries;
      };
      const before = await names(target);
      assert.equal((await run({ dryRun: true })).moved, 0);
      assert.deepEqual(await names(target), before);
      const { moved, removed } = await run({});
      assert.deepEqual([moved, removed], [1, 1]);
      assert.deepEqual(await names(target), ['a.txt', 'sub', 'sub/large']);
      assert.equal(await readFile(path.join(target, 'a.txt'), 'utf8'), 'other text');
      const again = await run({});
      assert.deepEqual([again.moved, again.equal, again.removed], [0, 1, 0]);
    });

    it('in which something failed rejects at both ends, when everything else is there', async (t) => {
      const { root, target } = await treeFor(t);
      await mkdir(path.join(target, 'a.txt/in the way'), { recursive: true });
      const [own, theirs] = action === 'send' ? [root, target] : [target, root];
      const events: ProgressEvent[] = [];
      const server = await serveHere(t, { action: other, path: theirs });
      const isIncomplete = (error: unknown) => error instanceof StorageError && error.code === 'storage-incomplete';
      await assert.rejects(client({ coordinates: server.coordinates, path: own, onProgress: (event) => events.push(event) }), isIncomplete);
      await assert.rejects(server.done, isIncomplete);
      const failed = events.flatMap((event) => (event.type === 'entry' && event.how === 'failed' ? [event] : []));
      assert.deepEqual(failed.map(({ path: at }) => at), ['a.txt']);
      assert.match(failed[0]?.error?.code ?? '', /^storage-/u);
      assert.ok((await names(target)).includes('sub/large'));
      const done = events.at(-1);
      assert.ok(done?.type === 'done' && done.result.entries.failed === 1);
    });
  });
}

describe('options that make no sense', () => {
  it('are refused before anything is dialled', async (t) => {
    const { root, target } = await treeFor(t);
    const { coordinates } = await serveHere(t, { action: 'send', path: root, waitTimeoutMs: 60_000 });
    for (const streams of [0, 65, 1.5, -1]) await assert.rejects(receive({ coordinates, path: target, streams }), UsageError, `${streams} streams`);
  });

  it('a tree and the compat wire are refused at once', async (t) => {
    const { root } = await treeFor(t);
    for (const options of [{ wire: 'compat' }, { compat: true }] as const) await assert.rejects(serveHere(t, { action: 'send', path: root, ...options }), UsageError);
    await assert.rejects(serveHere(t, { action: 'receive', path: [root, root] }), UsageError);
    await assert.rejects(serveHere(t, { action: 'receive', path: '-' }), UsageError);
  });
});

it('a single file that is there is replaced where that is asked, and only then', async (t) => {
  const { source, target, bytes } = await placeFor(t, 1000);
  await writeFile(target, 'old');
  const server = await serveHere(t, { action: 'send', path: source, digest: 'sha256' });
  await assert.rejects(receive({ coordinates: server.coordinates, path: target }), (error: unknown) => error instanceof StorageError && error.code === 'storage-exists');
  const result = await receive({ coordinates: server.coordinates, path: target, existing: 'overwrite' });
  assert.deepEqual(await readFile(target), bytes);
  assert.equal(result.sha256, (await server.done).sha256);
  assert.match(result.sha256 ?? '', /^[0-9a-f]{64}$/u);
});

it('a tree that is stopped in the middle goes on where it was', async (t) => {
  const { root, target, bytes } = await treeFor(t);
  await writeFile(path.join(root, 'sub/larger'), Buffer.concat(Array.from({ length: 6 }, () => bytes)));
  const stop = new AbortController();
  const server = await serveHere(t, { action: 'send', path: root });
  const rate = new RateLimit(8 * MIB);
  const onProgress = (event: ProgressEvent) => {
    if (event.type === 'progress' && event.bytes > 6 * MIB) stop.abort();
  };
  await assert.rejects(receive({ coordinates: server.coordinates, path: target, signal: stop.signal, rate, onProgress }));
  const result = await receive({ coordinates: server.coordinates, path: target });
  await server.done;
  assert.ok(result.movedBytes < result.size, `${result.movedBytes} of ${result.size} bytes`);
  assert.deepEqual(await names(target), await names(root));
  assert.deepEqual(await readFile(path.join(target, 'sub/larger')), await readFile(path.join(root, 'sub/larger')));
  await rm(target, { recursive: true });
});
