import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { COMPAT_CHUNK_BYTES } from '../../../src/compat/messages.js';
import { CompatSenderMachine, type CompatSenderEffect, type CompatSenderInput } from '../../../src/compat/sender-machine.js';
import { sha256 } from '../../../src/crypto/checksum.js';
import { TimeoutError } from '../../../src/errors.js';

const FILE = Buffer.from('abc');
const HASH = createHash('sha256').update(FILE).digest('hex');
const closed = (code: number, reason = ''): CompatSenderInput => ({ kind: 'closed', by: 'peer', code, reason });
const lost: CompatSenderInput = { kind: 'closed', by: 'link', code: 1006, reason: '' };
const start: CompatSenderInput = { kind: 'start' };
const room: CompatSenderInput = { kind: 'room' };
const chunkRead: CompatSenderInput = { kind: 'chunkRead', bytes: FILE };
const sourceUnchanged: CompatSenderInput = { kind: 'sourceUnchanged' };
const eofSent: CompatSenderInput = { kind: 'eofSent' };

/** An effect in a few words, to be compared. */
function words(effect: CompatSenderEffect): string {
  switch (effect.kind) {
    case 'sendBinary':
    case 'sendText':
      return `${effect.kind} ${Buffer.from(effect.message).toString()}`;
    case 'sendChunk':
      return `sendChunk of ${effect.message.length}`;
    case 'read':
      return `read ${effect.length} at ${effect.offset}`;
    case 'done':
      return `done ${effect.sha256 === HASH ? 'its hash' : effect.sha256}`;
    case 'fail':
      return effect.error.code;
    case 'checkSource':
    case 'close':
      return effect.kind;
  }
}

/** What a machine with a file of `size` bytes wishes after these inputs, the last input's wishes only. */
function afterWith(size: number, ...inputs: readonly CompatSenderInput[]): string[] {
  const machine = new CompatSenderMachine(size, sha256());
  let effects: CompatSenderEffect[] = [];
  for (const input of inputs) effects = machine.handle(input);
  return effects.map(words);
}

const INIT = 'sendBinary {"type":"init","num_chunks":1,"file_size":3}';
const EOF = `sendText {"type":"eof","sha256_hash":"${HASH}"}`;

/** The ways into each state. */
const STATES = {
  idle: [],
  'streaming without room': [start],
  'streaming, reading': [start, room],
  checking: [start, room, chunkRead],
  ending: [start, room, chunkRead, sourceUnchanged],
  closing: [start, room, chunkRead, sourceUnchanged, eofSent],
  done: [start, room, chunkRead, sourceUnchanged, eofSent, closed(1000)],
  failed: [start, lost],
} satisfies Record<string, readonly CompatSenderInput[]>;

const INPUTS: Readonly<Record<string, CompatSenderInput>> = {
  start,
  room,
  chunkRead,
  sourceUnchanged,
  eofSent,
  patienceOver: { kind: 'patienceOver' },
  'closed 1000': closed(1000),
  'closed 1001': closed(1001),
  'closed 1005': closed(1005),
  'closed 1009': closed(1009, 'too much'),
  'closed 1011': closed(1011, '{"type": "error", "error": "OSError"}'),
  'closed 3003': closed(3003, '{"type": "error", "error": "FileNotFoundError"}'),
  'closed by us': { kind: 'closed', by: 'us', code: 1011, reason: '' },
  'link lost': lost,
  'peer silent': { ...lost, error: new TimeoutError('timeout-idle', 'silent') },
};

const LOST = { 'closed 1000': ['connect-lost'], 'closed 1001': ['connect-lost'], 'closed 1005': ['connect-lost'], 'closed 1009': ['limit-inbound'], 'closed 1011': ['storage-io'], 'closed 3003': ['storage-exists'], 'closed by us': ['connect-lost'], 'link lost': ['connect-lost'], 'peer silent': ['timeout-idle'] };

/** What each input does in each state. What is not here does nothing. */
const EXPECTED: Readonly<Record<keyof typeof STATES, Readonly<Record<string, readonly string[]>>>> = {
  idle: { ...LOST, start: [INIT] },
  'streaming without room': { ...LOST, room: ['read 3 at 0'] },
  'streaming, reading': { ...LOST, chunkRead: ['sendChunk of 3', 'checkSource'] },
  checking: { ...LOST, sourceUnchanged: [EOF] },
  ending: { ...LOST },
  closing: { ...LOST, 'closed 1000': ['done its hash'], 'closed 1005': ['done its hash'], patienceOver: ['close', 'done its hash'] },
  done: {},
  failed: {},
};

describe('the compat sender', () => {
  for (const [state, before] of Object.entries(STATES)) {
    for (const [name, input] of Object.entries(INPUTS)) {
      // A chunk that nobody asked for is no fact that can be.
      if (name === 'chunkRead' && state === 'streaming without room') continue;
      const expected = EXPECTED[state as keyof typeof STATES][name] ?? [];
      it(`in ${state}, told of ${name}: ${expected.join(', ') || 'nothing'}`, () => assert.deepEqual(afterWith(3, ...before, input), expected));
    }
  }

  it('has nothing to read of an empty file', () => {
    const empty = createHash('sha256').digest('hex');
    assert.deepEqual(afterWith(0, start), ['sendBinary {"type":"init","num_chunks":0,"file_size":0}', 'checkSource']);
    assert.deepEqual(afterWith(0, start, sourceUnchanged), [`sendText {"type":"eof","sha256_hash":"${empty}"}`]);
  });

  it('remembers room that was given before it could be used, and uses each only once', () => {
    assert.deepEqual(afterWith(3, room, start), [INIT, 'read 3 at 0']);
    const chunk: CompatSenderInput = { kind: 'chunkRead', bytes: Buffer.alloc(COMPAT_CHUNK_BYTES) };
    const two = 2 * COMPAT_CHUNK_BYTES;
    assert.deepEqual(afterWith(two, start, room, chunk), [`sendChunk of ${COMPAT_CHUNK_BYTES}`]);
    assert.deepEqual(afterWith(two, start, room, room, chunk), [`sendChunk of ${COMPAT_CHUNK_BYTES}`, `read ${COMPAT_CHUNK_BYTES} at ${COMPAT_CHUNK_BYTES}`]);
  });

  it('reads chunks of 5 MiB, the last one shorter', () => {
    const chunk: CompatSenderInput = { kind: 'chunkRead', bytes: Buffer.alloc(COMPAT_CHUNK_BYTES) };
    assert.deepEqual(afterWith(COMPAT_CHUNK_BYTES + 1, start, room), [
      `read ${COMPAT_CHUNK_BYTES} at 0`,
    ]);
    assert.deepEqual(afterWith(COMPAT_CHUNK_BYTES + 1, start, room, room, chunk).at(-1), `read 1 at ${COMPAT_CHUNK_BYTES}`);
    assert.deepEqual(afterWith(COMPAT_CHUNK_BYTES, start, room, room, chunk).at(-1), 'checkSource');
  });

  it('takes a clean close for success only after the eof has left', () => {
    assert.deepEqual(afterWith(3, start, room, chunkRead, sourceUnchanged, closed(1000)), ['connect-lost']);
    assert.deepEqual(afterWith(3, start, room, chunkRead, sourceUnchanged, eofSent, closed(1000)), ['done its hash']);
  });
});
