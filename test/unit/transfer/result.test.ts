import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BufferPool } from '../../../src/transfer/buffer-pool.js';
import { PieceList } from '../../../src/transfer/piece-list.js';
import { releasePieces } from '../../../src/transfer/release.js';
import { compatResult, nativeResult, NO_ENTRIES } from '../../../src/transfer/result.js';

it('a buffer pool gives back what it was given, and grows to what is in use', () => {
  const pool = new BufferPool(10);
  const [a, b] = [pool.take(), pool.take()];
  assert.notEqual(a, b);
  assert.deepEqual([a.length, a.byteOffset, b.length], [10, 0, 10]);
  pool.put(a);
  assert.equal(pool.take(), a);
});

it('pieces of node’s shared memory are left alone when memory is released', () => {
  const [own, shared] = [Buffer.allocUnsafeSlow(100_000).fill(1), Buffer.from('shared')];
  releasePieces([shared, own]);
  assert.equal(shared.toString(), 'shared');
  assert.equal(own.buffer.byteLength, 0);
});

it('results say what happened, and not more than is known', () => {
  const facts = { path: '/x/a', startMs: performance.now() - 1_000, remote: 'r:1' };
  const native = nativeResult({ ...facts, action: 'send', root: 'file', name: 'a file', size: 100, entries: { ...NO_ENTRIES, moved: 1 }, sha256: undefined, digest: Buffer.alloc(32, 1), resumed: 40, moved: 60, reconnects: 2 });
  assert.deepEqual(
    [native.name, native.size, native.resumedBytes, native.movedBytes, native.wire, native.encrypted, native.cipher, native.verified, native.reconnects],
    ['a file', 100, 40, 60, 'native', true, 'AES-256-GCM', true, 2],
  );
  assert.equal(native.digest?.hex, '01'.repeat(32));
  assert.ok(native.durationMs >= 1_000 && native.bytesPerSecond <= 60);
  for (const action of ['send', 'receive'] as const) {
    const compat = compatResult({ ...facts, action, name: 'a', size: 5, sha256: 'ab' });
    assert.deepEqual([compat.wire, compat.encrypted, 'cipher' in compat, compat.verified], ['compat', false, false, action === 'receive']);
  }
});

describe('a list of pieces', () => {
  const taken = (list: PieceList) => Buffer.concat(list.take()).toString('latin1');

  it('gives what was put in, in order, whatever the sizes, and is empty then', () => {
    const list = new PieceList();
    for (const sizes of [[1, 1, 1], [8192, 1, 8191, 2], [8191, 8191, 8191, 8191, 8191, 1], [5, 100_000, 5], [0, 3, 0], []]) {
      const pieces = sizes.map((size, index) => Buffer.alloc(size, 97 + index));
      for (const piece of pieces) list.push(piece);
      assert.equal(taken(list), Buffer.concat(pieces).toString('latin1'));
      assert.deepEqual(list.take(), []);
    }
  });

  it('joins the small ones, passes the large ones on as they are, and overwrites nothing that it gave', () => {
    const list = new PieceList();
    for (let index = 0; index < 10_000; index += 1) list.push(Buffer.of(index & 0xff));
    const large = Buffer.alloc(8192);
    list.push(large);
    const pieces = list.take();
    assert.equal(pieces.length, 2);
    assert.equal(pieces[1], large);
    const before = Buffer.from(pieces[0] ?? []);
    for (let index = 0; index < 100_000; index += 1) list.push(Buffer.of(0xff));
    assert.ok(before.equals(pieces[0] ?? Buffer.alloc(0)));
    assert.ok(list.take().length <= 5);
  });
});
