/**
 * Whether both machines' accounts are right to the byte, once a transfer is over but for its end: nothing that was lost,
 * refused or unread on the way has kept credit or room.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { WHOLE_PART_BYTES } from '../../src/wire/constants.js';
import { ENTRY } from './machine-plan.js';
import type { World } from './machine-world.js';

/** A file of which no two fit into one frame. */
const LARGE = 200 * 1024;
/** Frames after which credit is told, whatever they cost. */
const TOLD = 64;
const WINDOW_MIN = 5_308_440;

/**
 * The sender of a tree whose walk is held: offers it files that cost exactly the credit that is left, and one more, and
 * looks at how many it takes.
 */
export function probeSender(world: World): void {
  world.calm = true;
  world.streams = 1;
  for (const connection of world.connections) if (connection.stream !== 0) connection.cut([0, 0]);
  world.run();
  const { sender, plan } = world;
  const ledger = sender.ledgers.get(0);
  assert.ok(ledger !== undefined, 'stream 0 is there');
  const left = ledger.limit - ledger.cost;
  const price = LARGE + WHOLE_PART_BYTES;
  const rest = left % price;
  const sizes = [...Array.from({ length: Math.floor(left / price) }, () => LARGE), ...(rest < WHOLE_PART_BYTES ? [] : [rest - WHOLE_PART_BYTES]), 0];
  for (const size of sizes) plan.entries.push({ ...ENTRY, size });
  world.synchronous = false;
  world.held.add('read');
  world.held.delete('walked');
  const before = sender.asked.length;
  const taken = () => sender.asked.slice(before);
  world.run();
  assert.equal(taken().length, plan.ahead, 'as many units as there was room for');
  sender.room(0, sizes.length);
  world.run();
  const expected = rest < WHOLE_PART_BYTES ? left - rest : left;
  assert.equal(taken().reduce((sum, { cost }) => sum + cost, 0), expected, 'all credit, and no more');
  world.held.delete('read');
  world.synchronous = plan.synchronous;
  world.run();
  world.calm = false;
}

/** The receiver, before it says that it has finished: passes content over, and looks at what it tells of it. */
export function probeReceiver(world: World): void {
  world.calm = true;
  world.run();
  const { receiver, plan } = world;
  const { streams } = receiver.session;
  for (const stream of plan.entries.length === 0 ? [] : streams) {
    const ledger = receiver.ledgers.get(stream);
    assert.ok(ledger !== undefined);
    let passed = 0;
    let told: { readonly limit: number; readonly acked: number } | undefined;
    while (told === undefined && passed < TOLD) {
      passed += 1;
      const effects = receiver.machine.handle({ kind: 'frame', stream, frame: { type: 'hole', id: 0, first: 0, count: 1 } });
      told = effects.flatMap((effect) => (effect.kind === 'credit' ? [effect.credit] : []))[0];
    }
    const window = Math.max(WINDOW_MIN, Math.floor(plan.windowBytes / streams.length));
    assert.ok(told !== undefined, `it tells of ${TOLD} frames`);
    assert.equal(told.acked, ledger.frames + passed, 'every frame is done with');
    assert.equal(told.limit, Math.max(ledger.limit, ledger.cost + window), 'and so is what it cost');
  }
  world.calm = false;
}
