import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHUNK_SIZE_DEFAULT, MESSAGE_MAX } from '../../../src/wire/constants.js';
import { ReceiveStreams, type Arrival } from '../../../src/wire/receive-streams.js';

const MIB = 2 ** 20;
const LEAST = MESSAGE_MAX + CHUNK_SIZE_DEFAULT;

function arrive(streams: ReceiveStreams, stream: number, cost: number): Arrival {
  const arrival = streams.arrive(stream, cost);
  assert.ok(arrival !== undefined);
  return arrival;
}

describe('the streams of the receiver', () => {
  it('share the window', () => {
    const streams = new ReceiveStreams(32 * MIB);
    assert.deepEqual(streams.attach(0), { stream: 0, limit: 32 * MIB, acked: 0 });
    assert.deepEqual(streams.attach(5), { stream: 5, limit: 16 * MIB, acked: 0 });
    assert.deepEqual(streams.attach(2), { stream: 2, limit: Math.floor((32 * MIB) / 3), acked: 0 });
  });

  it('have room for the largest frame each, however many they are, and whatever is untold', () => {
    const streams = new ReceiveStreams(32 * MIB);
    for (let stream = 0; stream < 64; stream += 1) streams.attach(stream);
    assert.equal(streams.attach(7).limit, LEAST);
    // Less than is told of is written, and nothing else is on its way.
    const untold = arrive(streams, 7, Math.min(CHUNK_SIZE_DEFAULT, LEAST / 8) - 1);
    assert.equal(streams.written(untold), undefined);
    assert.ok(streams.arrive(7, MESSAGE_MAX) !== undefined);
  });

  it('that are there have less when more come, and more when some are lost', () => {
    const streams = new ReceiveStreams(32 * MIB);
    streams.attach(0);
    streams.attach(1);
    const first = arrive(streams, 0, 20 * MIB);
    assert.equal(streams.written(first)?.limit, 36 * MIB, 'from here on half the window');
    streams.lost(1);
    const second = arrive(streams, 0, MIB);
    assert.equal(streams.written(second)?.limit, 53 * MIB, 'and now all of it');
  });

  it('each have their own credit and order', () => {
    const streams = new ReceiveStreams(16 * MIB);
    streams.attach(0);
    streams.attach(1);
    const other = arrive(streams, 1, 2 * MIB);
    const first = arrive(streams, 0, 2 * MIB);
    const second = arrive(streams, 0, 2 * MIB);
    assert.equal(streams.written(second), undefined);
    assert.deepEqual(streams.written(other), { stream: 1, limit: 10 * MIB, acked: 1 });
    assert.deepEqual(streams.written(first), { stream: 0, limit: 16 * MIB, acked: 2 }, 'it was told 16 MiB when it was alone');
    assert.equal(streams.arrive(1, 9 * MIB), undefined, 'no credit');
    assert.equal(streams.arrive(9, 0), undefined, 'no such stream');
  });

  it('forget what came on a connection that is gone, also when another has its number', () => {
    const streams = new ReceiveStreams(16 * MIB);
    streams.attach(0);
    const old = arrive(streams, 0, 8 * MIB);
    streams.lost(0);
    assert.equal(streams.written(old), undefined);
    assert.deepEqual(streams.attach(0), { stream: 0, limit: 16 * MIB, acked: 0 });
    const fresh = arrive(streams, 0, 8 * MIB);
    assert.equal(fresh.frame, old.frame);
    assert.equal(streams.written(old), undefined);
    assert.deepEqual(streams.written(fresh), { stream: 0, limit: 24 * MIB, acked: 1 });
  });
});
