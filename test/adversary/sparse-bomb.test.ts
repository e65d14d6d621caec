/**
 * Sizes that are a trap: files of terabytes that are nothing but holes, more of them than may be under way, and numbers
 * that no file can have. What they cost the receiver is bounded, and none of it is under a final name.
 */
import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { fileDigest, loadChecksum } from '../../src/crypto/checksum.js';
import { CHUNK_SIZE_MAX, CHUNKS_MAX, FILES_OPEN_MAX } from '../../src/wire/constants.js';
import { entries, fileEnd, manifestEnd, offer, file } from '../e2e/hostile-frames.js';
import { meet } from '../e2e/hostile-meeting.js';
import { MIB, placeFor } from '../e2e/moving.js';
import { peakMemory } from '../support/peak-memory.js';

const GONE_MS = 30_000;
/** The largest file that there is: 4 TiB. */
const LARGEST = CHUNKS_MAX * CHUNK_SIZE_MAX;
const ROOT = { kind: 'directory', path: '', size: 0, mode: 0o755 } as const;

/** The digest of a file of zeros. */
async function digestOfZeros(size: number): Promise<Buffer> {
  const hash = (await loadChecksum()).xxh64(Buffer.alloc(CHUNK_SIZE_MAX));
  const hashes = Buffer.alloc(8 * CHUNKS_MAX);
  for (let index = 0; index < CHUNKS_MAX; index += 1) hashes.writeBigUInt64BE(hash, index * 8);
  return fileDigest(size, CHUNK_SIZE_MAX, hashes);
}

describe('a sparse bomb', () => {
  it('of 4 TiB in one frame of thirty bytes takes no disk, and little memory', async (t) => {
    const place = await placeFor(t, 1);
    const { child, peer } = await meet(t, 'receive', 'client', place.target);
    for (const frame of [offer(), entries({ size: LARGEST, sparse: true }), manifestEnd(), file({ chunkSize: CHUNK_SIZE_MAX })]) peer.send(frame);
    await peer.until('ready');
    peer.send({ type: 'hole', id: 0, first: 0, count: CHUNKS_MAX });
    peer.send(fileEnd({ size: LARGEST, digest: await digestOfZeros(LARGEST) }));
    await peer.until('finished');
    const peak = await peakMemory(child.pid);
    peer.send({ type: 'bye' });
    assert.equal((await child.exitWithin(GONE_MS)).code, 0);
    const { size, blocks } = await stat(place.target);
    assert.deepEqual([size, blocks < 1000], [LARGEST, true]);
    assert.ok(peak < 300 * MIB, `${peak} bytes`);
  });

  it('that does not say that it is sparse is refused where the disk has no room for it', async (t) => {
    const place = await placeFor(t, 1);
    const { child, peer } = await meet(t, 'receive', 'client', place.target);
    for (const frame of [offer(), entries({ size: LARGEST }), manifestEnd(), file({ chunkSize: CHUNK_SIZE_MAX })]) peer.send(frame);
    const end = await child.exitWithin(GONE_MS);
    assert.deepEqual([end.code, end.stderr.includes('[storage-full]')], [8, true], end.stderr);
    assert.deepEqual(await readdir(place.inbox), []);
  });

  it('of more files than may be under way is refused at the first too many', async (t) => {
    const place = await placeFor(t, 1);
    const { child, peer } = await meet(t, 'receive', 'client', place.target);
    const count = FILES_OPEN_MAX + 1;
    peer.send(offer({ root: 'tree', name: 'tree' }));
    peer.send(entries(ROOT, ...Array.from({ length: count }, (_, index) => ({ id: 1 + index, path: `f${index}`, size: LARGEST, sparse: true }))));
    await peer.verdictOn(count);
    for (let id = 1; id <= count; id += 1) peer.send(file({ id, chunkSize: CHUNK_SIZE_MAX }));
    const end = await child.exitWithin(GONE_MS);
    assert.deepEqual([end.code, end.stderr.includes('[protocol-violation]')], [6, true], end.stderr);
    assert.deepEqual((await readdir(place.target)).filter((name) => !name.startsWith('.')), []);
  });

  it('is not taken at all by a server, whose limit counts what a file is to have', async (t) => {
    const place = await placeFor(t, 1);
    const { child, peer } = await meet(t, 'receive', 'server', place.target);
    for (const frame of [offer(), entries({ size: LARGEST }), manifestEnd(), file({ chunkSize: CHUNK_SIZE_MAX })]) peer.send(frame);
    const end = await child.exitWithin(GONE_MS);
    assert.deepEqual([end.code, end.stderr.includes('[limit-inbound]')], [9, true], end.stderr);
    assert.deepEqual(await readdir(place.inbox), []);
  });
});

