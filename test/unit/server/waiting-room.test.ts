import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { AbortError, ConnectError, errorFromPeer, IntegrityError, StorageError, TimeoutError } from '../../../src/errors.js';
import { WaitingLinks, WaitingRoom } from '../../../src/server/waiting-room.js';
import type { Link } from '../../../src/transfer/link.js';
import type { ProgressEvent } from '../../../src/transfer/progress.js';
import { fakeClock } from '../../support/fake-clock.js';

function room<T>(t: TestContext, waitTimeoutMs: number, signal?: AbortSignal) {
  const clock = fakeClock(t);
  const events: ProgressEvent[] = [];
  return { clock, events, room: new WaitingRoom<T>({ waitTimeoutMs, signal, onProgress: (event) => events.push(event) }) };
}

describe('the waiting room', () => {
  it('gives whoever is offered while it waits, and says that it waits', async (t) => {
    const { room: waiting, events, clock } = room<string>(t, 1_000);
    const taken = waiting.take(false);
    clock.advance(999);
    assert.equal(waiting.offer('client'), undefined);
    assert.equal(await taken, 'client');
    assert.deepEqual(events, [{ type: 'waiting', timeoutMs: 1_000, again: false }]);
    assert.equal(clock.timers, 0);
  });

  it('keeps one that came before, and gives an earlier one back', async (t) => {
    const { room: waiting, events } = room<string>(t, 1_000);
    assert.equal(waiting.offer('first'), undefined);
    assert.equal(waiting.offer('second'), 'first');
    assert.equal(await waiting.take(true), 'second');
    assert.deepEqual(events, [], 'nobody waited');
    const next = waiting.take(true);
    waiting.offer('third');
    assert.equal(await next, 'third');
  });

  it('waits exactly as long as it is told, each time anew, and says what to do', async (t) => {
    const { room: waiting, clock } = room<string>(t, 3_600_000);
    for (const [again, text] of [[false, /no client came within 1 h 00 min/u], [true, /did not come back within 1 h 00 min; what has arrived is kept/u]] as const) {
      const taken = waiting.take(again);
      let over = false;
      taken.catch(() => (over = true));
      clock.advance(3_599_999);
      await Promise.resolve();
      assert.equal(over, false);
      clock.advance(1);
      await assert.rejects(taken, (error: unknown) => error instanceof TimeoutError && error.code === 'timeout-wait' && text.test(error.message));
    }
    const short = waiting.take(true, 10_000);
    clock.advance(10_000);
    await assert.rejects(short, /within 10\.0 s/u);
    assert.equal(clock.timers, 0);
  });

  it('does not give a client to somebody whose wait is over', async (t) => {
    const { room: waiting, clock } = room<string>(t, 1_000);
    const taken = waiting.take(false);
    clock.advance(1_000);
    await assert.rejects(taken, TimeoutError);
    assert.equal(waiting.offer('late'), undefined);
    assert.equal(await waiting.take(true), 'late');
  });

  it('ends when the server is stopped, before or meanwhile', async (t) => {
    const stop = new AbortController();
    const { room: waiting, clock } = room<string>(t, 1_000, stop.signal);
    const taken = waiting.take(false);
    stop.abort(new AbortError('interrupted', { signal: 'SIGTERM' }));
    await assert.rejects(taken, (error: unknown) => error instanceof AbortError && error.exitCode === 143);
    await assert.rejects(waiting.take(true), AbortError);
    assert.equal(clock.timers, 0);
  });
});

describe('a server’s links', () => {
  const link = (remote: string) => ({ remote }) as Link;

  it('are the first, then whoever returns; after the file is complete only for the grace', async (t) => {
    const { room: waiting, clock } = room<Link>(t, 86_400_000);
    const links = new WaitingLinks(link('first'), waiting);
    assert.equal((await links.next()).remote, 'first');
    const lost = new ConnectError('connect-lost', 'x');
    const second = links.next({ error: lost });
    waiting.offer(link('second'));
    assert.equal((await second).remote, 'second');
    const third = links.next({ error: lost, graceMs: 10_000 });
    clock.advance(10_000);
    await assert.rejects(third, TimeoutError);
  });

  it('may be had again after a lost link, or a client that was stopped or has a trouble of its own; nothing else', (t) => {
    const links = new WaitingLinks(link('first'), room<Link>(t, 1).room);
    for (const error of [
      new ConnectError('connect-lost', 'x'),
      errorFromPeer('aborted', ''),
      errorFromPeer('connect-lost', ''),
      errorFromPeer('storage-full', ''),
      errorFromPeer('storage-exists', ''),
      errorFromPeer('integrity-source', ''),
    ]) {
      assert.equal(links.recoverable(error), true, error.code);
    }
    for (const error of [
      new StorageError('storage-full', 'ours'),
      new IntegrityError('integrity-source', 'ours'),
      errorFromPeer('integrity-digest', ''),
      errorFromPeer('limit-inbound', ''),
      errorFromPeer('nonsense', ''),
      new IntegrityError('integrity-tag', 'x'),
      new ConnectError('connect-busy', 'x', { retryable: false }),
      new AbortError('ours'),
      new Error('a bug'),
      undefined,
    ]) {
      assert.equal(links.recoverable(error), false, String(error));
    }
  });
});
