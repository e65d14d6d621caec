/**
 * A sender's and a receiver's machine with everything of the program between them but sockets: sessions, control logs, frames
 * as bytes, records. Each scenario of PROTOCOL.md, with several orders of events, whichever end dialled.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadChecksum } from '../../src/crypto/checksum.js';
import { StreamerError } from '../../src/errors.js';
import type { Frame } from '../../src/wire/frame.js';
import { recordCodec } from '../support/machine-network.js';
import { contentOf, digestOf, ENTRY, PLAN, shaOf, type Plan, type PlannedEntry, type Settlement } from '../support/machine-plan.js';
import { extrasOf } from '../support/machine-receiving.js';
import { World } from '../support/machine-world.js';

const KIB = 1024;
const MIB = 1024 * KIB;
const checksum = await loadChecksum();
const hash = (pieces: readonly Uint8Array[]) => checksum.xxh64Pieces(pieces);

/** Orders of events. */
const SEEDS = [1, 2, 3, 4];
const file = (size: number, more: Partial<PlannedEntry> = {}): PlannedEntry => ({ ...ENTRY, size, ...more });
const DIRECTORY: PlannedEntry = { ...ENTRY, kind: 'directory' };
const SYMLINK: PlannedEntry = { ...ENTRY, kind: 'symlink' };
const link = (linkTo: number, more: Partial<PlannedEntry> = {}): PlannedEntry => ({ ...ENTRY, kind: 'hardlink', linkTo, ...more });

/** The pair, not begun. */
function pair(plan: Partial<Plan>): World {
  return new World({ ...PLAN, ...plan, entries: [...(plan.entries ?? [])] }, {
    hash,
    codec: (chance) => recordCodec(Buffer.from(Array.from({ length: 32 }, () => chance(256))), chance),
  });
}

/** One scenario in each order, and with either end as the client. */
function each(plan: Partial<Plan>, look: (world: World) => void, disturb: (world: World) => void = () => undefined): void {
  for (const seed of SEEDS) {
    for (const clientSends of [true, false]) {
      const world = pair({ ...plan, seed, clientSends });
      disturb(world);
      world.run();
      assertBelongs(world);
      look(world);
    }
  }
}

/** What belongs where: all frames on stream 0, content and credit alone on others, a pipe's on none of these. */
function assertBelongs({ history, plan }: World): void {
  for (const { stream, client, server } of history) {
    for (const { type } of [...client.sent, ...server.sent]) {
      const content = type === 'data' || type === 'whole' || type === 'hole';
      assert.ok(stream === 0 || type === 'credit' || type === 'failure' || (content && plan.root !== 'pipe'), `${type} on stream ${stream}`);
    }
  }
}

const told = (frame: Frame) => frame.type !== 'credit' && frame.type !== 'ack';
/** How many frames of each type an end has sent. */
function counts(world: World, end: 'sender' | 'receiver'): Record<string, number> {
  const all: Record<string, number> = {};
  for (const { type } of world.framesOf(end).filter(told)) all[type] = (all[type] ?? 0) + 1;
  return all;
}

function framesOf<T extends Frame['type']>(world: World, end: 'sender' | 'receiver', type: T): Extract<Frame, { type: T }>[] {
  return world.framesOf(end).filter((frame): frame is Extract<Frame, { type: T }> => frame.type === type);
}

/** Both ends have come to their end, and have settled the entries like this; what is done has its bytes. */
function assertEnded({ sender, receiver, plan }: World, ...how: Settlement[]): void {
  assert.deepEqual([sender.outcome, receiver.outcome], ['done', 'done']);
  for (const end of [sender, receiver]) assert.deepEqual(plan.entries.map((_, id) => end.settled.get(id)?.how), how);
  plan.entries.forEach((entry, id) => {
    const there = receiver.files.get(id);
    if (how[id] === 'done') assert.ok(there?.equals(contentOf(id, entry, 0, entry.size)), `the bytes of entry ${id}`);
    else assert.equal(there, undefined, `nothing is written of entry ${id}`);
  });
}

