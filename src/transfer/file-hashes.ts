/**
 * Hashes of whole files, read once more: for `--checksum` and `--digest sha256`.
 *
 * @module
 */
import { fileDigest, sha256, type Checksum } from '../crypto/checksum.js';
import type { Source } from '../storage/source.js';
import { BufferPool } from './buffer-pool.js';

/** Files that are read at once for their hashes: each takes a descriptor and a chunk of memory. */
export const DIGESTS_AT_ONCE = 4;
/** Bytes read at once. */
const READ_BYTES = 1024 * 1024;
const buffers = new BufferPool(READ_BYTES);

/** What is read of a file: its size and its bytes. */
type Readable = Pick<Source, 'size' | 'read'>;

/** The file digest of the specification. @param beat called between two pieces; it may throw, to stop. */
export async function digestOf(file: Readable, chunkSize: number, checksum: Checksum, beat: () => void): Promise<Buffer> {
  const hashes = Buffer.alloc(Math.ceil(file.size / chunkSize) * 8);
  let index = 0;
  for await (const chunk of chunksOf(file, chunkSize, beat)) {
    hashes.writeBigUInt64BE(checksum.xxh64(chunk), index * 8);
    index += 1;
  }
  return fileDigest(file.size, chunkSize, hashes);
}

/** The file's SHA-256. @param beat as for {@link digestOf} */
export async function sha256Of(file: Readable, beat: () => void): Promise<Buffer> {
  const hash = sha256();
  for await (const chunk of chunksOf(file, READ_BYTES, beat)) hash.update(chunk);
  return Buffer.from(hash.hex(), 'hex');
}

/** The content in pieces that are valid until the next is asked for. */
async function* chunksOf(file: Readable, bytes: number, beat: () => void): AsyncGenerator<Buffer, void> {
  // A buffer for each of thousands of files would be garbage that is collected late.
  const pooled = bytes === READ_BYTES;
  const buffer = pooled ? buffers.take() : Buffer.allocUnsafeSlow(Math.min(bytes, Math.max(1, file.size)));
  try {
    for (let offset = 0; offset < file.size; offset += bytes) {
      const piece = buffer.subarray(0, Math.min(bytes, file.size - offset));
      await file.read(offset, piece);
      yield piece;
      // Between two pieces: pings are answered and signals looked at meanwhile.
      await new Promise((resolve) => setImmediate(resolve));
      beat();
    }
  } finally {
    if (pooled) buffers.put(buffer);
  }
}
