import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { StreamerError } from '../../src/errors.js';
import type { Frame } from '../../src/wire/frame.js';
import { SenderMachine } from '../../src/wire/sender-machine.js';
import { AloneReceiver, type Turn } from '../support/machine-alone.js';
import { AloneSender } from '../support/machine-alone-sender.js';
import { ENTRY, PLAN, READ_TROUBLES, WRITE_TROUBLES, chunksOf, contentOf, lengthOf, type Plan, type PlannedEntry, type SenderInput } from '../support/machine-plan.js';
import { probeReceiver, probeSender } from '../support/machine-probe.js';
import { extrasOf } from '../support/machine-receiving.js';
import { manifestEntry, offerOf } from '../support/machine-sending.js';
import { World } from '../support/machine-world.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const PIPE_CHUNK = MIB;

const trouble = <const T extends string>(kinds: readonly T[]) => fc.option(fc.constantFrom(...kinds), { nil: undefined, freq: 6 });
const there = fc.constantFrom('nothing', 'nothing', 'nothing', 'nothing', 'equal', 'kept', 'same', 'other');
const chunks = fc.uniqueArray(fc.nat(9), { maxLength: 5 });
const base = {
  zeros: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, chunks),
  linked: fc.boolean(),
  linkTo: fc.nat(20),
  there,
  held: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, chunks),
};
/** Goes whole in a tree, or in chunks, or in more chunks than a window holds. */
const shape = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 1, 17, 5_000, 200 * KIB, MIB).map((size) => ({ size, chunkSize: 64 * KIB })) },
  { weight: 2, arbitrary: fc.constantFrom([MIB + 1, 64], [2 * MIB, 256], [2 * MIB + 5, 1024], [4 * MIB, 512]).map(([size = 0, kib = 64]) => ({ size, chunkSize: kib * KIB })) },
  { weight: 1, arbitrary: fc.constantFrom(7 * MIB, 8 * MIB - 1).map((size) => ({ size, chunkSize: MIB })) },
);
const file = (troubled: boolean): fc.Arbitrary<PlannedEntry> =>
  fc
    .tuple(shape, fc.record({ ...base, readTrouble: troubled ? trouble([...READ_TROUBLES, 'changed', 'changed', 'unnoticed'] as const) : fc.constant(undefined), writeTrouble: troubled ? trouble(WRITE_TROUBLES) : fc.constant(undefined) }))
    .map(([size, rest]): PlannedEntry => ({ ...ENTRY, ...rest, ...size }));
const other = (troubled: boolean): fc.Arbitrary<PlannedEntry> =>
  fc
    .record({ kind: fc.constantFrom('directory' as const, 'symlink' as const, 'hardlink' as const, 'hardlink' as const), linkTo: fc.nat(20), there: fc.constantFrom('nothing' as const, 'nothing' as const, 'equal' as const, 'kept' as const), writeTrouble: troubled ? trouble(['place'] as const) : fc.constant(undefined), shape })
    // A hard link may have to bring its content.
    .map(({ shape: size, ...rest }): PlannedEntry => ({ ...ENTRY, ...rest, ...(rest.kind === 'hardlink' ? size : {}) }));

/** A hard link goes to an earlier file, mostly to one that says that links follow; where there is none it is a directory. */
function linked(entries: readonly PlannedEntry[]): PlannedEntry[] {
  return entries.map((entry, id) => {
    if (entry.kind !== 'hardlink') return entry;
    const noLink: PlannedEntry = { ...ENTRY, kind: 'directory', there: entry.there, writeTrouble: entry.writeTrouble };
    const earlier = [...entries.keys()].filter((one) => one < id && entries[one]?.kind === 'file');
    const marked = earlier.filter((one) => entries[one]?.linked === true);
    const among = marked.length > 0 && entry.linkTo > 0 ? marked : earlier;
    return among.length === 0 ? noLink : { ...entry, linkTo: among[entry.linkTo % among.length] ?? 0 };
  });
}

