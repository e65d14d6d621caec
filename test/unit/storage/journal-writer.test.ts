import assert from 'node:assert/strict';
import { describe, it, mock, type TestContext } from 'node:test';
import { CHECKPOINT_BYTES, CHECKPOINT_MS, JournalWriter } from '../../../src/storage/journal-writer.js';
import { encodeHeader, RecordCodec } from '../../../src/storage/journal.js';
import { IDENTITY } from './fixture.js';

/** A writer over files that only note what is asked of them, in order; `gate` holds data syncs up. */
function setup(t: TestContext) {
  mock.timers.enable({ apis: ['setTimeout'] });
  t.after(() => mock.timers.reset());
  const calls: string[] = [];
  const state: { gate: Promise<void> | undefined; failure: Error | undefined } = { gate: undefined, failure: undefined };
  const data = {
    datasync: async () => {
      calls.push('data sync');
      await state.gate;
      if (state.failure !== undefined) throw state.failure;
    },
  };
  const journal = {
    write: (pieces: readonly Uint8Array[], offset: number) => {
      calls.push(`append ${pieces.reduce((sum, piece) => sum + piece.length, 0) / 16} at ${offset}`);
    },
    datasync: () => {
      calls.push('journal sync');
      return Promise.resolve();
    },
  };
  const syncNames = () => {
    calls.push('names sync');
    return Promise.resolve();
  };
  const header = encodeHeader({ identity: IDENTITY, size: 1, chunkSize: 1, inode: 1n, nonce: Buffer.alloc(8) });
  const writer = new JournalWriter({ data, journal, codec: new RecordCodec(header), length: 80, durable: 0, syncNames });
  return { writer, calls, state };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

describe('JournalWriter', () => {
  it('syncs data, then names once, then appends, then syncs the journal', async (t) => {
    const { writer, calls } = setup(t);
    writer.record(0, 1n, 10);
    writer.record(1, 1n, 10);
    assert.equal(writer.durable, 0);
    await writer.flush();
    writer.record(2, 1n, 10);
    await writer.flush();
    assert.deepEqual(calls, ['data sync', 'names sync', 'append 2 at 80', 'journal sync', 'data sync', 'append 1 at 112', 'journal sync']);
    assert.equal(writer.durable, 3);
    await writer.flush();
    assert.equal(calls.length, 7);
  });

  it('starts by itself after enough bytes, or enough time', async (t) => {
    const { writer, calls } = setup(t);
    writer.record(0, 1n, CHECKPOINT_BYTES - 1);
    await settle();
    assert.deepEqual(calls, []);
    writer.record(1, 1n, 1);
    await settle();
    assert.equal(writer.durable, 2);
    writer.record(2, 1n, 1);
    mock.timers.tick(CHECKPOINT_MS - 1);
    await settle();
    assert.equal(writer.durable, 2);
    mock.timers.tick(1);
    await settle();
    assert.equal(writer.durable, 3);
  });

  it('has one checkpoint under way, and flush waits for the records that came after its start', async (t) => {
    const { writer, calls, state } = setup(t);
    let open: () => void = () => undefined;
    state.gate = new Promise((resolve) => (open = resolve));
    writer.record(0, 1n, CHECKPOINT_BYTES);
    writer.record(1, 1n, CHECKPOINT_BYTES);
    writer.record(2, 1n, 1);
    const flushed = Promise.all([writer.flush(), writer.flush()]);
    await settle();
    assert.deepEqual(calls, ['data sync']);
    open();
    await flushed;
    assert.deepEqual(calls.filter((name) => name.startsWith('append')), ['append 1 at 80', 'append 2 at 96']);
  });

  it('vouches for nothing more once a sync has failed, and says so at every later call', async (t) => {
    const { writer, calls, state } = setup(t);
    state.failure = new Error('lost pages');
    writer.record(0, 1n, CHECKPOINT_BYTES);
    await settle();
    assert.throws(() => writer.assertHealthy(), /lost pages/u);
    state.failure = undefined;
    writer.record(1, 1n, CHECKPOINT_BYTES);
    await assert.rejects(writer.flush(), /lost pages/u);
    assert.deepEqual(calls, ['data sync']);
    assert.equal(writer.durable, 0);
  });

  it('starts nothing after a stop', async (t) => {
    const { writer, calls } = setup(t);
    writer.record(0, 1n, 1);
    await writer.stop();
    mock.timers.tick(10 * CHECKPOINT_MS);
    await settle();
    assert.deepEqual(calls, []);
  });
});
