import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Packr } from 'msgpackr';
import { ProtocolError } from '../../../src/errors.js';
import { CHUNK_SIZE_MAX, CHUNK_SIZE_MIN, CHUNKS_MAX, CONTROL_FRAME_MAX, DONE_IDS_MAX, ENTRIES_MAX, ENTRIES_PER_FRAME, EXTRAS_PER_FRAME, HAVE_HASHES_MAX, RULES_MAX, STREAMS_MAX } from '../../../src/wire/constants.js';
import { decodeFrame } from '../../../src/wire/decode.js';
import { encodeFrame } from '../../../src/wire/encode.js';
import { FRAME_TYPE, type Frame } from '../../../src/wire/frame.js';
import { FRAMES, plain } from '../../support/fake-frames.js';

const packr = new Packr({ useRecords: false, variableMapSize: true });
const bytes = (length: number, fill = 7) => Buffer.alloc(length, fill);
type Body = Readonly<Record<string, unknown>>;
type BodyType = Exclude<Frame['type'], 'data' | 'whole'>;

/** A valid body of each frame that has one, with every key that it may have. */
const GOOD: Readonly<Record<BodyType, Body>> = {
  hello: { client: bytes(16), stream: 0, action: 'send', received: 0, agent: 'x', alive: true },
  welcome: { action: 'receive', received: 0, streams: 64, agent: 'x', alive: false },
  failure: { code: 'storage-full', message: 'x' },
  credit: { limit: 0, acked: 0 },
  ack: { received: 0 },
  alive: {},
  offer: { root: 'tree', name: 'x', existing: 'update', checksum: true, dryRun: false, delete: true, sha256: false, rules: ['-x'] },
  entries: { entries: [[0, 0, 'x', 5, 0o644, bytes(8), 0]] },
  answers: { first: 0, answers: bytes(3, 1) },
  file: { id: 0, chunkSize: 2 ** 20, identity: bytes(32) },
  have: { id: 0, first: 0, hashes: bytes(16) },
  ready: { id: 0 },
  fileEnd: { id: 0, size: 5, digest: bytes(32), sha256: bytes(32) },
  done: { ids: bytes(8) },
  trouble: { id: 0, code: 'storage-full', message: 'x' },
  compare: { id: 0, chunkSize: 2 ** 20, digest: bytes(32) },
  manifestEnd: { entries: 1, complete: true },
  extras: { paths: ['x'] },
  finished: { removed: 0, failed: 0 },
  bye: {},
  hole: { id: 0, first: 0, count: 1 },
};

const body = (type: BodyType, map: unknown) => Buffer.concat([Buffer.of(FRAME_TYPE[type]), packr.pack(map)]);
const decode = (type: BodyType, map: unknown) => decodeFrame([body(type, map)]);

function refuses(frame: Uint8Array, text: RegExp = /./u): void {
  assert.throws(
    () => decodeFrame([frame]),
    (error: unknown) => error instanceof ProtocolError && error.code === 'protocol-violation' && text.test(error.message) && !error.message.includes('\n'),
    Buffer.from(frame.subarray(0, 80)).toString('hex'),
  );
}

// What is wrong for a field of each kind, besides its absence.
const UINT = [-1, 1.5, 2 ** 53, 2 ** 60, Infinity, NaN, '5', null, true, bytes(1), [1], { a: 1 }];
const ID = [...UINT, ENTRIES_MAX + 1];
const TEXT = [5, null, bytes(3), ['x'], { a: 1 }, false];
const LONG = [...TEXT, 'x'.repeat(1001), 'ü'.repeat(501)];
const BYTES = ['0123456789abcdef', 5, null, [1, 2], {}];
const BOOL = [0, 1, 'true', null, bytes(1), []];
const LIST = [5, 'x', null, bytes(3), { a: 1 }];
const CHUNK_SIZE = [...UINT, 0, 1, CHUNK_SIZE_MIN / 2, CHUNK_SIZE_MIN + 1, 3 * CHUNK_SIZE_MIN, CHUNK_SIZE_MAX * 2];
const DIGEST = [...BYTES, bytes(0), bytes(31), bytes(33)];
const ENTRY = [0, 0, 'x', 5, 0o644, bytes(8), 0];

