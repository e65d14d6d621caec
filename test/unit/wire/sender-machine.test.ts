import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError, StorageError } from '../../../src/errors.js';
import type { Frame } from '../../../src/wire/frame.js';
import { FRAMES } from '../../support/fake-frames.js';
import { columns, table } from '../../support/fake-specification.js';
import { CHUNK, DrivenSender, entry, hashes, small } from './driven-sender.js';

const VIOLATION = ['fail protocol-violation'];
type Make = () => DrivenSender;

/** A tree of one large file with the id 0, and one small with the id 1. */
function tree(steps: (driven: DrivenSender) => void = () => undefined): DrivenSender {
  const driven = new DrivenSender();
  driven.start();
  driven.attach();
  driven.entries(entry(0, { size: 2 * CHUNK + 2 ** 20 }), small(1));
  steps(driven);
  return driven;
}

/** A machine in each state of an entry; the entry is 0. */
const ENTRY_STATES: Readonly<Record<string, Make>> = {
  unknown: () => {
    const driven = new DrivenSender();
    driven.start();
    driven.attach();
    return driven;
  },
  offered: () => tree(),
  comparing: () => tree((driven) => driven.answers(0, 'compare')),
  wanted: () => tree((driven) => driven.answers(0, 'want')),
  open: () =>
    tree((driven) => {
      driven.answers(0, 'want');
      assert.deepEqual(driven.opened(0), ['send file 0']);
    }),
  sending: () =>
    tree((driven) => {
      driven.answers(0, 'want');
      driven.opened(0);
      driven.ready(0);
    }),
  sent: () =>
    tree((driven) => {
      driven.answers(0, 'want');
      driven.opened(0);
      driven.have(0, 0, ...Array(18).keys());
      assert.deepEqual(driven.ready(0).at(-1), 'check 0');
      assert.deepEqual(driven.checked(0), ['send fileEnd 0']);
    }),
  settled: () => tree((driven) => driven.answers(0, 'kept')),
};

const ABOUT: Readonly<Record<string, Frame>> = {
  answers: { type: 'answers', first: 0, answers: ['want'] },
  have: { type: 'have', id: 0, first: 0, hashes: hashes(0) },
  ready: { type: 'ready', id: 0 },
  done: { type: 'done', ids: [0] },
  trouble: { type: 'trouble', id: 0, code: 'storage-full', message: 'full' },
};

/** Holds a machine's effects against a cell of PROTOCOL.md's tables. */
function assertCell(driven: DrivenSender, frame: Frame, cell: string): void {
  const effects = driven.machine.handle({ kind: 'frame', stream: 0, frame });
  const failure = effects.find((effect) => effect.kind === 'fail');
  if (cell === 'violation') assert.ok(failure?.error instanceof ProtocolError, frame.type);
  else if (cell === 'fail') assert.ok(failure?.error instanceof StorageError && failure.error.fromPeer);
  else assert.equal(failure, undefined, frame.type);
  if (cell === 'ignore') assert.deepEqual(effects, []);
  const settled = effects.find((effect) => effect.kind === 'settled')?.how;
  if (cell === 'give up') assert.equal(settled, 'failed');
  if (cell === 'settle') assert.equal(settled, 'done');
  if (cell.endsWith('done')) assert.equal(effects.at(-1)?.kind, 'done');
  // A machine that has ended wishes one thing, and then nothing.
  if (failure === undefined && !cell.endsWith('done')) return;
  assert.equal(effects.length, 1);
  assert.deepEqual([driven.room(), driven.read(0, 0), driven.answers(0, 'want'), driven.entries(small(2))], [[], [], [], []]);
}

