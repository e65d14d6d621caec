import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Packr } from 'msgpackr';
import { ProtocolError } from '../../../src/errors.js';
import { CHUNK_SIZE_MAX, CHUNK_SIZE_MIN, CHUNKS_MAX, CONTROL_FRAME_MAX, HAVE_HASHES_MAX } from '../../../src/wire/constants.js';
import { decodeFrame } from '../../../src/wire/decode.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import { FRAME_TYPE, type Frame } from '../../../src/wire/frame.js';
import { plain } from '../../support/fake-frames.js';

const packr = new Packr({ useRecords: false, variableMapSize: true });
const bytes = (length: number) => Buffer.alloc(length, 7);
type Body = Readonly<Record<string, unknown>>;

/** A valid body of each control frame. */
const GOOD: Readonly<Record<Exclude<Frame['type'], 'data'>, Body>> = {
  hello: { client: bytes(16), action: 'send', agent: 'x' },
  welcome: { action: 'receive', agent: 'x' },
  failure: { code: 'storage-full', message: 'x' },
  entry: { id: 0, name: 'x', size: 10, mode: 0o644, mtime: bytes(8), chunkSize: 2 ** 20, identity: bytes(32) },
  have: { id: 0, first: 0, hashes: bytes(16) },
  want: { id: 0, limit: 0 },
  credit: { limit: 0 },
  fileEnd: { id: 0, digest: bytes(32) },
  fileDone: { id: 0, digest: bytes(32) },
  bye: {},
};
type ControlType = keyof typeof GOOD;

const control = (type: ControlType, body: unknown) => Buffer.concat([Buffer.of(FRAME_TYPE[type]), packr.pack(body)]);
const decode = (type: ControlType, body: unknown) => decodeFrame([control(type, body)]);

function refuses(frame: Uint8Array, text: RegExp = /./u): void {
  assert.throws(
    () => decodeFrame([frame]),
    (error: unknown) => error instanceof ProtocolError && error.code === 'protocol-violation' && text.test(error.message) && !error.message.includes('\n'),
    Buffer.from(frame.subarray(0, 80)).toString('hex'),
  );
}

// What is wrong for a field of each kind, besides its absence.
const UINT = [-1, 1.5, 2 ** 53, 2 ** 60, Infinity, NaN, '5', null, true, bytes(1), [1], { a: 1 }];
const TEXT = [5, null, bytes(3), ['x'], { a: 1 }, false];
const BYTES = ['0123456789abcdef', 5, null, [1, 2], {}];

/** Every field with values that must be refused. */
const BAD: readonly (readonly [ControlType, string, readonly unknown[]])[] = [
  ['hello', 'client', [...BYTES, bytes(0), bytes(15), bytes(17)]],
  ['hello', 'action', [...TEXT, 'Send', '', 'both']],
  ['hello', 'agent', [...TEXT, 'x'.repeat(1001), 'ü'.repeat(501)]],
  ['welcome', 'action', [...TEXT, 'sends']],
  ['welcome', 'agent', [...TEXT, 'x'.repeat(1001)]],
  ['failure', 'code', [...TEXT, 'x'.repeat(1001)]],
  ['failure', 'message', [...TEXT, 'x'.repeat(1001)]],
  ['entry', 'id', [...UINT, 2 ** 32]],
  ['entry', 'name', [...TEXT, 'x'.repeat(256), 'ü'.repeat(128)]],
  ['entry', 'size', [...UINT, 2 ** 20 * CHUNKS_MAX + 1]],
  ['entry', 'mode', [...UINT, 0o10000]],
  ['entry', 'mtime', [...BYTES, 0, bytes(7), bytes(9)]],
  ['entry', 'chunkSize', [...UINT, 0, 1, CHUNK_SIZE_MIN / 2, CHUNK_SIZE_MIN + 1, 3 * CHUNK_SIZE_MIN, CHUNK_SIZE_MAX * 2]],
  ['entry', 'identity', [...BYTES, bytes(31), bytes(33)]],
  ['have', 'id', [...UINT, 2 ** 32]],
  ['have', 'first', [...UINT, CHUNKS_MAX - 1, CHUNKS_MAX]],
  ['have', 'hashes', [...BYTES, bytes(0), bytes(7), bytes(9), bytes((HAVE_HASHES_MAX + 1) * 8)]],
  ['want', 'id', [...UINT, 2 ** 32]],
  ['want', 'limit', UINT],
  ['credit', 'limit', UINT],
  ['fileEnd', 'id', [...UINT, 2 ** 32]],
  ['fileEnd', 'digest', [...BYTES, bytes(31), bytes(33)]],
  ['fileDone', 'id', [...UINT, 2 ** 32]],
  ['fileDone', 'digest', [...BYTES, bytes(31), bytes(33)]],
];