/** Every field with values that must be refused. */
const BAD: readonly (readonly [BodyType, string, readonly unknown[]])[] = [
  ['hello', 'client', [...BYTES, bytes(0), bytes(15), bytes(17)]],
  ['hello', 'stream', [...UINT, STREAMS_MAX]],
  ['hello', 'action', [...TEXT, 'Send', '', 'both']],
  ['hello', 'received', UINT],
  ['hello', 'agent', LONG],
  ['hello', 'alive', BOOL],
  ['welcome', 'action', [...TEXT, 'sends']],
  ['welcome', 'received', UINT],
  ['welcome', 'streams', UINT],
  ['welcome', 'agent', LONG],
  ['welcome', 'alive', BOOL],
  ['failure', 'code', LONG],
  ['failure', 'message', LONG],
  ['credit', 'limit', UINT],
  ['credit', 'acked', UINT],
  ['ack', 'received', UINT],
  ['offer', 'root', [...TEXT, 'dir', 'File']],
  ['offer', 'name', [...TEXT, 'x'.repeat(256), 'ü'.repeat(128)]],
  ['offer', 'existing', [...TEXT, '', 'keep']],
  ['offer', 'checksum', BOOL],
  ['offer', 'dryRun', BOOL],
  ['offer', 'delete', BOOL],
  ['offer', 'sha256', BOOL],
  ['offer', 'rules', [...LIST, [5], ['x', null], ['x'.repeat(1001)], ['ü'.repeat(501)], Array.from({ length: RULES_MAX + 1 }, () => '-x')]],
  ['entries', 'entries', [...LIST, [5], [{}], [ENTRY.slice(0, 5)], Array.from({ length: ENTRIES_PER_FRAME + 1 }, () => ENTRY)]],
  ['answers', 'first', ID],
  ['answers', 'answers', [...BYTES, bytes(1, 6), bytes(1, 255), bytes(ENTRIES_PER_FRAME + 1, 0)]],
  ['file', 'id', ID],
  ['file', 'chunkSize', CHUNK_SIZE],
  ['file', 'identity', DIGEST],
  ['have', 'id', ID],
  ['have', 'first', [...UINT, CHUNKS_MAX - 1, CHUNKS_MAX]],
  ['have', 'hashes', [...BYTES, bytes(0), bytes(7), bytes(9), bytes((HAVE_HASHES_MAX + 1) * 8)]],
  ['ready', 'id', ID],
  ['fileEnd', 'id', ID],
  ['fileEnd', 'size', UINT],
  ['fileEnd', 'digest', DIGEST],
  ['fileEnd', 'sha256', DIGEST],
  ['done', 'ids', [...BYTES, bytes(0), bytes(3), bytes(5), bytes((DONE_IDS_MAX + 1) * 4)]],
  ['trouble', 'id', ID],
  ['trouble', 'code', LONG],
  ['trouble', 'message', LONG],
  ['compare', 'id', ID],
  ['compare', 'chunkSize', CHUNK_SIZE],
  ['compare', 'digest', DIGEST],
  ['manifestEnd', 'entries', ID],
  ['manifestEnd', 'complete', BOOL],
  ['extras', 'paths', [...LIST, [5], ['x'.repeat(4097)], Array.from({ length: EXTRAS_PER_FRAME + 1 }, () => 'x')]],
  ['finished', 'removed', UINT],
  ['finished', 'failed', UINT],
  ['hole', 'id', ID],
  ['hole', 'first', [...UINT, CHUNKS_MAX]],
  ['hole', 'count', [...UINT, 0, CHUNKS_MAX + 1]],
];
/** Keys that may be absent. */
const OPTIONAL = new Set(['hello alive', 'welcome alive', 'offer existing', 'fileEnd sha256']);

