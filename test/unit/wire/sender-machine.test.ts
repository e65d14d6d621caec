import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileDigest } from '../../../src/crypto/checksum.js';
import { IntegrityError, ProtocolError, StorageError } from '../../../src/errors.js';
import { ChunkTable } from '../../../src/wire/chunk-table.js';
import type { Frame } from '../../../src/wire/frame.js';
import { SenderMachine, type SenderEffect } from '../../../src/wire/sender-machine.js';
import { entryFrame } from '../../support/fake-frames.js';
import { columns, table } from '../../support/fake-specification.js';

const CHUNK = 10;
const hashOf = (index: number) => BigInt(index + 100);

function hashes(...indices: number[]): Buffer {
  const bytes = Buffer.alloc(indices.length * 8);
  indices.forEach((index, at) => bytes.writeBigUInt64BE(hashOf(index), at * 8));
  return bytes;
}

const digestOf = (size: number) => fileDigest(size, CHUNK, hashes(...Array(Math.ceil(size / CHUNK)).keys()));

/** A machine for a file of 35 bytes in chunks of 10, and short words for what it wishes. */
class Driven {
  readonly machine: SenderMachine;

  constructor(size = 35) {
    this.machine = new SenderMachine(entryFrame(size, CHUNK), new ChunkTable(size, CHUNK));
  }

  frame(frame: Frame): string[] {
    return this.machine.handle({ kind: 'frame', frame }).map(word);
  }
  start(): string[] {
    return this.machine.handle({ kind: 'start' }).map(word);
  }
  room(chunks: number): string[] {
    return this.machine.handle({ kind: 'room', chunks }).map(word);
  }
  read(index: number): string[] {
    return this.machine.handle({ kind: 'chunkRead', index, hash: hashOf(index), payload: [Buffer.alloc(1)] }).map(word);
  }
  unchanged(): string[] {
    return this.machine.handle({ kind: 'sourceUnchanged' }).map(word);
  }
  have(first: number, ...indices: number[]): string[] {
    return this.frame({ type: 'have', id: 0, first, hashes: hashes(...indices) });
  }
  want(limit = 1_000): string[] {
    return this.frame({ type: 'want', id: 0, limit });
  }
  credit(limit: number): string[] {
    return this.frame({ type: 'credit', limit });
  }
  done(size = 35): string[] {
    return this.frame({ type: 'fileDone', id: 0, digest: digestOf(size) });
  }
}

function word(effect: SenderEffect): string {
  switch (effect.kind) {
    case 'send':
      return effect.frame.type === 'data' ? `data ${effect.frame.offset}+${effect.frame.length}` : `send ${effect.frame.type}`;
    case 'read':
      return `read ${effect.offset}+${effect.length}`;
    case 'streaming':
      return `streaming ${effect.resumedBytes}`;
    case 'fail':
      return `fail ${effect.error.code}`;
    default:
      return effect.kind;
  }
}

/** A machine in each state of PROTOCOL.md's table. */
const STATES: Readonly<Record<string, () => Driven>> = {
  offering: () => {
    const driven = new Driven();
    driven.start();
    return driven;
  },
  streaming: () => {
    const driven = new Driven();
    driven.start();
    driven.room(1);
    driven.want(20);
    return driven;
  },
  confirming: () => {
    const driven = new Driven(0);
    driven.start();
    driven.want();
    assert.deepEqual(driven.unchanged(), ['send fileEnd']);
    return driven;
  },
};

/** A good frame of each type. */
const FRAMES: Readonly<Record<Frame['type'], Frame>> = {
  hello: { type: 'hello', client: Buffer.alloc(16), action: 'send', agent: '' },
  welcome: { type: 'welcome', action: 'send', agent: '' },
  failure: { type: 'failure', code: 'storage-full', message: 'full' },
  entry: entryFrame(35, CHUNK),
  have: { type: 'have', id: 0, first: 0, hashes: hashes(0) },
  want: { type: 'want', id: 0, limit: 100 },
  data: { type: 'data', id: 0, offset: 0, length: 1, hash: 0n, payload: [Buffer.alloc(1)] },
  credit: { type: 'credit', limit: 5_000 },
  fileEnd: { type: 'fileEnd', id: 0, digest: digestOf(35) },
  fileDone: { type: 'fileDone', id: 0, digest: digestOf(0) },
  bye: { type: 'bye' },
};

describe('every frame in every state of the sender, as PROTOCOL.md says', () => {
  const head = columns('state', 'have').slice(1);
  for (const [state = '', ...cells] of table('state', 'have')) {
    const name = /^\w+/u.exec(state)?.[0] ?? '';
    for (const frame of Object.values(FRAMES)) {
      const cell = cells[head.indexOf(frame.type)] ?? cells[head.indexOf('any other')] ?? '';
      it(`${name} × ${frame.type}: ${cell}`, () => {
        const driven = STATES[name]?.();
        assert.ok(driven !== undefined, `no such state: ${name}`);
        const effects = driven.machine.handle({ kind: 'frame', frame });
        const failure = effects.find((effect) => effect.kind === 'fail');
        if (cell === 'violation') assert.ok(failure?.error instanceof ProtocolError);
        else if (cell === 'fail') assert.ok(failure?.error instanceof StorageError && failure.error.fromPeer);
        else assert.equal(failure, undefined);
        // A failed machine wishes one thing, and then nothing.
        if (failure !== undefined) {
          assert.equal(effects.length, 1);
          assert.deepEqual([driven.frame(FRAMES.want), driven.room(1), driven.read(0), driven.unchanged()], [[], [], [], []]);
        }
      });
    }
  }
});

