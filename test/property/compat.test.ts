import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { buildEof, buildInit, COMPAT_CHUNK_BYTES, errorFromClose, parseEof, parseInit } from '../../src/compat/messages.js';
import { CompatReceiverMachine, type CompatReceiverEffect } from '../../src/compat/receiver-machine.js';
import { CompatSenderMachine, type CompatSenderEffect } from '../../src/compat/sender-machine.js';
import { sha256 } from '../../src/crypto/checksum.js';
import { ProtocolError, StreamerError } from '../../src/errors.js';

const hashOf = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const LIMIT = 10_000;

/** One websocket message, as pieces of the lengths that the test chose. */
interface Message {
  readonly bytes: Uint8Array;
  readonly text: boolean;
}

/** How a transfer of the machine's ended: the file, an error's code, or `waiting` when it wants more. */
interface Outcome {
  readonly end: string;
  readonly file: Buffer;
}

/** Cuts `bytes` at these places, which may repeat: then a part is empty. */
function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const sorted = places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b);
  return [0, ...sorted].map((from, index) => bytes.subarray(from, sorted[index] ?? bytes.length));
}

/** Feeds messages to a receiver, each cut into pieces, then commits if it wishes to, or tells it that the peer left. */
function receive(messages: readonly Message[], pieces: readonly number[]): Outcome {
  const machine = new CompatReceiverMachine(LIMIT, sha256());
  const written: Buffer[] = [];
  let at = 0;
  let end = 'waiting';
  const perform = (effects: readonly CompatReceiverEffect[]) => {
    for (const effect of effects) {
      if (effect.kind === 'write') {
        assert.equal(effect.offset, at, 'in order, without a gap');
        written.push(Buffer.from(effect.bytes));
        at += effect.bytes.length;
      } else if (effect.kind === 'commit') perform(machine.handle({ kind: 'committed' }));
      else if (effect.kind === 'done') end = `done ${effect.sha256}`;
      else if (effect.kind === 'fail') end = effect.error.code;
    }
  };
  for (const { bytes, text } of messages) {
    const parts = cutAt(bytes, pieces);
    parts.forEach((part, index) => perform(machine.handle({ kind: 'piece', bytes: part, last: index === parts.length - 1, text })));
  }
  if (end === 'waiting') perform(machine.handle({ kind: 'closed', by: 'peer', code: 1000, reason: '' }));
  return { end, file: Buffer.concat(written) };
}

const bytesUpTo = (maxLength: number) => fc.uint8Array({ maxLength });
const places = fc.array(fc.nat(2 * LIMIT), { maxLength: 12 });
/** What a sender announces of a file's length: anything, the truth, or nearly. */
const lie = fc.oneof(
  fc.nat(3000).map((announced) => () => announced),
  fc.integer({ min: -2, max: 2 }).map((by) => (length: number) => length + by),
  fc.integer({ min: 94, max: 97 }).map((by) => (length: number) => length + by),
);
const eofAs = (hash: string, text: boolean): Message => ({ bytes: buildEof(hash), text });
const binary = (bytes: Uint8Array): Message => ({ bytes, text: false });

describe('the compat receiver', () => {
  it('makes the same file of a stream however it is split into messages, and these into pieces', () => {
    fc.assert(
      fc.property(bytesUpTo(3000), places, places, fc.boolean(), (file, messages, pieces, text) => {
        const data = cutAt(file, messages).map(binary);
        const { end, file: received } = receive([binary(buildInit(file.length)), ...data, eofAs(hashOf(file), text)], pieces);
        assert.equal(end, `done ${hashOf(file)}`);
        assert.ok(received.equals(file));
      }),
      { numRuns: 500 },
    );
  });

  it('finds the same thing wrong with a stream however it is split', () => {
    fc.assert(
      fc.property(bytesUpTo(3000), lie, places, places, fc.boolean(), (sent, tell, messages, pieces, text) => {
        const announced = Math.max(0, tell(sent.length));
        const eof = eofAs(hashOf(sent), text);
        const split = (at: readonly number[], into: readonly number[]) => receive([binary(buildInit(announced)), ...cutAt(sent, at).map(binary), eof], into).end;
        assert.equal(split(messages, pieces), modelOf(sent, announced, eof));
        assert.equal(split([], []), modelOf(sent, announced, eof), 'nor is it otherwise in one piece');
      }),
      { numRuns: 500 },
    );
  });

  it('ends in one way or another, whatever messages come, and never with a file that is not the announced one', () => {
    const message = fc.record({ bytes: fc.oneof(bytesUpTo(40), fc.constantFrom(buildInit(0), buildInit(7), buildInit(LIMIT + 1), buildEof(hashOf(Buffer.alloc(0))), buildEof('0'.repeat(64)))), text: fc.boolean() });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), places, (messages, pieces) => {
        const { end, file } = receive(messages, pieces);
        if (end.startsWith('done')) assert.equal(end, `done ${hashOf(file)}`);
        else assert.match(end, /^(protocol-violation|integrity-(size|digest)|limit-inbound|connect-lost)$/);
      }),
      { numRuns: 1000 },
    );
  });
});

