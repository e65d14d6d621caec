import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileDigest } from '../../../src/crypto/checksum.js';
import { CHUNK, DrivenSender, entry, hashes, hashOf, small, type OFFER } from './driven-sender.js';

const VIOLATION = ['fail protocol-violation'];

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