describe('every frame in every state of the sender, as PROTOCOL.md says', () => {
  const states: Readonly<Record<string, Make>> = {
    running: () => tree(),
    settled: () =>
      tree((driven) => {
        driven.answers(0, 'kept', 'equal');
        driven.walked(2);
      }),
  };
  const rows = table('sender', 'credit');
  const head = columns('sender', 'credit').slice(1);
  const own = new Set(['answers', 'have', 'ready', 'done', 'trouble']);
  it('the tables have every state', () => {
    const names = (all: readonly string[][]) => all.map(([state = '']) => /^\w+/u.exec(state)?.[0]);
    assert.deepEqual(names(rows), Object.keys(states));
    assert.deepEqual(names(table('entry at the sender', 'answers')), Object.keys(ENTRY_STATES));
  });
  for (const [state = '', ...cells] of rows) {
    const name = /^\w+/u.exec(state)?.[0] ?? '';
    for (const frame of FRAMES.filter(({ type }) => !own.has(type))) {
      const cell = cells[head.indexOf(frame.type)] ?? cells[head.indexOf('any other')] ?? '';
      // The credit of the samples acks what was not sent.
      const shown: Frame = frame.type === 'credit' ? { type: 'credit', limit: 2 ** 31, acked: 0 } : frame;
      it(`${name} × ${frame.type}: ${cell}`, () => assertCell((states[name] as Make)(), shown, cell));
    }
  }
});

describe('every frame about an entry in every state of it, as PROTOCOL.md says', () => {
  const head = columns('entry at the sender', 'answers').slice(1);
  for (const [state = '', ...cells] of table('entry at the sender', 'answers')) {
    const name = /^\w+/u.exec(state)?.[0] ?? '';
    head.forEach((type, index) => {
      const cell = cells[index] ?? '';
      it(`${name} × ${type}: ${cell}`, () => assertCell((ENTRY_STATES[name] as Make)(), ABOUT[type] as Frame, cell));
    });
  }
});

