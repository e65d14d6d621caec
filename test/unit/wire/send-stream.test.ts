import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SendStream, type Unit } from '../../../src/wire/send-stream.js';

const chunk = (index: number): Unit => ({ kind: 'chunk', id: 0, index });
const credit = (acked: number, limit = 100) => ({ type: 'credit', limit, acked }) as const;

describe('a stream of the sender', () => {
  it('begins without credit, room or anything in flight', () => {
    const stream = new SendStream(7);
    assert.deepEqual([stream.lap, stream.room, stream.window.left, stream.unacked()], [7, 0, 0, []]);
  });

  it('keeps what is in flight, in order, until it is acked', () => {
    const stream = new SendStream(1);
    for (const index of [0, 1, 2]) stream.sent(chunk(index));
    assert.ok(stream.credit(credit(0)));
    assert.equal(stream.unacked().length, 3);
    assert.ok(stream.credit(credit(2)));
    assert.deepEqual(stream.unacked(), [chunk(2)]);
    stream.sent(chunk(3));
    assert.ok(stream.credit(credit(4)));
    assert.deepEqual(stream.unacked(), []);
  });

  it('refuses acks of what was not sent, or that go back, and limits that shrink', () => {
    for (const wrong of [credit(2, 100), credit(0, 100), credit(1, 99)]) {
      const stream = new SendStream(1);
      stream.sent(chunk(0));
      assert.ok(stream.credit(credit(1)));
      assert.equal(stream.credit(wrong), false);
    }
    const stream = new SendStream(1);
    stream.sent(chunk(0));
    stream.credit(credit(1));
    assert.ok(stream.credit(credit(1)), 'the same again is no news');
  });
});