const world = {
  seed: fc.nat(),
  dryRun: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
  sha256: fc.boolean(),
  clientSends: fc.boolean(),
  streams: fc.integer({ min: 1, max: 4 }),
  ahead: fc.constantFrom(1, 1, 4),
  losses: fc.nat(5),
  windowBytes: fc.constantFrom(0, 8 * MIB),
  synchronous: fc.boolean(),
  haste: fc.constantFrom(0.2, 1, 5),
};
const treeOf = (troubled: boolean): fc.Arbitrary<Plan> =>
  fc
    .record({
      ...world,
      root: fc.constant('tree' as const),
      delete: fc.boolean(),
      extras: fc.constantFrom(0, 3, 300),
      batch: fc.constantFrom(1, 3, 512),
      entries: fc.array(fc.oneof({ weight: 3, arbitrary: file(troubled) }, other(troubled)), { maxLength: 14 }).map(linked),
    })
    .map((plan): Plan => ({ ...PLAN, ...plan }));
const fileOf = (troubled: boolean): fc.Arbitrary<Plan> => fc.record({ ...world, root: fc.constant('file' as const), entries: file(troubled).map((one) => [{ ...one, linked: false }]) }).map((plan): Plan => ({ ...PLAN, ...plan }));
const pipeOf = (troubled: boolean): fc.Arbitrary<Plan> =>
  fc
    .record({
      ...world,
      root: fc.constant('pipe' as const),
      entries: fc
        .record({ size: fc.constantFrom(0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB, 8 * MIB - 5), writeTrouble: troubled ? trouble(['open', 'write', 'commit'] as const) : fc.constant(undefined), readTrouble: troubled ? trouble(['read'] as const) : fc.constant(undefined) })
        .map((one) => [{ ...ENTRY, ...one, chunkSize: PIPE_CHUNK }]),
    })
    .map((plan): Plan => ({ ...PLAN, ...plan }));
const planOf = (troubled: boolean) => fc.oneof({ weight: 4, arbitrary: treeOf(troubled) }, { weight: 1, arbitrary: fileOf(troubled) }, { weight: 1, arbitrary: pipeOf(troubled) });

/** Both ends agree, but that a sender which could not read an entry once more says so, though it had arrived. */
function assertAgreed({ sender, receiver, plan }: World): void {
  plan.entries.forEach((entry, id) => {
    const [ours, theirs] = [sender.settled.get(id), receiver.settled.get(id)];
    assert.ok(ours !== undefined && theirs !== undefined, `entry ${id} is settled at both ends`);
    const crossed = ours.how === 'failed' && ours.error?.fromPeer === false;
    if (!crossed) assert.equal(ours.how, theirs.how, `entry ${id}`);
    const file = receiver.files.get(id);
    // What changed before it went out at all goes as it is then.
    const states = entry.readTrouble === 'unnoticed' && receiver.hashes.has(id) ? [false, true] : [false];
    if (theirs.how === 'done') assert.ok(states.some((changed) => file?.equals(contentOf(id, entry, 0, entry.size, changed))), `the bytes of entry ${id}`);
    else assert.equal(file, undefined, `entry ${id} is ${theirs.how}, and yet is there`);
    if (ours.how !== 'done') return;
    assert.deepEqual(ours.digest, theirs.digest, `the digest of entry ${id}`);
    if (ours.digest === undefined) assert.equal(sender.told.get(id), receiver.hashes.get(id), `the hash of entry ${id}`);
    assert.equal(sender.resumed.get(id), receiver.resumed.get(id));
  });
}

function assertWell(one: World): void {
  const { sender, receiver, plan } = one;
  assert.deepEqual([sender.outcome, receiver.outcome], ['done', 'done'], one.describe());
  assertAgreed(one);
  for (const { settled, more } of [sender, receiver]) {
    const brought = plan.entries.filter(({ kind }, id) => kind === 'hardlink' && settled.get(id)?.entry.kind === 'file');
    assert.equal(more, brought.reduce((sum, { size }) => sum + size, 0), 'what hard links brought is told of once');
  }
  const failed = [...receiver.settled.values()].some(({ how }) => how === 'failed');
  const extras = plan.delete && !failed ? extrasOf(plan) : [];
  assert.deepEqual(sender.extras, extras);
  assert.deepEqual(sender.finished, { type: 'finished', removed: plan.dryRun ? 0 : extras.length, failed: 0 });
}