const failed = (world: World) => [world.sender.outcome, world.receiver.outcome].map((outcome) => (outcome instanceof StreamerError ? `${outcome.code}${outcome.fromPeer ? ', says the other' : ''}` : outcome));
const errorsOf = (world: World, id: number) => [world.sender, world.receiver].map(({ settled }) => settled.get(id)?.error?.code);

describe('one file', () => {
  it('goes in chunks, over as many streams as there are', () => {
    const entries = [file(5 * 64 * KIB + 7)];
    for (const streams of [1, 3]) {
      each({ root: 'file', entries, streams, sha256: true }, (world) => {
        assertEnded(world, 'done');
        assert.deepEqual(counts(world, 'sender'), { offer: 1, entries: 1, manifestEnd: 1, file: 1, data: 6, fileEnd: 1, bye: 1 });
        assert.deepEqual(counts(world, 'receiver'), { answers: 1, ready: 1, done: 1, finished: 1 });
        assert.deepEqual(framesOf(world, 'sender', 'data').map(({ offset, length }) => [offset, length]).sort(([a = 0], [b = 0]) => a - b), [0, 1, 2, 3, 4, 5].map((at) => [at * 64 * KIB, at < 5 ? 64 * KIB : 7]));
        const digest = digestOf(0, entries[0] ?? ENTRY, hash);
        for (const { settled } of [world.sender, world.receiver]) assert.deepEqual([Buffer.from(settled.get(0)?.digest ?? []), Buffer.from(settled.get(0)?.sha256 ?? [])], [digest, shaOf(0)]);
      });
    }
  });

  it('of no bytes has no chunk, and a digest all the same', () => {
    each({ root: 'file', entries: [file(0)] }, (world) => {
      assertEnded(world, 'done');
      assert.deepEqual(counts(world, 'sender'), { offer: 1, entries: 1, manifestEnd: 1, file: 1, fileEnd: 1, bye: 1 });
      assert.deepEqual(world.sender.settled.get(0)?.digest, digestOf(0, file(0), hash));
    });
  });

  it('goes on where an earlier attempt ended', () => {
    each({ root: 'file', entries: [file(5 * 64 * KIB, { held: [0, 1, 3] })] }, (world) => {
      assertEnded(world, 'done');
      assert.deepEqual(framesOf(world, 'receiver', 'have').map(({ first, hashes }) => [first, hashes.length]), [[0, 16], [3, 8]]);
      assert.deepEqual(framesOf(world, 'sender', 'data').map(({ offset }) => offset / KIB / 64).sort(), [2, 4]);
      assert.deepEqual([world.sender.resumed.get(0), world.receiver.resumed.get(0)], [3 * 64 * KIB, 3 * 64 * KIB]);
      assert.deepEqual(world.sender.settled.get(0)?.digest, digestOf(0, file(5 * 64 * KIB), hash), 'the digest is of all of it');
    });
    each({ root: 'file', entries: [file(2 * 64 * KIB, { held: [0, 1] })] }, (world) => {
      assertEnded(world, 'done');
      assert.deepEqual(framesOf(world, 'sender', 'data'), [], 'all of it was there');
    });
  });

  it('is not sent when it is there, or is kept, or the same by its content', () => {
    for (const there of ['equal', 'kept'] as const) {
      each({ root: 'file', entries: [file(9, { there })] }, (world) => {
        assertEnded(world, there);
        assert.deepEqual(counts(world, 'receiver'), { answers: 1, finished: 1 });
      });
    }
    each({ root: 'file', entries: [file(64 * KIB + 9, { there: 'same' })] }, (world) => {
      assertEnded(world, 'equal');
      assert.deepEqual([framesOf(world, 'sender', 'compare').length, framesOf(world, 'sender', 'data').length], [1, 0]);
    });
    each({ root: 'file', entries: [file(64 * KIB + 9, { there: 'other' })] }, (world) => {
      assertEnded(world, 'done');
      assert.deepEqual(framesOf(world, 'receiver', 'answers').map(({ answers }) => answers), [['compare'], ['want']]);
    });
  });

  it('fails at both ends alike, whichever has trouble with it', () => {
    const entry = (more: Partial<PlannedEntry>) => ({ root: 'file' as const, entries: [file(3 * 64 * KIB, more)] });
    // Before it is connected nobody can be told.
    const connected = (world: World) => {
      world.held.add('open');
      world.run();
      world.held.clear();
    };
    for (const [readTrouble, code] of [['open', 'storage-denied'], ['read', 'storage-io'], ['check', 'integrity-source']] as const) {
      each(entry({ readTrouble }), (world) => assert.deepEqual(failed(world), [code, `${code}, says the other`]), connected);
    }
    for (const writeTrouble of ['place', 'open', 'write', 'commit'] as const) {
      each(entry({ writeTrouble }), (world) => {
        assert.deepEqual(failed(world), ['storage-full, says the other', 'storage-full']);
        assert.equal(world.receiver.files.size, 0);
      });
    }
  });
});

