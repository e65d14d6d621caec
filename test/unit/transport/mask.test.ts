import assert from 'node:assert/strict';
import { it } from 'node:test';
import { applyMask } from '../../../src/transport/mask.js';
import { slowMask } from '../../support/fake-mask.js';

it('masks the example of RFC 6455 section 5.7', () => {
  const bytes = Buffer.from('Hello');
  applyMask(bytes, Buffer.from('37fa213d', 'hex'), 0);
  assert.equal(bytes.toString('hex'), '7f9f4d5158');
});

it('equals the slow way at every alignment, length and offset, and touches nothing else', () => {
  const key = Uint8Array.of(0x11, 0x22, 0x44, 0x88);
  for (let alignment = 0; alignment < 8; alignment += 1) {
    for (let length = 0; length <= 75; length += 1) {
      for (let offset = 0; offset < 4; offset += 1) {
        const memory = Buffer.alloc(alignment + length + 8, 0xa5);
        const bytes = memory.subarray(alignment, alignment + length);
        bytes.forEach((_, index) => (bytes[index] = index * 7));
        const expected = slowMask(bytes, key, offset);
        applyMask(bytes, key, offset);
        assert.ok(bytes.equals(expected), `alignment ${alignment}, length ${length}, offset ${offset}`);
        assert.ok(memory.subarray(0, alignment).every((byte) => byte === 0xa5));
        assert.ok(memory.subarray(alignment + length).every((byte) => byte === 0xa5));
      }
    }
  }
});

it('takes an offset beyond 32 bits, as a long message has', () => {
  const key = Uint8Array.of(1, 2, 3, 4);
  for (const offset of [2 ** 31 - 1, 2 ** 31 + 2, 2 ** 32 + 3]) {
    const bytes = Buffer.alloc(40);
    applyMask(bytes, key, offset);
    assert.ok(bytes.equals(slowMask(Buffer.alloc(40), key, offset % 4)), `offset ${offset}`);
  }
});
