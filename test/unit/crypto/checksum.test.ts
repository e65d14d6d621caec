import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { fileDigest, loadChecksum, sha256 } from '../../../src/crypto/checksum.js';

/** The bytes on which xxHash checks itself (cli/xsum_sanity_check.c of its repository). */
function sanityBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let generator = 2_654_435_761n;
  for (let index = 0; index < length; index += 1) {
    bytes[index] = Number(generator >> 56n);
    generator = BigInt.asUintN(64, generator * 11_400_714_785_074_694_797n);
  }
  return bytes;
}

describe('xxh64', () => {
  const published: readonly [number, bigint][] = [
    [0, 0xef46db3751d8e999n],
    [1, 0xe934a84adb052768n],
    [4, 0x9136a0dca57457een],
    [14, 0x8282dcc4994e35c8n],
    [222, 0xb641ae8cb691c174n],
  ];
  for (const [length, hash] of published) {
    it(`gives xxHash's own value for its first ${length} test bytes`, async () => {
      const checksum = await loadChecksum();
      const bytes = sanityBytes(length);
      assert.equal(checksum.xxh64(bytes), hash);
      assert.equal(checksum.xxh64Pieces([bytes]), hash);
      assert.equal(checksum.xxh64Pieces([...bytes].map((byte) => Uint8Array.of(byte))), hash);
    });
  }

  it('gives the well-known value of "abc"', async () => {
    assert.equal((await loadChecksum()).xxh64(Buffer.from('abc')), 0x44bc2cf5ad770999n);
  });

  it('is the same however the bytes are cut, also past the size of one copy', async () => {
    const checksum = await loadChecksum();
    const bytes = createHash('shake256', { outputLength: 1_000_003 }).update('checksum').digest();
    const whole = checksum.xxh64(bytes);
    assert.equal(checksum.xxh64Pieces([bytes]), whole);
    assert.equal(checksum.xxh64Pieces([bytes.subarray(0, 31), bytes.subarray(31, 31), bytes.subarray(31, 300_000), bytes.subarray(300_000)]), whole);
    assert.equal(checksum.xxh64Pieces([]), 0xef46db3751d8e999n);
    const short = bytes.subarray(0, 256 * 1024);
    assert.equal(checksum.xxh64Pieces([short.subarray(0, 1000), short.subarray(1000)]), checksum.xxh64(short));
  });

  it('is loaded once', async () => {
    assert.equal(await loadChecksum(), await loadChecksum());
  });
});

describe('sha256', () => {
  it('gives the known value of "abc" (FIPS 180-4 example), in pieces', () => {
    const hash = sha256();
    hash.update(Buffer.from('a'));
    hash.update(Buffer.from('bc'));
    assert.equal(hash.hex(), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });
});

describe('fileDigest', () => {
  it('is SHA-256 over label, size, chunk size and hashes', () => {
    const hashes = Buffer.from('ef46db3751d8e99944bc2cf5ad770999', 'hex');
    const input = Buffer.concat([Buffer.from('streamer/2 file digest', 'ascii'), Buffer.from('0000000000180000' + '00100000', 'hex'), hashes]);
    assert.equal(fileDigest(1_572_864, 1_048_576, hashes).toString('hex'), createHash('sha256').update(input).digest('hex'));
    // Known answers of the two shapes, computed with Python's hashlib.
    assert.equal(fileDigest(1_572_864, 1_048_576, hashes).toString('hex'), '4b367bd7b6f5b85923f0875abf184ec0095dbfc46521692fc9f9b13e1cfb4ae7');
    assert.equal(fileDigest(0, 1_048_576, new Uint8Array(0)).toString('hex'), '9314b0c4d0925fe4e78afe964ca80f3e717650b8126bc6f18070720472099736');
  });

  it('differs when the size, the chunk size or the order differs', () => {
    const [a, b] = [Buffer.alloc(8, 1), Buffer.alloc(8, 2)];
    const digests = [
      fileDigest(16, 8, Buffer.concat([a, b])),
      fileDigest(16, 8, Buffer.concat([b, a])),
      fileDigest(15, 8, Buffer.concat([a, b])),
      fileDigest(16, 9, Buffer.concat([a, b])),
    ];
    assert.equal(new Set(digests.map((digest) => digest.toString('hex'))).size, digests.length);
  });

  it('refuses a number of hashes that does not fit', () => {
    assert.throws(() => fileDigest(16, 8, Buffer.alloc(8)), RangeError);
    assert.throws(() => fileDigest(16, 8, Buffer.alloc(17)), RangeError);
    assert.throws(() => fileDigest(0, 8, Buffer.alloc(8)), RangeError);
    assert.throws(() => fileDigest(1, 0, Buffer.alloc(8)), RangeError);
    assert.throws(() => fileDigest(-1, 8, Buffer.alloc(0)), RangeError);
    assert.throws(() => fileDigest(1, 2 ** 32, Buffer.alloc(8)), RangeError);
  });
});
