import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ENTRIES_PER_FRAME, ENTRIES_UNSETTLED_MAX, FILES_OPEN_MAX } from '../../../src/wire/constants.js';
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
const failures = (effects: readonly ReceiverEffect[]) => effects.flatMap((effect) => (effect.kind === 'fail' ? [effect.error.code] : []));

describe('a receiver of a tree', () => {
  it('places a hard link when its file is settled', () => {
    const { machine, frame } = receiving();
    frame({ type: 'entries', entries: [FILE, LINK] });
    machine.handle({ kind: 'placed', placings: [{ id: 0, answer: 'want' }] });
    assert.deepEqual(kinds(frame(whole)), ['writeWhole']);
    const effects = machine.handle({ kind: 'settled', results: [{ id: 0 }] });
    assert.deepEqual(effects.flatMap((effect) => (effect.kind === 'place' ? effect.entries : [])), [{ ...common, id: 1, kind: 'hardlink', path: 'b', size: 0, linkTo: 'a' }]);
  });

  it('asks for a hard link’s content where its file stays as it is, and links the next to that', () => {
    const { machine, frame } = receiving();
    const [one, two]: ManifestEntry[] = [{ ...LINK, size: 1 }, { ...LINK, id: 2, path: 'c', size: 1 }];
    frame({ type: 'entries', entries: [FILE, one as ManifestEntry, two as ManifestEntry] });
    const [kept, place] = machine.handle({ kind: 'placed', placings: [{ id: 0, answer: 'kept' }] }).filter(({ kind }) => kind === 'place' || kind === 'settled');
    assert.ok(kept?.kind === 'settled' && place?.kind === 'place');
    assert.deepEqual([place.entries, place.bytes], [[{ ...common, id: 1, kind: 'file', path: 'b', size: 1 }], 0], 'as a file, alone');
    const asked = machine.handle({ kind: 'placed', placings: [{ id: 1, answer: 'want' }] });
    assert.deepEqual(asked, [{ kind: 'send', frame: { type: 'answers', first: 1, answers: ['want'] } }, { kind: 'more', bytes: 1 }]);
    assert.deepEqual(kinds(frame({ ...whole, parts: [{ id: 1, length: 1, hash: 7n }] })), ['writeWhole']);
    const effects = machine.handle({ kind: 'settled', results: [{ id: 1 }] });
    assert.deepEqual(effects.flatMap((effect) => (effect.kind === 'place' ? effect.entries : [])), [{ ...common, id: 2, kind: 'hardlink', path: 'c', size: 1, linkTo: 'b' }]);
    assert.deepEqual(effects.flatMap((effect) => (effect.kind === 'settled' ? [[effect.entry.kind, effect.how]] : [])), [['file', 'done']]);
  });

  it('counts what links bring against its limit', () => {
    const { machine, frame } = receiving(1);
    frame({ type: 'entries', entries: [FILE, { ...LINK, size: 2 }] });
    machine.handle({ kind: 'placed', placings: [{ id: 0, answer: 'kept' }] });
    assert.deepEqual(failures(machine.handle({ kind: 'placed', placings: [{ id: 1, answer: 'want' }] })), ['limit-inbound']);
  });

  it('takes no file frame for a hard link that it has not asked for', () => {
    const { frame } = receiving();
    frame({ type: 'entries', entries: [FILE, LINK] });
    assert.deepEqual(failures(frame({ type: 'file', id: 1, chunkSize: 65_536, identity: Buffer.alloc(32) })), ['protocol-violation']);
  });

  it('remembers no more files with hard links than a session may have', () => {
    const { machine, frame } = receiving();
    let id = 0;
    const file = (size: number) => ({ ...FILE, id: id++, path: `${id}`.padEnd(size, 'x') });
    // Of the longest paths: 67,108,864 = 16,131 × 4,160 + 3,904.
    while (id < 16_131) assert.deepEqual(failures(frame({ type: 'entries', entries: [file(4_096)] })), []);
    assert.deepEqual(failures(frame({ type: 'entries', entries: [file(3_904 - 64)] })), [], 'to the last byte');
    for (let one = 0; one < id; one += 1) machine.handle({ kind: 'placed', placings: [{ id: one, answer: 'kept' }] });
    assert.deepEqual(failures(frame({ type: 'entries', entries: [{ ...file(5), linked: false }] })), [], 'others may follow');
    assert.deepEqual(failures(frame({ type: 'entries', entries: [file(1)] })), ['limit-entries'], 'though all are settled');
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
    assert.deepEqual(failures(frame({ ...whole, parts: [{ id: 0, length: 1, hash: 8n }] })), ['integrity-checksum']);
    const small = receiving(0);
    small.frame({ type: 'entries', entries: [FILE] });
    assert.deepEqual(failures(small.machine.handle({ kind: 'placed', placings: [{ id: 0, answer: 'want' }] })), ['limit-inbound']);
  });

  it('keeps no more entries that wait for their turn than may be unsettled, though their sender gives them up at once', () => {
    const { frame } = receiving();
    const codes: string[] = [];
    const batches = ENTRIES_UNSETTLED_MAX / ENTRIES_PER_FRAME + 2;
    for (let batch = 0; batch < batches; batch += 1) {
      const entries = Array.from({ length: ENTRIES_PER_FRAME }, (_, index): ManifestEntry => ({ ...common, id: batch * ENTRIES_PER_FRAME + index, kind: 'file', path: `f${index}`, size: 1 }));
      codes.push(...failures(frame({ type: 'entries', entries })));
      // The first batch is storage's meanwhile.
      for (const { id } of entries) codes.push(...failures(frame({ type: 'trouble', id, code: 'storage-io', message: 'gone' })));
      assert.deepEqual(codes, batch < batches - 1 ? [] : ['protocol-violation']);
    }
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
});
