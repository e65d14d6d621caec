import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AbortError, ConnectError, IntegrityError, LimitError, ProtocolError, StorageError, type StreamerError } from '../../../src/errors.js';
import { Inbox, channelPair } from '../../support/fake-channel.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns, until } from '../../support/fake-events.js';
import { Gate } from '../../support/fake-storage.js';
import { CHUNK, FakeTransfer, MIB, offerFrame, type FakeOptions } from './fixture.js';

const reasonOf = (result: PromiseSettledResult<unknown>) => (result.status === 'rejected' ? (result.reason as StreamerError) : assert.fail('it did not fail'));
const isGood = (result: PromiseSettledResult<unknown>) => (result.status === 'fulfilled' ? undefined : assert.fail(String(result.reason)));

describe('one file over one channel', () => {
  for (const reads of ['sync', 'async'] as const) {
    for (const writes of ['sync', 'async'] as const) {
      it(`arrives whole, ${reads} reads, ${writes} writes, of every size`, async () => {
        for (const size of [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 5 * CHUNK + 5]) {
          const transfer = new FakeTransfer({ size, reads, writes, link: { pieceBytes: 100_000, highWaterBytes: 3 * CHUNK } });
          for (const end of await transfer.both()) isGood(end);
          const { send, receive } = transfer.tallies;
          assert.ok(transfer.sink.content.equals(transfer.source.content), `${size} bytes`);
          assert.deepEqual(send.digest, receive.digest);
          assert.equal(send.digest?.length, 32);
          assert.deepEqual([send.moved, receive.moved, send.counts.moved, receive.counts.moved], [size, size, 1, 1]);
          // An empty file's end and its readiness are told in the same turn.
          assert.deepEqual([...transfer.log].sort(), ['receiver finishing', 'receiver started 0', 'sender finishing', 'sender started 0']);
          assert.deepEqual(transfer.sink.ended, ['commit', 'keep']);
          assert.equal(transfer.sink.recorded.count, Math.ceil(size / CHUNK));
        }
      });
    }
  }

  it('is resumed: only what is missing is read and sent', async () => {
    const transfer = new FakeTransfer({ size: 6 * CHUNK + 1, has: [0, 1, 3, 6] });
    for (const end of await transfer.both()) isGood(end);
    assert.ok(transfer.sink.content.equals(transfer.source.content));
    const { send, receive } = transfer.tallies;
    assert.deepEqual([transfer.source.reads, send.moved, receive.moved], [3, 3 * CHUNK, 3 * CHUNK]);
    assert.deepEqual([send.resumed, receive.resumed], [3 * CHUNK + 1, 3 * CHUNK + 1]);
    assert.ok(transfer.log.includes(`sender started ${3 * CHUNK + 1}`) && transfer.log.includes(`receiver started ${3 * CHUNK + 1}`));
  });

  it('overlaps slow reads, four at once, and takes them as they end', async () => {
    const transfer = new FakeTransfer({ size: 12 * CHUNK, reads: 'manual' });
    const both = transfer.both();
    for (let done = 0; done < 12; done += 1) {
      await until(() => transfer.source.gate.waiting > 0);
      await turns(3);
      transfer.source.gate.release(transfer.source.gate.waiting - 1);
    }
    isGood((await both)[0]);
    assert.equal(transfer.source.mostAtOnce, 4);
    assert.ok(transfer.sink.content.equals(transfer.source.content));
  });
});

describe('back-pressure', () => {
  it('a sink that never ends a write bounds the sender’s reads to the window', async () => {
    const stop = new AbortController();
    const transfer = new FakeTransfer({ size: 40 * CHUNK, writes: 'manual', windowBytes: 10 * CHUNK, sendSignal: stop.signal });
    const both = transfer.both();
    await until(() => transfer.sink.writes === 10);
    await turns(100);
    assert.deepEqual([transfer.source.reads, transfer.sink.writes, transfer.tallies.receive.moved], [10, 10, 0]);
    // Credit is given in order, for what is written.
    for (const which of [5, 0, 0]) transfer.sink.gate.release(which);
    await until(() => transfer.sink.writes >= 12);
    await turns(100);
    assert.equal(transfer.source.reads, 12);
    stop.abort();
    await turns(20);
    while (transfer.sink.gate.waiting > 0) transfer.sink.gate.release();
    assert.ok(reasonOf((await both)[0]) instanceof AbortError);
  });

  it('a link that takes nothing bounds them to what its buffer holds', async () => {
    const transfer = new FakeTransfer({ size: 60 * CHUNK, windowBytes: 50 * CHUNK, link: { highWaterBytes: 4 * CHUNK, wireBytes: CHUNK } });
    const both = transfer.both();
    await until(() => transfer.log.includes('sender started 0'));
    const pair = transfer.wires.pairs.get(0);
    assert.ok(pair !== undefined);
    pair.b.pause();
    await turns(200);
    const before = transfer.source.reads;
    await turns(100);
    assert.equal(transfer.source.reads, before);
    assert.ok(pair.a.buffered <= 5 * (CHUNK + 44), `${pair.a.buffered} bytes wait`);
    pair.b.resume();
    isGood((await both)[1]);
    assert.ok(transfer.sink.content.equals(transfer.source.content));
  });
});