describe('bodies', () => {
  it('the valid ones are taken, and every field of each is in the table of bad values', () => {
    for (const [type, map] of Object.entries(GOOD)) {
      const frame = decode(type as BodyType, map);
      assert.equal(frame.type, type);
      assert.deepEqual(BAD.filter(([of]) => of === type).map(([, field]) => field), Object.keys(map));
      // Written again, the same bytes: nothing is lost on the way.
      assert.deepEqual(plain(decodeFrame(encodeFrame(frame))), plain(frame));
    }
  });

  for (const [type, field, values] of BAD) {
    it(`${type}: ${field} is refused when absent or wrong`, () => {
      const rest = Object.fromEntries(Object.entries(GOOD[type]).filter(([name]) => name !== field));
      if (OPTIONAL.has(`${type} ${field}`)) assert.equal(decode(type, rest).type, type);
      else refuses(body(type, rest), new RegExp(type, 'u'));
      for (const value of values) refuses(body(type, { ...rest, [field]: value }), new RegExp(type, 'u'));
    });
  }

  it('bounds are taken exactly', () => {
    const taken: readonly (readonly [BodyType, Body])[] = [
      ['hello', { ...GOOD.hello, stream: STREAMS_MAX - 1, received: Number.MAX_SAFE_INTEGER, agent: 'x'.repeat(1000) }],
      ['offer', { ...GOOD.offer, name: 'ü'.repeat(127), rules: Array.from({ length: RULES_MAX }, () => 'x'.repeat(1000)) }],
      ['entries', { entries: Array.from({ length: ENTRIES_PER_FRAME }, () => ENTRY) }],
      ['entries', { entries: [] }],
      ['answers', { first: ENTRIES_MAX, answers: bytes(ENTRIES_PER_FRAME, 5) }],
      ['file', { ...GOOD.file, id: ENTRIES_MAX, chunkSize: CHUNK_SIZE_MIN }],
      ['file', { ...GOOD.file, chunkSize: CHUNK_SIZE_MAX }],
      ['have', { id: 0, first: CHUNKS_MAX - HAVE_HASHES_MAX, hashes: bytes(HAVE_HASHES_MAX * 8) }],
      ['done', { ids: bytes(DONE_IDS_MAX * 4) }],
      ['extras', { paths: Array.from({ length: EXTRAS_PER_FRAME }, () => 'x'.repeat(1000)) }],
      ['extras', { paths: ['ü'.repeat(2048)] }],
      ['hole', { id: 0, first: CHUNKS_MAX - 1, count: 1 }],
      ['hole', { id: 0, first: 0, count: CHUNKS_MAX }],
      ['credit', { limit: Number.MAX_SAFE_INTEGER, acked: 0 }],
    ];
    for (const [type, map] of taken) assert.equal(decode(type, map).type, type);
    refuses(body('have', { id: 0, first: CHUNKS_MAX - HAVE_HASHES_MAX + 1, hashes: bytes(HAVE_HASHES_MAX * 8) }), /first/u);
    refuses(body('hole', { id: 0, first: CHUNKS_MAX - 1, count: 2 }), /count/u);
  });

  it('unknown keys are passed over, whatever they hold, and any form of an integer is taken', () => {
    const later = { nested: { deep: [1, null, 'x'] }, flag: true, __proto__: null, constructor: 1, '': 2 };
    for (const [type, map] of Object.entries(GOOD)) {
      assert.deepEqual(plain(decode(type as BodyType, { later, ...map, zzz: 1.5 })), plain(decode(type as BodyType, map)), type);
    }
    for (const received of ['00', 'cc00', 'cd0000', 'ce00000000', 'cf0000000000000000', 'd000', 'd10000', 'd200000000', 'd30000000000000000', 'cb0000000000000000']) {
      assert.deepEqual(decodeFrame([Buffer.from(`0581a87265636569766564${received}`, 'hex')]), { type: 'ack', received: 0 });
    }
    for (const received of ['ff', 'd0ff', 'd3ffffffffffffffff', 'cfffffffffffffffff', 'cf0020000000000000', 'cb7ff0000000000000', 'cb8000000000000000', 'c0', 'c3']) {
      refuses(Buffer.from(`0581a87265636569766564${received}`, 'hex'), /received/u);
    }
  });

  it('that are no map, no msgpack, too large, too deep or of too many items are refused', () => {
    for (const map of [[], 5, 'text', null, [{ received: 0 }], bytes(3)]) for (const type of ['ack', 'bye', 'entries'] as const) refuses(body(type, map), /no map/u);
    refuses(Buffer.of(FRAME_TYPE.ack), /cannot be read/u);
    refuses(Buffer.from('0581a8726563656976656400ff', 'hex'), /cannot be read/u);
    refuses(Buffer.from('0581a87265636569766564', 'hex'), /cannot be read/u);
    refuses(Buffer.from('05c1', 'hex'), /cannot be read/u);
    refuses(Buffer.from('0581a87265636569766564d6ff00000000', 'hex'), /extension/u);
    refuses(body('ack', { received: 0, a: [[[[1]]]] }), /deep/u);
    refuses(body('ack', { received: 0, a: bytes(CONTROL_FRAME_MAX) }), /of 2621\d\d bytes/u);
    const many = (count: number) => ({ a: Array.from({ length: count }, () => 0) });
    // The map, two keys, a number and the list itself are five values.
    assert.equal(decode('ack', { received: 0, ...many(59) }).type, 'ack');
    refuses(body('ack', { received: 0, ...many(60) }), /too many/u);
    assert.equal(decode('extras', { paths: [], ...many(8192 - 5) }).type, 'extras');
    refuses(body('extras', { paths: [], ...many(8192 - 4) }), /too many/u);
  });
});

describe('every type', () => {
  it('comes out as it went in', () => {
    assert.deepEqual(new Set(FRAMES.map(({ type }) => type)), new Set(Object.keys(FRAME_TYPE)));
    for (const frame of FRAMES) assert.deepEqual(plain(decodeFrame([Buffer.concat(encodeFrame(frame))])), plain(frame));
  });

  it('is known; an empty frame and other types are violations', () => {
    assert.throws(() => decodeFrame([]), /empty frame/u);
    assert.throws(() => decodeFrame([Buffer.alloc(0), Buffer.alloc(0)]), ProtocolError);
    const known = new Set<number>(Object.values(FRAME_TYPE));
    for (let type = 0; type < 256; type += 1) if (!known.has(type)) refuses(Buffer.of(type, 0x80), new RegExp(`unknown type ${type}`, 'u'));
  });
});