/** What the specification says of a stream of `sent` bytes after an init of `announced`. */
function modelOf(sent: Uint8Array, announced: number, eof: Message): string {
  if (sent.length > announced) return 'integrity-size';
  if (sent.length === announced) return `done ${hashOf(sent)}`;
  if (eof.text) return 'integrity-size';
  // A binary eof counts as data while the file is not whole.
  return sent.length + eof.bytes.length > announced ? 'integrity-size' : 'connect-lost';
}

const json = fc.json({ maxDepth: 3 });
const fields = fc.record({ type: fc.constantFrom('init', 'eof', 'error', null, 1), file_size: fc.oneof(fc.maxSafeInteger(), fc.double(), json), sha256_hash: fc.oneof(fc.string(), fc.constant('a'.repeat(64))) }, { requiredKeys: [] });
const controlBytes = fc.oneof(
  bytesUpTo(200),
  json.map((text) => Buffer.from(text)),
  fields.map((value) => Buffer.from(JSON.stringify(value))),
);

describe('init and eof', () => {
  it('of arbitrary bytes give a value that could have been sent, or ProtocolError', () => {
    fc.assert(
      fc.property(controlBytes, (bytes) => {
        const init = valueOr(() => parseInit(bytes).size);
        if (init !== undefined) assert.ok(Number.isSafeInteger(init) && init >= 0);
        const eof = valueOr(() => parseEof(bytes));
        if (eof !== undefined) assert.match(eof, /^[0-9a-f]{64}$/);
      }),
      { numRuns: 2000 },
    );
  });

  it('are read as they were written', () => {
    fc.assert(fc.property(fc.maxSafeInteger().map(Math.abs), (size) => assert.equal(parseInit(buildInit(size)).size, size)));
    fc.assert(fc.property(bytesUpTo(50).map(hashOf), (hash) => assert.equal(parseEof(buildEof(hash)), hash)));
  });
});

function valueOr<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    assert.ok(error instanceof ProtocolError, String(error));
    assert.doesNotMatch(error.message, /[\r\n]/);
    return undefined;
  }
}

describe('a close', () => {
  it('of any code and reason is a good end or an error in one printable line', () => {
    const reason = fc.oneof(fc.string({ unit: 'grapheme' }), json, fc.record({ error: fc.string({ unit: 'binary' }), code: fc.oneof(fc.string(), fc.constantFrom('storage-full', 'aborted')) }).map((value) => JSON.stringify(value)));
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 4999 }), reason, fc.constantFrom('sender' as const, 'receiver' as const), (code, text, peerIs) => {
        const error = errorFromClose(code, text, peerIs);
        assert.equal(error === undefined, code === 1000 || code === 1005);
        if (error === undefined) return;
        assert.ok(error instanceof StreamerError);
        assert.doesNotMatch(error.message, /[\p{Cc}\p{Zl}\p{Zp}]/u);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the compat sender', () => {
  const chunk = Buffer.alloc(COMPAT_CHUNK_BYTES);

  it('reads the file once, in order, in chunks of 5 MiB, one at a time, and only as there is room', () => {
    const sizes = fc.nat(6).chain((chunks) => fc.constantFrom(0, 1, COMPAT_CHUNK_BYTES - 1).map((rest) => chunks * COMPAT_CHUNK_BYTES + rest));
    fc.assert(
      fc.property(sizes, fc.array(fc.boolean(), { maxLength: 40 }), (size, turns) => {
        let hashed = 0;
        const machine = new CompatSenderMachine(size, { update: (bytes) => (hashed += bytes.length), hex: () => 'f'.repeat(64) });
        let [room, read, sent, reading, checked] = [0, 0, 0, 0, false];
        const perform = (effects: readonly CompatSenderEffect[]) => {
          for (const effect of effects) {
            if (effect.kind === 'read') {
              assert.equal(reading, 0, 'one at a time');
              assert.equal(effect.offset, read);
              assert.equal(effect.length, Math.min(COMPAT_CHUNK_BYTES, size - read));
              reading = effect.length;
              read += reading;
              room -= 1;
              assert.ok(room >= 0);
            } else if (effect.kind === 'sendChunk') sent += effect.message.length;
            else if (effect.kind === 'checkSource') checked = true;
          }
        };
        perform(machine.handle({ kind: 'start' }));
        const step = (giveRoom: boolean) => {
          if (giveRoom || reading === 0) {
            room += 1;
            perform(machine.handle({ kind: 'room' }));
          } else {
            const bytes = chunk.subarray(0, reading);
            reading = 0;
            perform(machine.handle({ kind: 'chunkRead', bytes }));
          }
        };
        for (const turn of turns) step(turn);
        while (!checked) step(false);
        assert.deepEqual([read, sent, hashed], [size, size, size]);
        assert.deepEqual(machine.handle({ kind: 'sourceUnchanged' }).map(({ kind }) => kind), ['sendText']);
      }),
    );
  });
});
