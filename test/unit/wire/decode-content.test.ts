import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProtocolError } from '../../../src/errors.js';
import { CHUNK_SIZE_MAX, WHOLE_FILE_MAX, WHOLE_PARTS_MAX } from '../../../src/wire/constants.js';
import { decodeData, decodeWhole, splitPayload } from '../../../src/wire/decode-content.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import type { WholeFrame } from '../../../src/wire/frame.js';

function refused(decode: () => unknown, text: RegExp): void {
  assert.throws(decode, (error: unknown) => error instanceof ProtocolError && text.test(error.message));
}

function changed(good: Buffer, at: number, ...values: number[]): Buffer[] {
  const copy = Buffer.from(good);
  values.forEach((value, index) => (copy[at + index] = value));
  return [copy];
}

describe('data frames', () => {
  const good = { type: 'data', id: 1, offset: 2 ** 40, length: 3, hash: 5n, payload: [Buffer.from('abc')] } as const;
  const bytes = Buffer.concat(encodeFrame(good));

  it('are refused shorter than their header, or with a payload that is not as long as they say', () => {
    for (let length = 1; length < bytes.length; length += 1) refused(() => decodeData([bytes.subarray(0, length)]), length < 28 ? /shorter than its header/u : /payload bytes/u);
    refused(() => decodeData([bytes, Buffer.of(0)]), /payload bytes/u);
  });

  it('are refused with reserved bytes, no payload, too much, or an offset past 2^53', () => {
    for (const at of [1, 2, 3]) refused(() => decodeData(changed(bytes, at, 1)), /reserved/u);
    refused(() => decodeData([changed(bytes, 16, 0, 0, 0, 0)[0]?.subarray(0, 28) ?? Buffer.alloc(0)]), /length of 0/u);
    refused(() => decodeData(changed(bytes, 16, 0, 0x40, 0, 1)), /length of 4194305/u);
    refused(() => decodeData(changed(bytes, 8, 0, 0x20, 0, 0, 0, 0, 0, 0)), /past 2\^53/u);
    refused(() => decodeData(changed(bytes, 8, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd)), /past 2\^53/u);
    refused(() => decodeData(changed(bytes, 8, 255, 255, 255, 255, 255, 255, 255, 255)), /past 2\^53/u);
  });

  it('are taken at the largest offset, hash, id and length', () => {
    assert.equal(decodeData(changed(bytes, 8, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc)).offset, Number.MAX_SAFE_INTEGER - 3);
    assert.equal(decodeData(changed(bytes, 20, 255, 255, 255, 255, 255, 255, 255, 255)).hash, 2n ** 64n - 1n);
    assert.equal(decodeData(changed(bytes, 4, 255, 255, 255, 255)).id, 2 ** 32 - 1);
    assert.equal(decodeData([...encodeFrame({ ...good, length: CHUNK_SIZE_MAX, payload: [Buffer.alloc(CHUNK_SIZE_MAX)] })]).length, CHUNK_SIZE_MAX);
  });

  it('have views of what came as their payload', () => {
    const arrived = Buffer.from(bytes);
    const { payload } = decodeData([arrived]);
    arrived.fill(0x78, 28);
    assert.equal(Buffer.concat(payload).toString(), 'xxx');
  });
});

describe('whole frames', () => {
  const frame = (lengths: readonly number[]): WholeFrame => {
    const length = lengths.reduce((sum, one) => sum + one, 0);
    return { type: 'whole', parts: lengths.map((one, id) => ({ id, length: one, hash: BigInt(id) })), length, payload: [Buffer.alloc(length, 1)] };
  };
  const bytes = Buffer.concat(encodeFrame(frame([2, 0, 1])));

  it('are refused when they are cut anywhere, or longer than their table says', () => {
    for (let length = 1; length < bytes.length; length += 1) {
      refused(() => decodeWhole([bytes.subarray(0, length)]), length < 8 ? /header cut short/u : length < 56 ? /shorter than its table/u : /payload bytes/u);
    }
    refused(() => decodeWhole([bytes, Buffer.of(0)]), /payload bytes/u);
  });

  it('are refused with reserved bytes, of no files, or of too many', () => {
    for (const at of [1, 2, 3]) refused(() => decodeWhole(changed(bytes, at, 1)), /reserved/u);
    refused(() => decodeWhole(changed(bytes, 4, 0, 0, 0, 0)), /of 0 files/u);
    refused(() => decodeWhole(changed(bytes, 4, 0, 0, 0x10, 1)), /of 4097 files/u);
    refused(() => decodeWhole(changed(bytes, 4, 255, 255, 255, 255)), /of 4294967295 files/u);
    assert.equal(decodeWhole([...encodeFrame(frame(Array.from({ length: WHOLE_PARTS_MAX }, () => 1)))]).parts.length, WHOLE_PARTS_MAX);
  });

  it('are refused with a file, or a sum of files, that is too large', () => {
    refused(() => decodeWhole([...encodeFrame(frame([WHOLE_FILE_MAX + 1]))]), /file of 1048577 bytes/u);
    refused(() => decodeWhole([...encodeFrame(frame([WHOLE_FILE_MAX, WHOLE_FILE_MAX, WHOLE_FILE_MAX, WHOLE_FILE_MAX, 1]))]), /payload bytes/u);
    assert.equal(decodeWhole([...encodeFrame(frame([WHOLE_FILE_MAX, WHOLE_FILE_MAX, WHOLE_FILE_MAX, WHOLE_FILE_MAX]))]).length, CHUNK_SIZE_MAX);
  });

  it('take files of no bytes alone', () => {
    assert.deepEqual(decodeWhole([...encodeFrame(frame([0, 0]))]).parts, [{ id: 0, length: 0, hash: 0n }, { id: 1, length: 0, hash: 1n }]);
  });
});

describe('a payload in parts', () => {
  const pieces = [Buffer.from('ab'), Buffer.alloc(0), Buffer.from('cdef'), Buffer.from('g')];

  it('is cut wherever the parts end, without copying', () => {
    const parts = [...splitPayload(pieces, [0, 1, 4, 0, 2, 0])];
    assert.deepEqual(parts.map((part) => Buffer.concat(part).toString()), ['', 'a', 'bcde', '', 'fg', '']);
    pieces[2]?.write('X', 0);
    assert.equal(Buffer.concat(parts[2] ?? []).toString(), 'bXde');
  });

  it('that is too short is an error', () => {
    assert.throws(() => [...splitPayload([Buffer.from('ab')], [1, 2])], RangeError);
  });
});
