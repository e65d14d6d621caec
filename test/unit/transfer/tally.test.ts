import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileDigest } from '../../../src/crypto/checksum.js';
import { StorageError } from '../../../src/errors.js';
import { assertAllMoved } from '../../../src/transfer/all-moved.js';
import type { ProgressEvent, TransferResult } from '../../../src/transfer/progress.js';
import { NO_ENTRIES } from '../../../src/transfer/result.js';
import { Tally } from '../../../src/transfer/tally.js';
import { WHOLE_FILE_MAX } from '../../../src/wire/constants.js';
import type { ManifestEntry } from '../../../src/wire/frame.js';

function tally(): { tally: Tally; events: ProgressEvent[] } {
  const events: ProgressEvent[] = [];
  return { events, tally: new Tally((event) => events.push(event)) };
}

const entry = (kind: ManifestEntry['kind'], path: string, size = 0): ManifestEntry => ({ id: 0, kind, path, size, mode: 0o644, mtimeNs: 5n });
const lastProgress = (events: readonly ProgressEvent[]) => events.findLast((event) => event.type === 'progress');
const full = new StorageError('storage-full', 'no space left');

describe('a tally', () => {
  it('counts entries by what became of them, and bytes of the files that are there', () => {
    const { tally: all } = tally();
    all.start('tree', 'run', 0, 0);
    all.settled({ entry: entry('directory', ''), how: 'placed' });
    all.settled({ entry: entry('directory', 'old'), how: 'equal' });
    all.settled({ entry: entry('file', 'a', 10), how: 'done' });
    all.settled({ entry: entry('file', 'b', 20), how: 'equal' });
    all.settled({ entry: entry('file', 'c', 40), how: 'kept' });
    all.settled({ entry: entry('file', 'd', 80), how: 'would' });
    all.settled({ entry: entry('file', 'e', 160), how: 'failed', error: full });
    all.special('s', 'socket');
    all.unread('u', new StorageError('storage-denied', 'u: not yours'));
    all.removed(3);
    all.failed(2);
    assert.deepEqual(all.counts, { moved: 1, equal: 1, kept: 1, placed: 2, would: 1, special: 1, removed: 3, failed: 4 });
    assert.equal(all.size, 30);
    assert.equal(all.firstError, full);
  });

  it('tells of each entry, with its digest and its error where there is one', () => {
    const { tally: all, events } = tally();
    all.settled({ entry: entry('file', 'a', 10), how: 'done', digest: Buffer.alloc(32, 1), sha256: Buffer.alloc(32, 2) });
    all.settled({ entry: entry('file', 'b', 3), how: 'failed', error: full });
    assert.deepEqual(events, [
      { type: 'entry', path: 'a', kind: 'file', how: 'done', size: 10, mtimeNs: 5n, digest: '01'.repeat(32), sha256: '02'.repeat(32) },
      { type: 'entry', path: 'b', kind: 'file', how: 'failed', size: 3, mtimeNs: 5n, error: { code: 'storage-full', message: 'no space left' } },
    ]);
  });

  it('knows the digest of a file that came whole, an empty one among them', () => {
    const { tally: all, events } = tally();
    const hash = Buffer.alloc(8);
    hash.writeBigUInt64BE(0x123456789n);
    const told = () => JSON.parse(JSON.stringify({ ...events.at(-1), mtimeNs: undefined })) as { digest?: string };
    all.settled({ entry: entry('file', 'a', 10), how: 'done', hash: 0x123456789n });
    assert.equal(told().digest, fileDigest(10, WHOLE_FILE_MAX, hash).toString('hex'));
    all.settled({ entry: entry('file', 'b', 0), how: 'done', hash: 7n });
    assert.equal(told().digest, fileDigest(0, WHOLE_FILE_MAX, Buffer.alloc(0)).toString('hex'));
    all.settled({ entry: entry('directory', 'd'), how: 'placed' });
    assert.equal(told().digest, undefined);
  });

  it('of progress counts what was moved, what was there, and what is no more than a hole', () => {
    const { tally: all, events } = tally();
    all.start('tree', 'run', 0, 0);
    all.grow(1_000);
    all.add(100);
    all.resume(200);
    all.pass(300);
    all.unsent(50, 100);
    all.settled({ entry: entry('file', 'equal', 40), how: 'equal' });
    all.settled({ entry: entry('directory', 'd', 0), how: 'placed' });
    all.flush();
    const last = lastProgress(events);
    assert.ok(last?.type === 'progress');
    assert.deepEqual([last.bytes, last.size], [100 + 200 + 300 - 150 + 40, 1_000]);
    assert.deepEqual([all.moved, all.resumed], [50, 200]);
  });

  it('starts once, and says so', () => {
    const { tally: all, events } = tally();
    all.flush();
    all.start('file', 'x', 100, 40);
    all.start('file', 'x', 100, 40);
    assert.deepEqual(events, [{ type: 'started', root: 'file', name: 'x', size: 100, resumedBytes: 40 }]);
    assert.equal(all.resumed, 40);
  });

  it('tells of streams when their number is another, before and after it starts', () => {
    const { tally: all, events } = tally();
    for (const count of [1, 2, 2, 1, 3]) all.streams(count);
    assert.deepEqual(events, [2, 1, 3].map((streams) => ({ type: 'streams', streams })));
    all.start('file', 'x', 1, 0);
    all.flush();
    const last = lastProgress(events);
    assert.ok(last?.type === 'progress' && last.streams === 3);
  });

  it('tells of what is skipped and what is extra', () => {
    const { tally: all, events } = tally();
    all.special('s', 'socket');
    all.unread('u', full);
    all.extra('x');
    assert.deepEqual(events, [
      { type: 'skipped', path: 's', what: 'socket' },
      { type: 'skipped', path: 'u', what: 'no space left' },
      { type: 'extra', path: 'x' },
    ]);
  });
});

it('a transfer in which something failed is an error that says how much', () => {
  const result = (failed: number) => ({ entries: { ...NO_ENTRIES, moved: 5, failed } }) as TransferResult;
  assertAllMoved(result(0));
  for (const [failed, text] of [[1, /^1 entry could/u], [7, /^7 entries could/u]] as const) {
    assert.throws(() => assertAllMoved(result(failed)), (error: unknown) => error instanceof StorageError && error.code === 'storage-incomplete' && text.test(error.message));
  }
});
