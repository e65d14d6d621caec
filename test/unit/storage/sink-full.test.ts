import assert from 'node:assert/strict';
import { readFile, writeFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { openSink } from '../../../src/storage/sink.js';
import { isRoot, skipUnless, withSmallDisk } from '../../e2e/abilities.js';
import { CHUNK, content, failsWith, fill, names, sinkOptions, temporary, upTo } from './fixture.js';

/** Runs `body` in a file system of 1 MiB. */
async function inTiny(t: TestContext, body: (directory: string) => Promise<void>): Promise<void> {
  const directory = await temporary(t);
  await withSmallDisk(directory, '1m', () => body(directory));
}

describe('a full disk', { skip: skipUnless(isRoot, 'only root may mount a small file system') }, () => {
  for (const ioMode of ['sync', 'async'] as const) {
    it(`stops a write with storage-full, and the same command goes on once there is room (${ioMode})`, (t) => inTiny(t, async (directory) => {
      const size = 200 * CHUNK;
      const bytes = content(size);
      const options = sinkOptions(path.join(directory, 'x'), size, { ioMode });
      const sink = await openSink(options);
      await writeFile(path.join(directory, 'ballast'), Buffer.alloc(100 * CHUNK));
      await assert.rejects(fill(sink, bytes, upTo(200)), failsWith('storage-full', /no space is left/u));
      await sink.keep();
      assert.deepEqual(await names(directory), ['.x.streamer-journal', '.x.streamer-part', 'ballast']);
      await assert.rejects(openSink(options), failsWith('storage-full', /no space|needs \d+ bytes more and its file system has \d+ bytes free/u));
      await rm(path.join(directory, 'ballast'));
      const again = await openSink(options);
      assert.ok(again.vouched.count > 100);
      for (const { first, count } of [...again.missing()]) await fill(again, bytes, upTo(count).map((index) => first + index));
      await again.commit();
      assert.deepEqual(await readFile(options.target), bytes);
    }));
  }

  it('is foreseen from the size, with nothing left behind', (t) => inTiny(t, async (directory) => {
    for (const resume of [true, false]) {
      await assert.rejects(openSink(sinkOptions(path.join(directory, 'x'), 2 ** 20 + 1, { resume })), failsWith('storage-full', /x needs 1048577 bytes more and its file system has \d+ bytes free/u));
    }
    assert.deepEqual(await names(directory), []);
  }));
});