describe('the sender of a tree', () => {
  it('goes on with the walk while fewer than 15,360 entries are unsettled', () => {
    const driven = new DrivenSender();
    driven.start();
    let id = 0;
    let walks = 1;
    while (walks > 0 && id < 20_000) {
      walks -= 1;
      const some = Array.from({ length: 512 }, () => small((id += 1) - 1));
      walks += driven.entries(...some).filter((what) => what === 'walk').length;
    }
    assert.equal(id, 15_360);
    assert.deepEqual(driven.answers(0, 'kept'), ['0 kept', 'walk']);
  });

  it('cuts entries that are too long for one frame', () => {
    const driven = new DrivenSender();
    const long = Array.from({ length: 100 }, (_, id) => entry(id, { path: 'x'.repeat(4096) }));
    assert.deepEqual(driven.entries(...long).filter((what) => what === 'send entries').length, 2);
    assert.deepEqual(driven.entries(), ['walk'], 'nothing is said of no entries');
  });

  it('sends small files whole, many at once, and large ones in chunks', () => {
    const driven = tree();
    assert.deepEqual(driven.answers(0, 'want', 'want'), ['open 0', '0: read whole 1']);
    assert.deepEqual(driven.readWhole(), ['0: whole 1']);
    driven.opened(0);
    assert.deepEqual(driven.ready(0), ['streaming 0 0']);
    assert.deepEqual(driven.room(), ['0: read 0 0']);
    assert.deepEqual(driven.done(1), ['1 done']);
  });

  it('sends a hard link’s content where that is wanted, as a file’s', () => {
    const link = (id: number, size = 5) => entry(id, { kind: 'hardlink', linkTo: 0, size });
    const driven = tree((one) => {
      one.entries(link(2), link(3, 2 * CHUNK + 2 ** 20), link(4), link(5));
      one.answers(0, 'kept');
    });
    assert.deepEqual(driven.answers(2, 'want', 'want'), ['more', 'more', 'open 3', '0: read whole 2']);
    assert.deepEqual(driven.all.flatMap((effect) => (effect.kind === 'more' ? [effect.bytes] : [])), [5, 2 * CHUNK + 2 ** 20]);
    driven.readWhole();
    assert.deepEqual(driven.done(2), ['2 done']);
    assert.deepEqual(driven.all.flatMap((effect) => (effect.kind === 'settled' && effect.how === 'done' ? [effect.entry.kind] : [])), ['file']);
    assert.deepEqual(driven.answers(4, 'compare'), ['more', 'digest 4']);
    assert.deepEqual(driven.answers(4, 'want').filter((what) => what === 'more'), [], 'counted once');
    assert.deepEqual(driven.answers(5, 'placed'), ['5 placed']);
  });

  it('does not send a hard link’s content twice, in a dry run, or when its name is settled', () => {
    const link = entry(1, { kind: 'hardlink', linkTo: 0 });
    const sending = (dryRun: boolean): DrivenSender => {
      const driven = new DrivenSender({ dryRun });
      driven.start();
      driven.entries(entry(0, { linked: true }), link);
      return driven;
    };
    assert.deepEqual(sending(true).answers(1, 'want'), VIOLATION);
    for (const [first, second] of [['want', 'want'], ['want', 'compare'], ['placed', 'want'], ['kept', 'compare']] as const) {
      const driven = sending(false);
      driven.answers(1, first);
      assert.deepEqual(driven.answers(1, second), VIOLATION, `${first}, ${second}`);
    }
    assert.deepEqual(sending(false).answers(2, 'want'), VIOLATION, 'one that is not in the manifest');
    assert.deepEqual(sending(false).done(1), VIOLATION, 'one that was not asked for');
  });

  it('has credit for the whole of a frame before it reads, and has back what could not be read', () => {
    const driven = new DrivenSender();
    driven.start();
    driven.attach(0, 1, 3 * 21);
    driven.entries(small(0), small(1), small(2), small(3));
    assert.deepEqual(driven.answers(0, 'want', 'want', 'want', 'want'), ['0: read whole 0,1,2']);
    driven.trouble(1);
    assert.deepEqual(driven.readWhole([1]), ['0: whole 0,2']);
    assert.deepEqual(driven.room(), ['0: read whole 3'], 'the credit of the one that failed');
    driven.trouble(3);
    assert.deepEqual(driven.readWhole([3]), []);
    assert.deepEqual(driven.entries(small(4)), ['send entries', 'walk']);
    assert.deepEqual(driven.answers(4, 'want'), ['0: read whole 4'], 'and the room of a frame that was none');
  });

  it('opens 16 files at once, and the next when one is settled', () => {
    const driven = new DrivenSender();
    driven.start();
    driven.entries(...Array.from({ length: 20 }, (_, id) => entry(id)));
    const opened = driven.answers(0, ...Array.from({ length: 20 }, () => 'want' as const));
    assert.deepEqual(opened, Array.from({ length: 16 }, (_, id) => `open ${id}`));
    assert.deepEqual(driven.peerTrouble(3), ['3 failed', 'close 3', 'open 16']);
    assert.deepEqual(driven.trouble(4), ['send trouble 4', '4 failed', 'close 4', 'open 17']);
  });

  it('has room and credit back for what it reads of a file that fails meanwhile', () => {
    const driven = tree((one) => {
      one.answers(0, 'want');
      one.opened(0);
    });
    driven.lose();
    driven.attach(0, 1, CHUNK);
    driven.answers(1, 'want');
    driven.readWhole();
    const late = new DrivenSender();
    late.start();
    late.attach(0, 1, CHUNK);
    late.entries(entry(0), entry(1));
    late.answers(0, 'want', 'want');
    late.opened(0);
    late.opened(1);
    assert.deepEqual(late.ready(0), ['streaming 0 0', '0: read 0 0']);
    late.ready(1);
    assert.deepEqual(late.peerTrouble(0), ['0 failed', 'close 0']);
    assert.deepEqual(late.read(0, 0), ['0: read 1 0'], 'what was read of it comes too late');
    assert.deepEqual(late.trouble(1), ['send trouble 1', '1 failed', 'close 1']);
    assert.deepEqual(late.feed({ kind: 'unread', stream: 0, lap: late.machine.lapOf(0), cost: CHUNK }), []);
    late.entries(small(2));
    assert.deepEqual(late.answers(2, 'want'), ['0: read whole 2']);
  });

  it('says what it sees of zeros, and spends no credit on it', () => {
    const driven = new DrivenSender();
    driven.start();
    driven.attach(0, 1, CHUNK);
    driven.entries(entry(0, { sparse: true }));
    driven.answers(0, 'want');
    driven.opened(0);
    driven.ready(0);
    assert.deepEqual(driven.read(0, 0, { zeros: true }), ['0: hole 0 0']);
    assert.deepEqual(driven.room(), ['0: read 0 1'], 'the same credit once more');
  });

  it('compares where it is asked to, and goes by the second answer', () => {
    const driven = tree();
    assert.deepEqual(driven.answers(1, 'compare'), ['digest 1']);
    assert.deepEqual(driven.feed({ kind: 'digested', id: 1, chunkSize: CHUNK, digest: Buffer.alloc(32) }), ['send compare 1']);
    assert.deepEqual(driven.answers(1, 'want'), ['0: read whole 1']);
    const again = tree((one) => one.answers(1, 'compare'));
    assert.deepEqual(again.answers(1, 'compare'), VIOLATION);
    const failed = tree((one) => one.answers(1, 'compare'));
    assert.deepEqual(failed.trouble(1), ['send trouble 1', '1 failed']);
    assert.deepEqual(failed.feed({ kind: 'digested', id: 1, chunkSize: CHUNK, digest: Buffer.alloc(32) }), []);
  });

  it('refuses answers that make no sense', () => {
    const directory = () => {
      const driven = new DrivenSender();
      driven.start();
      driven.entries(entry(0, { kind: 'directory', size: 0 }));
      return driven;
    };
    assert.deepEqual(directory().answers(0, 'want'), VIOLATION);
    assert.deepEqual(directory().answers(0, 'compare'), VIOLATION);
    assert.deepEqual(directory().answers(0, 'placed', 'placed').at(-1), VIOLATION[0]);
    assert.deepEqual(directory().answers(0, 'placed'), ['0 placed', 'walk'].slice(0, 1));
  });

  it('cuts a message that is too long for a frame', () => {
    const driven = tree();
    driven.feed({ kind: 'trouble', id: 0, error: new StorageError('storage-io', 'ü'.repeat(5_000)) });
    const frame = driven.all.flatMap((effect) => (effect.kind === 'send' && effect.frame.type === 'trouble' ? [effect.frame] : []))[0];
    assert.ok(frame !== undefined && Buffer.byteLength(frame.message) <= 1000 && frame.message.endsWith('ü…'));
  });

  it('ignores a confirmation that crosses its own trouble', () => {
    const driven = tree((one) => {
      one.answers(1, 'want');
      one.readWhole();
    });
    driven.lose();
    driven.attach();
    assert.deepEqual(driven.trouble(1), ['send trouble 1', '1 failed']);
    assert.deepEqual(driven.done(1), []);
  });

  it('is done when everything is settled, and not before', () => {
    const finished = { type: 'finished', removed: 1, failed: 0 } as const;
    const open = tree((one) => {
      one.answers(0, 'kept');
      one.walked(2);
    });
    assert.deepEqual(open.frame(finished), VIOLATION);
    const walking = tree((one) => one.answers(0, 'kept', 'kept'));
    assert.deepEqual(walking.frame(finished), VIOLATION);
    const all = tree((one) => {
      one.walked(2);
      one.answers(0, 'kept', 'equal');
    });
    assert.deepEqual(all.frame({ type: 'extras', paths: ['x'] }), ['extras']);
    assert.deepEqual(all.frame(finished), ['done']);
  });
});
