// What the target's own tests do not reach: machines without koffi, and more files than may be open.
import assert from 'node:assert/strict';
import { lstat, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { nodeTimes } from '../../../src/storage/file-times.js';
import { AdaptiveIo } from '../../../src/storage/io-mode.js';
import { TargetContext } from '../../../src/storage/target-context.js';
import { TemporaryNames } from '../../../src/storage/temporary-names.js';
import { WholeFileWriter } from '../../../src/storage/whole-file-writer.js';
import { assertKeptByNode, names } from './fixture.js';
import { fileOf, PLACES, temporaryAt } from './tree-fixture.js';

/** A writer that has node's calls only; with `memory`, one that takes its root for a file system of memory. */
async function writerAt(t: TestContext, root: string, mode: 'sync' | 'async', memory: boolean) {
  const context = new TargetContext({
    options: { root, existing: 'refuse', checksum: false, dryRun: false, findExtras: false },
    io: new AdaptiveIo(mode, false),
    times: nodeTimes,
    native: {},
    temporary: await TemporaryNames.create(),
    memoryDevice: memory ? (await lstat(root, { bigint: true })).dev : undefined,
  });
  t.after(() => context.root.end());
  return { context, writer: new WholeFileWriter(context) };
}

for (const place of PLACES) {
  for (const mode of ['sync', 'async'] as const) {
    for (const memory of [false, true]) {
      describe(`without native calls at ${place}, ${mode}, ${memory ? 'memory' : 'disk'}`, () => {
        it('writes files in pieces, to the microsecond, and replaces none', async (t) => {
          const root = await temporaryAt(t, place);
          const { context, writer } = await writerAt(t, root, mode, memory);
          const files = [fileOf('x', 'hello'), fileOf('there', 'ours'), fileOf('empty', '')];
          for (const file of files) context.seen.add(file.entry.path);
          await writeFile(path.join(root, 'there'), 'theirs');
          const [first, ...others] = files;
          const pieces = { entry: first?.entry ?? assert.fail(), content: [Buffer.from('he'), Buffer.alloc(0), Buffer.from('llo')] };
          const { settled } = writer.write([pieces, ...others]);
          assert.equal(settled instanceof Promise, mode === 'async' || !memory);
          assert.deepEqual((await settled).map((error) => error?.code), [undefined, 'storage-exists', undefined]);
          assert.equal(await readFile(path.join(root, 'x'), 'utf8'), 'hello');
          assert.equal(await readFile(path.join(root, 'there'), 'utf8'), 'theirs');
          assertKeptByNode((await lstat(path.join(root, 'x'), { bigint: true })).mtimeNs, 1_700_000_000_123_456_789n);
          assert.deepEqual(await names(root), ['empty', 'there', 'x']);
        });

        it('keeps the holes of a file that had some, to the block', async (t) => {
          const root = await temporaryAt(t, place);
          const { context, writer } = await writerAt(t, root, mode, memory);
          const content = Buffer.alloc(1_000_003);
          for (const at of [4096, 500_000, 503_808]) content.write('data', at);
          const [holes, full, zeros] = [fileOf('holes', ''), fileOf('full', ''), fileOf('zeros', '')];
          const files = [
            { entry: { ...holes.entry, size: content.length, sparse: true }, content: [content.subarray(0, 500_001), content.subarray(500_001)] },
            { entry: { ...full.entry, size: content.length }, content: [content] },
            { entry: { ...zeros.entry, size: 5000, sparse: true }, content: [Buffer.alloc(5000)] },
          ];
          for (const file of files) context.seen.add(file.entry.path);
          assert.deepEqual(await writer.write(files).settled, [undefined, undefined, undefined]);
          for (const { entry, content: pieces } of files) assert.ok((await readFile(path.join(root, entry.path))).equals(Buffer.concat(pieces)), entry.path);
          const blocksOf = async (name: string) => (await lstat(path.join(root, name))).blocks;
          assert.ok((await blocksOf('holes')) * 512 <= 4 * 4096, 'no more than its three blocks of data, and one of the file system');
          assert.equal(await blocksOf('zeros'), 0);
          assert.ok((await blocksOf('full')) * 512 >= content.length);
        });
      });
    }
  }
}

describe('many files at once', () => {
  it('are not all held open while they wait for the disk', async (t) => {
    const root = await temporaryAt(t);
    const { context, writer } = await writerAt(t, root, 'sync', false);
    const files = Array.from({ length: 700 }, (_, index) => fileOf(`f${index}`, `text ${index}`, { mode: 0o400 }));
    for (const file of files) context.seen.add(file.entry.path);
    const { taken, settled } = writer.write(files);
    assert.equal(taken, undefined);
    const open = (await names('/dev/fd')).length;
    assert.ok(open < 400, `${open} descriptors`);
    assert.deepEqual((await settled).filter((error) => error !== undefined), []);
    assert.equal((await names(root)).length, 700);
    assert.equal(await readFile(path.join(root, 'f699'), 'utf8'), 'text 699');
  });
});