/** A file or a pipe is all there is: what ails it ends the session. */
function assertFailed({ sender: { outcome: ours }, receiver: { outcome: theirs, settled }, plan }: World): void {
  const { readTrouble, writeTrouble } = plan.entries[0] ?? ENTRY;
  assert.ok(ours instanceof StreamerError);
  // The link may have been cut before the failure could tell of itself.
  const here = !ours.fromPeer && ours.code !== 'connect-lost';
  assert.ok(here ? readTrouble !== undefined : writeTrouble !== undefined, ours.code);
  // A receiver that had finished already counts as done when its sender does not come back.
  if (theirs === 'done') assert.ok(!ours.fromPeer && settled.has(0));
  else assert.ok(theirs instanceof StreamerError && (theirs.code === ours.code || theirs.code === 'connect-lost' || writeTrouble !== undefined), String(theirs));
}

/** One transfer, and a look at the accounts where its end is held. */
function transfer(plan: Plan): World {
  const one = new World({ ...plan, entries: [...plan.entries] });
  const probed = plan.seed % 2 === 0;
  if (probed) one.held.add('finish');
  if (probed && plan.root === 'tree' && !plan.dryRun) one.held.add('walked');
  one.run();
  const failed = () => one.sender.over || one.receiver.over;
  if (one.held.has('walked') && !failed()) probeSender(one);
  if (probed && !failed()) probeReceiver(one);
  one.held.clear();
  one.run();
  return one;
}

describe('a sender and a receiver', () => {
  it('move everything, whatever becomes of the links, and keep no credit and no room', () => {
    fc.assert(fc.property(planOf(false), (plan) => assertWell(transfer(plan))), { numRuns: 300, includeErrorInReport: true });
  });

  // The ways in which it is not are below, by themselves.
  it('count as moved what was moved', () => {
    fc.assert(
      fc.property(planOf(false), (plan) => {
        const one = transfer(plan);
        assert.equal(one.sender.moved, toMove(one));
      }),
      { numRuns: 300, includeErrorInReport: true },
    );
  });

  it('move a pipe through any number of losses', () => {
    const plan = fc.tuple(pipeOf(false), fc.integer({ min: 2, max: 12 })).map(([pipe, losses]) => ({ ...pipe, losses, entries: [{ ...ENTRY, chunkSize: PIPE_CHUNK, size: 8 * MIB - 5 }] }));
    fc.assert(fc.property(plan, (one) => assertWell(transfer(one))), { numRuns: 150, includeErrorInReport: true });
  });

  it('agree on what failed, and move the rest', () => {
    fc.assert(
      fc.property(planOf(true), (plan) => {
        const one = transfer(plan);
        if (plan.root === 'tree' || one.sender.outcome === 'done') assertWell(one);
        else assertFailed(one);
      }),
      { numRuns: 300, includeErrorInReport: true },
    );
  });
});

/** Words by weight, each with numbers to choose by; a frame is out of turn, or bent in some way, one time in 120 each. */
function turns(words: Readonly<Record<string, number>>): fc.Arbitrary<Turn[]> {
  const word = fc.constantFrom(...Object.entries(words).flatMap(([what, weight]) => Array.from({ length: weight }, () => what)));
  return fc.array(fc.tuple(word, fc.nat(6), fc.nat(40), fc.nat(119)), { minLength: 20, maxLength: 150, size: 'max' });
}
const root = fc.constantFrom('tree' as const, 'tree' as const, 'tree' as const, 'file' as const, 'pipe' as const);
const atFirst: readonly Turn[] = [['attach', 0, 0, 9], ['attach', 0, 1, 9]];

/** Bytes that had to go out for what is done. */
function toMove({ sender, receiver, plan }: World): number {
  return plan.entries.reduce((sum, entry, id) => {
    if (sender.settled.get(id)?.how !== 'done') return sum;
    if (plan.root === 'tree' && receiver.hashes.has(id)) return sum + entry.size;
    const passed = Array.from({ length: chunksOf(entry) }, (_, index) => index).filter((index) => entry.zeros.includes(index) || entry.held.includes(index));
    return sum + entry.size - passed.reduce((bytes, index) => bytes + lengthOf(entry, index), 0);
  }, 0);
}