describe('the sender', () => {
  it('moves a file: offers, reads while there is room and credit, looks at the source, confirms', () => {
    const driven = new Driven();
    assert.deepEqual(driven.start(), ['send entry']);
    assert.deepEqual(driven.room(2), []);
    assert.deepEqual(driven.want(), ['streaming 0', 'read 0+10', 'read 10+10']);
    assert.deepEqual(driven.read(1), ['data 10+10'], 'reads may end in any order');
    assert.deepEqual(driven.room(1), ['read 20+10']);
    assert.deepEqual(driven.read(0), ['data 0+10']);
    assert.deepEqual(driven.room(2), ['read 30+5']);
    assert.deepEqual(driven.read(2), ['data 20+10']);
    assert.deepEqual(driven.read(3), ['data 30+5', 'checkSource']);
    assert.deepEqual(driven.room(1), [], 'asked once');
    assert.deepEqual(driven.unchanged(), ['send fileEnd']);
    assert.deepEqual(driven.credit(2_000), []);
    assert.deepEqual(driven.done(), ['send bye', 'done']);
    assert.deepEqual(driven.frame(FRAMES.failure), []);
  });

  it('reads no more than it has credit for, to the byte', () => {
    const driven = new Driven();
    driven.start();
    driven.room(10);
    assert.deepEqual(driven.want(19), ['streaming 0', 'read 0+10']);
    assert.deepEqual(driven.credit(20), ['read 10+10']);
    assert.deepEqual(driven.credit(20), [], 'an equal limit is no news, and no violation');
    assert.deepEqual(driven.credit(34), ['read 20+10']);
    assert.deepEqual(driven.credit(35), ['read 30+5']);
  });

  it('refuses a limit that shrinks', () => {
    const driven = new Driven();
    driven.start();
    driven.want(20);
    assert.deepEqual(driven.credit(19), ['fail protocol-violation']);
  });

  it('skips what the receiver has, and gives the digest of the whole', () => {
    const driven = new Driven();
    driven.start();
    driven.room(9);
    assert.deepEqual(driven.have(0, 0), []);
    assert.deepEqual(driven.have(2, 2, 3), []);
    assert.deepEqual(driven.want(), ['streaming 25', 'read 10+10']);
    assert.deepEqual(driven.read(1), ['data 10+10', 'checkSource']);
    driven.unchanged();
    assert.deepEqual(driven.done(), ['send bye', 'done']);
  });

  it('sends nothing of a file that is there already, or empty', () => {
    const all = new Driven();
    all.start();
    all.have(0, 0, 1, 2, 3);
    assert.deepEqual(all.want(), ['streaming 35', 'checkSource']);
    const empty = new Driven(0);
    empty.start();
    assert.deepEqual(empty.want(0), ['streaming 0', 'checkSource']);
    assert.deepEqual(empty.unchanged(), ['send fileEnd']);
    assert.deepEqual(empty.done(0), ['send bye', 'done']);
  });

  it('counts each chunk that overlapping runs name once; the later hash is in the digest', () => {
    const driven = new Driven();
    driven.start();
    driven.frame({ type: 'have', id: 0, first: 0, hashes: Buffer.alloc(32, 9) });
    driven.have(0, 0, 1);
    driven.have(1, 1, 2, 3);
    assert.deepEqual(driven.want(), ['streaming 35', 'checkSource']);
    driven.unchanged();
    assert.deepEqual(driven.done(), ['send bye', 'done']);
  });

  it('takes no other file, and no chunk past the end', () => {
    for (const frame of [
      { type: 'have', id: 1, first: 0, hashes: hashes(0) },
      { type: 'have', id: 0, first: 3, hashes: hashes(3, 4) },
      { type: 'have', id: 0, first: 4, hashes: hashes(4) },
      { type: 'want', id: 1, limit: 5 },
    ] as const) {
      assert.deepEqual(STATES['offering']?.().frame(frame), ['fail protocol-violation']);
    }
    assert.deepEqual(STATES['confirming']?.().frame({ type: 'fileDone', id: 1, digest: digestOf(0) }), ['fail protocol-violation']);
  });

  it('fails when the receiver confirms another digest', () => {
    const driven = STATES['confirming']?.();
    const [effect] = driven?.machine.handle({ kind: 'frame', frame: { type: 'fileDone', id: 0, digest: Buffer.alloc(32) } }) ?? [];
    assert.ok(effect?.kind === 'fail' && effect.error instanceof IntegrityError && effect.error.code === 'integrity-digest');
  });

  it('drops a read that ends after the failure', () => {
    const driven = STATES['streaming']?.() as Driven;
    driven.frame(FRAMES.failure);
    assert.deepEqual(driven.read(0), []);
  });
});
