import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReceiveWindow, SendWindow } from '../../../src/wire/window.js';

/** Frames of these costs arrive. */
function arrived(window: ReceiveWindow, ...costs: number[]): number[] {
  return costs.map((cost) => {
    const frame = window.arrive(cost);
    assert.ok(frame !== undefined);
    return frame;
  });
}

describe('the receive window', () => {
  it('takes what it granted, to the byte, and no more', () => {
    const window = new ReceiveWindow(100);
    assert.equal(window.limit, 100);
    assert.deepEqual(arrived(window, 60, 40), [0, 1]);
    assert.equal(window.arrive(1), undefined);
  });

  it('takes frames that cost nothing without credit', () => {
    const window = new ReceiveWindow(10);
    arrived(window, 10, 0, 0);
  });

  it('tells when an eighth of the window is written, as the sum from the first byte', () => {
    const window = new ReceiveWindow(80);
    const [first, second, third] = arrived(window, 9, 1, 70) as [number, number, number];
    assert.equal(window.written(first), undefined);
    assert.equal(window.limit, 80);
    assert.deepEqual(window.written(second), { limit: 90, acked: 2 });
    assert.deepEqual(window.written(third), { limit: 160, acked: 3 });
    arrived(window, 80);
    assert.equal(window.arrive(1), undefined);
  });

  it('tells when a MiB is written, however large it is', () => {
    const window = new ReceiveWindow(2 ** 30);
    const [first, second] = arrived(window, 2 ** 20 - 1, 1) as [number, number];
    assert.equal(window.written(first), undefined);
    assert.deepEqual(window.written(second), { limit: 2 ** 30 + 2 ** 20, acked: 2 });
  });

  it('tells of 64 frames, whatever they cost', () => {
    const window = new ReceiveWindow(80);
    const frames = arrived(window, ...Array.from({ length: 130 }, () => 0));
    const told = frames.map((frame) => window.written(frame)).filter((due) => due !== undefined);
    assert.deepEqual(told, [{ limit: 80, acked: 64 }, { limit: 80, acked: 128 }]);
  });

  it('acks in the order of arrival: what is written out of turn waits for what came before', () => {
    const window = new ReceiveWindow(80);
    const [first, second, third, fourth] = arrived(window, 20, 20, 20, 20) as [number, number, number, number];
    assert.equal(window.written(second), undefined);
    assert.equal(window.written(fourth), undefined);
    assert.deepEqual(window.written(first), { limit: 120, acked: 2 });
    assert.deepEqual(window.written(third), { limit: 160, acked: 4 });
  });

  it('does not count a frame twice', () => {
    const window = new ReceiveWindow(80);
    const [first, second] = arrived(window, 40, 40) as [number, number];
    assert.deepEqual(window.written(first), { limit: 120, acked: 1 });
    assert.equal(window.written(first), undefined);
    assert.deepEqual(window.written(second), { limit: 160, acked: 2 });
  });

  it('that shrinks takes nothing back, and that grows gives more', () => {
    const window = new ReceiveWindow(80);
    const [first, second] = arrived(window, 40, 40) as [number, number];
    window.resize(10);
    assert.deepEqual(window.written(first), { limit: 80, acked: 1 });
    assert.deepEqual(window.written(second), { limit: 90, acked: 2 });
    window.resize(1000);
    const [third] = arrived(window, 10) as [number];
    assert.equal(window.written(third), undefined, 'it waits for an eighth');
    const [fourth] = arrived(window, 0) as [number];
    window.resize(64);
    assert.deepEqual(window.written(fourth), { limit: 154, acked: 4 });
  });
});

describe('the send window', () => {
  it('spends up to the limit, to the byte, and keeps what was refused', () => {
    const window = new SendWindow();
    assert.equal(window.spend(1), false);
    assert.ok(window.grant(10));
    assert.ok(window.spend(7));
    assert.equal(window.spend(4), false);
    assert.equal(window.left, 3);
    assert.ok(window.spend(3));
    assert.equal(window.spend(1), false);
    assert.ok(window.spend(0));
  });

  it('takes an equal or higher limit, and refuses a lower one', () => {
    const window = new SendWindow();
    assert.ok(window.grant(10));
    assert.ok(window.grant(10));
    assert.equal(window.grant(9), false);
    assert.ok(window.grant(11));
    assert.ok(window.spend(11));
  });

  it('has back what was not sent', () => {
    const window = new SendWindow();
    window.grant(10);
    window.spend(10);
    window.refund(4);
    assert.equal(window.left, 4);
    assert.ok(window.spend(4));
    assert.equal(window.spend(1), false);
  });
});