describe('control frames', () => {
  it('the valid ones are taken, and every field of each is in the table of bad values', () => {
    for (const [type, body] of Object.entries(GOOD)) {
      const frame = decode(type as ControlType, body);
      assert.equal(frame.type, type);
      assert.deepEqual(BAD.filter(([of]) => of === type).map(([, field]) => field), Object.keys(body));
      // Written again, the same bytes: nothing is lost on the way.
      assert.deepEqual(plain(decodeFrame(encodeFrame(frame))), plain(frame));
    }
  });

  for (const [type, field, values] of BAD) {
    it(`${type}: ${field} is refused when absent or wrong`, () => {
      const rest = Object.fromEntries(Object.entries(GOOD[type]).filter(([name]) => name !== field));
      refuses(control(type, rest), new RegExp(type, 'u'));
      for (const value of values) refuses(control(type, { ...rest, [field]: value }));
    });
  }

  it('bounds are taken exactly', () => {
    const entry = { ...GOOD.entry, name: 'ü'.repeat(127), size: 2 ** 20 * CHUNKS_MAX, mode: 0o7777, id: 2 ** 32 - 1 };
    assert.equal(decode('entry', entry).type, 'entry');
    for (const chunkSize of [CHUNK_SIZE_MIN, CHUNK_SIZE_MAX]) assert.equal(decode('entry', { ...GOOD.entry, chunkSize }).type, 'entry');
    assert.equal(decode('have', { id: 0, first: CHUNKS_MAX - HAVE_HASHES_MAX, hashes: bytes(HAVE_HASHES_MAX * 8) }).type, 'have');
    refuses(control('have', { id: 0, first: CHUNKS_MAX - HAVE_HASHES_MAX + 1, hashes: bytes(HAVE_HASHES_MAX * 8) }));
    assert.equal(decode('credit', { limit: Number.MAX_SAFE_INTEGER }).type, 'credit');
    assert.equal(decode('hello', { ...GOOD.hello, agent: 'x'.repeat(1000) }).type, 'hello');
  });

  it('unknown keys are passed over, whatever they hold, and any form of an integer is taken', () => {
    const later = { nested: { deep: [1, null, 'x'] }, flag: true, __proto__: null, constructor: 1, '': 2 };
    for (const [type, body] of Object.entries(GOOD)) {
      assert.deepEqual(plain(decode(type as ControlType, { later, ...body, zzz: 1.5 })), plain(decode(type as ControlType, body)));
    }
    for (const limit of ['00', 'cc00', 'cd0000', 'ce00000000', 'cf0000000000000000', 'd000', 'd10000', 'd200000000', 'd30000000000000000', 'cb0000000000000000']) {
      assert.deepEqual(decodeFrame([Buffer.from(`1481a56c696d6974${limit}`, 'hex')]), { type: 'credit', limit: 0 });
    }
    for (const limit of ['ff', 'd0ff', 'd3ffffffffffffffff', 'cfffffffffffffffff', 'cf0020000000000000', 'cb7ff0000000000000', 'cb8000000000000000', 'c0', 'c3']) {
      refuses(Buffer.from(`1481a56c696d6974${limit}`, 'hex'), /limit/u);
    }
  });

  it('bodies that are no map, no msgpack, too large, too deep or of too many items are refused', () => {
    for (const body of [[], 5, 'text', null, [{ limit: 0 }], bytes(3)]) for (const type of ['credit', 'bye'] as const) refuses(control(type, body), /no map/u);
    refuses(Buffer.of(FRAME_TYPE.credit), /cannot be read/u);
    refuses(Buffer.from('1481a56c696d697400ff', 'hex'), /cannot be read/u);
    refuses(Buffer.from('1481a56c696d6974', 'hex'), /cannot be read/u);
    refuses(Buffer.from('14c1', 'hex'), /cannot be read/u);
    refuses(Buffer.from('1481a56c696d6974d6ff00000000', 'hex'), /extension/u);
    refuses(control('credit', { limit: 0, a: [[[[1]]]] }), /deep/u);
    refuses(control('credit', { limit: 0, a: Array.from({ length: 64 }, () => 0) }), /too many/u);
    refuses(control('credit', { limit: 0, a: bytes(CONTROL_FRAME_MAX) }), /of 2621\d\d bytes/u);
  });
});

