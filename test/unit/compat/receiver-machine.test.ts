import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { buildEof, buildInit, CONTROL_MESSAGE_MAX } from '../../../src/compat/messages.js';
import { CompatReceiverMachine, type CompatReceiverEffect, type CompatReceiverInput } from '../../../src/compat/receiver-machine.js';
import { sha256 } from '../../../src/crypto/checksum.js';
import { TimeoutError } from '../../../src/errors.js';

const FILE = Buffer.from('abc');
const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const HASH = hashOf(FILE);
const LIMIT = 1000;

type Piece = Extract<CompatReceiverInput, { kind: 'piece' }>;
const binary = (bytes: Uint8Array | string, last = true): Piece => ({ kind: 'piece', bytes: Buffer.from(bytes), last, text: false });
const text = (bytes: Uint8Array | string, last = true): Piece => ({ kind: 'piece', bytes: Buffer.from(bytes), last, text: true });
const closed = (code: number, reason = ''): CompatReceiverInput => ({ kind: 'closed', by: 'peer', code, reason });
const lost: CompatReceiverInput = { kind: 'closed', by: 'link', code: 1006, reason: '' };
const silent: CompatReceiverInput = { ...lost, error: new TimeoutError('timeout-idle', 'silent') };

/** An effect in a few words, to be compared. */
function words(effect: CompatReceiverEffect): string {
  switch (effect.kind) {
    case 'started':
      return `started ${effect.size}`;
    case 'write':
      return `write ${effect.offset} ${Buffer.from(effect.bytes).toString()}`;
    case 'commit':
    case 'done':
      return `${effect.kind} ${effect.sha256 === HASH ? 'its hash' : effect.sha256}`;
    case 'fail':
      return effect.error.code;
  }
}

/** What a machine wishes after these inputs, the last input's wishes only. */
function after(...inputs: readonly CompatReceiverInput[]): string[] {
  const machine = new CompatReceiverMachine(LIMIT, sha256());
  let effects: CompatReceiverEffect[] = [];
  for (const input of inputs) effects = machine.handle(input);
  return effects.map(words);
}

const init = binary(buildInit(3));
const data = binary(FILE);
const eof = text(buildEof(HASH));
const pythonEof = binary(`{"type": "eof", "sha256_hash": "${HASH}"}`);

/** The ways into each state. */
const STATES = {
  init: [],
  data: [init],
  eof: [init, data],
  committing: [init, data, eof],
  done: [init, data, eof, { kind: 'committed' }],
  failed: [binary('junk')],
} satisfies Record<string, readonly CompatReceiverInput[]>;

const INPUTS: Readonly<Record<string, CompatReceiverInput>> = {
  init,
  'text init': text(buildInit(3)),
  data,
  'more data than announced': binary('abcd'),
  'an empty message': binary(''),
  eof,
  'python eof': pythonEof,
  'text that is no eof': text('hello'),
  'an error text': text('{"type":"error","error":"OSError"}'),
  committed: { kind: 'committed' },
  'closed 1000': closed(1000),
  'closed 1001': closed(1001),
  'closed 1005': closed(1005),
  'closed 1009': closed(1009, 'too much'),
  'closed 1011': closed(1011, '{"type": "error", "error": "OSError"}'),
  'closed 3003': closed(3003, '{"type": "error", "error": "FileNotFoundError"}'),
  'closed by us': { kind: 'closed', by: 'us', code: 1011, reason: '' },
  'link lost': lost,
  'peer silent': silent,
};

const LOST = { 'closed 1000': ['connect-lost'], 'closed 1001': ['connect-lost'], 'closed 1005': ['connect-lost'], 'closed 1009': ['limit-inbound'], 'closed 1011': ['storage-io'], 'closed 3003': ['storage-missing'], 'closed by us': ['connect-lost'], 'link lost': ['connect-lost'], 'peer silent': ['timeout-idle'] };
const VIOLATION = ['protocol-violation'];
const SIZE = ['integrity-size'];

/** What each input does in each state. What is not here does nothing. */
const EXPECTED: Readonly<Record<keyof typeof STATES, Readonly<Record<string, readonly string[]>>>> = {
  init: {
    ...LOST,
    init: ['started 3'],
    'text init': VIOLATION,
    data: VIOLATION,
    'more data than announced': VIOLATION,
    'an empty message': VIOLATION,
    eof: VIOLATION,
    'python eof': VIOLATION,
    'text that is no eof': VIOLATION,
    'an error text': VIOLATION,
  },
  data: {
    ...LOST,
    init: SIZE,
    'text init': SIZE,
    data: ['write 0 abc'],
    'more data than announced': SIZE,
    eof: SIZE,
    'python eof': SIZE,
    'text that is no eof': SIZE,
    'an error text': SIZE,
  },
  eof: {
    ...LOST,
    init: SIZE,
    'text init': VIOLATION,
    data: SIZE,
    'more data than announced': SIZE,
    eof: ['commit its hash'],
    'python eof': ['commit its hash'],
    'text that is no eof': VIOLATION,
    'an error text': VIOLATION,
  },
  committing: { committed: ['done its hash'] },
  done: {},
  failed: {},
};