describe('a receiver and somebody who sends anything', () => {
  it('writes nothing but what belongs in a file, places one batch at a time, and fails or goes on', () => {
    const words = { work: 16, attach: 1, lose: 1, entries: 2, file: 5, flood: 1, data: 14, whole: 4, hole: 2, fileEnd: 4, compare: 2, trouble: 1, manifestEnd: 1, bye: 1 };
    const plan = fc.record({ root, sha256: fc.boolean(), dryRun: fc.constantFrom(false, false, false, true), windowBytes: fc.constantFrom(0, 8 * MIB) });
    fc.assert(
      fc.property(turns(words), plan, (all, some) => {
        const one = new AloneReceiver({ ...PLAN, ...some });
        for (const turn of [...atFirst, ['offer', 0, 0, 9] as const, ...all]) {
          one.turn(turn);
          for (const { cost, limit } of one.end.ledgers.values()) assert.ok(cost <= limit || one.end.over, 'more than it had credit for is refused');
        }
        if (one.end.over) assert.deepEqual(one.end.machine.handle({ kind: 'attached', stream: 5 }), [], 'it wishes nothing more');
        for (const [id, { how }] of one.end.settled) {
          const there = one.end.files.get(id);
          if (how !== 'done') assert.equal(there, undefined);
          else assert.ok(!one.lies.has(id) && there?.equals(contentOf(id, one.plan.entries[id] ?? ENTRY, 0, there.length)), `entry ${id} is what was sent`);
        }
      }),
      { numRuns: 4_000, includeErrorInReport: true },
    );
  });
});

describe('a sender and somebody who answers anything', () => {
  it('sends no more than it has credit for, and takes nothing for done that it has not sent', () => {
    const words = { work: 20, attach: 1, lose: 1, credit: 4, answers: 8, again: 1, have: 1, ready: 4, done: 3, trouble: 1, extras: 1, finished: 1 };
    fc.assert(
      fc.property(turns(words), fc.oneof(treeOf(true), fileOf(true), pipeOf(false)), (all, plan) => {
        const one = new AloneSender({ ...plan, entries: [...plan.entries] });
        for (const turn of [...atFirst, ...all]) one.turn(turn);
        if (one.end.over) assert.deepEqual(one.end.machine.handle({ kind: 'attached', stream: 5 }), [], 'it wishes nothing more');
        for (const [id, { how }] of one.end.settled) if (how === 'done') assertSent(one, id);
        if (one.end.outcome === 'done') assert.equal(one.end.settled.size, plan.entries.length);
      }),
      { numRuns: 4_000, includeErrorInReport: true },
    );
  });
});

/** A sender with one entry announced, with room and credit, and what it wishes. */
function sending(plan: Partial<Plan>, entry: PlannedEntry): { readonly feed: (input: SenderInput) => string[]; readonly frame: (frame: Frame) => string[]; readonly moved: () => number } {
  const all = { ...PLAN, ...plan };
  const machine = new SenderMachine(offerOf(all));
  let moved = 0;
  const feed = (input: SenderInput) =>
    machine.handle(input).map((effect) => {
      if (effect.kind === 'content' && effect.frame.type !== 'hole') moved += effect.frame.length;
      if (effect.kind === 'unsent') moved -= effect.bytes;
      return effect.kind;
    });
  const frame = (one: Frame) => feed({ kind: 'frame', stream: 0, frame: one });
  feed({ kind: 'start' });
  feed({ kind: 'attached', stream: 0 });
  feed({ kind: 'room', stream: 0, lap: 1, units: 1 });
  feed({ kind: 'entries', entries: [manifestEntry(all, 0, entry)] });
  frame({ type: 'credit', limit: 8 * MIB, acked: 0 });
  return { feed, frame, moved: () => moved };
}

