import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ControlLog } from '../../../src/wire/control-log.js';
import type { ControlFrame } from '../../../src/wire/frame.js';

const frame = (id: number): ControlFrame => ({ type: 'ready', id });

function logOf(count: number): ControlLog {
  const log = new ControlLog();
  for (let id = 0; id < count; id += 1) assert.ok(log.keep(frame(id)));
  return log;
}

describe('the control log', () => {
  it('keeps what is sent, in order, until it has arrived', () => {
    const log = logOf(3);
    assert.deepEqual(log.unacked(), [frame(0), frame(1), frame(2)]);
    assert.ok(log.acked(2));
    assert.deepEqual(log.unacked(), [frame(2)]);
    log.keep(frame(3));
    assert.ok(log.acked(2), 'no news is no violation');
    assert.ok(log.acked(4));
    assert.deepEqual(log.unacked(), []);
  });

  it('refuses an ack of what was never sent, or was acked before', () => {
    const log = logOf(3);
    assert.equal(log.acked(4), false);
    assert.ok(log.acked(2));
    assert.equal(log.acked(1), false);
    assert.deepEqual(log.unacked(), [frame(2)], 'nothing is forgotten for a wrong ack');
  });

  it('tells what is unacked as it is now, whatever is sent or acked later', () => {
    const log = logOf(2);
    const now = log.unacked();
    log.keep(frame(2));
    log.acked(3);
    assert.deepEqual(now, [frame(0), frame(1)]);
  });

  it('counts what arrives, and asks for an ack every 32 frames', () => {
    const log = new ControlLog();
    const due = Array.from({ length: 70 }, () => log.arrived()).flatMap((is, index) => (is ? [index + 1] : []));
    assert.deepEqual(due, [32, 64]);
    assert.equal(log.received, 70);
  });

  it('is full when a peer acks nothing', () => {
    const log = logOf(65_536);
    assert.equal(log.keep(frame(1)), false);
    log.acked(2);
    assert.ok(log.keep(frame(1)));
  });
});