describe('failures', () => {
  const cases: readonly (readonly [string, (transfer: FakeTransfer) => void, 'sender' | 'receiver', new (...given: never[]) => StreamerError])[] = [
    ['a read', (transfer) => (transfer.source.failRead = new StorageError('storage-io', 'cannot read')), 'sender', StorageError],
    ['the last look at the source', (transfer) => (transfer.source.failCheck = new IntegrityError('integrity-source', 'it changed')), 'sender', IntegrityError],
    ['a write', (transfer) => (transfer.sink.failWrite = new StorageError('storage-full', 'no space')), 'receiver', StorageError],
    ['the commit', (transfer) => (transfer.sink.failCommit = new StorageError('storage-exists', 'it is there')), 'receiver', StorageError],
  ];
  for (const io of ['sync', 'async'] as const) {
    for (const [what, break_, where, type] of cases) {
      it(`of ${what} fails both ends with its class, ${io}`, async () => {
        const transfer = new FakeTransfer({ size: 5 * CHUNK, reads: io, writes: io });
        break_(transfer);
        const [sent, received] = (await transfer.both()).map(reasonOf) as [StreamerError, StreamerError];
        assert.ok(sent instanceof type && received instanceof type, `${String(sent)}, ${String(received)}`);
        assert.equal(sent.code, received.code);
        assert.deepEqual([sent.fromPeer, received.fromPeer], [where === 'receiver', where === 'sender']);
        assert.ok(!transfer.sink.ended.includes('commit'));
        assert.ok(transfer.sink.ended.includes('keep'), 'what has come is kept');
      });
    }
  }

  it('to open the target fails both ends', async () => {
    const transfer = new FakeTransfer({ size: CHUNK, open: () => Promise.reject(new StorageError('storage-denied', 'no')) });
    const [sent, received] = (await transfer.both()).map(reasonOf);
    assert.deepEqual([sent?.code, received?.code], ['storage-denied', 'storage-denied']);
    assert.equal(transfer.source.reads, 0);
  });

  it('a bug of ours is told to nobody but ours', async () => {
    const transfer = new FakeTransfer({ size: CHUNK, open: () => Promise.reject(new Error('with /a/path in it')) });
    const [sent, received] = (await transfer.both()).map(reasonOf);
    assert.match(String(received), /with \/a\/path/u);
    assert.doesNotMatch(String(sent), /path/u);
    assert.equal(sent?.code, 'protocol-violation');
  });

  it('a file over the limit moves no byte', async () => {
    const transfer = new FakeTransfer({ size: CHUNK, limitBytes: CHUNK - 1, open: () => assert.fail('it is not opened') });
    const [sent, received] = (await transfer.both()).map(reasonOf);
    assert.ok(sent instanceof LimitError && received instanceof LimitError);
    assert.equal(transfer.source.reads, 0);
  });

  it('waits for the writes under way before it is closed, and what they wrote is recorded', async () => {
    const transfer = new FakeTransfer({ size: 3 * CHUNK, writes: 'manual' });
    const both = transfer.both();
    let over = false;
    void both.then(() => (over = true));
    await until(() => transfer.sink.gate.waiting === 3);
    transfer.wires.cut(0);
    await turns(20);
    assert.equal(over, false);
    assert.deepEqual(transfer.sink.ended, []);
    while (transfer.sink.gate.waiting > 0) transfer.sink.gate.release();
    const lost = reasonOf((await both)[1]);
    assert.ok(lost instanceof ConnectError && lost.retryable);
    assert.equal(transfer.sink.recorded.count, 3);
    assert.deepEqual(transfer.sink.ended, ['keep']);
    assert.deepEqual(transfer.lost.sort(), ['receiver 0', 'sender 0']);
  });

  it('a link lost at any message is a lost link at both ends, or done', async () => {
    for (let after = 3; after < 22; after += 1) {
      const transfer = new FakeTransfer({ size: 4 * CHUNK, writes: 'async', link: { cutAfterMessages: after } });
      for (const result of await transfer.both()) {
        if (result.status === 'rejected') assert.ok(result.reason instanceof ConnectError && result.reason.retryable, String(result.reason));
        else assert.ok(transfer.sink.ended.includes('commit'));
      }
    }
  });
});

/** A receiver, and a sender that is the test. */
async function receiverOf(options: FakeOptions) {
  const transfer = new FakeTransfer(options);
  const { client, server } = await channelPair();
  const inbox = new Inbox(client);
  transfer.receiver.attach(0, { channel: server, remote: '' }, 0);
  return { transfer, client, inbox, receiving: transfer.receiver.ended };
}

