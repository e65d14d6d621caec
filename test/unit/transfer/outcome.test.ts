import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AbortError, ConnectError, TimeoutError } from '../../../src/errors.js';
import { Outcome, STALL_LIMIT_MS } from '../../../src/transfer/outcome.js';
import { fakeClock } from '../../support/fake-clock.js';

describe('an outcome', () => {
  it('is had once', async () => {
    const told: unknown[] = [];
    const good = new Outcome<number>(undefined, (error) => told.push(error), true);
    assert.equal(good.over, false);
    good.succeed(1);
    good.succeed(2);
    good.fail(new Error('late'));
    good.lost(new ConnectError('connect-lost', 'late'));
    assert.equal(await good.promise, 1);
    assert.equal(good.over, true);
    const bad = new Outcome<number>(undefined, (error) => told.push(error), true);
    const error = new Error('first');
    bad.fail(error);
    bad.succeed(1);
    bad.fail(new Error('second'));
    await assert.rejects(bad.promise, error);
    assert.deepEqual(told, [error]);
  });

  it('that nobody has asked for yet may fail: who asks later is told', async () => {
    const stop = new AbortController();
    const outcome = new Outcome<number>(stop.signal, () => undefined, true);
    stop.abort();
    // Node ends a process for an unhandled rejection after this turn.
    await new Promise(setImmediate);
    await assert.rejects(outcome.promise, AbortError);
  });

  it('tells the peer of a failure, not of a lost link', async () => {
    const lost = new Outcome<number>(undefined, () => assert.fail('nobody is there'), true);
    lost.lost(new ConnectError('connect-lost', 'gone'));
    await assert.rejects(lost.promise, ConnectError);
  });

  it('is an AbortError when the caller stops it, before or meanwhile, and leaves no listener', async () => {
    for (const early of [true, false]) {
      const stop = new AbortController();
      if (early) stop.abort();
      const told: unknown[] = [];
      const outcome = new Outcome<number>(stop.signal, (error) => told.push(error), true);
      assert.equal(told.length, 0, 'not before its owner is set up');
      if (!early) stop.abort(new Error('because'));
      await assert.rejects(outcome.promise, (error: unknown) => error instanceof AbortError && error.exitCode === 130);
      assert.equal(told.length, 1);
    }
    const stop = new AbortController();
    const over = new Outcome<number>(stop.signal, () => assert.fail('it is over'), true);
    over.succeed(1);
    stop.abort();
    await over.promise;
  });

  it('keeps the signal that stopped it, and promises a resumption only where there is one', async () => {
    for (const [signal, exitCode] of [['SIGTERM', 143], ['SIGINT', 130]] as const) {
      for (const resumable of [true, false]) {
        const aborted = AbortSignal.abort(new AbortError('stopped by somebody', { signal }));
        await assert.rejects(new Outcome<number>(aborted, () => undefined, resumable).promise, (error: unknown) => {
          assert.ok(error instanceof AbortError);
          assert.equal(error.exitCode, exitCode);
          return error.message.startsWith('stopped by somebody') && /run the same command again to resume$/u.test(error.message) === resumable;
        });
      }
    }
  });

  it('is a time-out when the peer does nothing for ten minutes, counted anew when something moves', async (t) => {
    const clock = fakeClock(t);
    const told: unknown[] = [];
    const outcome = new Outcome<number>(undefined, (error) => told.push(error), true);
    clock.advance(STALL_LIMIT_MS - 1);
    outcome.progressed();
    clock.advance(STALL_LIMIT_MS - 1);
    assert.equal(told.length, 0);
    clock.advance(1);
    await assert.rejects(outcome.promise, (error: unknown) => error instanceof TimeoutError && error.code === 'timeout-idle' && /10 minutes; what has arrived is kept/u.test(error.message));
    assert.equal(told.length, 1);
    const done = new Outcome<number>(undefined, () => undefined, false);
    done.succeed(1);
    await done.promise;
    done.progressed();
    assert.equal(clock.timers, 0, 'and no timer stays behind');
  });
});
