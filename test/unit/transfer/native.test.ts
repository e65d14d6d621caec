import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AbortError, ConnectError, IntegrityError, LimitError, ProtocolError, StorageError, type StreamerError } from '../../../src/errors.js';
import { Inbox } from '../../support/fake-channel.js';
import { turns, until } from '../../support/fake-events.js';
import { Gate } from '../../support/fake-storage.js';
import { CHUNK, Transfer } from './fixture.js';

const reasonOf = (result: PromiseSettledResult<Buffer>) => (result.status === 'rejected' ? (result.reason as StreamerError) : assert.fail('it did not fail'));
const fulfilled = (result: PromiseSettledResult<Buffer>) => (result.status === 'fulfilled' ? result.value : assert.fail(String(result.reason)));

describe('one file over one channel', () => {
  for (const reads of ['sync', 'async'] as const) {
    for (const writes of ['sync', 'async'] as const) {
      it(`arrives whole, ${reads} reads, ${writes} writes, of every size`, async () => {
        for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 9 * CHUNK + 5]) {
          const transfer = await Transfer.setUp({ size, reads, writes, link: { pieceBytes: 10_000, highWaterBytes: 3 * CHUNK } });
          const [sent, received] = await transfer.both();
          assert.ok(fulfilled(sent).equals(fulfilled(received)));
          assert.ok(transfer.sink.content.equals(transfer.source.content), `${size} bytes`);
          assert.deepEqual([transfer.sent, transfer.received], [size, size]);
          assert.deepEqual(transfer.log, ['receiving 0', 'streaming 0', 'sender finishing', 'receiver finishing', 'committed']);
          assert.deepEqual(transfer.sink.ended, ['commit']);
          assert.equal(transfer.sink.recorded.count, Math.ceil(size / CHUNK));
        }
      });
    }
  }

  it('is resumed: only what is missing is read and sent', async () => {
    const transfer = await Transfer.setUp({ size: 6 * CHUNK + 1, has: [0, 1, 3, 6] });
    const [sent, received] = await transfer.both();
    assert.ok(fulfilled(sent).equals(fulfilled(received)));
    assert.ok(transfer.sink.content.equals(transfer.source.content));
    assert.deepEqual([transfer.source.reads, transfer.sent, transfer.received], [3, 3 * CHUNK, 3 * CHUNK]);
    assert.deepEqual(transfer.log.slice(0, 2), [`receiving ${3 * CHUNK + 1}`, `streaming ${3 * CHUNK + 1}`]);
  });

  it('overlaps slow reads, four at once, and takes them as they end', async () => {
    const transfer = await Transfer.setUp({ size: 12 * CHUNK, reads: 'manual' });
    const both = transfer.both();
    for (let done = 0; done < 12; done += 1) {
      await until(() => transfer.source.gate.waiting > 0);
      await turns(3);
      transfer.source.gate.release(transfer.source.gate.waiting - 1);
    }
    fulfilled((await both)[0]);
    assert.equal(transfer.source.mostAtOnce, 4);
    assert.ok(transfer.sink.content.equals(transfer.source.content));
  });
});

describe('back-pressure', () => {
  it('a sink that never ends a write bounds the sender’s reads to the window', async () => {
    const stop = new AbortController();
    const transfer = await Transfer.setUp({ size: 100 * CHUNK, writes: 'manual', windowBytes: 10 * CHUNK, sendSignal: stop.signal });
    const both = transfer.both();
    await until(() => transfer.sink.writes === 10);
    await turns(100);
    assert.deepEqual([transfer.source.reads, transfer.sink.writes, transfer.received], [10, 10, 0]);
    transfer.sink.gate.release(5);
    transfer.sink.gate.release(0);
    await until(() => transfer.sink.writes === 12);
    await turns(100);
    assert.equal(transfer.source.reads, 12);
    stop.abort();
    await until(() => transfer.pair.b.buffered === 0);
    while (transfer.sink.gate.waiting > 0) transfer.sink.gate.release();
    assert.ok(reasonOf((await both)[0]) instanceof AbortError);
  });

  it('a link that takes nothing bounds them to what its buffer holds', async () => {
    const transfer = await Transfer.setUp({ size: 200 * CHUNK, windowBytes: 100 * CHUNK, link: { highWaterBytes: 4 * CHUNK, wireBytes: CHUNK } });
    const both = transfer.both();
    await until(() => transfer.log.includes('streaming 0'));
    transfer.pair.b.pause();
    await turns(200);
    const before = transfer.source.reads;
    await turns(100);
    assert.equal(transfer.source.reads, before);
    assert.ok(transfer.pair.a.buffered <= 5 * (CHUNK + 44), `${transfer.pair.a.buffered} bytes wait`);
    transfer.pair.b.resume();
    fulfilled((await both)[1]);
    assert.ok(transfer.sink.content.equals(transfer.source.content));
  });
});