describe('the compat receiver', () => {
  for (const [state, before] of Object.entries(STATES)) {
    for (const [name, input] of Object.entries(INPUTS)) {
      const expected = EXPECTED[state as keyof typeof STATES][name] ?? [];
      it(`in ${state}, told of ${name}: ${expected.join(', ') || 'nothing'}`, () => assert.deepEqual(after(...before, input), expected));
    }
  }

  it('has failed for good: what would have been right comes too late', () => {
    assert.deepEqual(after(binary('junk'), init), []);
    assert.deepEqual(after(init, lost, data), []);
    assert.deepEqual(after(init, data, binary('x'), eof), []);
  });

  it('asks for the eof at once when the file is empty', () => {
    const empty = hashOf(Buffer.alloc(0));
    assert.deepEqual(after(binary(buildInit(0))), ['started 0']);
    assert.deepEqual(after(binary(buildInit(0)), text(buildEof(empty))), [`commit ${empty}`]);
    assert.deepEqual(after(binary(buildInit(0)), data), SIZE);
  });

  it('writes pieces as they come, wherever messages begin and end, and passes empty ones over', () => {
    const machine = new CompatReceiverMachine(LIMIT, sha256());
    const pieces = [binary('a', false), binary('', false), binary('b'), binary(''), binary('c', false), binary('', true)];
    const effects = [init, ...pieces, eof].flatMap((input) => machine.handle(input)).map(words);
    assert.deepEqual(effects, ['started 3', 'write 0 a', 'write 1 b', 'write 2 c', 'commit its hash']);
  });

  it('does not take the rest of the last message for the eof', () => {
    assert.deepEqual(after(init, binary('abc', false), binary(buildEof(HASH))), SIZE);
  });

  it('puts an init and an eof together from pieces', () => {
    const split = (message: Piece) => Array.from(message.bytes, (byte, index) => ({ ...message, bytes: Buffer.of(byte), last: index === message.bytes.length - 1 }));
    assert.deepEqual(after(...split(init), data, ...split(eof)), ['commit its hash']);
    assert.deepEqual(after(...split(init), data, ...split(pythonEof)), ['commit its hash']);
  });

  it('keeps its own copy of such pieces: the bytes are the socket\'s', () => {
    const machine = new CompatReceiverMachine(LIMIT, sha256());
    const first = Buffer.from(init.bytes.subarray(0, 10));
    machine.handle({ ...init, bytes: first, last: false });
    first.fill(0);
    assert.deepEqual(machine.handle({ ...init, bytes: init.bytes.subarray(10) }).map(words), ['started 3']);
  });

  it('gives up on a control message that does not end, before it has ended', () => {
    const endless = Buffer.alloc(CONTROL_MESSAGE_MAX, ' ');
    assert.deepEqual(after(binary(endless, false)), []);
    assert.deepEqual(after(binary(endless, false), binary(' ', false)), VIOLATION);
    assert.deepEqual(after(init, data, text(endless, false), text(' ', false)), VIOLATION);
    assert.deepEqual(after(init, data, binary(endless, false), binary(' ', false)), SIZE);
  });

  it('has a limit in bytes, exact', () => {
    assert.deepEqual(after(binary(buildInit(LIMIT))), [`started ${LIMIT}`]);
    assert.deepEqual(after(binary(buildInit(LIMIT + 1))), ['limit-inbound']);
    assert.deepEqual(after(binary('{"type": "init", "num_chunks": 0, "file_size": 1001}')), ['limit-inbound'], 'whatever the number of chunks');
  });

  it("compares the hash of what came with the sender's", () => {
    assert.deepEqual(after(init, binary('abd'), eof), ['integrity-digest']);
    assert.deepEqual(after(init, data, text(buildEof(HASH.toUpperCase()))), ['commit its hash']);
  });

  it('does not swallow a bug as if the peer had broken a rule', () => {
    const bug = new Error('a bug');
    const machine = new CompatReceiverMachine(LIMIT, { update: () => assert.fail(bug), hex: () => '' });
    machine.handle(init);
    assert.throws(() => machine.handle(data), bug);
  });
});
