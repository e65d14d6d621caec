/**
 * Everything is there and the sender was told so, but does not say that it knows: how long a receiver stays for that, and
 * what it makes of whatever happens meanwhile.
 */
import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileDigest } from '../../../src/crypto/checksum.js';
import { AbortError, ConnectError } from '../../../src/errors.js';
import { BYE_LIMIT_MS } from '../../../src/wire/constants.js';
import { Inbox, channelPair } from '../../support/fake-channel.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns, until } from '../../support/fake-events.js';
import { CHUNK, content, FakeTransfer, MIB, Move, offerFrame, tempDirectory } from './fixture.js';

const LOST = new ConnectError('connect-lost', 'the link was lost');

/** A receiver, and a sender that is the test: it has sent all of an empty file but its manifest's end. */
async function almostDone(t: TestContext) {
  const clock = fakeClock(t);
  const transfer = new FakeTransfer({ size: 0 }, { receive: { lost: () => undefined } });
  const { receiver } = transfer;
  const ends: unknown[] = [];
  receiver.ended.then((end) => ends.push(end), (error: unknown) => ends.push(error));
  const attach = async (received: number) => {
    const pair = await channelPair();
    const inbox = new Inbox(pair.client);
    receiver.attach(0, { channel: pair.server, remote: '' }, received);
    return { ...pair, inbox };
  };
  const first = await attach(0);
  const { client, inbox } = first;
  client.send(offerFrame('file'));
  client.send({ type: 'entries', entries: [{ id: 0, kind: 'file', path: 'a file', size: 0, mode: 0o600, mtimeNs: 0n }] });
  client.send({ type: 'file', id: 0, chunkSize: CHUNK, identity: Buffer.alloc(32) });
  await until(() => inbox.frames.some(({ type }) => type === 'ready'));
  client.send({ type: 'fileEnd', id: 0, size: 0, digest: fileDigest(0, CHUNK, Buffer.alloc(0)) });
  await until(() => inbox.frames.some(({ type }) => type === 'done'));
  return { clock, transfer, receiver, ends, attach, first, tellEnd: () => client.send({ type: 'manifestEnd', entries: 1, complete: true }) };
}

/** And the sender was told that all is done. */
async function told(t: TestContext) {
  const all = await almostDone(t);
  all.tellEnd();
  await until(() => all.first.inbox.frames.some(({ type }) => type === 'finished'));
  assert.equal(all.receiver.complete, true);
  return all;
}

describe('a receiver whose sender was told that all is done', () => {
  it('stays for its bye a minute and no longer, though it lives, and closes as for a good end', async (t) => {
    const { clock, transfer, receiver, ends, first } = await told(t);
    clock.advance(BYE_LIMIT_MS - 1);
    await turns(10);
    assert.deepEqual([BYE_LIMIT_MS, receiver.over], [60_000, false]);
    clock.advance(1);
    await turns(10);
    assert.deepEqual(ends, [{ offer: offerFrame('file'), target: '/fake/target', told: false }]);
    const { error, clean } = await first.inbox.ended();
    assert.ok(clean, String(error));
    await receiver.close();
    transfer.sender.drop(LOST);
    assert.equal(clock.timers, 0, 'nothing holds the process');
  });

  it('nor longer for one that is lost, and comes and goes', async (t) => {
    const { clock, receiver, ends, first, attach } = await told(t);
    clock.advance(20_000);
    first.cut();
    await turns(20);
    assert.equal(receiver.over, false);
    clock.advance(20_000);
    const second = await attach(0);
    assert.ok((await second.inbox.arrived(4)).some(({ type }) => type === 'finished'), 'it is told again');
    second.cut();
    await turns(20);
    clock.advance(19_999);
    await turns(10);
    assert.equal(receiver.over, false);
    clock.advance(1);
    await turns(10);
    assert.equal((ends[0] as { told: boolean }).told, false);
  });

  it('nor for one that was lost before all was done', async (t) => {
    const { clock, receiver, ends, first, tellEnd } = await almostDone(t);
    tellEnd();
    await until(() => receiver.received >= 5);
    first.cut();
    await until(() => receiver.complete);
    clock.advance(BYE_LIMIT_MS);
    await turns(10);
    assert.equal((ends[0] as { told: boolean }).told, false);
  });

  it('hears the bye over another link', async (t) => {
    const { clock, transfer, receiver, ends, first, attach } = await told(t);
    first.cut();
    clock.advance(50_000);
    const second = await attach(0);
    await second.inbox.arrived(4);
    second.client.send({ type: 'bye' });
    await turns(20);
    assert.equal((ends[0] as { told: boolean }).told, true);
    await receiver.close();
    await until(() => second.inbox.ends.length > 0);
    transfer.sender.drop(LOST);
    assert.equal(clock.timers, 0);
  });

  it('takes being dropped, or failed, for a good end, too', async (t) => {
    for (const end of ['drop', 'fail'] as const) {
      const { receiver, ends } = await told(t);
      receiver[end](LOST);
      await turns(10);
      assert.equal((ends[0] as { told: boolean }).told, false);
    }
  });
});

