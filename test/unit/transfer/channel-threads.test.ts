/**
 * Channels whose large records are sealed and opened by threads: nothing of it is to be seen from above.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { before, describe, it } from 'node:test';
import { ConnectError, IntegrityError } from '../../../src/errors.js';
import { openChannel } from '../../../src/transfer/channel.js';
import { RecordThreads } from '../../../src/transfer/record-threads.js';
import type { Frame } from '../../../src/wire/frame.js';
import { channelPair, Inbox, memoryPairWithMeddler, SECRET } from '../../support/fake-channel.js';
import { turns, until } from '../../support/fake-events.js';
import { plain } from '../../support/fake-frames.js';
import { killThread, startThreads } from '../../support/with-threads.js';

const MIB = 1024 * 1024;
const credit = (limit: number): Frame => ({ type: 'credit', limit, acked: 0 });
const data = (length: number, id = 0): Frame & { type: 'data' } => ({ type: 'data', id, offset: 0, length, hash: 0n, payload: [randomBytes(length)] });
/** Under and over what threads take, at their bounds, and frames of a few bytes between them: in which order they are ready is chance. */
const MIXED = [MIB, 1, 524_260, 524_243, 4 * MIB, MIB, 3000, 1_146_880 - 28 - 16, 1_146_880 - 28 - 15, MIB].flatMap((length, id) => [data(length, id), credit(id)]);
/** The memory pair spoils what was sent: what is compared must be apart from it. */
const kept = (frames: readonly Frame[]) => structuredClone(frames.map(plain));
let threads: RecordThreads;

describe('a channel with threads', () => {
  before(async () => {
    threads = await startThreads(2);
  });

  it('carries large and small frames both ways, in order, however the messages are cut', async (t) => {
    const give = t.mock.method(RecordThreads.prototype, 'give');
    for (const link of [{}, { pieceBytes: 65_536 }, { pieceBytes: 100_003 }]) {
      const { client, server } = await channelPair(link);
      // Whoever has not proved that it knows the secret gets 4 KiB.
      for (const channel of [client, server]) channel.send(credit(0));
      for (const [from, to] of [[client, server], [server, client]] as const) {
        const inbox = new Inbox(to);
        await inbox.arrived(1);
        const wanted = kept(MIXED);
        for (const frame of MIXED) {
          const taken = structuredClone(frame);
          from.send(taken);
          // The payload is the sender's again when the call returns.
          if (taken.type === 'data') taken.payload.forEach((piece) => piece.fill(0));
        }
        assert.deepEqual((await inbox.arrived(1 + MIXED.length)).slice(1).map(plain), wanted);
      }
    }
    const kinds = give.mock.calls.map(({ arguments: [kind] }) => kind);
    const large = MIXED.filter((frame) => frame.type === 'data' && frame.length + 28 >= 524_288 && frame.length + 44 <= 1_146_880).length;
    // Both ends of three links, both ways. What is opened counts its tag.
    assert.equal(kinds.filter((kind) => kind === 'seal').length, 6 * large);
    assert.ok(kinds.filter((kind) => kind === 'open').length >= 6 * large);
  });

  it('is behind when threads have two MiB of it, and drains', async () => {
    const { client, server } = await channelPair();
    client.send(credit(0));
    const inbox = new Inbox(server);
    await inbox.arrived(1);
    assert.ok(client.send(data(MIB)));
    assert.ok(!client.send(data(MIB)));
    // What is small and goes behind them counts, too.
    assert.ok(!client.send(data(1000)));
    await client.drained();
    assert.equal((await inbox.arrived(4)).length, 4);
  });

  it('closes behind what was sent, and tells the end behind what came', async () => {
    const { client, server } = await channelPair();
    client.send(credit(0));
    const inbox = new Inbox(server);
    await inbox.arrived(1);
    for (let id = 0; id < 3; id += 1) client.send(data(MIB, id));
    client.close(1000);
    assert.ok((await inbox.ended()).clean);
    assert.equal(inbox.frames.length, 4);
  });

  it('tells why it fails behind what was sent', async () => {
    const { client, server } = await channelPair();
    client.send(credit(0));
    const inbox = new Inbox(server);
    await inbox.arrived(1);
    client.send(data(MIB));
    client.fail(new IntegrityError('integrity-source', 'the source changed'));
    await inbox.ended();
    assert.deepEqual(inbox.frames.map(({ type }) => type), ['credit', 'data', 'failure']);
  });

  it('refuses a large record that was altered, repeated or left out, and shows nothing that came after it', async () => {
    for (const meddled of ['altered', 'repeated', 'left out'] as const) {
      const { client, server } = memoryPairWithMeddler(({ from, index, bytes }) => {
        if (from !== 'client' || index !== 3) return [{ bytes }];
        if (meddled === 'altered') bytes[500_000] = (bytes[500_000] ?? 0) ^ 1;
        return meddled === 'left out' ? [] : meddled === 'repeated' ? [{ bytes }, { bytes }] : [{ bytes }];
      });
      const [ours, theirs] = await Promise.all([openChannel(client, { role: 'client', secret: SECRET }), openChannel(server, { role: 'server', secret: SECRET })]);
      const inbox = new Inbox(theirs);
      ours.send(credit(0));
      await inbox.arrived(1);
      for (let id = 0; id < 4; id += 1) ours.send(data(MIB, id));
      const { error } = await inbox.ended();
      assert.ok(error instanceof IntegrityError && error.code === 'integrity-tag', meddled);
      await turns(50);
      assert.deepEqual(inbox.frames.flatMap((frame) => (frame.type === 'data' ? [frame.id] : [])), meddled === 'repeated' ? [0, 1] : [0], meddled);
    }
  });

  it('reads no further while threads have eight MiB, and reads on', async (t) => {
    const { client, server, b } = await channelPair({ wireBytes: 64 * MIB, highWaterBytes: 64 * MIB });
    client.send(credit(0));
    const inbox = new Inbox(server);
    await inbox.arrived(1);
    const give = threads.give.bind(threads);
    const held: (() => void)[] = [];
    t.mock.method(threads, 'give', (...task: Parameters<typeof give>) => {
      if (task[0] === 'seal') give(...task);
      else held.push(() => give(...task));
    });
    for (let id = 0; id < 20; id += 1) client.send(data(MIB, id));
    await until(() => b.paused);
    await turns(50);
    assert.equal(held.length, 8);
    assert.equal(inbox.frames.length, 1);
    await until(() => {
      held.shift()?.();
      return inbox.frames.length > 20;
    });
    assert.ok(!b.paused);
  });

  it('is lost, to be dialled again, when a thread dies with a record of it; the next one does without', async () => {
    const pair = await channelPair();
    pair.client.send(credit(0));
    const [inbox, ours] = [new Inbox(pair.server), new Inbox(pair.client)];
    await inbox.arrived(1);
    // Both threads, so that it has one of them whichever it is given to.
    const dying = [killThread(threads), killThread(threads)];
    pair.client.send(data(MIB));
    for (const { error, clean } of [await ours.ended(), await inbox.ended()]) {
      assert.ok(error instanceof ConnectError && error.code === 'connect-lost' && error.retryable && !clean);
    }
    await pair.client.drained();
    assert.deepEqual(await Promise.all(dying), ['died', 'died']);
    const next = await channelPair();
    next.client.send(credit(0));
    const later = new Inbox(next.server);
    for (const id of [1, 2]) next.client.send(data(MIB, id));
    assert.equal((await later.arrived(3)).length, 3);
  });
});