describe('failures', () => {
  const cases: readonly (readonly [string, (transfer: Transfer) => void, 'sender' | 'receiver', new (...given: never[]) => StreamerError])[] = [
    ['a read', (transfer) => (transfer.source.failRead = new StorageError('storage-io', 'cannot read')), 'sender', StorageError],
    ['the last look at the source', (transfer) => (transfer.source.failCheck = new IntegrityError('integrity-source', 'it changed')), 'sender', IntegrityError],
    ['a write', (transfer) => (transfer.sink.failWrite = new StorageError('storage-full', 'no space')), 'receiver', StorageError],
    ['the commit', (transfer) => (transfer.sink.failCommit = new StorageError('storage-exists', 'it is there')), 'receiver', StorageError],
  ];
  for (const io of ['sync', 'async'] as const) {
    for (const [what, break_, where, type] of cases) {
      it(`of ${what} fails both ends with its class, ${io}`, async () => {
        const transfer = await Transfer.setUp({ size: 5 * CHUNK, reads: io, writes: io });
        break_(transfer);
        const [sent, received] = (await transfer.both()).map(reasonOf) as [StreamerError, StreamerError];
        assert.ok(sent instanceof type && received instanceof type, `${String(sent)}, ${String(received)}`);
        assert.equal(sent.code, received.code);
        assert.deepEqual([sent.fromPeer, received.fromPeer], [where === 'receiver', where === 'sender']);
        assert.ok(!transfer.sink.ended.includes('commit'));
      });
    }
  }

  it('to open the target fails both ends', async () => {
    const transfer = await Transfer.setUp({ size: CHUNK, open: () => Promise.reject(new StorageError('storage-denied', 'no')) });
    const [sent, received] = (await transfer.both()).map(reasonOf);
    assert.deepEqual([sent?.code, received?.code], ['storage-denied', 'storage-denied']);
    assert.equal(transfer.source.reads, 0);
  });

  it('a file over the limit moves no byte', async () => {
    const transfer = await Transfer.setUp({ size: CHUNK, limitBytes: CHUNK - 1, open: () => assert.fail('it is not opened') });
    const [sent, received] = (await transfer.both()).map(reasonOf);
    assert.ok(sent instanceof LimitError && received instanceof LimitError);
    assert.equal(transfer.source.reads, 0);
  });

  it('waits for the writes under way before it says that it failed', async () => {
    const transfer = await Transfer.setUp({ size: 3 * CHUNK, writes: 'manual' });
    const receiving = transfer.receive();
    let over = false;
    receiving.catch(() => (over = true));
    transfer.send().catch(() => undefined);
    await until(() => transfer.sink.gate.waiting === 3);
    transfer.pair.cut();
    await turns(20);
    assert.equal(over, false);
    for (let i = 0; i < 3; i += 1) transfer.sink.gate.release();
    await assert.rejects(receiving, (error: unknown) => error instanceof ConnectError && error.retryable);
    assert.equal(transfer.sink.recorded.count, 3, 'and what they wrote is recorded');
    assert.equal(transfer.table.count, 3);
  });

  it('a link lost at any message is a lost link at both ends, or done', async () => {
    for (let after = 3; after < 20; after += 1) {
      const transfer = await Transfer.setUp({ size: 4 * CHUNK, writes: 'async', link: { cutAfterMessages: after } });
      for (const result of await transfer.both()) {
        if (result.status === 'rejected') assert.ok(result.reason instanceof ConnectError && result.reason.retryable, String(result.reason));
        else assert.ok(transfer.sink.ended.includes('commit'));
      }
    }
  });
});