describe('data frames', () => {
  const good = { type: 'data', id: 1, offset: 2 ** 40, length: 3, hash: 5n, payload: [Buffer.from('abc')] } as const;
  const whole = Buffer.concat(encodeFrame(good));
  const changed = (at: number, ...values: number[]) => {
    const copy = Buffer.from(whole);
    values.forEach((value, index) => (copy[at + index] = value));
    return copy;
  };

  it('are refused shorter than their header, or with a payload that is not as long as they say', () => {
    for (let length = 1; length < whole.length; length += 1) refuses(whole.subarray(0, length), length < 28 ? /shorter than its header/u : /payload bytes/u);
    refuses(Buffer.concat([whole, Buffer.of(0)]), /payload bytes/u);
  });

  it('are refused with reserved bytes, no payload, too much, or an offset past 2^53', () => {
    for (const at of [1, 2, 3]) refuses(changed(at, 1), /reserved/u);
    refuses(changed(16, 0, 0, 0, 0).subarray(0, 28), /length of 0/u);
    refuses(changed(16, 0, 0x40, 0, 1), /length of 4194305/u);
    refuses(changed(16, 0xff, 0xff, 0xff, 0xff), /length of/u);
    refuses(changed(8, 0, 0x20, 0, 0, 0, 0, 0, 0), /past 2\^53/u);
    refuses(changed(8, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd), /past 2\^53/u);
    refuses(changed(8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), /past 2\^53/u);
  });

  it('are taken at the largest offset and hash', () => {
    const last = decodeFrame([changed(8, 0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfc)]);
    assert.ok(last.type === 'data' && last.offset === Number.MAX_SAFE_INTEGER - 3);
    const frame = decodeFrame([changed(20, 255, 255, 255, 255, 255, 255, 255, 255)]);
    assert.ok(frame.type === 'data' && frame.hash === 2n ** 64n - 1n);
  });

  it('of the largest chunk are taken', () => {
    const payload = [Buffer.alloc(CHUNK_SIZE_MAX)];
    const frame = decodeFrame(encodeFrame({ ...good, length: CHUNK_SIZE_MAX, payload }));
    assert.ok(frame.type === 'data' && frame.length === CHUNK_SIZE_MAX);
  });
});

it('an empty frame and unknown types are violations', () => {
  assert.throws(() => decodeFrame([]), /empty frame/u);
  assert.throws(() => decodeFrame([Buffer.alloc(0), Buffer.alloc(0)]), ProtocolError);
  const known = new Set<number>(Object.values(FRAME_TYPE));
  for (let type = 0; type < 256; type += 1) if (!known.has(type)) refuses(Buffer.of(type, 0x80), new RegExp(`unknown type ${type}`, 'u'));
});