describe('what is complete stays so', () => {
  /** All is there, and the sender, which does not read, has not heard it. */
  async function unheard(t: TestContext, kind: 'file' | 'tree') {
    const directory = await tempDirectory(t);
    const source = path.join(directory, 'run');
    if (kind === 'tree') {
      await mkdir(source);
      for (const name of ['a', 'b']) await writeFile(path.join(source, name), content(1_000));
    } else await writeFile(source, content(MIB));
    const clock = fakeClock(t);
    const moving = await Move.begin({ paths: [source], target: path.join(directory, 'copy'), lost: () => undefined });
    const ends = moving.ends();
    await until(() => moving.wires.pairs.has(0));
    const pair = moving.wires.pairs.get(0) ?? assert.fail('no link');
    await until(() => moving.receiving.session.received >= 2);
    // All that it sends is asked for by then, or small.
    await until(() => moving.sent.some(({ type }) => type === 'finishing') || moving.receiving.tally.counts.moved === 2);
    pair.a.pause();
    await until(() => moving.receiving.session.complete);
    const notices = () => moving.received.flatMap((event) => (event.type === 'notice' ? [event.message] : []));
    return { clock, moving, ends, pair, notices, names: () => readdir(directory) };
  }

  for (const [kind, text] of [['file', /^the file is complete and verified here, but the sender has not confirmed it and may not know$/u], ['tree', /^what was received is complete and verified here, but /u]] as const) {
    it(`a ${kind} whose sender says nothing more: good, with a note, and the sender learns it if it ever reads`, async (t) => {
      const { clock, moving, ends, pair, notices, names } = await unheard(t, kind);
      clock.advance(BYE_LIMIT_MS);
      await until(() => moving.receiving.session.over);
      pair.a.resume();
      const [sent, received] = await ends;
      assert.deepEqual([sent.status, received.status], ['fulfilled', 'fulfilled']);
      assert.equal(notices().length, 1);
      assert.match(notices()[0] ?? '', text);
      assert.deepEqual(await names(), ['copy', 'run']);
    });

    for (const [what, end] of [
      ['its own user stops it', ({ moving }: Awaited<ReturnType<typeof unheard>>) => moving.stop.receive.abort()],
      ['its sender’s user stops that', ({ moving }: Awaited<ReturnType<typeof unheard>>) => moving.stop.send.abort()],
      ['its sender breaks a rule', ({ pair }: Awaited<ReturnType<typeof unheard>>) => pair.client.send({ type: 'manifestEnd', entries: 9, complete: true })],
    ] as const) {
      it(`a ${kind} when ${what}: good, with a note`, async (t) => {
        const all = await unheard(t, kind);
        end(all);
        await until(() => all.moving.receiving.session.over);
        all.moving.sending.session.drop(LOST);
        const [sent, received] = await all.ends;
        assert.ok(sent.status === 'rejected' && (sent.reason instanceof AbortError || sent.reason === LOST));
        assert.equal(received.status, 'fulfilled');
        assert.equal(all.notices().length, 1);
      });
    }
  }
});