describe('a tree', () => {
  it('goes with its small files many to a frame, and its large ones in chunks', () => {
    const entries = [DIRECTORY, ...Array.from({ length: 30 }, (_, index) => file(index * 1_000)), SYMLINK, file(MIB), file(MIB + 1, { chunkSize: 512 * KIB })];
    each({ entries, batch: 8, streams: 2 }, (world) => {
      assertEnded(world, 'placed', ...Array<Settlement>(30).fill('done'), 'placed', 'done', 'done');
      assert.equal(framesOf(world, 'sender', 'entries').length, 5);
      const wholes = framesOf(world, 'sender', 'whole');
      assert.ok(wholes.length < 12, `${wholes.length} frames for 31 files`);
      assert.deepEqual(wholes.flatMap(({ parts }) => parts.map(({ id }) => id)).sort((a, b) => a - b), [...Array.from({ length: 30 }, (_, index) => index + 1), 32]);
      assert.deepEqual(framesOf(world, 'sender', 'data').map(({ id }) => id), [33, 33, 33]);
      for (const id of world.receiver.hashes.keys()) assert.equal(world.receiver.hashes.get(id), world.sender.told.get(id));
    });
  });

  it('of many large files has no more than 16 of them open', () => {
    const entries = Array.from({ length: 20 }, () => file(MIB + 1, { chunkSize: MIB, held: [0] }));
    each({ entries }, (world) => assertEnded(world, ...Array<Settlement>(20).fill('done')));
  });

  it('of nothing ends at once', () => {
    each({ entries: [] }, (world) => {
      assertEnded(world);
      assert.deepEqual(counts(world, 'sender'), { offer: 1, manifestEnd: 1, bye: 1 });
    });
  });

  it('places hard links when their file is there', () => {
    const entries = [file(9, { linked: true }), link(0), file(2 * MIB, { chunkSize: 512 * KIB, linked: true }), link(2), link(2), file(3, { there: 'equal', linked: true }), link(5)];
    each({ entries, streams: 2 }, (world) => assertEnded(world, 'done', 'placed', 'done', 'placed', 'placed', 'equal', 'placed'));
  });

  it('has the next hard link bring the content where its file stays as it is, or fails, and links the others to that', () => {
    const small = [file(9, { there: 'kept', linked: true }), link(0, { size: 9 }), link(0, { size: 9 })];
    const large = [file(2 * MIB, { chunkSize: MIB, linked: true, writeTrouble: 'commit' }), link(3, { size: 2 * MIB, chunkSize: MIB, there: 'kept' }), link(3, { size: 2 * MIB, chunkSize: MIB }), link(3, { size: 2 * MIB, chunkSize: MIB })];
    each({ entries: [...small, ...large], streams: 2 }, (world) => assertEnded(world, 'kept', 'done', 'placed', 'failed', 'kept', 'done', 'placed'));
    each({ entries: small, dryRun: true }, (world) => assertEnded(world, 'kept', 'would', 'would'));
    const unread = [file(9, { linked: true, readTrouble: 'read' }), link(0, { size: 9 }), file(2 * MIB, { linked: true, readTrouble: 'open' }), link(2, { size: 2 * MIB, held: [1] }), file(3), link(4)];
    each({ entries: unread, streams: 2 }, (world) => {
      assertEnded(world, 'failed', 'done', 'failed', 'done', 'done', 'failed');
      assert.deepEqual(errorsOf(world, 5), ['storage-missing', 'storage-missing'], 'its file said nothing of links');
    });
  });

  it('places a hard link before what came later', () => {
    const entries = [file(9, { linked: true }), link(0), ...Array.from({ length: 40 }, () => DIRECTORY)];
    each({ entries, batch: 1 }, (world) => assertEnded(world, 'done', ...Array<Settlement>(41).fill('placed')), (world) => {
      world.held.add('write');
      world.run(() => world.receiver.hashes.size === 1);
      // The file is settled while one batch is being placed, and others wait.
      world.held.add('place');
      world.run();
      assert.ok(world.waiting('place') === 1 && world.receiver.settled.size < 40);
      world.held.delete('write');
      world.run();
      world.held.clear();
    });
  });

  it('sends chunks of zeros as holes, which cost nothing', () => {
    each({ entries: [file(4 * MIB - 5, { chunkSize: 256 * KIB, zeros: [0, 1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15] })] }, (world) => {
      assertEnded(world, 'done');
      assert.deepEqual(counts(world, 'sender'), { offer: 1, entries: 1, manifestEnd: 1, file: 1, data: 2, hole: 14, fileEnd: 1, bye: 1 });
    });
  });

  it('compares content where it is asked to', () => {
    each({ entries: [file(9, { there: 'same' }), file(9, { there: 'other' }), file(2 * MIB, { there: 'same', chunkSize: MIB }), file(2 * MIB, { there: 'other', chunkSize: MIB })] }, (world) => {
      assertEnded(world, 'equal', 'done', 'equal', 'done');
      assert.equal(framesOf(world, 'sender', 'compare').length, 4);
    });
  });

  it('changes nothing in a dry run, and says what it would do', () => {
    const entries = [DIRECTORY, file(9, { linked: true }), link(1), file(2 * MIB), file(9, { there: 'equal' }), file(9, { there: 'kept' }), file(9, { there: 'same' }), file(9, { there: 'other' }), SYMLINK];
    each({ entries, dryRun: true, delete: true, extras: 2 }, (world) => {
      assertEnded(world, 'would', 'would', 'would', 'would', 'equal', 'kept', 'equal', 'would', 'would');
      assert.deepEqual(Object.keys(counts(world, 'sender')).sort(), ['bye', 'compare', 'entries', 'manifestEnd', 'offer']);
      assert.deepEqual(world.sender.extras, ['extra 0', 'extra 1']);
      assert.deepEqual(world.sender.finished, { type: 'finished', removed: 0, failed: 0 });
    });
  });

  it('tells of what is extra, in as many frames as it takes, unless something failed', () => {
    const plan = { entries: [file(3)], delete: true, extras: 300 };
    each(plan, (world) => {
      assertEnded(world, 'done');
      assert.deepEqual(framesOf(world, 'receiver', 'extras').map(({ paths }) => paths.length), [256, 44]);
      assert.deepEqual(world.sender.extras, extrasOf(world.plan));
      assert.equal(world.sender.finished?.removed, 300);
    });
    each({ ...plan, entries: [file(3, { writeTrouble: 'write' })] }, (world) => {
      assertEnded(world, 'failed');
      assert.deepEqual([world.sender.extras, world.sender.finished?.removed], [[], 0]);
    });
  });

  it('goes on when either end has trouble with an entry', () => {
    const large = { chunkSize: 512 * KIB };
    const entries: PlannedEntry[] = [
      file(9, { readTrouble: 'read' }),
      file(2 * MIB, { ...large, readTrouble: 'open' }),
      file(2 * MIB, { ...large, readTrouble: 'read' }),
      file(2 * MIB, { ...large, readTrouble: 'check' }),
      file(9, { there: 'same', readTrouble: 'digest' }),
      file(9),
      file(9, { writeTrouble: 'commit' }),
      file(2 * MIB, { ...large, writeTrouble: 'open' }),
      file(2 * MIB, { ...large, writeTrouble: 'write' }),
      file(2 * MIB, { ...large, writeTrouble: 'commit' }),
      file(9, { there: 'same', writeTrouble: 'compare' }),
      { ...DIRECTORY, writeTrouble: 'place' },
      file(2 * MIB, large),
    ];
    each({ entries, streams: 2 }, (world) => {
      assertEnded(world, ...entries.map(({ readTrouble, writeTrouble }): Settlement => (readTrouble ?? writeTrouble) === undefined ? 'done' : 'failed'));
      assert.deepEqual(entries.map((_, id) => errorsOf(world, id)[0]), ['storage-io', 'storage-denied', 'storage-io', 'integrity-source', 'storage-io', undefined, ...Array<string>(6).fill('storage-full'), undefined]);
      assert.deepEqual([counts(world, 'sender')['trouble'], counts(world, 'receiver')['trouble']], [5, 6]);
    });
  });
});