describe('the receiver’s end', () => {
  it('takes a clean close after its confirmation for a bye, and not before it', async () => {
    for (const confirmed of [true, false]) {
      const transfer = await Transfer.setUp({ size: 0 });
      const receiving = transfer.receive();
      const { client } = transfer.pair;
      const inbox = new Inbox(client);
      client.send(transfer.entry);
      await inbox.arrived(1);
      if (confirmed) {
        const { fileDigest } = await import('../../../src/crypto/checksum.js');
        client.send({ type: 'fileEnd', id: 0, digest: fileDigest(0, CHUNK, Buffer.alloc(0)) });
        await inbox.arrived(2);
      }
      client.connection.close(1000, '');
      if (confirmed) assert.equal((await receiving).length, 32);
      else await assert.rejects(receiving, ConnectError);
    }
  });

  it('closes with 1002 on a peer that breaks the rules, and keeps what it has', async () => {
    const transfer = await Transfer.setUp({ size: 3 * CHUNK });
    const receiving = transfer.receive();
    const inbox = new Inbox(transfer.pair.client);
    transfer.pair.client.send(transfer.entry);
    transfer.pair.client.send({ type: 'bye' });
    await assert.rejects(receiving, ProtocolError);
    await inbox.ended();
    assert.ok(inbox.frames.some((frame) => frame.type === 'failure' && frame.code === 'protocol-violation'));
  });
});

describe('stopping', () => {
  const gates: Readonly<Record<string, { options?: Partial<Parameters<typeof Transfer.setUp>[0]>; prepare?: (transfer: Transfer, gate: Gate) => void; at: (transfer: Transfer, gate: Gate) => boolean }>> = {
    'while the target is opened': { at: (_transfer, gate) => gate.waiting === 1 },
    'while data is written': { options: { writes: 'manual' }, at: (transfer) => transfer.sink.gate.waiting === 3 },
    'while data is read': { options: { reads: 'manual' }, at: (transfer) => transfer.source.gate.waiting === 3 },
    'while the source is looked at': { prepare: (transfer, gate) => (transfer.source.checkGate = gate), at: (_transfer, gate) => gate.waiting === 1 },
    'while it is committed': { prepare: (transfer, gate) => (transfer.sink.commitGate = gate), at: (_transfer, gate) => gate.waiting === 1 },
  };
  for (const [when, { options, prepare, at }] of Object.entries(gates)) {
    for (const who of ['sender', 'receiver'] as const) {
      it(`the ${who} ${when} ends both, and the other end learns it`, async () => {
        const stop = new AbortController();
        const gate = new Gate();
        const signal = who === 'sender' ? { sendSignal: stop.signal } : { receiveSignal: stop.signal };
        const open = when.includes('opened') ? { open: () => gate.wait().then(() => undefined) } : {};
        const transfer = await Transfer.setUp({ size: 3 * CHUNK, ...signal, ...open, ...options });
        prepare?.(transfer, gate);
        const both = transfer.both();
        await until(() => at(transfer, gate));
        stop.abort();
        // The receiver waits for its writes; everything else ends by itself.
        await turns(20);
        while (transfer.sink.gate.waiting > 0) transfer.sink.gate.release();
        const [sent, received] = (await both).map(reasonOf) as [StreamerError, StreamerError];
        const [stopped, other] = who === 'sender' ? [sent, received] : [received, sent];
        assert.ok(stopped instanceof AbortError, String(stopped));
        assert.ok(other instanceof ConnectError && other.fromPeer && !other.retryable && /was stopped/u.test(other.message), String(other));
        gate.release();
        transfer.source.gate.release();
        await turns(20);
      });
    }
  }

  it('before it has begun sends no data', async () => {
    const transfer = await Transfer.setUp({ size: 3 * CHUNK, sendSignal: AbortSignal.abort() });
    const [sent, received] = (await transfer.both()).map(reasonOf);
    assert.ok(sent instanceof AbortError && received instanceof ConnectError);
    assert.equal(transfer.received, 0);
  });
});
