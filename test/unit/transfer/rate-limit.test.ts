import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ConnectError } from '../../../src/errors.js';
import { RateLimit } from '../../../src/transfer/rate-limit.js';
import { startReceiving } from '../../../src/transfer/receive.js';
import { channelPair, Inbox } from '../../support/fake-channel.js';
import { fakeClock } from '../../support/fake-clock.js';
import { turns, until } from '../../support/fake-events.js';
import { content, MIB, Move, tempDirectory } from './fixture.js';

/** The protocol's least window of a stream. */
const LEAST = 5_308_440;

describe('a limit on the rate', () => {
  it('that is none lets everything go at once', () => {
    const rate = new RateLimit(undefined);
    let went = 0;
    for (let i = 0; i < 100; i += 1) rate.pace(2 ** 40, () => (went += 1));
    assert.deepEqual([went, rate.spend(1e15), rate.bytesPerSecond], [100, 0, undefined]);
  });

  it('holds back whatever comes next until what went is paid for, in order', (t) => {
    const clock = fakeClock(t);
    const rate = new RateLimit(1_000);
    const went: [string, number][] = [];
    const start = clock.nowMs;
    for (const name of ['a', 'b', 'c']) rate.pace(500, () => went.push([name, clock.nowMs - start]));
    assert.deepEqual(went, [['a', 0]]);
    clock.advance(499);
    assert.equal(went.length, 1);
    clock.advance(10_000);
    assert.deepEqual(went, [['a', 0], ['b', 500], ['c', 1_000]]);
    assert.equal(clock.timers, 0);
  });

  it('or until it is paid for itself, where it has come already', (t) => {
    const clock = fakeClock(t);
    const rate = new RateLimit(1_000);
    const went: number[] = [];
    const start = clock.nowMs;
    for (let i = 0; i < 3; i += 1) rate.pay(500, () => went.push(clock.nowMs - start));
    clock.advance(10_000);
    assert.deepEqual(went, [500, 1_000, 1_500]);
  });

  it('makes up for a short pause, not for a long one', (t) => {
    const clock = fakeClock(t);
    const rate = new RateLimit(1_000);
    clock.advance(60_000);
    assert.equal(rate.spend(250), 0);
    assert.equal(rate.spend(100), 100);
    clock.advance(100);
    assert.equal(rate.spend(1_000), 1_000);
  });

  it('changes at once, for what waits already as well', (t) => {
    const clock = fakeClock(t);
    const rate = new RateLimit(1);
    const start = clock.nowMs;
    const went: number[] = [];
    const note = () => went.push(clock.nowMs - start);
    rate.spend(1_000);
    for (let i = 0; i < 3; i += 1) {
      rate.pace(1_000, note);
      rate.pay(1_000, note);
    }
    clock.advance(1_000);
    assert.equal(went.length, 0);
    rate.change(1_000_000);
    assert.equal(rate.bytesPerSecond, 1_000_000);
    clock.advance(11);
    assert.equal(went.length, 6);
    assert.ok(went.every((atMs) => atMs >= 1_000 && atMs <= 1_011), went.join());
    rate.change(1);
    rate.pace(50, note);
    rate.pace(50, note);
    assert.equal(went.filter((atMs) => atMs === clock.nowMs - start).length, 1);
    rate.change(undefined);
    assert.equal(went.filter((atMs) => atMs === clock.nowMs - start).length, 2);
    assert.equal(clock.timers, 0);
  });

  it('says whether it holds anything back', (t) => {
    const clock = fakeClock(t);
    const rate = new RateLimit(1_000);
    assert.equal(rate.holding, false);
    rate.spend(1_000);
    assert.equal(rate.holding, true);
    clock.advance(1_000);
    assert.equal(rate.holding, false);
    rate.spend(1_000);
    rate.change(undefined);
    rate.spend(1e9);
    assert.equal(rate.holding, false);
  });

  it('gives back what was not sent', (t) => {
    fakeClock(t);
    const rate = new RateLimit(1_000);
    rate.spend(1_000);
    rate.refund(1_000);
    assert.equal(rate.spend(10), 10);
    new RateLimit(undefined).refund(5);
  });

  it('never asks for more patience than a timer has', (t) => {
    fakeClock(t);
    assert.equal(new RateLimit(1).spend(2 ** 40), 2 ** 31 - 1);
  });
});

