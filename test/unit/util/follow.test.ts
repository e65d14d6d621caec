import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { follow } from '../../../src/util/follow.js';

const listeners = (signal: AbortSignal) => getEventListeners(signal, 'abort').length;

describe('a controller that follows signals', () => {
  it('aborts with the first of them, with its reason, and listens to none any more', () => {
    const [one, other, own] = [new AbortController(), new AbortController(), new AbortController()];
    follow(own, one.signal, undefined, other.signal);
    other.abort('why');
    assert.deepEqual([own.signal.aborted, own.signal.reason], [true, 'why']);
    assert.deepEqual([listeners(one.signal), listeners(other.signal)], [0, 0]);
    one.abort('too late');
    assert.equal(own.signal.reason, 'why');
  });

  it('aborts at once after one that has aborted already', () => {
    const [one, other, own] = [new AbortController(), AbortSignal.abort('before'), new AbortController()];
    follow(own, one.signal, other);
    assert.equal(own.signal.reason, 'before');
    assert.equal(listeners(one.signal), 0);
  });

  it('does not follow what it has let go of', () => {
    const [one, own] = [new AbortController(), new AbortController()];
    const letGo = follow(own, one.signal);
    assert.equal(listeners(one.signal), 1);
    letGo();
    assert.equal(listeners(one.signal), 0);
    one.abort();
    assert.equal(own.signal.aborted, false);
  });
});
