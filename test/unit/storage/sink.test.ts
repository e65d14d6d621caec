import assert from 'node:assert/strict';
import { chmod, chown, link, mkdir, readFile, rename, rm, stat, symlink, truncate, unlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { encodeHeader, RecordCodec } from '../../../src/storage/journal.js';
import { parseJournal } from '../../support/parse-journal.js';
import { partialNames } from '../../../src/storage/partial-names.js';
import { assertTargetFree, openSink } from '../../../src/storage/sink.js';
import { CHUNK, content, failsWith, fill, IDENTITY, MTIME_NS, names, openFor, sinkOptions, temporary, upTo } from './fixture.js';

const SIZE = 5 * CHUNK - 96;

/** A target with an attempt behind it that received chunks 0, 1 and 3 of 5. */
async function interrupted(t: TestContext) {
  const directory = await temporary(t);
  const target = path.join(directory, 'x');
  const bytes = content(SIZE);
  const sink = await openFor(t, sinkOptions(target, SIZE));
  await fill(sink, bytes, [3, 0, 1]);
  await sink.keep();
  return { directory, target, bytes, files: partialNames(target) };
}

describe('resume', () => {
  it('goes on with what the journal vouches for', async (t) => {
    const { directory, target, bytes } = await interrupted(t);
    assert.deepEqual(await names(directory), ['.x.streamer-journal', '.x.streamer-part']);
    const sink = await openFor(t, sinkOptions(target, SIZE));
    assert.equal(sink.restarted, undefined);
    assert.equal(sink.vouched.count, 3);
    assert.deepEqual(upTo(5).map((index) => sink.vouched.has(index)), [true, true, false, true, false]);
    assert.deepEqual([...sink.missing()], [{ first: 2, count: 1 }, { first: 4, count: 1 }]);
    const before = sink.vouched.hashes();
    await fill(sink, bytes, [2, 4]);
    assert.equal(sink.vouched.count, 3);
    assert.deepEqual(sink.vouched.hashes(), before);
    await sink.commit();
    assert.deepEqual(await readFile(target), bytes);
    assert.deepEqual(await names(directory), ['x']);
  });

  it('keeps what several attempts received', async (t) => {
    const { target, bytes, files } = await interrupted(t);
    const second = await openFor(t, sinkOptions(target, SIZE));
    await fill(second, bytes, [2]);
    await second.keep();
    assert.equal(parseJournal(await readFile(files.journal))?.table.count, 4);
    const third = await openFor(t, sinkOptions(target, SIZE));
    assert.equal(third.vouched.count, 4);
  });

  it('drops a damaged tail for good', async (t) => {
    const { target, bytes, files } = await interrupted(t);
    const journal = await readFile(files.journal);
    const at = 80 + 16 + 5;
    journal[at] = (journal[at] ?? 0) ^ 1;
    await writeFile(files.journal, journal);
    const second = await openFor(t, sinkOptions(target, SIZE));
    assert.equal(second.vouched.count, 1);
    await fill(second, bytes, [4]);
    await second.keep();
    const third = await openFor(t, sinkOptions(target, SIZE));
    assert.deepEqual(upTo(5).filter((index) => third.vouched.has(index)), [3, 4]);
  });

  const discarded: readonly (readonly [string, RegExp, (files: ReturnType<typeof partialNames>) => Promise<unknown>])[] = [
    ['the journal is gone', /left no journal/u, ({ journal }) => unlink(journal)],
    ['the journal is empty', /journal is damaged/u, ({ journal }) => truncate(journal, 0)],
    ["the journal's header is cut", /journal is damaged/u, ({ journal }) => truncate(journal, 79)],
    ['the partial file is gone', /partial file is gone/u, ({ part }) => unlink(part)],
    ['the partial file is too short', /shorter than its journal says/u, ({ part }) => truncate(part, 4 * CHUNK - 1)],
    ['the partial file has another name', /another name/u, ({ part }) => link(part, `${part}.2`)],
    ['the partial file is a link', /not a regular file/u, async ({ part }) => {
      await rename(part, `${part}.2`);
      await symlink(`${part}.2`, part);
    }],
  ];
  for (const [name, reason, damage] of discarded) {
    it(`starts over, saying so, when ${name}`, async (t) => {
      const { target, bytes, files } = await interrupted(t);
      await damage(files);
      const other = await readFile(`${files.part}.2`).catch(() => undefined);
      const sink = await openFor(t, sinkOptions(target, SIZE));
      assert.match(sink.restarted ?? '', reason);
      assert.equal(sink.vouched.count, 0);
      await fill(sink, bytes, upTo(5));
      await sink.commit();
      assert.deepEqual(await readFile(target), bytes);
      assert.ok((await stat(target)).isFile());
      // What the partial file's other name led to is not ours to write.
      assert.deepEqual(await readFile(`${files.part}.2`).catch(() => undefined), other);
    });
  }

  it('starts over when source, size, chunk size or wire differ', async (t) => {
    const others = [[{ identity: Buffer.alloc(32) }, /source changed/u], [{ size: SIZE + 1 }, /source changed/u], [{ chunkSize: 2 * CHUNK }, /size of chunks/u], [{ resume: false }, /cannot be resumed/u]] as const;
    for (const [more, reason] of others) {
      const { target } = await interrupted(t);
      const sink = await openFor(t, sinkOptions(target, SIZE, more));
      assert.match(sink.restarted ?? '', reason);
      assert.equal(sink.vouched.count, 0);
    }
  });

  it('goes on from a partial file that is long enough for its journal though not whole', async (t) => {
    const { target, files } = await interrupted(t);
    await truncate(files.part, 4 * CHUNK);
    assert.equal((await openFor(t, sinkOptions(target, SIZE))).vouched.count, 3);
  });

  it('goes on though a killed commit had taken the right to write away', async (t) => {
    // Says nothing when root runs it: root may write anyway.
    const { target, bytes, files } = await interrupted(t);
    await chmod(files.part, 0o444);
    const sink = await openFor(t, sinkOptions(target, SIZE));
    assert.equal(sink.vouched.count, 3);
    await fill(sink, bytes, [2, 4]);
    await sink.commit();
    assert.deepEqual(await readFile(target), bytes);
  });

  it("refuses another user's partial file", async (t) => {
    if (process.geteuid?.() !== 0) {
      t.skip('only root can give a file away');
      return;
    }
    const { target, files } = await interrupted(t);
    await chown(files.part, 12345, 12345);
    await assert.rejects(openSink(sinkOptions(target, SIZE)), failsWith('storage-denied', /another user/u));
  });
});

describe('the target', () => {
  it('is refused when it exists, in any form, before anything is created', async (t) => {
    const directory = await temporary(t);
    const at = (name: string) => path.join(directory, name);
    await writeFile(at('file'), 'mine');
    await mkdir(at('dir'));
    await symlink('nowhere', at('dangling'));
    const before = await names(directory);
    for (const name of before) await assert.rejects(openSink(sinkOptions(at(name), 5)), failsWith('storage-exists', /already exists; move it away or choose another name/u));
    assert.deepEqual(await names(directory), before);
  });

  it('is looked at early by assertTargetFree, which passes a directory', async (t) => {
    const directory = await temporary(t);
    await writeFile(path.join(directory, 'file'), '');
    await assertTargetFree(directory);
    await assert.rejects(assertTargetFree(`${directory}/none/`), failsWith('storage-missing'));
    await assertTargetFree(path.join(directory, 'new'));
    await assert.rejects(assertTargetFree(path.join(directory, 'file')), failsWith('storage-exists'));
    await assert.rejects(assertTargetFree(path.join(directory, 'none/x')), failsWith('storage-missing'));
    assert.deepEqual(await names(directory), ['file']);
  });

  it('needs a directory, and says which', async (t) => {
    const directory = await temporary(t);
    await writeFile(path.join(directory, 'file'), '');
    await assert.rejects(openSink(sinkOptions(path.join(directory, 'none/x'), 5)), failsWith('storage-missing', /the directory .*none does not exist; create it first/u));
    await assert.rejects(openSink(sinkOptions(path.join(directory, 'file/x'), 5)), failsWith('storage-not-a-file', /is not a directory/u));
    await assert.rejects(openSink(sinkOptions(path.join(directory, 'n'.repeat(256)), 5)), failsWith('storage-unsafe-path', /too long/u));
    await assert.rejects(openSink(sinkOptions(`${directory}/`, 5)), failsWith('storage-unsafe-path'));
  });

  it('may have the longest name there is', async (t) => {
    const target = path.join(await temporary(t), 'n'.repeat(255));
    const bytes = content(SIZE);
    const first = await openFor(t, sinkOptions(target, SIZE));
    await fill(first, bytes, [1]);
    await first.keep();
    const sink = await openFor(t, sinkOptions(target, SIZE));
    assert.equal(sink.vouched.count, 1);
    await fill(sink, bytes, [0, 2, 3, 4]);
    await sink.commit();
    assert.deepEqual(await readFile(target), bytes);
  });

  it('is for one sink at a time', async (t) => {
    const target = path.join(await temporary(t), 'x');
    const sink = await openFor(t, sinkOptions(target, SIZE));
    await assert.rejects(openSink(sinkOptions(target, SIZE)), failsWith('storage-locked', /already by this program itself/u));
    await sink.discard();
    await (await openSink(sinkOptions(target, SIZE))).discard();
  });

  it('is told when the directory vanished meanwhile', async (t) => {
    const directory = await temporary(t);
    const sink = await openFor(t, sinkOptions(path.join(directory, 'x'), 3, { chunkSize: 3 }));
    await sink.write([Buffer.from('abc')], 0);
    sink.recordChunk(0, 1n);
    await rm(directory, { recursive: true });
    await assert.rejects(sink.commit(), failsWith('storage-missing'));
    await sink.keep();
  });
});

describe('a commit that was killed half-way', () => {
  /** A sink whose file is whole and whose journal is complete, but which was never committed. */
  async function whole(t: TestContext) {
    const { directory, target, bytes, files } = await interrupted(t);
    const sink = await openFor(t, sinkOptions(target, SIZE));
    await fill(sink, bytes, [2, 4]);
    await sink.keep();
    return { directory, target, bytes, files };
  }

  it('before the link: everything is vouched for, and commit is all that is left', async (t) => {
    const { target, bytes } = await whole(t);
    const sink = await openFor(t, sinkOptions(target, SIZE));
    assert.equal(sink.vouched.count, 5);
    assert.equal(sink.alreadyCommitted, false);
    await sink.commit();
    assert.deepEqual(await readFile(target), bytes);
  });

  it('between link and unlink: is finished and reported', async (t) => {
    const { directory, target, bytes, files } = await whole(t);
    await link(files.part, target);
    await assertFinished(directory, target, bytes);
  });

  it('between unlink and the end: is finished and reported', async (t) => {
    const { directory, target, bytes, files } = await whole(t);
    const seconds = Number(MTIME_NS / 1_000_000_000n);
    await utimes(files.part, seconds, seconds);
    await rename(files.part, target);
    await assertFinished(directory, target, bytes);
  });

  async function assertFinished(directory: string, target: string, bytes: Buffer): Promise<void> {
    const sink = await openSink(sinkOptions(target, SIZE));
    assert.equal(sink.alreadyCommitted, true);
    assert.equal(sink.vouched.count, 5);
    assert.equal(sink.chunkHashes().length, 40);
    assert.deepEqual([...sink.missing()], []);
    assert.throws(() => sink.write([bytes], 0), RangeError);
    await sink.checkpoint();
    await sink.commit();
    await sink.discard();
    assert.deepEqual(await names(directory), ['x']);
    assert.deepEqual(await readFile(target), bytes);
  }

  it('is not taken for one when another file has the name', async (t) => {
    const { directory, target, files } = await whole(t);
    await writeFile(target, content(SIZE));
    await assert.rejects(openSink(sinkOptions(target, SIZE)), failsWith('storage-exists'));
    await unlink(files.part);
    await assert.rejects(openSink(sinkOptions(target, SIZE)), failsWith('storage-exists'));
    assert.deepEqual(await names(directory), ['.x.streamer-journal', 'x']);
  });

  it('is not taken for one by another source, nor when the target was changed since', async (t) => {
    const { target, files } = await whole(t);
    await rename(files.part, target);
    // Its time is now, not the sender's.
    await assert.rejects(openSink(sinkOptions(target, SIZE)), failsWith('storage-exists'));
    await assert.rejects(openSink(sinkOptions(target, SIZE, { identity: Buffer.alloc(32) })), failsWith('storage-exists'));
  });

  it('clears a second name of the target away where nothing can be resumed', async (t) => {
    const directory = await temporary(t);
    const target = path.join(directory, 'x');
    await writeFile(target, 'done');
    await link(target, partialNames(target).part);
    await assert.rejects(openSink(sinkOptions(target, 4, { resume: false })), failsWith('storage-exists'));
    assert.deepEqual(await names(directory), ['x']);
  });

  it('leaves no lock behind', async (t) => {
    const directory = await temporary(t);
    const target = path.join(directory, 'x');
    await writeFile(target, 'done');
    await writeFile(partialNames(target).lock, JSON.stringify({ pid: 1 }));
    await utimes(partialNames(target).lock, 5, 5);
    await assert.rejects(openSink(sinkOptions(target, 4)), failsWith('storage-exists'));
    assert.deepEqual(await names(directory), ['x']);
  });
});

describe('options', () => {
  it('are checked', async (t) => {
    const target = path.join(await temporary(t), 'x');
    for (const more of [{ size: -1 }, { size: 2 ** 53 }, { chunkSize: 0 }, { chunkSize: 2 ** 32 }, { identity: Buffer.alloc(31) }]) {
      await assert.rejects(openSink(sinkOptions(target, 5, more)), RangeError);
    }
    await assert.rejects(openSink(sinkOptions(target, 2 ** 40, { chunkSize: 1 })), failsWith('limit-entries', /larger ones/u));
  });

  it('a journal longer than any honest one is read no further than it could be', async (t) => {
    const directory = await temporary(t);
    const target = path.join(directory, 'x');
    const files = partialNames(target);
    const head = encodeHeader({ identity: IDENTITY, size: CHUNK, chunkSize: CHUNK, inode: 1n, nonce: Buffer.alloc(8) });
    const record = new RecordCodec(head).encode(0, 1n);
    await writeFile(files.journal, Buffer.concat([head, ...upTo(200_000).map(() => record)]));
    await writeFile(files.part, Buffer.alloc(CHUNK));
    const sink = await openFor(t, sinkOptions(target, CHUNK));
    assert.equal(sink.vouched.count, 1);
    assert.ok((await stat(files.journal)).size <= 80 + 2 ** 20);
  });
});
