import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FILES_OPEN_MAX, LINKED_BYTES_MAX, LINKED_FILES_MAX } from '../../../src/wire/constants.js';
import type { Frame, ManifestEntry } from '../../../src/wire/frame.js';
import { ReceiverMachine } from '../../../src/wire/receiver-machine.js';
import type { ReceiverEffect } from '../../../src/wire/receiver-steps.js';

const common = { mode: 0o644, mtimeNs: 0n };
const FILE: ManifestEntry = { ...common, id: 0, kind: 'file', path: 'a', size: 1, linked: true };
const LINK: ManifestEntry = { ...common, id: 1, kind: 'hardlink', path: 'b', size: 0, linkTo: 0 };

/** A receiver of a tree whose target is there, and a way to hand it frames. */
function receiving(limitBytes = 1e9): { machine: ReceiverMachine; frame: (frame: Frame) => ReceiverEffect[] } {
  const machine = new ReceiverMachine({ limitBytes, windowBytes: 2 ** 24, checksum: { xxh64Pieces: () => 7n } });
  const frame = (one: Frame) => machine.handle({ kind: 'frame', stream: 0, frame: one });
  machine.handle({ kind: 'attached', stream: 0 });
  frame({ type: 'offer', root: 'tree', name: 't', checksum: false, dryRun: false, delete: false, sha256: false, rules: [] });
  machine.handle({ kind: 'targeted' });
  return { machine, frame };
}

const whole: Frame = { type: 'whole', parts: [{ id: 0, length: 1, hash: 7n }], payload: [Buffer.of(1)], length: 1 };
const kinds = (effects: readonly ReceiverEffect[]) => effects.map((effect) => (effect.kind === 'send' ? effect.frame.type : effect.kind));

describe('a receiver of a tree', () => {
  it('places a hard link when its file is settled', () => {
    const { machine, frame } = receiving();
    frame({ type: 'entries', entries: [FILE, LINK] });
    machine.handle({ kind: 'placed', placings: [{ id: 0, answer: 'want' }] });
    assert.deepEqual(kinds(frame(whole)), ['writeWhole']);
    const effects = machine.handle({ kind: 'settled', results: [{ id: 0 }] });
    assert.deepEqual(effects.flatMap((effect) => (effect.kind === 'place' ? effect.entries : [])), [{ ...common, id: 1, kind: 'hardlink', path: 'b', size: 0, linkTo: 'a' }]);
  });

  it('does not place one that its sender could not read', () => {
    const { machine, frame } = receiving();
    frame({ type: 'entries', entries: [FILE, LINK] });
    machine.handle({ kind: 'placed', placings: [{ id: 0, answer: 'want' }] });
    assert.ok(kinds(frame({ type: 'trouble', id: 1, code: 'storage-denied', message: 'no' })).includes('settled'));
    frame(whole);
    assert.equal(kinds(machine.handle({ kind: 'settled', results: [{ id: 0 }] })).includes('place'), false);
    assert.deepEqual(kinds(frame({ type: 'manifestEnd', entries: 2, complete: true })), ['finish']);
  });

  it('refuses a wrong checksum, and more than its limit', () => {
    const { machine, frame } = receiving();
    frame({ type: 'entries', entries: [FILE] });
    machine.handle({ kind: 'placed', placings: [{ id: 0, answer: 'want' }] });
    const failed = (effects: readonly ReceiverEffect[]) => effects.flatMap((effect) => (effect.kind === 'fail' ? [effect.error.code] : []));
    assert.deepEqual(failed(frame({ ...whole, parts: [{ id: 0, length: 1, hash: 8n }] })), ['integrity-checksum']);
    const small = receiving(0);
    small.frame({ type: 'entries', entries: [FILE] });
    assert.deepEqual(failed(small.machine.handle({ kind: 'placed', placings: [{ id: 0, answer: 'want' }] })), ['limit-inbound']);
  });

  it('takes sixteen files in chunks at once, and another as soon as one of them is settled', () => {
    const { machine, frame } = receiving();
    const files = Array.from({ length: FILES_OPEN_MAX + 2 }, (_, id): ManifestEntry => ({ ...common, id, kind: 'file', path: `f${id}`, size: 2 ** 21 }));
    const start = (id: number) => kinds(frame({ type: 'file', id, chunkSize: 2 ** 20, identity: Buffer.alloc(32) }));
    frame({ type: 'entries', entries: files });
    machine.handle({ kind: 'placed', placings: files.map(({ id }) => ({ id, answer: 'want' })) });
    for (let id = 0; id < FILES_OPEN_MAX; id += 1) assert.deepEqual(start(id), ['open']);
    machine.handle({ kind: 'settled', results: [{ id: 3 }] });
    assert.deepEqual(start(FILES_OPEN_MAX), ['open']);
    assert.deepEqual(start(FILES_OPEN_MAX + 1), ['fail']);
  });

  it('takes as many files that links may follow as it can remember, and no more', () => {
    const { machine, frame } = receiving();
    let id = 0;
    const announce = () => {
      const entries = Array.from({ length: 512 }, (): ManifestEntry => ({ ...FILE, id: id++ }));
      const effects = kinds(frame({ type: 'entries', entries }));
      machine.handle({ kind: 'placed', placings: entries.map((entry) => ({ id: entry.id, answer: 'equal' })) });
      return effects;
    };
    while (id < LINKED_FILES_MAX) assert.deepEqual(announce(), ['place']);
    assert.deepEqual(announce(), ['fail']);
  });

  it('takes as long paths of them as it can remember, and no longer', () => {
    const { machine, frame } = receiving();
    const path = 'é'.repeat(2048);
    let id = 0;
    const announce = () => {
      const entries = Array.from({ length: 64 }, (): ManifestEntry => ({ ...FILE, path, id: id++ }));
      const effects = kinds(frame({ type: 'entries', entries }));
      machine.handle({ kind: 'placed', placings: entries.map((entry) => ({ id: entry.id, answer: 'equal' })) });
      return effects;
    };
    while ((id + 64) * 4096 <= LINKED_BYTES_MAX) assert.deepEqual(announce(), ['place']);
    assert.deepEqual(announce(), ['fail']);
  });
});
