/**
 * What an earlier attempt left of a file, read once more: the journal says which chunks were written and with what hash, and the
 * disk, or whoever had the partial file meanwhile, whether they still are.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises';
import type { Checksum } from '../crypto/checksum.js';
import type { Sink } from '../storage/sink.js';
import { ChunkTable } from '../wire/chunk-table.js';

/** See the module's head. */
export interface VouchedChunks {
  /** Those that are as they were. */
  readonly table: ChunkTable;
  /** How many are not: they are to be sent again. */
  readonly damaged: number;
}

/**
 * Compares them. One that has its final name already was compared when it got it.
 * @param beat called between two chunks; it may throw, to stop.
 * @throws StorageError when the partial file cannot be read
 */
export async function readVouched(sink: Sink, size: number, chunkSize: number, checksum: Checksum, beat: () => void): Promise<VouchedChunks> {
  const table = new ChunkTable(size, chunkSize);
  const hashes = sink.vouched.hashes();
  let damaged = 0;
  let buffer: Buffer | undefined;
  for (let index = 0; index < table.chunks; index += 1) {
    if (!sink.vouched.has(index)) continue;
    const hash = hashes.readBigUInt64BE(index * 8);
    if (!sink.alreadyCommitted) {
      buffer ??= Buffer.allocUnsafeSlow(chunkSize);
      const chunk = buffer.subarray(0, table.lengthOf(index));
      await sink.read(index * chunkSize, chunk);
      // Between two chunks: pings are answered and signals looked at meanwhile.
      await setImmediate();
      beat();
      if (checksum.xxh64(chunk) !== hash) {
        damaged += 1;
        continue;
      }
    }
    table.set(index, hash);
  }
  return { table, damaged };
}