describe('a sender of a small file', () => {
  it('counts it when it turns out to have arrived', () => {
    const { feed, frame, moved } = sending({}, { ...ENTRY, size: 5 });
    frame({ type: 'answers', first: 0, answers: ['want'] });
    feed({ kind: 'wholeRead', stream: 0, lap: 1, parts: [{ id: 0, length: 5, hash: 1n }], payload: [Buffer.alloc(5)], cost: 21 });
    feed({ kind: 'lost', stream: 0 });
    assert.equal(moved(), 0);
    feed({ kind: 'attached', stream: 0 });
    frame({ type: 'done', ids: [0] });
    assert.equal(moved(), 5);
  });

  it('counts it once, though it is read again when it turns out to have arrived', () => {
    const { feed, frame, moved } = sending({}, { ...ENTRY, size: 5 });
    const read = (lap: number) => feed({ kind: 'wholeRead', stream: 0, lap, parts: [{ id: 0, length: 5, hash: 1n }], payload: [Buffer.alloc(5)], cost: 21 });
    assert.deepEqual(frame({ type: 'answers', first: 0, answers: ['want'] }), ['readWhole']);
    assert.deepEqual(read(1), ['content']);
    feed({ kind: 'lost', stream: 0 });
    feed({ kind: 'attached', stream: 0 });
    feed({ kind: 'room', stream: 0, lap: 2, units: 1 });
    assert.deepEqual(frame({ type: 'credit', limit: 8 * MIB, acked: 0 }), ['readWhole']);
    assert.ok(frame({ type: 'done', ids: [0] }).includes('settled'));
    read(2);
    assert.equal(moved(), 5);
  });
});

describe('a sender of a pipe', () => {
  const piping = (dryRun = false) => sending({ root: 'pipe', dryRun }, { ...ENTRY, chunkSize: PIPE_CHUNK });
  const end = (feed: (input: SenderInput) => string[], lap: number) => {
    feed({ kind: 'pipeRead', stream: 0, lap, hash: 1n, payload: [Buffer.alloc(5)] });
    feed({ kind: 'pipeEnded', stream: 0, lap, size: 5, digest: Buffer.alloc(32) });
  };

  it('reads nothing of it in a dry run, whatever the receiver says', () => {
    assert.ok(!piping(true).frame({ type: 'ready', id: 0 }).includes('readPipe'));
  });

  it('does not take it for done while a chunk has never gone out', () => {
    const { feed, frame } = piping();
    frame({ type: 'answers', first: 0, answers: ['want'] });
    assert.ok(frame({ type: 'ready', id: 0 }).includes('readPipe'));
    feed({ kind: 'lost', stream: 0 });
    end(feed, 1);
    feed({ kind: 'attached', stream: 0 });
    assert.deepEqual(frame({ type: 'done', ids: [0] }), ['fail']);
  });

  it('sends nothing more of it when it is done, though chunks wait to be sent again', () => {
    const { feed, frame } = piping();
    frame({ type: 'answers', first: 0, answers: ['want'] });
    frame({ type: 'ready', id: 0 });
    end(feed, 1);
    feed({ kind: 'lost', stream: 0 });
    assert.ok(frame({ type: 'done', ids: [0] }).includes('settled'));
    feed({ kind: 'attached', stream: 0 });
    frame({ type: 'credit', limit: 8 * MIB, acked: 0 });
    assert.deepEqual(feed({ kind: 'room', stream: 0, lap: 2, units: 1 }), []);
  });

  it('counts it, though its link is lost when it is done and not acked', () => {
    const { feed, frame, moved } = piping();
    frame({ type: 'answers', first: 0, answers: ['want'] });
    frame({ type: 'ready', id: 0 });
    end(feed, 1);
    assert.ok(frame({ type: 'done', ids: [0] }).includes('settled'));
    feed({ kind: 'lost', stream: 0 });
    assert.equal(moved(), 5);
  });
});

/** Every byte of it went out, or the receiver said that it had it. */
function assertSent({ end, haves, plan }: AloneSender, id: number): void {
  const entry = plan.entries[id] ?? ENTRY;
  const gone = new Set<number>(haves.get(id));
  let whole = false;
  for (const { frame } of end.contents) {
    if (frame.type === 'whole') whole ||= frame.parts.some((part) => part.id === id);
    else if (frame.id === id && frame.type === 'data') gone.add(frame.offset / entry.chunkSize);
    else if (frame.id === id && frame.type === 'hole') gone.add(frame.first);
  }
  const all = Array.from({ length: Math.ceil(entry.size / entry.chunkSize) }, (_, index) => index);
  assert.ok(whole || all.every((index) => gone.has(index)), `entry ${id} is taken for done`);
}
