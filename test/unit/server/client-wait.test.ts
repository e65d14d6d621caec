import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { LimitError, StreamerError } from '../../../src/errors.js';
import { ClientWait } from '../../../src/server/client-wait.js';
import type { ProgressEvent } from '../../../src/transfer/progress.js';
import { fakeClock } from '../../support/fake-clock.js';

function waiting(t: TestContext, waitTimeoutMs: number) {
  const clock = fakeClock(t);
  const events: ProgressEvent[] = [];
  const ends: StreamerError[] = [];
  return { clock, events, ends, expired: (error: StreamerError) => ends.push(error), wait: new ClientWait({ waitTimeoutMs, onProgress: (event) => events.push(event) }) };
}

describe('the wait for a client', () => {
  it('says that it waits, and ends quietly when one is there', (t) => {
    const { wait, clock, events, ends, expired } = waiting(t, 1_000);
    wait.start(false, expired);
    clock.advance(999);
    wait.stop();
    clock.advance(10_000);
    assert.deepEqual(events, [{ type: 'waiting', timeoutMs: 1_000, again: false }]);
    assert.deepEqual(ends, []);
    assert.equal(clock.timers, 0);
  });

  it('is over when nobody can come any more, at once or when it next begins', (t) => {
    const { wait, clock, ends, expired } = waiting(t, 10_000);
    const error = new LimitError('limit-relay', 'no more');
    wait.start(false, expired);
    wait.giveUp(error);
    assert.deepEqual(ends, [error]);
    wait.start(true, expired);
    clock.advance(1);
    assert.deepEqual(ends, [error, error]);
    assert.equal(clock.timers, 0);
  });

  it('lasts exactly as long as it is told, each time anew, and says what to do', (t) => {
    const { wait, clock, ends, expired } = waiting(t, 3_600_000);
    for (const [again, text] of [[false, /^no client came within 1 h 00 min; start the server again/u], [true, /^the client did not come back within 1 h 00 min; what has arrived is kept/u]] as const) {
      wait.start(again, expired);
      clock.advance(3_599_999);
      const before = ends.length;
      clock.advance(1);
      assert.deepEqual([before, ends.length], [again ? 1 : 0, again ? 2 : 1]);
      const error: unknown = ends.at(-1);
      assert.ok(error instanceof StreamerError && error.code === 'timeout-wait' && text.test(error.message), String(error));
    }
    assert.equal(clock.timers, 0);
  });

  it('is one at a time: who waits already goes on as it is', (t) => {
    const { wait, clock, events, ends, expired } = waiting(t, 1_000);
    wait.start(true, expired);
    clock.advance(900);
    wait.start(true, () => assert.fail('it was not begun'));
    clock.advance(100);
    assert.deepEqual([ends.length, events.length], [1, 1]);
    wait.stop();
    wait.stop();
  });
});