describe('a transfer with a limit', () => {
  for (const by of ['send', 'receive'] as const) {
    it(`of the end that ${by}s takes its time, over all streams together, and a change is felt at once`, async (t) => {
      const directory = await tempDirectory(t);
      const [source, target] = [path.join(directory, 'a'), path.join(directory, 'b')];
      await writeFile(source, content(30 * MIB));
      const clock = fakeClock(t);
      const rate = new RateLimit(MIB);
      const moving = await Move.begin({ paths: [source], target, streams: 2, windowBytes: 8 * MIB, [by]: { rate } });
      const both = moving.run();
      await until(() => moving.receiving.tally.moved > 0);
      const settle = () => turns(80);
      for (let second = 0; second < 5; second += 1) {
        clock.advance(1_000);
        await settle();
      }
      const after = moving.sending.tally.moved;
      // What a receiver is slow to take still fits into its window, and so is sent: 4 MiB for each stream at the least.
      const most = by === 'send' ? 7 * MIB : 16 * MIB;
      assert.ok(after >= 4 * MIB && after <= most, `${after} bytes in 5 s`);
      rate.change(undefined);
      const { received } = await both;
      assert.equal(received.size, 30 * MIB);
      assert.ok((await readFile(target)).equals(content(30 * MIB)));
    });
  }

  it('of the end that receives lets no whole window through first: about a second’s worth, or the least window', async (t) => {
    const directory = await tempDirectory(t);
    const [source, target] = [path.join(directory, 'a'), path.join(directory, 'b')];
    await writeFile(source, content(24 * MIB));
    const clock = fakeClock(t);
    const rate = new RateLimit(1_000_000);
    const moving = await Move.begin({ paths: [source], target, windowBytes: 16 * MIB, receive: { rate } });
    const both = moving.run();
    await until(() => moving.receiving.tally.moved > 0);
    for (let second = 1; second <= 6; second += 1) {
      await turns(80);
      const { moved } = moving.sending.tally;
      // Credit comes for whole chunks, and for a quarter of a second that nothing came in.
      assert.ok(moved <= LEAST + 1_250_000 * second, `${moved} bytes in ${second - 1} s`);
      clock.advance(1_000);
    }
    assert.ok(moving.sending.tally.moved >= 6 * MIB);
    rate.change(undefined);
    assert.equal((await both).received.size, 24 * MIB);
  });

  for (const [bytesPerSecond, windowBytes, granted] of [
    [undefined, 16 * MIB, 16 * MIB],
    [1, 16 * MIB, LEAST],
    [1e6, 8 * MIB, LEAST],
    [6_000_000.5, 16 * MIB, 6_000_000],
    [20e6, 16 * MIB, 16 * MIB],
    [1e9, 64 * MIB, 64 * MIB],
  ] as const) {
    it(`a receiver of ${bytesPerSecond ?? 'any number of'} bytes per second with a window of ${windowBytes} grants ${granted}`, async () => {
      const request = { settings: { rate: new RateLimit(bytesPerSecond) }, limitBytes: 0, windowBytes, signal: undefined, onProgress: () => undefined, lost: () => undefined };
      const { session } = await startReceiving(request);
      assert.deepEqual(session.early(), [{ type: 'credit', limit: granted, acked: 0 }]);
      const { client, server } = await channelPair();
      const inbox = new Inbox(client);
      session.attach(0, { channel: server, remote: '' }, 0);
      assert.deepEqual((await inbox.arrived(1))[0], session.early()[0], 'the same on its first link');
      session.ended.catch(() => undefined);
      session.drop(new ConnectError('connect-lost', ''));
      await session.close();
    });
  }

  it('that is slow is not taken for one that does nothing', async (t) => {
    const directory = await tempDirectory(t);
    const [source, target] = [path.join(directory, 'a'), path.join(directory, 'b')];
    await writeFile(source, content(6 * MIB));
    const clock = fakeClock(t);
    // A chunk in nine minutes.
    const moving = await Move.begin({ paths: [source], target, send: { rate: new RateLimit(MIB / 540) } });
    const both = moving.run();
    for (let chunks = 1; chunks < 6; chunks += 1) {
      await until(() => moving.receiving.tally.moved === chunks * MIB);
      await turns(20);
      for (let minute = 0; minute < 9; minute += 1) clock.advance(60_000);
    }
    assert.equal((await both).received.size, 6 * MIB);
  });
});
