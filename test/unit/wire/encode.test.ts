import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodeFrame } from '../../../src/wire/decode.js';
import { costOf, encodeFrame } from '../../../src/wire/encode.js';

const hex = (parts: readonly Uint8Array[]) => Buffer.concat(parts).toString('hex');

describe('frames to bytes', () => {
  it('pass payloads on as they are', () => {
    const payload = [Buffer.from('ab'), Buffer.from('c')];
    for (const frame of [
      { type: 'data', id: 0, offset: 0, length: 3, hash: 0n, payload },
      { type: 'whole', parts: [{ id: 0, length: 3, hash: 0n }], length: 3, payload },
    ] as const) {
      const [header, ...rest] = encodeFrame(frame);
      assert.equal(header?.length, frame.type === 'data' ? 28 : 24);
      assert.ok(rest.length === 2 && rest[0] === payload[0] && rest[1] === payload[1]);
    }
  });

  it('write integers that any strict reader takes: shortest forms, and 64 bits past 32', () => {
    const ack = (received: number) => hex(encodeFrame({ type: 'ack', received })).slice(22);
    const forms: readonly (readonly [number, string])[] = [
      [0, '00'],
      [127, '7f'],
      [128, 'cc80'],
      [256, 'cd0100'],
      [65_536, 'ce00010000'],
      [2 ** 32 - 1, 'ceffffffff'],
      [2 ** 32, 'd30000000100000000'],
      [Number.MAX_SAFE_INTEGER, 'd3001fffffffffffff'],
    ];
    for (const [value, form] of forms) {
      assert.equal(ack(value), form);
      assert.deepEqual(decodeFrame(encodeFrame({ type: 'ack', received: value })), { type: 'ack', received: value });
    }
  });

  it('leave out what is absent', () => {
    const end = { type: 'fileEnd', id: 0, size: 0, digest: Buffer.alloc(32) } as const;
    assert.ok(!hex(encodeFrame({ ...end, sha256: undefined })).includes(Buffer.from('sha256').toString('hex')));
    const offer = { type: 'offer', root: 'file', name: '', existing: undefined, checksum: false, dryRun: false, delete: false, sha256: false, rules: [] } as const;
    assert.ok(!hex(encodeFrame(offer)).includes(Buffer.from('existing').toString('hex')));
  });

  it('write sizes past 32 bits within an entry', () => {
    const entry = { id: 0, kind: 'file', path: 'x', size: 2 ** 40, mode: 0, mtimeNs: -(2n ** 63n) } as const;
    const decoded = decodeFrame(encodeFrame({ type: 'entries', entries: [entry] }));
    assert.deepEqual(decoded, { type: 'entries', entries: [entry] });
  });
});

it('a content frame costs its payload and 16 for each file of a whole one', () => {
  assert.equal(costOf({ length: 100 }), 100);
  assert.equal(costOf({ length: 100, parts: [1, 2, 3] }), 148);
  assert.equal(costOf({ length: 0, parts: [1] }), 16);
});