describe('a pipe', () => {
  it('goes in chunks of 1 MiB over stream 0, in order, and says at its end how long it was', () => {
    for (const size of [0, 1, MIB - 1, MIB, 3 * MIB + 5]) {
      each({ root: 'pipe', entries: [file(size, { chunkSize: MIB })], streams: 2 }, (world) => {
        assertEnded(world, 'done');
        const chunks = framesOf(world, 'sender', 'data').map(({ offset }) => offset);
        assert.deepEqual(chunks, Array.from({ length: Math.ceil(size / MIB) }, (_, index) => index * MIB));
        for (const { settled } of [world.sender, world.receiver]) assert.equal(settled.get(0)?.entry.size, size);
      });
    }
  });

  it('fails at both ends alike', () => {
    each({ root: 'pipe', entries: [file(2 * MIB + 5, { chunkSize: MIB, readTrouble: 'read' })] }, (world) => assert.deepEqual(failed(world), ['storage-io', 'storage-io, says the other']));
    each({ root: 'pipe', entries: [file(2 * MIB + 5, { chunkSize: MIB, writeTrouble: 'write' })] }, (world) => assert.deepEqual(failed(world), ['storage-full, says the other', 'storage-full']));
  });
});

describe('a link that is lost', () => {
  /** Cuts a stream when so many content frames are under way on it, none of which arrives, nor anything else. */
  const cutAt = (stream: number, frames: number) => (world: World) => {
    // All streams are there before the first read is done.
    world.held.add('read');
    world.run();
    world.held.clear();
    const onIt = () => world.sender.contents.filter((one) => one.stream === stream).length;
    world.run(() => onIt() >= frames);
    assert.ok(onIt() >= frames, 'so much was sent on it');
    for (const one of world.connections) if (one.stream === stream) one.cut([0, 0]);
  };
  const again = (world: World) => world.framesOf('sender').filter(({ type }) => type === 'data' || type === 'whole').length;
  /** The disks are faster than the network, so what is sent lies there. */
  const slow = { ahead: 4, haste: 0.1 };

  it('has its chunks sent again, over any other, and none that had arrived is written twice', () => {
    const entries = [file(2 * MIB + 5)];
    for (const stream of [0, 1]) {
      each({ root: 'file', entries, streams: 2, ...slow }, (world) => {
        assertEnded(world, 'done');
        assert.ok(again(world) > 33, 'some went twice');
        assert.ok(world.history.length > 2, 'and the link was had again');
      }, cutAt(stream, 5));
    }
  });

  it('has whole files sent again, and control frames once', () => {
    const entries = Array.from({ length: 20 }, () => file(100 * KIB));
    each({ entries, batch: 3, ...slow }, (world) => {
      assertEnded(world, ...Array<Settlement>(20).fill('done'));
      assert.ok(framesOf(world, 'sender', 'whole').flatMap(({ parts }) => parts).length > 20);
    }, cutAt(0, 2));
  });

  it('has the chunks of a pipe sent again, in order, though they cannot be read again', () => {
    const size = 6 * MIB + 5;
    each({ root: 'pipe', entries: [file(size, { chunkSize: MIB })], ...slow }, (world) => {
      assertEnded(world, 'done');
      const chunks = framesOf(world, 'sender', 'data').map(({ offset }) => offset / MIB);
      assert.ok(chunks.length > 7, 'some went twice');
      assert.ok(chunks.every((chunk, index) => index === 0 || chunk <= Math.max(...chunks.slice(0, index)) + 1), 'in order');
    }, cutAt(0, 3));
  });

  it('has them sent in order, too, when it is lost again while something is read for the first', () => {
    const twice = (world: World) => {
      const reading = (sent: number) => () => world.sender.contents.length >= sent && world.waiting('read') === 1;
      const cut = () => world.connections.forEach((one) => one.cut([0, 0]));
      world.run(reading(0));
      world.held.add('arrival');
      world.run(reading(2));
      assert.ok(reading(2)());
      // The second connection has room for what was lost with the first, and none for what is read meanwhile.
      world.held.add('read').add('room');
      cut();
      world.run();
      world.held.delete('read');
      world.run();
      cut();
      world.held.clear();
    };
    each({ root: 'pipe', entries: [file(5 * MIB, { chunkSize: MIB })], ahead: 2 }, (world) => assertEnded(world, 'done'), twice);
  });

  /** Lets a file arrive, but not be told of: neither its acks nor its end. */
  const arrived = (what: string, there: (world: World) => boolean) => (world: World) => {
    world.held.add(what);
    world.run(() => there(world));
    assert.ok(there(world));
    for (const one of world.connections) one.cut([0, 0]);
    world.run();
    world.held.clear();
  };
  const wholeArrived = arrived('write', ({ receiver }) => receiver.hashes.size === 1);

  it('leaves a file that had arrived what it was, though its source is another when it is to be sent again', () => {
    each({ entries: [file(5_000, { readTrouble: 'changed' })] }, ({ sender, receiver, plan }) => {
      assert.deepEqual([sender.settled.get(0)?.how, receiver.settled.get(0)?.how], ['failed', 'done']);
      assert.ok(receiver.files.get(0)?.equals(contentOf(0, plan.entries[0] ?? ENTRY, 0, 5_000)));
    }, wholeArrived);
    // The third chunk is not acked by itself.
    each({ entries: [file(3 * 512 * KIB, { chunkSize: 512 * KIB, readTrouble: 'changed' })], synchronous: true }, ({ sender, receiver }) => {
      assert.deepEqual([sender.settled.get(0)?.error?.code, receiver.settled.get(0)?.how], ['integrity-source', 'done']);
    }, arrived('commit', (world) => world.waiting('commit') === 1));
  });

  it('has no chunk of another source than the first among the others', () => {
    each({ root: 'file', entries: [file(2 * MIB + 5, { readTrouble: 'changed' })], ...slow }, (world) => {
      assert.deepEqual(failed(world), ['integrity-source', 'integrity-source, says the other']);
    }, cutAt(0, 5));
  });

  it('has a small file whose content is another by then for a failed one, or tells the digest of what arrived', () => {
    each({ entries: [file(5_000, { readTrouble: 'unnoticed' })] }, ({ sender, receiver }) => {
      if (sender.settled.get(0)?.how === 'done') assert.equal(sender.told.get(0), receiver.hashes.get(0));
    }, wholeArrived);
  });

  it('is no end, however often it happens', () => {
    const entries = [file(9), file(3 * MIB, { chunkSize: 256 * KIB, zeros: [2, 5], linked: true }), link(1), file(300 * KIB), DIRECTORY, file(2 * MIB, { chunkSize: 64 * KIB, held: [3, 4] })];
    each({ entries, streams: 3, losses: 12 }, (world) => assertEnded(world, 'done', 'done', 'placed', 'done', 'placed', 'done'));
  });
});
