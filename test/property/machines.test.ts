import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StreamerError } from '../../src/errors.js';
import { ChunkTable } from '../../src/wire/chunk-table.js';
import type { Frame } from '../../src/wire/frame.js';
import { ReceiverMachine } from '../../src/wire/receiver-machine.js';
import { SenderMachine } from '../../src/wire/sender-machine.js';
import { entryOf, PairWorld, type MakeMachines, type PairOptions } from '../conformance/machine-pair.js';
import { entryFrame } from '../support/fake-frames.js';

const native: MakeMachines = (options, checksum) => ({
  sender: new SenderMachine(entryOf(options), new ChunkTable(options.file.length, options.chunkSize)),
  receiver: new ReceiverMachine({ limitBytes: Number.MAX_SAFE_INTEGER, windowBytes: options.windowBytes, checksum }),
});

const options: fc.Arbitrary<PairOptions> = fc
  .record({ size: fc.nat(400), chunkSize: fc.integer({ min: 1, max: 40 }), windows: fc.integer({ min: 1, max: 12 }), readsAtOnce: fc.integer({ min: 1, max: 9 }), seed: fc.nat(255) })
  .map(({ size, chunkSize, windows, readsAtOnce, seed }) => ({
    file: Buffer.from(Array.from({ length: size }, (_, index) => (index * 7 + seed) & 0xff)),
    chunkSize,
    windowBytes: windows * chunkSize,
    readsAtOnce,
  }));

/** Which of the possible things happens next, for as long as the list lasts; then again from its start. */
const schedule = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 60 });

function chooser(choices: readonly number[]): (count: number) => number {
  let at = 0;
  return () => choices[(at += 1) % choices.length] ?? 0;
}

describe('both machines', () => {
  it('move the file in every order of reads, writes and frames', () => {
    fc.assert(
      fc.property(options, schedule, (some, choices) => {
        const pair = new PairWorld(native, some);
        pair.run(chooser(choices));
        pair.assertDone();
        assert.equal(pair.chunksSent, Math.ceil(some.file.length / some.chunkSize));
      }),
      { numRuns: 300 },
    );
  });

  it('move the file though the link is lost, and the receiver killed, at any points', () => {
    const trouble = fc.array(fc.record({ after: fc.nat(40), kill: fc.boolean(), survives: fc.nat() }), { maxLength: 6 });
    fc.assert(
      fc.property(options, schedule, trouble, (some, choices, troubles) => {
        const pair = new PairWorld(native, some);
        const choose = chooser(choices);
        for (const { after, kill, survives } of troubles) {
          for (let step = 0; step < after && pair.actions().length > 0; step += 1) {
            const actions = pair.actions();
            actions[choose(actions.length) % actions.length]?.run();
          }
          if (pair.done) break;
          if (kill) pair.kill((index) => ((survives >> (index % 30)) & 1) === 1);
          else pair.lose();
        }
        pair.run(choose);
        pair.assertDone();
      }),
      { numRuns: 300 },
    );
  });
});

describe('each machine alone, given any frames', () => {
  const digest = fc.constantFrom(Buffer.alloc(32), Buffer.alloc(32, 1));
  const id = fc.constantFrom(0, 0, 0, 1);
  const small = fc.nat(60);
  const frame: fc.Arbitrary<Frame> = fc.oneof(
    fc.constant<Frame>(entryFrame(45, 10)),
    fc.record({ type: fc.constant('have' as const), id, first: fc.nat(6), hashes: fc.constantFrom(Buffer.alloc(8), Buffer.alloc(16)) }),
    fc.record({ type: fc.constant('want' as const), id, limit: small }),
    fc.record({ type: fc.constant('credit' as const), limit: small }),
    fc.tuple(id, fc.nat(6), fc.constantFrom(10, 10, 5, 3)).map(([of, index, length]): Frame => ({ type: 'data', id: of, offset: index * 10, length, hash: 0n, payload: [Buffer.alloc(length)] })),
    fc.record({ type: fc.constantFrom('fileEnd' as const, 'fileDone' as const), id, digest }),
    fc.constant<Frame>({ type: 'bye' }),
    fc.constant<Frame>({ type: 'failure', code: 'nonsense', message: '' }),
  );

  it('the receiver throws nothing, fails at most once, and wishes nothing after', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 3, arbitrary: frame }, { weight: 1, arbitrary: fc.constantFrom('opened' as const, 'written' as const, 'committed' as const) }), { maxLength: 30 }), (inputs) => {
        // A checksum that any bytes pass, so that random data gets far.
        const machine = new ReceiverMachine({ limitBytes: 100, windowBytes: 30, checksum: { xxh64Pieces: () => 0n } });
        const held: number[] = [];
        let over = false;
        for (const input of inputs) {
          const effects =
            input === 'opened'
              ? machine.handle({ kind: 'opened', table: new ChunkTable(45, 10) })
              : input === 'written'
                ? held.splice(0, 1).flatMap((index) => machine.handle({ kind: 'chunkWritten', index, hash: 0n }))
                : machine.handle(input === 'committed' ? { kind: 'committed' } : { kind: 'frame', frame: input });
          assert.ok(!over || effects.length === 0, 'a wish after the end');
          for (const effect of effects) {
            if (effect.kind === 'write') held.push(effect.index);
            if (effect.kind === 'fail') assert.ok(effect.error instanceof StreamerError);
            over ||= effect.kind === 'fail' || effect.kind === 'done';
          }
          assert.ok(held.length <= 3, 'more is held than the window has room for');
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('the sender throws nothing, fails at most once, reads no chunk twice, and wishes nothing after', () => {
    const own = fc.constantFrom('room' as const, 'read' as const, 'unchanged' as const);
    fc.assert(
      fc.property(fc.array(fc.oneof({ weight: 2, arbitrary: frame }, { weight: 2, arbitrary: own }), { maxLength: 40 }), (inputs) => {
        const machine = new SenderMachine(entryFrame(45, 10), new ChunkTable(45, 10));
        machine.handle({ kind: 'start' });
        const reading: number[] = [];
        const read = new Set<number>();
        let asked = false;
        let over = false;
        for (const input of inputs) {
          if (input === 'unchanged' && !asked) continue;
          const effects =
            input === 'room'
              ? machine.handle({ kind: 'room', chunks: 1 })
              : input === 'read'
                ? reading.splice(0, 1).flatMap((index) => machine.handle({ kind: 'chunkRead', index, hash: 1n, payload: [] }))
                : machine.handle(input === 'unchanged' ? { kind: 'sourceUnchanged' } : { kind: 'frame', frame: input });
          assert.ok(!over || effects.length === 0, 'a wish after the end');
          for (const effect of effects) {
            if (effect.kind === 'read') {
              assert.ok(!read.has(effect.index), 'a chunk is read twice');
              read.add(effect.index);
              reading.push(effect.index);
            }
            asked ||= effect.kind === 'checkSource';
            over ||= effect.kind === 'fail' || effect.kind === 'done';
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});
