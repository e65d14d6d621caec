// What a tree asks of a sink beyond a single file: replacing, holes, a size that is known last, and a safe root.
import assert from 'node:assert/strict';
import { lstat, mkdir, open, readFile, rename, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { StorageError } from '../../../src/errors.js';
import { fileTimes, nodeTimes } from '../../../src/storage/file-times.js';
import { assertKeptByNode, CHUNK, content, failsWith, fill, hashOf, IDENTITY, MTIME_NS, names, openFor, sinkOptions, temporary, upTo } from './fixture.js';
import { entry, makeTree, placed, PLACES, targetFor, temporaryAt } from './tree-fixture.js';

describe('replacing', () => {
  const allowed = { replacing: () => Promise.resolve() };

  it('renames over what is there, when it is whole', async (t) => {
    const directory = await temporary(t);
    const target = path.join(directory, 'x');
    await writeFile(target, 'theirs');
    const bytes = content(2 * CHUNK);
    const sink = await openFor(t, sinkOptions(target, bytes.length, allowed));
    await fill(sink, bytes, [0, 1]);
    assert.equal(await readFile(target, 'utf8'), 'theirs');
    await sink.commit();
    assert.deepEqual(await readFile(target), bytes);
    assert.deepEqual(await names(directory), ['x']);
  });

  it('is resumed', async (t) => {
    const directory = await temporary(t);
    const target = path.join(directory, 'x');
    await writeFile(target, 'theirs');
    const bytes = content(2 * CHUNK);
    const first = await openFor(t, sinkOptions(target, bytes.length, allowed));
    await fill(first, bytes, [1]);
    await first.keep();
    const second = await openFor(t, sinkOptions(target, bytes.length, allowed));
    assert.equal(second.vouched.count, 1);
    await fill(second, bytes, [0]);
    await second.commit();
    assert.deepEqual(await readFile(target), bytes);
  });

  it('can be refused at the last moment, and never takes the place of a directory', async (t) => {
    const directory = await temporary(t);
    const target = path.join(directory, 'x');
    await writeFile(target, 'theirs');
    const refusing = { replacing: () => Promise.reject(new StorageError('storage-exists', 'no')) };
    const sink = await openFor(t, sinkOptions(target, 0, refusing));
    await assert.rejects(sink.commit(), failsWith('storage-exists'));
    await sink.keep();
    assert.equal(await readFile(target, 'utf8'), 'theirs');
    await mkdir(path.join(directory, 'd'));
    const other = await openFor(t, sinkOptions(path.join(directory, 'd'), 0, allowed));
    await assert.rejects(other.commit(), failsWith('storage-exists'));
    assert.ok((await stat(path.join(directory, 'd'))).isDirectory());
  });

  it('says once when the sink has ended', async (t) => {
    const directory = await temporary(t);
    for (const end of ['commit', 'keep', 'discard'] as const) {
      let ends = 0;
      const sink = await openFor(t, sinkOptions(path.join(directory, end), 0, { ended: () => (ends += 1) }));
      await sink[end]();
      await sink.keep();
      await sink.discard();
      assert.equal(ends, 1, end);
    }
  });
});

for (const ioMode of ['sync', 'async'] as const) {
  describe(`holes, ${ioMode}`, () => {
    const SIZE = 64 * CHUNK;

    it('take no room, and read as zeros', async (t) => {
      const target = path.join(await temporary(t), 'x');
      const bytes = content(CHUNK);
      const sink = await openFor(t, sinkOptions(target, SIZE, { ioMode }));
      await sink.writeHole(0, 10 * CHUNK);
      await sink.write([bytes], 10 * CHUNK);
      await sink.writeHole(11 * CHUNK, SIZE - 11 * CHUNK);
      for (const index of upTo(64)) sink.recordChunk(index, 0n);
      await sink.commit();
      assert.deepEqual(await readFile(target), Buffer.concat([Buffer.alloc(10 * CHUNK), bytes, Buffer.alloc(SIZE - 11 * CHUNK)]));
      assert.ok((await stat(target)).blocks * 512 <= 4 * CHUNK);
    });

    it('are written where an earlier attempt left bytes that nobody vouches for', async (t) => {
      const directory = await temporary(t);
      const target = path.join(directory, 'x');
      const bytes = content(SIZE);
      const first = await openFor(t, sinkOptions(target, SIZE, { ioMode }));
      await fill(first, bytes, [0]);
      await first.write([bytes.subarray(CHUNK, 3 * CHUNK)], CHUNK);
      await first.keep();
      const second = await openFor(t, sinkOptions(target, SIZE, { ioMode }));
      assert.equal(second.vouched.count, 1);
      await second.writeHole(CHUNK, SIZE - CHUNK);
      for (const index of upTo(64).slice(1)) second.recordChunk(index, 0n);
      await second.keep();
      const third = await openFor(t, sinkOptions(target, SIZE, { ioMode }));
      assert.equal(third.vouched.count, 64);
      await third.commit();
      assert.deepEqual(await readFile(target), Buffer.concat([bytes.subarray(0, CHUNK), Buffer.alloc(SIZE - CHUNK)]));
      assert.ok((await stat(target)).blocks * 512 <= 4 * CHUNK);
    });

    it('do not make a short file whole', async (t) => {
      const sink = await openFor(t, sinkOptions(path.join(await temporary(t), 'x'), SIZE, { ioMode, resume: false }));
      await sink.writeHole(0, CHUNK);
      await sink.write([content(CHUNK)], CHUNK);
      await assert.rejects(sink.commit(), failsWith('integrity-size', /8192 of 262144/u));
      assert.throws(() => sink.writeHole(SIZE, 1), RangeError);
    });
  });

  describe(`a size that is known last, ${ioMode}`, () => {
    it('is that of the commit', async (t) => {
      const directory = await temporary(t);
      const bytes = content(3 * CHUNK + 5);
      const sink = await openFor(t, { ...sinkOptions(path.join(directory, 'x'), 0, { ioMode, resume: false }), size: undefined });
      for (const index of upTo(4)) {
        const chunk = bytes.subarray(index * CHUNK, (index + 1) * CHUNK);
        await sink.write([chunk], index * CHUNK);
        sink.recordChunk(index, hashOf(chunk));
      }
      assert.equal(sink.chunkHashes().length, 32);
      assert.equal(sink.chunkHashes().readBigUInt64BE(24), hashOf(bytes.subarray(3 * CHUNK)));
      await assert.rejects(sink.commit(), RangeError);
      await assert.rejects(sink.commit(bytes.length + 1), failsWith('integrity-size'));
      await sink.commit(bytes.length);
      assert.deepEqual(await readFile(path.join(directory, 'x')), bytes);
      assert.deepEqual(await names(directory), ['x']);
    });

    it('may end in a hole, or be nothing', async (t) => {
      const directory = await temporary(t);
      const sink = await openFor(t, { ...sinkOptions(path.join(directory, 'x'), 0, { ioMode, resume: false }), size: undefined });
      await sink.write([content(10)], 0);
      await sink.writeHole(10, 1000);
      const into = Buffer.alloc(500, 1);
      await sink.read(510, into);
      assert.deepEqual(into, Buffer.alloc(500));
      await assert.rejects(async () => sink.read(1000, into), failsWith('integrity-size'));
      await sink.commit(1010);
      assert.equal((await stat(path.join(directory, 'x'))).size, 1010);
      const none = await openFor(t, { ...sinkOptions(path.join(directory, 'none'), 0, { ioMode, resume: false }), size: undefined });
      await none.commit(0);
      await assert.rejects(openFor(t, { ...sinkOptions(path.join(directory, 'y'), 0), size: undefined }), RangeError);
    });
  });
}

for (const place of PLACES) {
  describe(`a chunked file of a tree at ${place}`, () => {
    it('is received beneath the root, resumed, and put in place by the policy', async (t) => {
      const at = await temporaryAt(t, place);
      await makeTree(at, { 'd/old': 'theirs' });
      await utimes(path.join(at, 'd/old'), 1, 1);
      const bytes = content(4 * CHUNK);
      for (const name of ['d/old', 'd/new']) {
        const file = entry('file', name, { size: bytes.length, mtimeNs: MTIME_NS + 789n });
        const first = await targetFor(t, at, { existing: 'update' });
        assert.deepEqual(await placed(first, [entry('directory', 'd'), file]), ['placed', 'want']);
        const begun = await first.openChunked(file, CHUNK, IDENTITY);
        assert.equal(begun.target, path.join(at, name));
        await fill(begun, bytes, [0, 2]);
        await assert.rejects(first.openChunked(file, CHUNK, IDENTITY), failsWith('storage-locked', new RegExp(name, 'u')));
        await begun.keep();
        await first.close();
        const target = await targetFor(t, at, { existing: 'update' });
        assert.deepEqual(await placed(target, [entry('directory', 'd'), file]), ['placed', 'want']);
        const sink = await target.openChunked(file, CHUNK, IDENTITY);
        assert.equal(sink.vouched.count, 2);
        await fill(sink, bytes, [1, 3]);
        await sink.commit();
        assert.deepEqual(await readFile(path.join(at, name)), bytes);
        assert.equal((await lstat(path.join(at, name), { bigint: true })).mtimeNs, MTIME_NS + 789n);
        await target.close();
      }
      assert.deepEqual(await names(path.join(at, 'd')), ['new', 'old']);
    });

    it('stays in the directory that it began in, whatever takes its name', async (t) => {
      const at = await temporaryAt(t, place);
      const outside = await temporaryAt(t, place);
      const target = await targetFor(t, at);
      const file = entry('file', 'd/x', { size: CHUNK });
      await placed(target, [entry('directory', 'd'), file]);
      const sink = await target.openChunked(file, CHUNK, IDENTITY);
      await rename(path.join(at, 'd'), path.join(at, 'was'));
      await symlink(outside, path.join(at, 'd'));
      const bytes = content(CHUNK);
      await fill(sink, bytes, [0]);
      await sink.commit();
      assert.deepEqual(await names(outside), []);
      assert.deepEqual(await readFile(path.join(at, 'was/x')), bytes);
    });

    it('never replaces what came meanwhile', async (t) => {
      const at = await temporaryAt(t, place);
      const target = await targetFor(t, at, { existing: 'overwrite' });
      const file = entry('file', 'x', { size: CHUNK });
      await placed(target, [file]);
      const sink = await target.openChunked(file, CHUNK, IDENTITY);
      await fill(sink, content(CHUNK), [0]);
      await makeTree(at, { x: 'theirs' });
      await assert.rejects(sink.commit(), failsWith('storage-exists', /x already exists/u));
      await sink.discard();
      assert.equal(await readFile(path.join(at, 'x'), 'utf8'), 'theirs');
    });

    it('may be larger than the room that there is, when it has holes', async (t) => {
      const at = await temporaryAt(t, place);
      const target = await targetFor(t, at);
      const size = 2 ** 42;
      const [full, sparse] = [entry('file', 'full', { size }), entry('file', 'sparse', { size, sparse: true })];
      await placed(target, [full, sparse]);
      await assert.rejects(target.openChunked(full, 2 ** 24, IDENTITY), failsWith('storage-full'));
      const sink = await target.openChunked(sparse, 2 ** 24, IDENTITY);
      await sink.discard();
    });
  });
}

describe('fileTimes', () => {
  it('are kept to the nanosecond where koffi is, and to the microsecond by node', async (t) => {
    const at = path.join(await temporary(t), 'x');
    await writeFile(at, '');
    const file = await open(at, 'r+');
    t.after(() => file.close());
    for (const time of [1_700_000_000_123_456_789n, -1n, 0n, -1_999_999_999n]) {
      (await fileTimes()).setOpenNow(file.fd, time);
      assert.equal((await file.stat({ bigint: true })).mtimeNs, time);
      nodeTimes.setOpenNow(file.fd, time);
      assertKeptByNode((await file.stat({ bigint: true })).mtimeNs, time);
    }
    const times = await fileTimes();
    assert.throws(() => times.setOpenNow(999_999, 0n), { code: 'EBADF' });
    await truncate(at, 0);
  });
});
