import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { ChunkTable } from '../../src/wire/chunk-table.js';
import { ReceiverMachine } from '../../src/wire/receiver-machine.js';
import { SenderMachine } from '../../src/wire/sender-machine.js';
import { entryOf, PairWorld, type MakeMachines, type PairOptions } from './machine-pair.js';

const native: MakeMachines = (options, checksum) => ({
  sender: new SenderMachine(entryOf(options), new ChunkTable(options.file.length, options.chunkSize)),
  receiver: new ReceiverMachine({ limitBytes: Number.MAX_SAFE_INTEGER, windowBytes: options.windowBytes, checksum }),
});

function world(size: number, more: Partial<PairOptions> = {}): PairWorld {
  return new PairWorld(native, { file: randomBytes(size), chunkSize: 16, windowBytes: 64, readsAtOnce: 4, ...more });
}

/** Ways of choosing what happens next. */
const ORDERS: Readonly<Record<string, (count: number) => number>> = {
  'what waited longest first': () => 0,
  'what came last first': (count) => count - 1,
};

describe('the native machines', () => {
  for (const [order, choose] of Object.entries(ORDERS)) {
    for (const size of [0, 1, 15, 16, 17, 160, 1_000]) {
      it(`move ${size} bytes: ${order}`, () => {
        const pair = world(size);
        pair.run(choose);
        pair.assertDone();
        assert.equal(pair.chunksSent, Math.ceil(size / 16));
      });

      it(`move ${size} bytes whatever step the link is lost at: ${order}`, () => {
        for (let step = 0, ended = false; !ended; step += 1) {
          const pair = world(size);
          let taken = 0;
          while (taken < step && pair.actions().length > 0) {
            const actions = pair.actions();
            actions[choose(actions.length)]?.run();
            taken += 1;
          }
          ended = pair.done;
          if (!ended) pair.lose();
          pair.run(choose);
          pair.assertDone();
        }
      });
    }
  }

  it('move one chunk at a time through the smallest window', () => {
    const pair = world(1_000, { windowBytes: 16, readsAtOnce: 8 });
    pair.run(() => 0);
    pair.assertDone();
    assert.equal(pair.mostHeld, 16);
  });

  it('fill the window, and no more, when the receiver writes last', () => {
    const pair = world(1_000, { windowBytes: 200, readsAtOnce: 100 });
    for (let writes = true; writes; ) {
      const next = pair.actions().find(({ name }) => !name.startsWith('write'));
      writes = next !== undefined;
      next?.run();
    }
    assert.equal(pair.mostHeld, 192);
    pair.run(() => 0);
    pair.assertDone();
  });

  it('send nothing again that the receiver has, after a loss', () => {
    const pair = world(1_600);
    for (let step = 0; step < 120; step += 1) pair.actions()[0]?.run();
    const before = pair.chunksSent;
    assert.ok(before > 5 && before < 100);
    pair.lose();
    pair.run(() => 0);
    pair.assertDone();
    assert.ok(pair.chunksSent - 100 <= 4, 'only what was under way is sent again');
  });

  it('send nothing at all when only the confirmation was lost', () => {
    const pair = world(160);
    while (!pair.actions().some(({ name }) => name === 'commit')) pair.actions()[0]?.run();
    pair.actions().find(({ name }) => name === 'commit')?.run();
    pair.lose();
    const before = pair.chunksSent;
    pair.run(() => 0);
    pair.assertDone();
    assert.equal(pair.chunksSent, before);
  });

  it('start over when the receiver was killed and its journal has nothing', () => {
    const pair = world(160);
    for (let step = 0; step < 30; step += 1) pair.actions()[0]?.run();
    pair.kill(() => false);
    pair.run(() => 0);
    pair.assertDone();
  });
});
