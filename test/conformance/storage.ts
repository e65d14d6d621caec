/**
 * What every sink and source must do, whatever way their IO goes.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { readFile, stat, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openSink, type Sink, type SinkOptions } from '../../src/storage/sink.js';
import { openSource, type Source } from '../../src/storage/source.js';
import { CHUNK, content, failsWith, fill, hashOf, MTIME_NS, names, sinkOptions, temporary, upTo } from '../unit/storage/fixture.js';

/** What is under test. */
export interface StorageUnderTest {
  readonly name: string;
  openSource(path: string): Promise<Source>;
  openSink(options: SinkOptions): Promise<Sink>;
}

/** The storage of this package, with its IO forced one way. */
export function storageWith(ioMode: 'sync' | 'async'): StorageUnderTest {
  return {
    name: ioMode,
    openSource: (at) => openSource(at, { ioMode }),
    openSink: (options) => openSink({ ...options, ioMode }),
  };
}

const SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 10 * CHUNK + 17];

/** Declares the suite. */
export function storageConformance(storage: StorageUnderTest): void {
  const openFor = async (t: TestContext, options: SinkOptions) => {
    const sink = await storage.openSink(options);
    t.after(() => sink.discard());
    return sink;
  };

  describe(`storage, ${storage.name}`, () => {
    for (const size of SIZES) {
      it(`moves ${size} bytes, chunks in any order, with mode and time`, async (t) => {
        const directory = await temporary(t);
        const bytes = content(size);
        await writeFile(path.join(directory, 'from'), bytes, { mode: 0o600 });
        const source = await storage.openSource(path.join(directory, 'from'));
        t.after(() => source.close());
        const sink = await openFor(t, sinkOptions(path.join(directory, 'to'), size, { identity: source.identity, mode: 0o4751 }));
        const total = Math.ceil(size / CHUNK);
        for (const index of upTo(total).reverse()) {
          const chunk = Buffer.alloc(Math.min(CHUNK, size - index * CHUNK));
          await source.read(index * CHUNK, chunk);
          await sink.write([chunk], index * CHUNK);
          sink.recordChunk(index, hashOf(chunk));
        }
        await source.assertUnchanged();
        assert.deepEqual(sink.chunkHashes(), Buffer.concat(upTo(total).map((index) => hash8(bytes.subarray(index * CHUNK, (index + 1) * CHUNK)))));
        await sink.commit();
        await sink.commit();
        assert.deepEqual(await readFile(sink.target), bytes);
        const stats = await stat(sink.target, { bigint: true });
        assert.equal(stats.mode & 0o7777n, 0o751n);
        assert.equal(stats.mtimeNs, MTIME_NS);
        assert.deepEqual(await names(directory), ['from', 'to']);
      });
    }

    it('receives without a journal, and discards all of it', async (t) => {
      const directory = await temporary(t);
      const options = sinkOptions(path.join(directory, 'x'), 10, { resume: false, chunkSize: 0 });
      const kept = await openFor(t, options);
      await kept.write([Buffer.from('abc')], 0);
      assert.deepEqual(await names(directory), ['.x.streamer-lock', '.x.streamer-part']);
      await kept.keep();
      assert.deepEqual(await names(directory), []);
      const sink = await openFor(t, options);
      await sink.write([Buffer.from('abcde'), Buffer.from('fghij')], 0);
      await sink.checkpoint();
      await sink.commit();
      assert.equal(await readFile(options.target, 'utf8'), 'abcdefghij');
    });

    it('refuses to commit what is not whole, and can still be kept', async (t) => {
      const directory = await temporary(t);
      const bytes = content(3 * CHUNK);
      const options = sinkOptions(path.join(directory, 'x'), bytes.length);
      const short = await openFor(t, options);
      await fill(short, bytes, [0, 1]);
      await assert.rejects(short.commit(), failsWith('integrity-size', /8192 of 12288 bytes/u));
      await fill(short, bytes, [2]);
      await short.discard();
      const holed = await openFor(t, options);
      await fill(holed, bytes, [0, 2]);
      await assert.rejects(holed.commit(), failsWith('integrity-size', /2 of 3 chunks/u));
      await holed.keep();
      assert.equal((await openFor(t, options)).vouched.count, 2);
    });

    it('refuses at commit a target that came meanwhile, and commits once it is gone', async (t) => {
      const directory = await temporary(t);
      const bytes = content(2 * CHUNK);
      const options = sinkOptions(path.join(directory, 'x'), bytes.length);
      const sink = await openFor(t, options);
      await fill(sink, bytes, [0, 1]);
      await writeFile(options.target, 'theirs');
      await assert.rejects(sink.commit(), failsWith('storage-exists'));
      assert.equal(await readFile(options.target, 'utf8'), 'theirs');
      await sink.keep();
      await unlink(options.target);
      const again = await openFor(t, options);
      assert.equal(again.vouched.count, 2);
      await again.commit();
      assert.deepEqual(await readFile(options.target), bytes);
    });

    it('leaves nothing when nothing was recorded, or when told to discard', async (t) => {
      const directory = await temporary(t);
      const bytes = content(CHUNK);
      const options = sinkOptions(path.join(directory, 'x'), bytes.length);
      const nothing = await openFor(t, options);
      await nothing.write([bytes.subarray(0, 10)], 0);
      await nothing.keep();
      assert.deepEqual(await names(directory), []);
      const all = await openFor(t, options);
      await fill(all, bytes, [0]);
      await all.checkpoint();
      await all.discard();
      await all.discard();
      await all.keep();
      assert.deepEqual(await names(directory), []);
    });

    it('keeps after writes under way have ended', async (t) => {
      const options = sinkOptions(path.join(await temporary(t), 'x'), 4 << 20, { chunkSize: 1 << 20 });
      const bytes = content(1 << 20);
      const sink = await openFor(t, options);
      const writing = upTo(4).map(async (index) => {
        await sink.write([bytes], index << 20);
        sink.recordChunk(index, 1n);
      });
      await writing[0];
      await sink.keep();
      await Promise.allSettled(writing);
      const again = await openFor(t, options);
      assert.ok(again.vouched.count >= 1);
    });

    it('refuses bytes and chunks outside the file', async (t) => {
      const sink = await openFor(t, sinkOptions(path.join(await temporary(t), 'x'), 10));
      assert.throws(() => sink.write([Buffer.alloc(11)], 0), RangeError);
      assert.throws(() => sink.write([Buffer.alloc(1)], 10), RangeError);
      assert.throws(() => sink.write([Buffer.alloc(1)], -1), RangeError);
      assert.throws(() => sink.recordChunk(1, 0n), RangeError);
    });
  });
}

function hash8(bytes: Buffer): Buffer {
  const out = Buffer.alloc(8);
  out.writeBigUInt64BE(hashOf(bytes));
  return out;
}
