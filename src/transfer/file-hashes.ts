/**
 * Hashes of whole files, read once more: for `--checksum` and `--digest sha256`.
 *
 * @module
 */
import { fileDigest, sha256, type Checksum } from '../crypto/checksum.js';
import type { Source } from '../storage/source.js';

/** Bytes read at once. */
const READ_BYTES = 1024 * 1024;

/** What is read of a file: its size and its bytes. */
type Readable = Pick<Source, 'size' | 'read'>;

/** The file digest of the specification. */
export async function digestOf(file: Readable, chunkSize: number, checksum: Checksum): Promise<Buffer> {
  const hashes = Buffer.alloc(Math.ceil(file.size / chunkSize) * 8);
  let index = 0;
  for await (const chunk of chunksOf(file, chunkSize)) {
    hashes.writeBigUInt64BE(checksum.xxh64(chunk), index * 8);
    index += 1;
  }
  return fileDigest(file.size, chunkSize, hashes);
}

/** The file's SHA-256. */
export async function sha256Of(file: Readable): Promise<Buffer> {
  const hash = sha256();
  for await (const chunk of chunksOf(file, READ_BYTES)) hash.update(chunk);
  return Buffer.from(hash.hex(), 'hex');
}

/** The content in pieces that are valid until the next is asked for. */
async function* chunksOf(file: Readable, bytes: number): AsyncGenerator<Buffer, void> {
  const buffer = Buffer.allocUnsafeSlow(Math.min(bytes, Math.max(1, file.size)));
  for (let offset = 0; offset < file.size; offset += bytes) {
    const piece = buffer.subarray(0, Math.min(bytes, file.size - offset));
    await file.read(offset, piece);
    yield piece;
    // Between two pieces: pings are answered and signals looked at meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
  }
}