describe('the receiver’s end', () => {
  it('takes a clean close after its confirmation for a bye, and not before it', async () => {
    for (const confirmed of [true, false]) {
      const { client, inbox, receiving, transfer } = await receiverOf({ size: 0 });
      const { fileDigest } = await import('../../../src/crypto/checksum.js');
      client.send(offerFrame('file'));
      client.send({ type: 'entries', entries: [{ id: 0, kind: 'file', path: 'a file', size: 0, mode: 0o600, mtimeNs: 0n }] });
      client.send({ type: 'file', id: 0, chunkSize: CHUNK, identity: Buffer.alloc(32) });
      await until(() => inbox.frames.some(({ type }) => type === 'ready'));
      if (confirmed) {
        client.send({ type: 'fileEnd', id: 0, size: 0, digest: fileDigest(0, CHUNK, Buffer.alloc(0)) });
        client.send({ type: 'manifestEnd', entries: 1, complete: true });
        await until(() => inbox.frames.some(({ type }) => type === 'finished'));
      }
      assert.equal(transfer.receiver.complete, confirmed);
      client.connection.close(1000, '');
      if (confirmed) assert.equal((await receiving).told, true);
      else await assert.rejects(receiving, ConnectError);
    }
  });

  it('closes with a failure on a peer that breaks the rules, and keeps what it has', async () => {
    const { client, inbox, receiving, transfer } = await receiverOf({ size: 3 * CHUNK });
    client.send(offerFrame('file'));
    client.send({ type: 'bye' });
    await assert.rejects(receiving, ProtocolError);
    await inbox.ended();
    assert.ok(inbox.frames.some((frame) => frame.type === 'failure' && frame.code === 'protocol-violation'));
    await transfer.receiver.close();
  });

  it('grants what it said behind its hello, and no byte more', async () => {
    const transfer = new FakeTransfer({ size: 0, windowBytes: 9 * MIB });
    assert.deepEqual(transfer.receiver.early(), [{ type: 'credit', limit: 9 * MIB, acked: 0 }]);
    const { client, server } = await channelPair();
    const inbox = new Inbox(client);
    transfer.receiver.attach(0, { channel: server, remote: '' }, 0);
    assert.deepEqual((await inbox.arrived(1))[0], transfer.receiver.early()[0]);
    transfer.receiver.drop(new ConnectError('connect-lost', ''));
  });
});

describe('stopping', () => {
  const gates: Readonly<Record<string, { options?: Partial<FakeOptions>; prepare?: (transfer: FakeTransfer, gate: Gate) => void; at: (transfer: FakeTransfer, gate: Gate) => boolean }>> = {
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
        const transfer = new FakeTransfer({ size: 3 * CHUNK, ...signal, ...open, ...options });
        prepare?.(transfer, gate);
        const both = transfer.both();
        await until(() => at(transfer, gate));
        stop.abort();
        await turns(20);
        // Whoever closes waits for what is under way.
        gate.release();
        while (transfer.sink.gate.waiting > 0) transfer.sink.gate.release();
        while (transfer.source.gate.waiting > 0) transfer.source.gate.release();
        const [sent, received] = (await both).map(reasonOf) as [StreamerError, StreamerError];
        const [stopped, other] = who === 'sender' ? [sent, received] : [received, sent];
        assert.ok(stopped instanceof AbortError, String(stopped));
        assert.ok(other instanceof ConnectError && other.fromPeer && !other.retryable && /was stopped/u.test(other.message), String(other));
      });
    }
  }

  it('before it has begun sends no data', async () => {
    const transfer = new FakeTransfer({ size: 3 * CHUNK, sendSignal: AbortSignal.abort() });
    await transfer.wires.attach(0);
    const [sent] = await Promise.allSettled([transfer.sender.ended]);
    assert.ok(reasonOf(sent) instanceof AbortError);
    transfer.receiver.drop(new ConnectError('connect-lost', ''));
    await transfer.receiver.close();
    assert.equal(transfer.tallies.receive.moved, 0);
  });
});

describe('a peer that does nothing', () => {
  it('is left after ten minutes, at either end; one whose rate is low is not', async (t) => {
    const clock = fakeClock(t);
    const silent = new FakeTransfer({ size: 3 * CHUNK, writes: 'manual' });
    const both = silent.both();
    await until(() => silent.sink.gate.waiting === 3);
    clock.advance(599_999);
    await turns(10);
    assert.deepEqual([silent.sender.over, silent.receiver.over], [false, false]);
    clock.advance(1);
    await turns(10);
    while (silent.sink.gate.waiting > 0) silent.sink.gate.release();
    for (const end of await both) assert.equal(reasonOf(end).code, 'timeout-idle');
  });
});
