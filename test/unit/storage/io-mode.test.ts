import assert from 'node:assert/strict';
import os from 'node:os';
import { describe, it } from 'node:test';
import { AdaptiveIo, chooseIo, remoteTypeName, SLOW_CALL_MS } from '../../../src/storage/io-mode.js';
import { chooseWorkers } from '../../../src/util/spare-processors.js';

/** A clock that each call under test moves by hand. */
function clock() {
  const state = { nowMs: 0 };
  return { state, read: () => state.nowMs };
}

describe('AdaptiveIo', () => {
  it('stays synchronous while calls are quick', () => {
    const { state, read } = clock();
    const io = new AdaptiveIo('sync', true, read);
    for (let call = 0; call < 10; call += 1) assert.equal(io.timed(() => (state.nowMs += SLOW_CALL_MS)), state.nowMs);
    assert.ok(io.sync);
  });

  it('goes over for good after one slow call, failed or not', () => {
    for (const fails of [false, true]) {
      const { state, read } = clock();
      const io = new AdaptiveIo('sync', true, read);
      const slow = () => {
        state.nowMs += SLOW_CALL_MS + 1;
        if (fails) throw new Error('failed');
      };
      if (fails) assert.throws(() => io.timed(slow), /failed/u);
      else io.timed(slow);
      assert.ok(!io.sync);
      io.timed(() => undefined);
      assert.ok(!io.sync);
    }
  });

  it('keeps a forced mode', () => {
    const { state, read } = clock();
    const io = new AdaptiveIo('sync', false, read);
    io.timed(() => (state.nowMs += 10 * SLOW_CALL_MS));
    assert.ok(io.sync);
    assert.ok(!new AdaptiveIo('async', false).sync);
  });
});

describe('with processors to spare', () => {
  it('a chunk goes through the thread pool, a small file does not; a forced mode is kept', (t) => {
    t.after(() => chooseWorkers(0));
    const [adaptive, forced] = [new AdaptiveIo('sync', true), new AdaptiveIo('sync', false)];
    const verdicts = (io: AdaptiveIo) => [4096, 262_143, 262_144, 1_048_576].map((bytes) => io.syncFor(bytes));
    chooseWorkers(0);
    assert.deepEqual(verdicts(adaptive), [true, true, true, true]);
    chooseWorkers(1);
    assert.deepEqual(verdicts(adaptive), [true, true, false, false]);
    assert.deepEqual(verdicts(forced), [true, true, true, true]);
    assert.deepEqual(verdicts(new AdaptiveIo('async', true)), [false, false, false, false]);
  });
});

describe('remoteTypeName', () => {
  it('knows network types, also as a negative long, and no local ones', () => {
    assert.equal(remoteTypeName(0x6969), 'NFS');
    assert.equal(remoteTypeName(0x0bd00bd0n), 'Lustre');
    assert.equal(remoteTypeName(BigInt.asIntN(32, 0xff534d42n)), 'CIFS');
    for (const local of [0xef53, 0x58465342, 0x01021994, 0x9123683e, 0x2fc12fc1]) assert.equal(remoteTypeName(local), undefined);
  });
});

describe('chooseIo', () => {
  it('obeys a forced mode, and is asynchronous where the type cannot be had', async () => {
    assert.ok((await chooseIo('/nowhere', 'sync')).sync);
    assert.ok(!(await chooseIo(os.tmpdir(), 'async')).sync);
    assert.ok(!(await chooseIo('/nowhere/at/all')).sync);
  });
});