/** An entries frame of one file whose size is these bytes of msgpack. */
function entryOfSize(size: Uint8Array): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.of(0xa0 | value.length), Buffer.from(value)]);
  const mtime = Buffer.concat([Buffer.of(0xc4, 8), Buffer.alloc(8)]);
  const line = Buffer.concat([Buffer.of(0x96, 0, 0), text('big'), size, Buffer.of(0), mtime]);
  return Buffer.concat([Buffer.of(0x11, 0x81), text('entries'), Buffer.of(0x91), line]);
}
const uint64 = (value: bigint) => {
  const bytes = Buffer.alloc(9, 0xcf);
  bytes.writeBigUInt64BE(value, 1);
  return bytes;
};
const float64 = (value: number) => {
  const bytes = Buffer.alloc(9, 0xcb);
  bytes.writeDoubleBE(value, 1);
  return bytes;
};

describe('a size of', { concurrency: 2 }, () => {
  const sizes: Readonly<Record<string, Uint8Array>> = {
    '2^53': uint64(2n ** 53n),
    '2^63': uint64(2n ** 63n),
    '2^64 - 1': uint64(2n ** 64n - 1n),
    '-1': Buffer.of(0xff),
    '-2^63': Buffer.concat([Buffer.of(0xd3, 0x80), Buffer.alloc(7)]),
    '2^53 as a float': float64(2 ** 53),
    'half a byte': float64(0.5),
    'infinity': float64(Infinity),
    'not a number': float64(NaN),
    'a text': Buffer.of(0xa1, 0x31),
    'nothing': Buffer.of(0xc0),
  };
  for (const [title, size] of Object.entries(sizes)) {
    it(`${title} is a violation`, async (t) => {
      const place = await placeFor(t, 1);
      const { child, peer } = await meet(t, 'receive', 'client', place.target);
      peer.send(offer());
      peer.sendBytes(entryOfSize(size));
      const end = await child.exitWithin(GONE_MS);
      assert.deepEqual([end.code, end.stderr.includes('[protocol-violation]')], [6, true], end.stderr);
      assert.deepEqual(await readdir(place.inbox), []);
    });
  }

  it('five is none, written by the same hand', async (t) => {
    const place = await placeFor(t, 1);
    const { peer } = await meet(t, 'receive', 'client', place.target);
    peer.send(offer());
    peer.sendBytes(entryOfSize(Buffer.of(5)));
    assert.equal(await peer.verdictOn(0), 'want');
  });

  for (const [title, frame] of Object.entries({ 'more chunks than a file may have': { chunkSize: CHUNK_SIZE_MAX }, 'the same in the smallest of chunks': { chunkSize: 65_536 } })) {
    it(`2^53 - 1, and so ${title}, is a violation, and takes no memory`, async (t) => {
      const place = await placeFor(t, 1);
      const { child, peer } = await meet(t, 'receive', 'client', place.target);
      for (const one of [offer(), entries({ size: Number.MAX_SAFE_INTEGER }), manifestEnd(), file(frame)]) peer.send(one);
      const end = await child.exitWithin(GONE_MS);
      assert.deepEqual([end.code, end.stderr.includes('[protocol-violation]')], [6, true], end.stderr);
      assert.deepEqual(await readdir(place.inbox), []);
    });
  }

  it('2^53 - 1, twice, is more than any limit: the sum does not overflow', async (t) => {
    const place = await placeFor(t, 1);
    const { child, peer } = await meet(t, 'receive', 'client', place.target);
    const size = Number.MAX_SAFE_INTEGER;
    for (const one of [offer({ root: 'tree', name: 'tree' }), entries(ROOT, { id: 1, path: 'a', size }, { id: 2, path: 'b', size })]) peer.send(one);
    const end = await child.exitWithin(GONE_MS);
    assert.deepEqual([end.code, end.stderr.includes('[limit-inbound]')], [9, true], end.stderr);
  });
});
