import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CHUNK_SIZE_DEFAULT as CHUNK } from '../../../src/wire/constants.js';
import { OutgoingPipe } from '../../../src/wire/outgoing-pipe.js';
import { SendStream, type Unit } from '../../../src/wire/send-stream.js';

function stream(credit = 100 * CHUNK): SendStream {
  const on = new SendStream(1);
  on.window.grant(credit);
  return on;
}
const content = (length = CHUNK) => [Buffer.alloc(length)];
const READ = { kind: 'read', most: CHUNK };

function opened(): OutgoingPipe {
  const pipe = new OutgoingPipe();
  assert.ok(pipe.open());
  return pipe;
}

/** Reads one chunk for a stream and returns its frame's offset. */
function readOne(pipe: OutgoingPipe, on: SendStream, length = CHUNK): number | undefined {
  assert.deepEqual(pipe.next(on), READ);
  return pipe.read(on, 1n, content(length))?.offset;
}

const pipeUnits = (on: SendStream) => on.unacked() as readonly Extract<Unit, { kind: 'pipe' }>[];

/** Offsets, in chunks, of what is sent again on a stream. */
function resent(pipe: OutgoingPipe, on: SendStream): number[] {
  const offsets: number[] = [];
  for (let step = pipe.next(on); step?.kind === 'frame'; step = pipe.next(on)) offsets.push(step.frame.offset / CHUNK);
  return offsets;
}

describe('a pipe that goes out', () => {
  it('waits until the receiver is ready, which it is once', () => {
    const pipe = new OutgoingPipe();
    assert.equal(pipe.next(stream()), undefined);
    assert.equal(pipe.open(), true);
    assert.equal(pipe.open(), false);
    assert.deepEqual(pipe.next(stream()), READ);
  });

  it('is read one chunk at a time, in order, as far as there is credit', () => {
    const pipe = opened();
    const on = stream(2 * CHUNK);
    assert.deepEqual(pipe.next(on), READ);
    assert.equal(pipe.next(on), undefined, 'a read is under way');
    assert.deepEqual(pipe.read(on, 7n, content()), { type: 'data', id: 0, offset: 0, length: CHUNK, hash: 7n, payload: content() });
    assert.equal(readOne(pipe, on), CHUNK);
    assert.equal(pipe.next(on), undefined, 'no credit');
    on.window.grant(3 * CHUNK);
    assert.deepEqual(pipe.next(on), READ);
  });

  it('is read no further while 64 MiB of it are kept, whatever credit there is, and goes on when some have arrived', () => {
    const pipe = opened();
    const on = stream(Number.MAX_SAFE_INTEGER);
    for (let index = 0; index < 64; index += 1) assert.equal(readOne(pipe, on), index * CHUNK);
    assert.equal(pipe.next(on), undefined);
    assert.ok(on.credit({ type: 'credit', limit: Number.MAX_SAFE_INTEGER, acked: 1 }));
    assert.equal(readOne(pipe, on), 64 * CHUNK);
    assert.equal(pipe.next(on), undefined);
  });

  it('gives back what a short chunk, or its end, did not need', () => {
    const pipe = opened();
    const on = stream(10 * CHUNK);
    readOne(pipe, on, 5);
    assert.equal(on.window.left, 10 * CHUNK - 5);
    pipe.end(on);
    assert.deepEqual([on.window.left, on.room, pipe.ended], [10 * CHUNK - 5, 0, true], 'that read was sent');
    const empty = opened();
    assert.deepEqual(empty.next(on), READ);
    empty.end(on);
    assert.deepEqual([on.window.left, on.room], [10 * CHUNK - 5, 1]);
    assert.equal(empty.next(on), undefined);
  });

  it('keeps what is in flight with its content', () => {
    const pipe = opened();
    const on = stream();
    readOne(pipe, on);
    assert.deepEqual(on.unacked(), [{ kind: 'pipe', index: 0, hash: 1n, payload: content() }]);
  });

  it('sends again what was lost, in order, before it reads on; after its end, too', () => {
    const pipe = opened();
    const first = stream();
    for (const index of [0, 1, 2]) assert.equal(readOne(pipe, first), index * CHUNK);
    for (const unit of pipeUnits(first)) pipe.again(unit);
    const second = stream();
    assert.deepEqual(resent(pipe, second), [0, 1, 2]);
    assert.equal(pipe.next(second), undefined, 'it has begun to read on');
    pipe.end(second);
    for (const unit of pipeUnits(second)) pipe.again(unit);
    assert.deepEqual(resent(pipe, stream()), [0, 1, 2]);
  });

  it('keeps the order when a second connection is lost before all is sent again', () => {
    const pipe = opened();
    const first = stream();
    for (const index of [0, 1, 2, 3]) assert.equal(readOne(pipe, first), index * CHUNK);
    for (const unit of pipeUnits(first)) pipe.again(unit);
    const second = stream(2 * CHUNK);
    assert.deepEqual(resent(pipe, second), [0, 1]);
    for (const unit of pipeUnits(second)) pipe.again(unit);
    assert.deepEqual(resent(pipe, stream()), [0, 1, 2, 3]);
  });

  it('keeps what was read for a connection that is gone', () => {
    const pipe = opened();
    const first = stream();
    readOne(pipe, first);
    assert.deepEqual(pipe.next(first), READ);
    for (const unit of pipeUnits(first)) pipe.again(unit);
    assert.equal(pipe.read(undefined, 1n, content()), undefined);
    assert.deepEqual(resent(pipe, stream()), [0, 1]);
  });
});
