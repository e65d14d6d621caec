import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileDigest } from '../../../src/crypto/checksum.js';
import { ProtocolError, StorageError } from '../../../src/errors.js';
import type { Frame } from '../../../src/wire/frame.js';
import { FRAMES } from '../../support/fake-frames.js';
import { columns, table } from '../../support/fake-specification.js';
import type { OFFER} from './driven-sender.js';
import { CHUNK, DrivenSender, entry, hashes, hashOf, small } from './driven-sender.js';

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

describe('the sender of one file', () => {
  function offered(size: number, more: Partial<typeof OFFER> = {}): DrivenSender {
    const driven = new DrivenSender({ root: 'file', ...more });
    assert.deepEqual(driven.start(), ['send offer', 'walk']);
    driven.attach(0, 2);
    driven.entries(entry(0, { size }));
    return driven;
  }

  it('moves it: offers, opens at once, reads while there is room and credit, looks at the source, and ends', () => {
    const driven = new DrivenSender({ root: 'file' });
    assert.deepEqual(driven.start(), ['send offer', 'walk']);
    assert.deepEqual(driven.attach(0, 2), []);
    assert.deepEqual(driven.entries(entry(0, { size: 3 * CHUNK + 5 })), ['send entries', 'walk', 'open 0']);
    assert.deepEqual(driven.walked(1), ['send manifestEnd']);
    assert.deepEqual(driven.opened(0), ['send file 0'], 'it need not wait for the answer');
    assert.deepEqual(driven.answers(0, 'want'), []);
    assert.deepEqual(driven.ready(0), ['streaming 0 0', '0: read 0 0', '0: read 0 1']);
    assert.deepEqual(driven.read(0, 1), ['0: data 0 1'], 'reads may end in any order');
    assert.deepEqual(driven.room(), ['0: read 0 2']);
    assert.deepEqual(driven.read(0, 0), ['0: data 0 0']);
    assert.deepEqual(driven.room(0, 2), ['0: read 0 3']);
    assert.deepEqual(driven.read(0, 2), ['0: data 0 2']);
    assert.deepEqual(driven.read(0, 3, { length: 5 }).at(-1), 'check 0');
    assert.deepEqual(driven.room(), [], 'asked once');
    assert.deepEqual(driven.checked(0), ['send fileEnd 0']);
    const end = driven.all.flatMap((effect) => (effect.kind === 'send' && effect.frame.type === 'fileEnd' ? [effect.frame] : []))[0];
    assert.deepEqual(end?.digest, fileDigest(3 * CHUNK + 5, CHUNK, hashes(0, 1, 2, 3)));
    assert.deepEqual(driven.done(0), ['0 done', 'close 0']);
    assert.deepEqual(driven.frame({ type: 'finished', removed: 0, failed: 0 }), ['done']);
    assert.deepEqual(driven.frame({ type: 'failure', code: 'storage-io', message: '' }), []);
  });

  it('reads no more than it has credit for, to the byte', () => {
    const driven = new DrivenSender({ root: 'file' });
    driven.start();
    driven.attach(0, 9, 0);
    driven.entries(entry(0, { size: 3 * CHUNK + 5 }));
    driven.opened(0);
    assert.deepEqual(driven.ready(0), ['streaming 0 0']);
    assert.deepEqual(driven.credit(2 * CHUNK - 1), ['0: read 0 0']);
    assert.deepEqual(driven.credit(2 * CHUNK), ['0: read 0 1']);
    assert.deepEqual(driven.credit(2 * CHUNK), [], 'an equal limit is no news, and no violation');
    assert.deepEqual(driven.credit(3 * CHUNK + 4), ['0: read 0 2']);
    assert.deepEqual(driven.credit(3 * CHUNK + 5), ['0: read 0 3']);
    assert.deepEqual(driven.credit(3 * CHUNK + 4), VIOLATION);
  });

  it('skips what the receiver has, and gives the digest of the whole; the later hash of a chunk counts', () => {
    const driven = offered(4 * CHUNK);
    driven.opened(0);
    assert.deepEqual(driven.frame({ type: 'have', id: 0, first: 0, hashes: Buffer.alloc(32, 9) }), []);
    driven.have(0, 0, 0, 1);
    driven.have(0, 1, 1, 2, 3);
    assert.deepEqual(driven.ready(0), [`streaming 0 ${4 * CHUNK}`, 'check 0']);
    driven.checked(0);
    const end = driven.all.find((effect) => effect.kind === 'send' && effect.frame.type === 'fileEnd');
    assert.ok(end?.kind === 'send' && end.frame.type === 'fileEnd' && fileDigest(4 * CHUNK, CHUNK, hashes(0, 1, 2, 3)).equals(end.frame.digest));
  });

  it('takes no chunk past the end', () => {
    for (const [first, ...indices] of [[3, 3, 4], [4, 4]] as const) {
      const driven = offered(4 * CHUNK);
      driven.opened(0);
      assert.deepEqual(driven.have(0, first, ...indices), VIOLATION);
    }
  });

  it('ends an empty file at once', () => {
    const driven = offered(0);
    driven.opened(0);
    assert.deepEqual(driven.ready(0), ['streaming 0 0', 'check 0']);
    assert.deepEqual(driven.checked(0), ['send fileEnd 0']);
  });

  it('opens nothing in a dry run', () => {
    const driven = offered(5, { dryRun: true });
    assert.ok(!driven.all.some(({ kind }) => kind === 'open'));
    assert.deepEqual(driven.answers(0, 'would'), ['0 would']);
  });

  it('closes what it had opened when the file is not wanted', () => {
    const driven = offered(5);
    assert.deepEqual(driven.answers(0, 'kept'), ['0 kept', 'close 0']);
    assert.deepEqual(driven.opened(0), ['close 0'], 'opened too late');
  });

  it('fails when the file cannot be read, or the receiver has trouble with it', () => {
    assert.deepEqual(offered(5).trouble(0), ['fail storage-io']);
    assert.deepEqual(offered(5).peerTrouble(0), ['fail storage-full']);
  });

  it('fails when a chunk that is read again is another', () => {
    const driven = offered(2 * CHUNK);
    driven.opened(0);
    driven.ready(0);
    driven.read(0, 0);
    driven.lose();
    driven.attach(0, 2);
    assert.deepEqual(driven.read(0, 0, { hash: 5n }), ['fail integrity-source']);
  });
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

describe('the sender over several streams', () => {
  function sending(): DrivenSender {
    const driven = new DrivenSender();
    driven.start();
    driven.attach(0);
    driven.attach(3);
    driven.entries(entry(0, { size: 4 * CHUNK + 2 ** 20, sparse: true }), small(1), small(2));
    return driven;
  }

  it('gives each with room and credit its next unit', () => {
    const driven = sending();
    driven.answers(0, 'want');
    driven.opened(0);
    assert.deepEqual(driven.ready(0), ['streaming 0 0', '0: read 0 0', '3: read 0 1']);
    assert.deepEqual(driven.read(0, 1, { stream: 3 }), ['3: data 0 1']);
    assert.deepEqual(driven.room(3), ['3: read 0 2']);
    assert.deepEqual(driven.room(9), [], 'no such stream');
  });

  it('sends again what was not acked on one that is lost, over the others, and what was read for it', () => {
    const driven = sending();
    driven.answers(0, 'want');
    driven.opened(0);
    driven.ready(0);
    driven.read(0, 1, { stream: 3 });
    driven.room(3);
    const lap = driven.machine.lapOf(3);
    assert.deepEqual(driven.lose(3), [`unsent ${CHUNK} 0`]);
    assert.deepEqual(driven.read(0, 2, { stream: 3, lap }), []);
    assert.deepEqual(driven.room(3), []);
    driven.read(0, 0);
    assert.deepEqual(driven.room(), ['0: read 0 1']);
    driven.read(0, 1);
    assert.deepEqual(driven.room(), ['0: read 0 2']);
    assert.deepEqual(driven.read(0, 2), ['0: data 0 2']);
  });

  it('does not send again what was acked', () => {
    const driven = sending();
    driven.answers(1, 'want', 'want');
    driven.readWhole();
    assert.deepEqual(driven.credit(2 ** 30, 1, 0), []);
    assert.deepEqual(driven.lose(0), []);
  });

  it('sends whole files, and holes, again', () => {
    const driven = sending();
    assert.deepEqual(driven.answers(1, 'want', 'want'), ['0: read whole 1,2']);
    driven.readWhole();
    assert.deepEqual(driven.lose(0), ['unsent 10 0', '3: read whole 1,2']);
    driven.answers(0, 'want');
    driven.opened(0);
    driven.ready(0);
    driven.readWhole();
    assert.deepEqual(driven.room(3), ['3: read 0 0']);
    driven.read(0, 0, { stream: 3, zeros: true });
    driven.done(1, 2);
    assert.deepEqual(driven.lose(3), [`unsent 0 ${CHUNK}`], 'those that are settled are not');
    assert.deepEqual(driven.attach(0), ['0: read 0 0']);
  });

  it('takes nothing for a connection that took the place of another', () => {
    const driven = sending();
    driven.answers(1, 'want');
    const { lap } = driven.all.find((effect) => effect.kind === 'readWhole') ?? { lap: -1 };
    driven.lose(0);
    driven.attach(0, 0);
    driven.feed({ kind: 'room', stream: 0, lap, units: 5 });
    assert.deepEqual(driven.readWhole(), ['3: read whole 1'], 'it is read anew, for one that is there');
  });

  it('refuses acks of what was not sent', () => {
    const driven = sending();
    driven.answers(1, 'want');
    driven.readWhole();
    assert.deepEqual(driven.credit(2 ** 30, 2), VIOLATION);
  });

  it('sends chunks again after the file has ended, too', () => {
    const driven = sending();
    driven.answers(0, 'want');
    driven.opened(0);
    driven.have(0, 0, ...Array(19).keys());
    driven.ready(0);
    assert.deepEqual(driven.read(0, 19), ['0: data 0 19', 'check 0']);
    driven.checked(0);
    assert.deepEqual(driven.lose(0), [`unsent ${CHUNK} 0`, '3: read 0 19']);
    assert.deepEqual(driven.read(0, 19, { stream: 3 }), ['3: data 0 19'], 'and is not ended twice');
    assert.deepEqual(driven.done(0), ['0 done', 'close 0']);
  });
});

describe('the sender of a pipe', () => {
  function piping(): DrivenSender {
    const driven = new DrivenSender({ root: 'pipe' });
    driven.start();
    driven.attach(0);
    driven.attach(1);
    driven.entries(entry(0, { size: 0 }));
    driven.answers(0, 'want');
    return driven;
  }
  const read = (driven: DrivenSender, length = 2 ** 20) =>
    driven.feed({ kind: 'pipeRead', stream: 0, lap: driven.machine.lapOf(0), hash: hashOf(0), payload: [Buffer.alloc(length)] });
  const ended = (driven: DrivenSender, size = 0) =>
    driven.feed({ kind: 'pipeEnded', stream: 0, lap: driven.machine.lapOf(0), size, digest: Buffer.alloc(32) });

  it('sends it over stream 0 alone, as it is read', () => {
    const driven = piping();
    assert.deepEqual(driven.ready(0), ['streaming 0 0', '0: read pipe']);
    assert.deepEqual(read(driven), ['0: data 0 0']);
    assert.deepEqual(driven.room(), ['0: read pipe']);
    assert.deepEqual(read(driven, 7), ['0: data 0 1']);
    assert.deepEqual(ended(driven, 2 ** 20 + 7), ['send fileEnd 0']);
    assert.deepEqual(ended(driven, 2 ** 20 + 7), [], 'it ends once');
    assert.deepEqual(driven.done(0), ['0 done']);
    const settled = driven.all.find((effect) => effect.kind === 'settled');
    assert.ok(settled?.kind === 'settled' && settled.entry.size === 2 ** 20 + 7, 'its size shows at its end');
  });

  it('takes ready once, no compare, and no confirmation before its end', () => {
    const twice = piping();
    twice.ready(0);
    assert.deepEqual(twice.ready(0), VIOLATION);
    const early = piping();
    early.ready(0);
    read(early);
    assert.deepEqual(early.done(0), VIOLATION);
    const compared = new DrivenSender({ root: 'pipe' });
    compared.start();
    compared.entries(entry(0, { size: 0 }));
    assert.deepEqual(compared.answers(0, 'compare'), VIOLATION);
    assert.deepEqual(piping().have(0, 0, 0), VIOLATION);
  });

  it('sends again what was lost, in order, before it reads on', () => {
    const driven = piping();
    driven.ready(0);
    for (let chunk = 0; chunk < 2; chunk += 1) {
      read(driven);
      driven.room();
    }
    assert.deepEqual(driven.lose(0), [`unsent ${2 ** 21} 0`]);
    // A third chunk was being read for the lost connection.
    assert.deepEqual(driven.feed({ kind: 'pipeRead', stream: 0, lap: -1, hash: hashOf(0), payload: [Buffer.alloc(2 ** 20)] }), []);
    assert.deepEqual(driven.attach(0, 5), ['0: data 0 0', '0: data 0 1', '0: data 0 2', '0: read pipe']);
  });

  it('fails when it cannot be read', () => {
    assert.deepEqual(piping().trouble(0), ['fail storage-io']);
  });
});
